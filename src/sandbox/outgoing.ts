import { Agent, request } from 'undici'
import { messageOf } from '../lib/errors.ts'

export type Answer =
  | { kind: 'answer'; status: number; contentType: string; header(name: string): string | undefined; body: Buffer }
  | { kind: 'no-connection' | 'timeout' | 'too-large'; reason: string }

export type Ask = {
  url: string
  method: 'GET' | 'HEAD' | 'POST'
  headers?: Record<string, string>
  body?: string
  readTimeoutMs?: number
  totalTimeoutMs?: number
}

const largest = 16 * 1024 * 1024

/** The carrier's own HTTP client. It reaches nothing but this machine, so no setting can turn a rehearsal into traffic. */
export class Outgoing implements AsyncDisposable {
  readonly #agent = new Agent({ connections: 64, connect: { timeout: 5000 }, keepAliveTimeout: 2000 })

  /** Never throws: what cannot be reached is an answer of its own kind. */
  async ask({
    url,
    method,
    headers = {},
    body,
    readTimeoutMs = 15_000,
    totalTimeoutMs = 15_000,
  }: Ask): Promise<Answer> {
    if (!isLoopback(url)) return { kind: 'no-connection', reason: 'the sandbox reaches loopback addresses only' }
    try {
      const response = await request(url, {
        method,
        headers: { 'user-agent': 'TwilioProxy/1.1', accept: '*/*', ...headers },
        ...(body === undefined ? {} : { body }),
        dispatcher: this.#agent,
        headersTimeout: readTimeoutMs,
        bodyTimeout: readTimeoutMs,
        signal: AbortSignal.timeout(totalTimeoutMs),
      })
      const header = (name: string): string | undefined => single(response.headers[name])
      const bytes = Buffer.from(await response.body.arrayBuffer())
      if (bytes.length > largest) return { kind: 'too-large', reason: `${bytes.length} bytes` }
      return {
        kind: 'answer',
        status: response.statusCode,
        contentType: typeOnly(header('content-type')),
        header,
        body: bytes,
      }
    } catch (error) {
      return { kind: isTimeout(error) ? 'timeout' : 'no-connection', reason: messageOf(error) }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy()
  }
}

export function isLoopback(url: string): boolean {
  if (!URL.canParse(url)) return false
  const { hostname } = new URL(url)
  return hostname === 'localhost' || hostname === '[::1]' || hostname.endsWith('.localhost') || /^127\./.test(hostname)
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}

function typeOnly(contentType: string | undefined): string {
  return (contentType ?? '').split(';')[0]!.trim().toLowerCase()
}

function isTimeout(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return (
    code === 'UND_ERR_HEADERS_TIMEOUT' ||
    code === 'UND_ERR_BODY_TIMEOUT' ||
    (error instanceof Error && error.name === 'TimeoutError')
  )
}
