import { once } from 'node:events'
import { createInterface } from 'node:readline'
import formbody from '@fastify/formbody'
import { asc, isNotNull } from 'drizzle-orm'
import fastify from 'fastify'
import { getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks.js'
import { Agent, request } from 'undici'
import { ACCOUNT_SID, AUTH_TOKEN } from '../../test/ground.ts'
import { say, taskOf } from './child.ts'
import { openBench, openCarrier, register } from './ground.ts'

type Task =
  | { what: 'prepare' | 'program' | 'bare'; folder: string; messages: number; databaseUrl?: string }
  | { what: 'caller'; url: string; messages: number; attempts: number }

type Prepared = Exclude<Task, { what: 'caller' }>

const STATUSES = ['sending', 'sent', 'delivered']
/** As many connections as the sandbox has. */
const PARALLEL = 64

async function main(): Promise<void> {
  const task = taskOf<Task>()
  if (task.what === 'caller') say({ seconds: await call(task) })
  else if (task.what === 'prepare') {
    await prepare(task)
    say({})
  } else await (task.what === 'program' ? program(task) : bare())
}

/** Messages that the carrier has accepted, and no word of them since. */
async function prepare(task: Prepared): Promise<void> {
  await using carrier = await openCarrier()
  await using app = await openBench({ ...task, carrierUrl: carrier.url })
  await register(app, task.messages)
  await app.scan()
  await using delivery = await app.openDelivery()
  while ((await delivery.dispatcher.drain()).taken > 0);
}

/** The daemon's loop, which merges what has come while more is coming. */
async function program(task: Prepared): Promise<void> {
  await using app = await openBench(task)
  await using delivery = await app.openDelivery()
  const { attempts, receipts } = app.db.t
  const [first] = await app.db.read.select({ id: attempts.id }).from(attempts).orderBy(asc(attempts.id)).limit(1)
  const told = createInterface({ input: process.stdin })
  const answered = once(told, 'line')
  let open = true
  const merging = (async () => {
    while (open) {
      if (await delivery.awaitNews(100)) await delivery.dispatcher.drain()
    }
  })()
  say({ url: delivery.listener.url, attempts: first!.id })
  await answered
  const begun = performance.now()
  open = false
  await merging
  await delivery.dispatcher.drain()
  const seconds = (performance.now() - begun) / 1_000
  say({ seconds, receipts: await app.db.read.$count(receipts, isNotNull(receipts.applied_at)) })
  told.close()
}

/** Reads the form and says 204. */
async function bare(): Promise<void> {
  let taken = 0
  const app = fastify({ logger: false })
  await app.register(formbody)
  app.post('/twilio/status', async (_request, reply) => {
    taken += 1
    return reply.code(204).send()
  })
  say({ url: await app.listen({ host: '127.0.0.1', port: 0 }), attempts: 1 })
  const told = createInterface({ input: process.stdin })
  await once(told, 'line')
  say({ seconds: 0, receipts: taken })
  told.close()
  await app.close()
}

/** The carrier's side: everything is signed before the clock starts. The stub numbers its messages from 1. */
async function call({ url, messages, attempts }: Extract<Task, { what: 'caller' }>): Promise<number> {
  const requests = STATUSES.flatMap((status) =>
    Array.from({ length: messages }, (_, index) => signed(url, { status, attempt: attempts + index })),
  )
  const agent = new Agent({ connections: PARALLEL })
  let next = 0
  const send = async () => {
    for (let at = next++; at < requests.length; at = next++) {
      const { path, headers, body } = requests[at]!
      const answer = await request(url + path, { dispatcher: agent, method: 'POST', headers, body })
      await answer.body.dump()
      if (answer.statusCode !== 204) throw new Error(`a callback was answered ${answer.statusCode}`)
    }
  }
  const begun = performance.now()
  await Promise.all(Array.from({ length: PARALLEL }, send))
  const seconds = (performance.now() - begun) / 1_000
  await agent.close()
  return seconds
}

function signed(url: string, { status, attempt }: { status: string; attempt: number }) {
  const path = `/twilio/status?attempt=${attempt}`
  const sid = `SM${attempt.toString(16).padStart(32, '0')}`
  const params = {
    SmsSid: sid,
    SmsStatus: status,
    MessageSid: sid,
    MessageStatus: status,
    To: `+62812${String(attempt).padStart(8, '0')}`,
    From: 'IMIGRASI',
    AccountSid: ACCOUNT_SID,
    ApiVersion: '2010-04-01',
  }
  return {
    path,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-twilio-signature': getExpectedTwilioSignature(AUTH_TOKEN, url + path, params),
    },
    body: new URLSearchParams(params).toString(),
  }
}

await main()
