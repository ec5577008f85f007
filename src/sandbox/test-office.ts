import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import twilio, { type Twilio } from 'twilio'
import { createMp3Encoder } from 'wasm-media-encoders'
import { SteppedClock } from '../lib/clock.ts'
import { openSandbox, type Person, type Sandbox, type SandboxOptions } from './sandbox.ts'

export const accountSid = `AC${'1'.repeat(32)}`
export const authToken = 'token of a test'
/** 22 November 2026, 08:30 in Jakarta. */
export const morning = Date.parse('2026-11-22T01:30:00Z')

/** Real Indonesian mobile ranges and a Blitar landline; nobody's numbers. */
export const phones = {
  siti: '+6281234567890',
  budi: '+6285712345678',
  wei: '+8613812345678',
  landline: '+62342801234',
}
export const senders = { sms: 'IMIGRASI', call: '+62342801999', whatsapp: 'whatsapp:+62342801999' }

export const pleasant: Person = { answers: 'human', presses: ['1'], sms: 'delivered', whatsapp: 'read', taps: false }

export type Received = {
  method: string
  path: string
  params: Record<string, string>
  headers: IncomingMessage['headers']
  signed: boolean
}
export type Reply = { status?: number; type?: string; body?: string | Buffer }

/** The client's side: a loopback server that keeps what the carrier asked, and checks the signature with Twilio's own code. */
export type Office = AsyncDisposable & {
  url: string
  received: Received[]
  /** The values of one parameter in all requests to a path, in the order of arrival. */
  values(path: string, name: string): (string | undefined)[]
  answers: Record<string, Reply | ((request: Received) => Reply | Promise<Reply>)>
}

export async function openOffice(answers: Office['answers'] = {}): Promise<Office> {
  const received: Received[] = []
  const office: Office = {
    url: '',
    received,
    answers,
    values: (path, name) => received.filter((one) => one.path === path).map(({ params }) => params[name]),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  const server = createServer((request, response) => {
    readAll(request)
      .then((body) => answer({ office, request, response, body }))
      .catch((error: unknown) => response.destroy(error instanceof Error ? error : new Error(String(error))))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  office.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return office
}

async function answer({
  office,
  request,
  response,
  body,
}: {
  office: Office
  request: IncomingMessage
  response: ServerResponse
  body: string
}): Promise<void> {
  const url = new URL(request.url ?? '/', office.url)
  const params = Object.fromEntries(new URLSearchParams(body))
  const one: Received = {
    method: request.method ?? '',
    path: url.pathname,
    params: request.method === 'POST' ? params : Object.fromEntries(url.searchParams),
    headers: request.headers,
    signed: twilio.validateRequest(authToken, String(request.headers['x-twilio-signature']), url.href, params),
  }
  office.received.push(one)
  const told = office.answers[url.pathname] ?? { status: 204 }
  const { status = 200, type, body: content = '' } = typeof told === 'function' ? await told(one) : told
  response.writeHead(status, type ? { 'content-type': type } : {})
  response.end(request.method === 'HEAD' ? undefined : content)
}

export type Bench = AsyncDisposable & { sandbox: Sandbox; client: Twilio; office: Office; clock: SteppedClock }

/** A sandbox, the real SDK pointed at it, and an office that it calls back. */
export async function openBench({
  person,
  answers,
  ...options
}: {
  person?: Person
  answers?: Office['answers']
} & Partial<Omit<SandboxOptions, 'clock'>> = {}): Promise<Bench> {
  const stack = new AsyncDisposableStack()
  const clock = new SteppedClock(morning)
  const office = stack.use(await openOffice(answers))
  const sandbox = stack.use(
    await openSandbox({
      accountSid,
      authToken,
      clock,
      pace: { callbackDelayMs: 0 },
      people: () => person ?? pleasant,
      ...options,
    }),
  )
  return { sandbox, office, clock, client: clientOf(sandbox.url), [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

export function clientOf(url: string, token: string = authToken): Twilio {
  const client = twilio(accountSid, token)
  client.api.baseUrl = url
  return client
}

/** What the SDK threw: Twilio's status and code, or the network's code. */
export async function failureOf(
  work: Promise<unknown>,
): Promise<{ status?: number; code?: number | string; message: string }> {
  try {
    await work
  } catch (error) {
    return error as { status?: number; code?: number | string; message: string }
  }
  throw new Error('it did not fail')
}

/** A voice note of so many seconds, as MP3. */
export async function mp3(seconds: number): Promise<Buffer> {
  const encoder = await createMp3Encoder()
  encoder.configure({ sampleRate: 24_000, channels: 1, bitrate: 32 })
  const first = Buffer.from(encoder.encode([new Float32Array(24_000 * seconds)]))
  return Buffer.concat([first, Buffer.from(encoder.finalize())])
}

export function xml(body: string): Reply {
  return { type: 'text/xml', body: `<?xml version="1.0" encoding="UTF-8"?><Response>${body}</Response>` }
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}
