import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import { Agent, request } from 'undici'
import type { App, Delivery } from '../../src/app.ts'
import { ACCOUNT_SID, AUTH_TOKEN } from '../../test/ground.ts'
import { say, taskOf } from './child.ts'
import { openBench, register } from './ground.ts'
import { addHistory } from './history.ts'

type Task = {
  /** `program` finds what `prepare` has left in the folder. */
  what: 'prepare' | 'program' | 'bare'
  folder: string
  messages: number
  carrierUrl: string
  parallel: number
  /** Whether the carrier sends them; without them a message that was accepted is done. */
  receipts: boolean
  databaseUrl?: string
  /** So many deliveries of former days, with everything that belongs to them. */
  history?: number
}

/** Sends messages, with the whole program or with nothing but a client and a server; says how long it took. */
async function main(): Promise<void> {
  const task = taskOf<Task>()
  if (task.what === 'prepare') {
    await prepare(task)
    say({})
  } else say({ seconds: task.what === 'program' ? await program(task) : await bare(task), messages: task.messages })
}

/** So many people who are due, beside what former years have left. */
async function prepare(task: Task): Promise<void> {
  await using app = await openBench(task)
  await register(app, task.messages)
  if (task.history) {
    // Else a database with a past, and no mark of it beside it, would be one that has lost something.
    await (await app.openDelivery())[Symbol.asyncDispose]()
    await addHistory(app, { deliveries: task.history })
  }
  await app.scan()
}

async function program(task: Task): Promise<number> {
  await using app = await openBench({ ...task, concurrency: task.parallel })
  await using delivery = await app.openDelivery()
  const begun = performance.now()
  await drainToTheEnd(app, delivery, task)
  return (performance.now() - begun) / 1_000
}

/** As the daemon does: a round, then the next one as soon as anything is due or has come. */
async function drainToTheEnd(app: App, delivery: Delivery, { messages, receipts }: Task): Promise<void> {
  const told = receipts ? `state = 'delivered'` : `state in ('accepted', 'sent', 'delivered')`
  for (;;) {
    const { taken } = await delivery.dispatcher.drain()
    if (taken > 0) continue
    const [row] = await app.db.read.all<{ n: unknown }>(
      sql.raw(`select count(*) as n from deliveries where ${told} and due_on = '${app.today()}'`),
    )
    if (Number(row?.n) >= messages) return
    await delivery.awaitNews(1_000)
  }
}

/** The same conversation, and nothing of it kept. */
async function bare({ messages, carrierUrl, parallel }: Task): Promise<number> {
  let delivered = 0
  const server = createServer((asked, reply) => {
    let body = ''
    asked.on('data', (chunk: Buffer) => {
      body += chunk.toString()
    })
    asked.on('end', () => {
      if (new URLSearchParams(body).get('MessageStatus') === 'delivered') delivered += 1
      reply.writeHead(204).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('the bare server has no port')
  const agent = new Agent({ connections: parallel })
  const authorization = `Basic ${Buffer.from(`${ACCOUNT_SID}:${AUTH_TOKEN}`).toString('base64')}`
  const headers = { authorization, 'content-type': 'application/x-www-form-urlencoded' }
  let next = 0
  const send = async () => {
    for (let number = next++; number < messages; number = next++) {
      const form = new URLSearchParams({
        To: `+62812${String(number).padStart(8, '0')}`,
        From: 'IMIGRASI',
        Body: `IMIGRASI: your stay permit ends on 31 July 2026. Extend or leave. Last day to file: 30 July. Office 0342-000000. Ref BLT-7K3Q. https://imigrasi.example/n/${number}`,
        ValidityPeriod: '28800',
        StatusCallback: `http://127.0.0.1:${address.port}/twilio/status?attempt=${number}`,
      })
      const answer = await request(`${carrierUrl}/2010-04-01/Accounts/${ACCOUNT_SID}/Messages.json`, {
        dispatcher: agent,
        method: 'POST',
        headers,
        body: form.toString(),
      })
      const said = JSON.parse(await answer.body.text()) as { sid?: string }
      if (!said.sid) throw new Error(`the sandbox answered ${answer.statusCode}`)
    }
  }
  const begun = performance.now()
  await Promise.all(Array.from({ length: parallel }, send))
  while (delivered < messages) await sleep(5)
  const seconds = (performance.now() - begun) / 1_000
  await agent.close()
  server.close()
  return seconds
}

await main()
