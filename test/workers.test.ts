import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { openApp } from '../src/app.ts'
import { openPostgres } from '../src/db/open-postgres.ts'
import { testEngine, testVault } from '../src/db/testing.ts'
import type { Carrier, Outgoing } from '../src/deliver/carrier.ts'
import { claim } from '../src/deliver/outbox.ts'
import { Pace } from '../src/deliver/pace.ts'
import { todayOf } from '../src/deliver/settings.ts'
import type { Delivery } from '../src/delivery.ts'
import { silentLog } from '../src/lib/events.ts'
import type { Office } from '../src/lib/office.ts'
import { openTestOffice } from './public-office.ts'
import { shortHum } from './silent-speech.ts'
import { openTcpProxy, type TcpProxy } from './tcp-proxy.ts'
import { openWorld, type Row, type World } from './world.ts'

const TODAY = '2026-06-02'
const PER_SECOND = 40
const LEASE_MS = 60_000

describe.runIf(testEngine() === 'postgres')('several workers on one database', () => {
  it('send each delivery once, share the work, and together keep to the rate', async () => {
    const office = (plain: Office): Office => ({
      ...plain,
      rates: { ...plain.rates, sms: { perSecond: PER_SECOND, concurrency: 20 } },
    })
    await using world = await openWorld({ today: TODAY, office })
    await due(world, 90)
    await using second = await joinWorld(world, 'second')
    await using third = await joinWorld(world, 'third')
    const all = [world.delivery, second.delivery, third.delivery]
    const sent = all.map((delivery) => watch(delivery, ({ kind }) => kind === 'sms'))
    const begun = performance.now()
    await Promise.all(all.map(({ dispatcher }) => dispatcher.drain()))
    const seconds = (performance.now() - begun) / 1_000

    const phones = sent.flat().map(({ to }) => to)
    expect(phones).toHaveLength(90)
    expect(new Set(phones).size).toBe(90)
    for (const own of sent) expect(own.length).toBeGreaterThan(0)
    expect(90 / seconds).toBeLessThanOrEqual(PER_SECOND * 1.1)
  })

  it('are given starts one after the other, whoever asks', async () => {
    await using world = await openWorld({ today: TODAY })
    await using second = await joinWorld(world, 'second')
    const paces = [world.app.db, second.db].map((db) => new Pace(db, { channel: 'sms', perSecond: 100 }))
    const starts: number[] = []
    const begun = performance.now()
    await Promise.all(
      Array.from({ length: 20 }, async (_, n) => {
        const own = await paces[n % 2]!.starts(10)
        starts.push(...own.map((start) => performance.now() - begun + start))
      }),
    )
    const last = Math.max(...starts)
    expect(starts).toHaveLength(200)
    expect(last).toBeGreaterThan(199 * 10 - 20)
    expect(await paces[1]!.crowdedFor()).toBeGreaterThan(0)
  })

  it('never ring one number at the same time', async () => {
    await using world = await openWorld({ today: TODAY })
    await using second = await joinWorld(world, 'second')
    const phone = '+6281200000001'
    // Two languages: two calls to the same number.
    await world.register([row(1, { phone, nationality: 'DE' }), row(2, { phone, nationality: 'MY' })])
    world.at(TODAY, '08:30')
    await world.app.scan()
    world.at(TODAY, '10:00')
    await world.delivery.dispatcher.drain()
    const { deliveries } = world.app.db.t
    await world.app.db.write((tx) =>
      tx.update(deliveries).set({ state: 'queued', not_before: 0 }).where(eq(deliveries.channel, 'call')),
    )
    const ask = ({ deps }: { deps: Delivery['deps'] }) =>
      claim(deps, {
        channel: 'call',
        limit: 10,
        now: deps.clock.now(),
        today: todayOf(deps),
        pausedRoutes: new Set(),
      })
    const claims = await Promise.all([ask(world.delivery), ask(second.delivery), ask(world.delivery)])
    expect(await world.app.db.read.$count(deliveries, eq(deliveries.channel, 'call'))).toBe(2)
    expect(claims.flatMap(({ claimed }) => claimed.map(({ to }) => to))).toEqual([phone])
  })

  it('find out what became of a message whose sender was cut off, and send nothing again', async () => {
    await using world = await openWorld({ today: TODAY })
    await due(world, 1)
    await using cutOff = await joinWorld(world, 'cut-off')
    // No callback tells of it, or there would be nothing to find out.
    world.sandbox.faults.set([{ kind: 'lose-callback', rate: 1 }])
    const accepted = Promise.withResolvers<void>()
    const { send } = cutOff.delivery.carrier
    cutOff.delivery.carrier.send = async (message) => {
      const answer = await send(message)
      cutOff.line.hold()
      accepted.resolve()
      return answer
    }
    const late = Promise.allSettled([cutOff.delivery.dispatcher.drain()])
    await accepted.promise
    const sent = watch(world.delivery, () => true)

    await world.delivery.dispatcher.drain()
    const { deliveries, attempts } = world.app.db.t
    const sms = async () => (await world.app.db.read.select().from(deliveries).where(eq(deliveries.channel, 'sms')))[0]!
    expect(await sms()).toMatchObject({ state: 'sending', attempts: 1 })
    world.clock.advance(LEASE_MS + 1)
    await world.delivery.dispatcher.drain()
    const known = await sms()
    expect(['accepted', 'sent', 'delivered']).toContain(known.state)
    expect(known.worker).toBeNull()

    // What it wanted to write arrives only now.
    cutOff.line.pass()
    await late
    expect(await sms()).toMatchObject({ sid: known.sid, attempts: 1 })
    expect(
      await world.app.db.read.select({ outcome: attempts.outcome }).from(attempts).where(eq(attempts.channel, 'sms')),
    ).toEqual([{ outcome: 'accepted' }])
    expect(sent.filter(({ kind }) => kind === 'sms')).toEqual([])
    expect(world.sandbox.transcript().filter(({ kind }) => kind === 'sms')).toHaveLength(1)
  })

  it('answer the carrier with 503 while the database is away, and take the same receipt when it is back', async () => {
    await using world = await openWorld({ today: TODAY })
    await using line = await lineTo(world)
    await using db = await openPostgres({ url: line.url, vault: testVault, migrate: false, patienceMs: 100 })
    await using office = await openTestOffice({
      db,
      receipts: {
        record: async (receipt) => {
          const rows = await db.write((tx) =>
            tx
              .insert(tx.t.meta)
              .values({ key: receipt.sid, value: receipt.status })
              .onConflictDoNothing()
              .returning({ key: tx.t.meta.key }),
          )
          return rows.length > 0 ? 'new' : 'repeated'
        },
      },
    })
    const receipt = { MessageSid: `SM${'1'.repeat(32)}`, MessageStatus: 'delivered' }
    line.cut()
    expect((await office.post('/twilio/status', receipt)).status).toBe(503)
    line.pass()
    expect((await office.post('/twilio/status', receipt)).status).toBeLessThan(300)
    expect(await db.read.$count(db.t.meta, eq(db.t.meta.key, receipt.MessageSid))).toBe(1)
  })
})

function row(number: number, cells: Partial<Row> = {}): Row {
  return {
    register_no: `R${number}`,
    full_name: `Resident ${number}`,
    nationality: 'DE',
    passport_no: `C${String(number).padStart(8, '0')}`,
    birth_date: '1990-03-01',
    phone: `+62812${String(10_000_000 + number)}`,
    permit_no: `P${number}`,
    permit_kind: 'ITK',
    expires_on: '2026-06-16',
    ...cells,
  }
}

/** So many messages are due now. */
async function due(world: World, count: number): Promise<void> {
  await world.register(Array.from({ length: count }, (_, index) => row(index + 1)))
  world.at(TODAY, '08:30')
  await world.app.scan()
}

/** Another worker of the same office, with a line of its own to the database. */
async function joinWorld(world: World, name: string) {
  await using stack = new AsyncDisposableStack()
  const line = stack.use(await lineTo(world))
  const dataDir = join(world.folder, name)
  mkdirSync(dataDir)
  symlinkSync(join(world.folder, 'audio'), join(dataDir, 'audio'))
  const { app: first } = world
  const app = stack.use(
    await openApp(
      { ...first.config, dataDir, publicListen: { host: '127.0.0.1', port: 0 } },
      { ...first.secrets, databaseUrl: line.url },
      {
        clock: world.clock,
        log: silentLog,
        office: () => first.office,
        patience: world.delivery.deps.patience,
        speech: [shortHum()],
      },
    ),
  )
  const delivery = stack.use(await app.openDelivery())
  const opened = stack.move()
  return { delivery, deps: delivery.deps, db: app.db, line, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

async function lineTo(world: World): Promise<TcpProxy & { url: string }> {
  const url = new URL(world.app.secrets.databaseUrl!)
  const port = Number(url.port)
  const line = await openTcpProxy({ targets: () => [port] })
  url.port = String(line.port)
  return { ...line, url: url.href }
}

/** What goes to the carrier from now on. */
function watch({ carrier }: { carrier: Carrier }, wanted: (message: Outgoing) => boolean): Outgoing[] {
  const sent: Outgoing[] = []
  const { send } = carrier
  carrier.send = (message) => {
    if (wanted(message)) sent.push(message)
    return send(message)
  }
  return sent
}
