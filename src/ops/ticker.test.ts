import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { openAlarms } from '../db/alarms.ts'
import type { Db } from '../db/open.ts'
import { openTestDb } from '../db/testing.ts'
import { SteppedClock } from '../lib/clock.ts'
import { AppError } from '../lib/errors.ts'
import { openLog, silentLog } from '../lib/events.ts'
import type { Duty } from './duties.ts'
import { claimSlot, latestSlots } from './slots.ts'
import { startTicker, type Ticker } from './ticker.ts'
import { listWorkers, registerWorker, type Worker } from './workers.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** 06:00 in Blitar on 22 November 2026. */
const SIX = Date.parse('2026-11-21T23:00:00Z')

let db: Db
let clock: SteppedClock
let worker: Worker
let ticker: Ticker | undefined
let lines: string[]
/** Opened at the end of each test: a ticker waits for what is in flight. */
let gates: (() => void)[]

beforeAll(async () => {
  db = await openTestDb()
})

beforeEach(async () => {
  await db.write(async (tx) => {
    for (const table of [tx.t.slots, tx.t.workers, tx.t.alarms]) await tx.delete(table)
  })
  clock = new SteppedClock(SIX - HOUR)
  worker = await registerWorker({ db, clock, name: 'us' })
  ticker = undefined
  lines = []
  gates = []
})

afterEach(async () => {
  vi.useRealTimers()
  for (const open of gates) open()
  await ticker?.[Symbol.asyncDispose]()
})

afterAll(async () => {
  await db[Symbol.asyncDispose]()
})

/** Writes down when it ran, unless it is given another run. */
function daily(name: string, ran: string[], run?: () => Promise<Record<string, unknown>>): Duty {
  const note = async () => ({ times: ran.push(`${name} ${blitarTime()}`) })
  return {
    name,
    cron: '0 6 * * *',
    timeZone: 'Asia/Jakarta',
    rhythm: 'dated',
    leaseMs: 10 * MINUTE,
    run: run ?? note,
  }
}

function steady(name: string, ran: string[], run?: () => Promise<Record<string, unknown>>): Duty {
  return { ...daily(name, ran, run), cron: '* * * * *', rhythm: 'steady', leaseMs: 2 * MINUTE }
}

function start(duties: Duty[], options: { signal?: AbortSignal } = {}): Ticker {
  const log = openLog({ level: 'info', destination: { write: (line) => void lines.push(line) } })
  ticker = startTicker({ db, clock, log, worker, duties, ...options })
  return ticker
}

/** A run that goes on until it is told to end. */
function gate() {
  const begun = Promise.withResolvers<void>()
  const end = Promise.withResolvers<void>()
  gates.push(end.resolve)
  const run = async () => {
    begun.resolve()
    await end.promise
    return {}
  }
  return { run, begun: begun.promise, open: () => end.resolve() }
}

const blitarTime = () => new Date(clock.now() + 7 * HOUR).toISOString().slice(5, 16)

describe('a daily duty', () => {
  it('runs at its time of day, once', async () => {
    const ran: string[] = []
    const ticker = start([daily('scan', ran)])
    expect(await ticker.runDueNow()).toEqual(['scan'])
    while (clock.now() < SIX + 2 * HOUR) {
      await ticker.runDueNow()
      clock.advance(5 * MINUTE)
    }
    expect(ran).toEqual(['scan 11-22T05:00', 'scan 11-22T06:00'])
  })

  it.each([1, 3, 20])('runs once, for the newest slot, after a downtime of %i days', async (days) => {
    const ran: string[] = []
    const before = start([daily('scan', ran)])
    await before.runDueNow()
    await before[Symbol.asyncDispose]()

    clock.set(SIX + (days - 1) * DAY + 3 * HOUR)
    const after = start([daily('scan', ran)])
    expect(await after.runDueNow()).toEqual(['scan'])
    expect(await after.runDueNow()).toEqual([])
    expect(ran.length).toBe(2)
    expect(await latestSlots(db.read)).toMatchObject([{ planned_at: SIX + (days - 1) * DAY }])
    expect(JSON.parse(lines.at(-1)!)).toMatchObject({ msg: 'duty done', duty: 'scan', missed: days - 1 })
  })

  it('runs after a restart at any hour when its slot was missed, and not when it was finished', async () => {
    const ran: string[] = []
    const first = start([daily('scan', ran)])
    await first.runDueNow()
    await first[Symbol.asyncDispose]()
    const second = start([daily('scan', ran)])
    expect(await second.runDueNow()).toEqual([])
    expect(ran.length).toBe(1)
  })

  it.each([
    ['an hour', HOUR],
    ['a day', DAY],
    ['two days', 2 * DAY],
  ])('does not run a slot twice when the clock goes back %s, and goes on with the next one', async (_, back) => {
    const ran: string[] = []
    const ticker = start([daily('scan', ran)])
    for (const now of [SIX - 3 * DAY, SIX - 2 * DAY, SIX - DAY, SIX]) {
      clock.set(now)
      await ticker.runDueNow()
    }
    const times = ran.length
    clock.set(SIX + MINUTE - back)
    while (clock.now() < SIX + DAY) {
      await ticker.runDueNow()
      clock.advance(HOUR / 2)
    }
    expect(ran.length).toBe(times)
    clock.set(SIX + DAY)
    expect(await ticker.runDueNow()).toEqual(['scan'])
  })

  it('whose worker was killed in the middle runs again after the lease', async () => {
    await claimSlot(db, { duty: 'scan', plannedAt: SIX, worker: 'killed', now: SIX, leaseMs: 10 * MINUTE })
    const ran: string[] = []
    clock.set(SIX + MINUTE)
    const ticker = start([daily('scan', ran)])
    expect(await ticker.runDueNow()).toEqual([])
    clock.set(SIX + 10 * MINUTE)
    expect(await ticker.runDueNow()).toEqual(['scan'])
    expect(await latestSlots(db.read)).toMatchObject([{ worker: 'us', failed: 0, result: '{"times":1}' }])
    expect(await openAlarms(db.read)).toEqual([])
  })

  it('that throws is recorded without the words of the error, and tried five times', async () => {
    let tries = 0
    const ticker = start([
      daily('scan', [], async () => {
        tries += 1
        throw new Error('no such number +628123456789')
      }),
    ])
    while (clock.now() < SIX) {
      await ticker.runDueNow()
      clock.advance(2 * MINUTE)
    }
    expect(tries).toBe(5)
    const [slot] = await latestSlots(db.read)
    expect(slot).toMatchObject({
      failed: 5,
      result: expect.stringMatching(/^Error at src\/ops\/ticker\.test\.ts:\d+$/),
    })
    expect(await openAlarms(db.read)).toMatchObject([{ kind: 'duty:scan', detail: slot!.result, times: 5 }])
    expect(lines.filter((line) => line.includes('duty failed')).length).toBe(5)
    expect(lines.join('')).not.toContain('+628123456789')
  })

  it('that recovers ends its alarm', async () => {
    let broken = true
    const ticker = start([
      daily('scan', [], async () => {
        if (broken) throw new AppError('unavailable', 'the disk is full')
        return {}
      }),
    ])
    await ticker.runDueNow()
    expect(await openAlarms(db.read)).toMatchObject([{ kind: 'duty:scan', detail: 'the disk is full' }])
    broken = false
    clock.advance(10 * MINUTE)
    expect(await ticker.runDueNow()).toEqual(['scan'])
    expect(await openAlarms(db.read)).toEqual([])
  })

  it('does not stop the others when it throws; they run one after another in the order of the table', async () => {
    const ran: string[] = []
    const first = gate()
    const ticker = start([
      daily('scan', ran, first.run),
      daily('broken', ran, async () => Promise.reject(new TypeError('x'))),
      daily('attend', ran),
    ])
    const due = ticker.runDueNow()
    await first.begun
    expect(ran).toEqual([])
    first.open()
    expect(await due).toEqual(['scan', 'broken', 'attend'])
    expect(ran).toEqual(['attend 11-22T05:00'])
  })
})

describe('a steady duty', () => {
  it('runs each minute beside a daily one that takes long', async () => {
    const ran: string[] = []
    const long = gate()
    const ticker = start([daily('scan', ran, long.run), steady('deliver', ran)])
    await long.begun
    await vi.waitFor(() => expect(ran).toEqual(['deliver 11-22T05:00']))
    long.open()
    expect(await ticker.runDueNow()).toContain('scan')
  })

  it('runs once, not once for each missed minute, after a downtime of 20 days', async () => {
    const ran: string[] = []
    const ticker = start([steady('deliver', ran)])
    await ticker.runDueNow()
    clock.advance(20 * DAY)
    expect(await ticker.runDueNow()).toEqual(['deliver'])
    expect(await ticker.runDueNow()).toEqual([])
    expect(ran.length).toBe(2)
  })

  it.each([
    ['an hour', HOUR],
    ['a day', DAY],
  ])('goes on within two minutes when the clock goes back %s', async (_, back) => {
    const ran: string[] = []
    const ticker = start([steady('deliver', ran)])
    for (let minute = 0; minute < 70; minute += 1) {
      await ticker.runDueNow()
      clock.advance(MINUTE)
    }
    expect(ran.length).toBe(70)
    clock.advance(-back)
    for (let minute = 0; minute < 10; minute += 1) {
      await ticker.runDueNow()
      clock.advance(MINUTE)
    }
    expect(ran.length).toBeGreaterThanOrEqual(78)
  })
})

describe('the ticker', () => {
  it('runs what is due every five seconds by itself, also after the clock went back', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const ran: string[] = []
    start([steady('deliver', ran)])
    await vi.waitFor(() => expect(ran).toEqual(['deliver 11-22T05:00']))
    clock.advance(MINUTE)
    vi.advanceTimersByTime(5_000)
    await vi.waitFor(() => expect(ran.at(-1)).toBe('deliver 11-22T05:01'))
    clock.advance(-HOUR)
    vi.advanceTimersByTime(5_000)
    await vi.waitFor(() => expect(ran.at(-1)).toBe('deliver 11-22T04:01'))
  })

  it('waits at its end for the duty in flight and begins no other', async () => {
    const ran: string[] = []
    const long = gate()
    const ticker = start([daily('scan', ran, long.run), daily('attend', ran)])
    await long.begun
    let ended = false
    const end = ticker[Symbol.asyncDispose]().then(() => {
      ended = true
    })
    await db.read.$count(db.t.slots)
    expect(ended).toBe(false)
    long.open()
    await end
    expect(await latestSlots(db.read)).toMatchObject([{ duty: 'scan', finished_at: clock.now() }])
    expect(ran).toEqual([])
  })

  it('begins nothing once its signal is aborted', async () => {
    const ran: string[] = []
    const stopping = new AbortController()
    const ticker = start([daily('scan', ran)], { signal: stopping.signal })
    await ticker.runDueNow()
    stopping.abort()
    clock.advance(2 * HOUR)
    expect(await ticker.runDueNow()).toEqual([])
    const late = start([daily('scan', ran)], { signal: stopping.signal })
    expect(await late.runDueNow()).toEqual([])
    expect(ran.length).toBe(1)
  })

  it('says every 30 seconds that the worker lives, and keeps the lease of what runs', async () => {
    const long = gate()
    const ticker = start([daily('scan', [], long.run)])
    await long.begun
    const begun = clock.now()
    for (let minute = 1; minute <= 12; minute += 1) {
      clock.set(begun + minute * MINUTE)
      void ticker.runDueNow()
      await vi.waitFor(async () => {
        expect(await listWorkers(db.read, { now: clock.now() })).toMatchObject([{ seen_at: clock.now() }])
      })
    }
    const rival = { duty: 'scan', plannedAt: SIX - DAY, worker: 'rival', now: clock.now(), leaseMs: 10 * MINUTE }
    expect(await claimSlot(db, rival)).toBe('running')
  })

  it('leaves a slot alone that another worker of the same database runs', async () => {
    const ran: string[] = []
    const other = await registerWorker({ db, clock, name: 'other' })
    const duty = daily('scan', ran)
    await using theirs = startTicker({ db, clock, log: silentLog, worker: other, duties: [duty] })
    const names = await Promise.all([theirs.runDueNow(), start([duty]).runDueNow()])
    expect(names.flat()).toEqual(['scan'])
    expect(ran.length).toBe(1)
  })
})
