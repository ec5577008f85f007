import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type App, type Delivery, openApp } from '../src/app.ts'
import { openVault } from '../src/db/seal.ts'
import { FOUND } from '../src/deliver/record.ts'
import { addDays, civilDate, instantOf } from '../src/lib/civil-date.ts'
import { SteppedClock } from '../src/lib/clock.ts'
import { silentLog } from '../src/lib/events.ts'
import { freePort } from '../src/lib/free-port.ts'
import { makeBackup } from '../src/ops/backup/backup.ts'
import { restoreBackup } from '../src/ops/backup/restore.ts'
import type { Person } from '../src/sandbox/people.ts'
import { openSandbox, type Sandbox } from '../src/sandbox/sandbox.ts'
import { ACCOUNT_SID, AUTH_TOKEN, configOf, keysIn, secretsIn, TIME_ZONE, withoutRates } from './ground.ts'
import { shortHum } from './silent-speech.ts'
import { csv, deliverUntil, type Row } from './world.ts'

const TODAY = civilDate('2026-06-02')
const PHONE = '+6281200000001'
const OTHER_PHONE = '+6281200000002'

describe('a program that was set back to yesterday', () => {
  let folder: string
  let clock: SteppedClock
  let sandbox: Sandbox
  let stack: AsyncDisposableStack
  let people: Record<string, Person>
  let random: () => number

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tenggat-lost-'))
    stack = new AsyncDisposableStack()
    stack.defer(() => rmSync(folder, { recursive: true, force: true }))
    clock = new SteppedClock(instantOf(TODAY, '05:00', TIME_ZONE))
    people = {}
    random = () => 0.5
    sandbox = stack.use(
      await openSandbox({
        accountSid: ACCOUNT_SID,
        authToken: AUTH_TOKEN,
        clock,
        pace: { callbackDelayMs: 0 },
        people: (number) => people[number] ?? { answers: 'human', presses: ['1'], whatsapp: 'read' },
      }),
    )
  })
  afterEach(() => stack.disposeAsync())

  it('tells nobody again what the carrier has, by SMS, call and WhatsApp, and knows the reference that people hold', async () => {
    const rows = [resident('A', PHONE), { ...resident('B', OTHER_PHONE), whatsapp_opt_in_on: '2026-01-01' }]
    const backup = await running(async ({ app }) => {
      await register(app, rows)
      return backUp(app)
    })
    await running((one) => dayUntil(one, TODAY, '12:00'))
    const before = received()
    expect(before.map(({ kind, to }) => `${kind} ${to}`).toSorted()).toEqual([
      `call ${PHONE}`,
      `sms ${PHONE}`,
      `sms ${OTHER_PHONE}`,
      `whatsapp ${OTHER_PHONE}`,
    ])

    await setBack(backup)
    random = () => 0.25
    await running(async (one) => {
      await day(one, TODAY)
      expect(received()).toEqual(before)
      expect(await found(one.app)).toBe(4)
      expect(await states(one.app)).toEqual([
        'call exhausted answers-lost',
        'sms delivered null',
        'sms delivered null',
        'whatsapp read null',
      ])
      const { notices } = one.app.db.t
      for (const { reference } of await one.app.db.read.select({ reference: notices.reference }).from(notices))
        expect(before.some(({ kind, body }) => kind === 'sms' && body?.includes(reference))).toBe(true)
      await day(one, addDays(TODAY, 1))
    })
    expect(received()).toEqual(before)
  })

  it('counts a second try that it has forgotten', async () => {
    await running((one) => register(one.app, [resident('A', PHONE)]))
    sandbox.faults.set([{ kind: 'fail', code: 30_017, status: 'failed', resource: 'messages', times: 1 }])
    const backup = await running(async (one) => {
      await dayUntil(one, TODAY, '08:05')
      return backUp(one.app)
    })
    await running((one) => dayUntil(one, TODAY, '12:00'))
    const before = received()
    expect(before.filter(({ kind }) => kind === 'sms')).toHaveLength(1)

    await setBack(backup)
    await running(async (one) => {
      await day(one, TODAY)
      const { attempts } = one.app.db.t
      const made = await one.app.db.read
        .select({ number: attempts.number, worker: attempts.worker })
        .from(attempts)
        .where(eq(attempts.channel, 'sms'))
        .orderBy(attempts.number)
      expect(made).toMatchObject([{ number: 1 }, { number: 2, worker: FOUND }])
    })
    expect(received()).toEqual(before)
  })

  it('rings again where nobody had picked up, on another day, and not where somebody had', async () => {
    people[PHONE] = { answers: 'no-answer' }
    people[OTHER_PHONE] = { answers: 'human', presses: ['1'] }
    const backup = await running(async ({ app }) => {
      await register(app, [resident('A', PHONE), resident('B', OTHER_PHONE)])
      return backUp(app)
    })
    await running((one) => dayUntil(one, TODAY, '12:00'))
    await setBack(backup)
    people[PHONE] = { answers: 'human', presses: ['1'] }
    const calls = (to: string) => received().filter((entry) => entry.kind === 'call' && entry.to === to)
    await running(async (one) => {
      await day(one, TODAY)
      expect(calls(PHONE)).toHaveLength(1)
      await day(one, addDays(TODAY, 1))
      await day(one, addDays(TODAY, 2))
    })
    expect(calls(PHONE)).toHaveLength(2)
    expect(calls(OTHER_PHONE)).toHaveLength(1)
  })

  it('tells people of one phone what each has not been told, though they were due on different days', async () => {
    const rows = [resident('B', PHONE), { ...resident('A', PHONE), expires_on: addDays(TODAY, 15) }]
    const backup = await running(async ({ app }) => {
      await register(app, rows)
      return backUp(app)
    })
    await running((one) => day(one, TODAY))
    expect(received().filter(({ kind }) => kind === 'sms')).toHaveLength(1)

    const tomorrow = addDays(TODAY, 1)
    clock.set(instantOf(tomorrow, '05:00', TIME_ZONE))
    await setBack(backup)
    await running((one) => day(one, tomorrow))
    const messages = received().filter(({ kind }) => kind === 'sms')
    expect(messages).toHaveLength(2)
    expect(new Set(messages.map(({ link }) => link)).size).toBe(2)
  })

  it('sends nothing that it cannot look up, and the rest afterwards', async () => {
    const backup = await running(async ({ app }) => {
      await register(app, [resident('A', PHONE)])
      return backUp(app)
    })
    await running((one) => dayUntil(one, TODAY, '08:05'))
    const before = received()
    expect(before.map(({ kind }) => kind)).toEqual(['sms'])
    await setBack(backup)
    sandbox.faults.set([{ kind: 'server-error', when: 'before', status: 503, on: 'read' }])
    await running(async (one) => {
      await dayUntil(one, TODAY, '09:05')
      expect(received()).toEqual(before)
      sandbox.faults.clear()
      await dayUntil(one, TODAY, '12:00')
    })
    expect(received().map(({ kind }) => kind)).toEqual(['sms', 'call'])
  })

  it('looks up nothing that cannot have been sent', async () => {
    const backup = await running(async ({ app }) => {
      await register(app, [{ ...resident('A', PHONE), expires_on: addDays(TODAY, 16) }])
      return backUp(app)
    })
    await setBack(backup)
    sandbox.faults.set([{ kind: 'server-error', when: 'before', status: 503, on: 'read' }])
    await running((one) => day(one, addDays(TODAY, 2)))
    expect(received().map(({ kind }) => kind)).toEqual(['sms', 'call'])
  })

  it('finds out by itself when an older copy of the database was put in its place by hand', async () => {
    await running((one) => register(one.app, [resident('A', PHONE)]))
    const backup = await running(({ app }) => backUp(app))
    await running((one) => dayUntil(one, TODAY, '12:00'))
    const before = received()
    expect(before).toHaveLength(2)
    const copy = join(folder, 'copy')
    await restoreTo(copy, backup)
    copyFileSync(join(copy, 'tenggat.db'), join(folder, 'tenggat.db'))
    await running((one) => day(one, TODAY))
    expect(received()).toEqual(before)
  })

  it('finds out by itself when it begins again with an empty database', async () => {
    await running((one) => register(one.app, [resident('A', PHONE)]))
    await running((one) => dayUntil(one, TODAY, '12:00'))
    const before = received()
    expect(before).toHaveLength(2)
    rmSync(join(folder, 'tenggat.db'))
    await running(async (one) => {
      await register(one.app, [resident('A', PHONE)])
      await day(one, TODAY)
      const { alarms } = one.app.db.t
      expect(await one.app.db.read.select({ kind: alarms.kind }).from(alarms)).toContainEqual({ kind: 'lost' })
    })
    expect(received()).toEqual(before)
  })

  type Running = { app: App; delivery: Delivery }

  /** One life of the program, on a port of its own: the links are told by their path alone. */
  async function running<Result>(work: (one: Running) => Promise<Result>): Promise<Result> {
    const config = configOf({ folder, port: await freePort(), carrierUrl: sandbox.url })
    const secrets = secretsIn({ folder })
    await using app = await openApp(config, secrets, {
      clock,
      log: silentLog,
      office: withoutRates,
      patience: { leaseMs: 60_000, lookup: { listingMs: 120_000, everyMs: 20_000 } },
      random: () => random(),
      speech: [shortHum()],
    })
    await using delivery = await app.openDelivery()
    return await work({ app, delivery })
  }

  async function day(one: Running, date: string): Promise<void> {
    const begins = instantOf(civilDate(date), '06:00', TIME_ZONE)
    if (clock.now() < begins) clock.set(begins)
    await dayUntil(one, date, '17:00')
  }

  async function dayUntil({ app, delivery }: Running, date: string, time: string): Promise<void> {
    const ends = instantOf(civilDate(date), time, TIME_ZONE)
    await app.scan()
    await deliverUntil({ app, delivery, sandbox, clock }, ends)
    clock.set(ends)
  }

  async function register(app: App, rows: readonly Row[]): Promise<void> {
    const file = join(folder, 'register.csv')
    writeFileSync(file, csv(rows))
    await app.importFile({ file, force: true })
  }

  async function backUp({ db, office }: App): Promise<string> {
    const about = { databaseFile: join(folder, 'tenggat.db'), dataDir: folder, vault: db.vault, office, clock }
    return (await makeBackup({ ...about, passphrase: undefined, log: silentLog })).file
  }

  async function setBack(file: string): Promise<void> {
    await restoreTo(folder, file)
    // The clock stands still while the program is away; the day begins anew for it.
    clock.advance(60_000)
  }

  async function restoreTo(place: string, file: string): Promise<void> {
    const vault = openVault(keysIn(folder), 'test')
    const about = { databaseFile: join(place, 'tenggat.db'), dataDir: place, vault, office: { code: 'BLT' }, clock }
    await restoreBackup({ ...about, passphrase: undefined }, { file })
  }

  function received() {
    return sandbox
      .transcript()
      .filter(({ direction }) => direction === 'to-phone')
      .map(({ kind, to, body, link, at }) => ({ kind, to, body, link, at }))
  }

  async function found({ db }: App): Promise<number> {
    return db.read.$count(db.t.attempts, eq(db.t.attempts.worker, FOUND))
  }

  async function states({ db }: App): Promise<string[]> {
    const { deliveries } = db.t
    const rows = await db.read
      .select({ channel: deliveries.channel, state: deliveries.state, reason: deliveries.reason })
      .from(deliveries)
    return rows.map(({ channel, state, reason }) => `${channel} ${state} ${reason}`).toSorted()
  }
})

/** Due today. */
function resident(name: string, phone: string): Row {
  return {
    register_no: `R${name}`,
    full_name: `Resident ${name}`,
    nationality: 'GB',
    passport_no: `C${name.charCodeAt(0)}0000`,
    phone,
    language: 'id',
    permit_no: `P${name}`,
    permit_kind: 'ITK',
    expires_on: addDays(TODAY, 14),
  }
}
