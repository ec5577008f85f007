import { and, eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openAlarms } from '../db/alarms.ts'
import type { Db } from '../db/open.ts'
import { openTestDb } from '../db/testing.ts'
import { claimSlot, extendSlot, failSlot, finishSlot, latestSlots, type SlotAsk, slotBefore, TRIES } from './slots.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const SIX = Date.parse('2026-11-21T23:00:00Z')

const scan: SlotAsk = { duty: 'scan', plannedAt: SIX, worker: 'a', now: SIX + 1, leaseMs: 10 * MINUTE }
const poll: SlotAsk = { duty: 'poll', plannedAt: SIX, worker: 'a', now: SIX + 1, leaseMs: 2 * MINUTE, steady: true }

describe('slots', () => {
  let db: Db

  beforeAll(async () => {
    db = await openTestDb()
  })

  beforeEach(async () => {
    await db.write(async (tx) => {
      await tx.delete(tx.t.slots)
      await tx.delete(tx.t.alarms)
    })
  })

  afterAll(async () => {
    await db[Symbol.asyncDispose]()
  })

  async function slot(ask: Pick<SlotAsk, 'duty' | 'plannedAt'>) {
    const { slots } = db.t
    const [row] = await db.read
      .select()
      .from(slots)
      .where(and(eq(slots.duty, ask.duty), eq(slots.planned_at, ask.plannedAt)))
    return row
  }

  const alarms = async () => (await openAlarms(db.read)).map(({ kind, detail, times }) => [kind, detail, times])

  it('is claimed by one of those who ask at the same time', async () => {
    const claims = await Promise.all(['a', 'b', 'c'].map((worker) => claimSlot(db, { ...scan, worker })))
    expect(claims.toSorted()).toEqual(['claimed', 'running', 'running'])
  })

  it('is done once and for all when it is finished', async () => {
    await claimSlot(db, scan)
    expect(await finishSlot(db, { ...scan, now: SIX + 5 }, { notices: 3 })).toBe(true)
    expect(await slot(scan)).toMatchObject({ finished_at: SIX + 5, failed: 0, result: '{"notices":3}', worker: 'a' })
    for (const now of [SIX + 6, SIX + DAY, SIX + 400 * DAY, SIX - DAY]) {
      expect(await claimSlot(db, { ...scan, worker: 'b', now })).toBe('done')
    }
  })

  it('whose worker died is claimed again when its lease is over, and raises the alarm', async () => {
    await claimSlot(db, scan)
    expect(await claimSlot(db, { ...scan, worker: 'b', now: SIX + 10 * MINUTE })).toBe('running')
    expect(await alarms()).toEqual([])
    expect(await claimSlot(db, { ...scan, worker: 'b', now: SIX + 10 * MINUTE + 1 })).toBe('claimed')
    expect(await slot(scan)).toMatchObject({
      worker: 'b',
      failed: 1,
      result: null,
      started_at: SIX + 10 * MINUTE + 1,
    })
    expect(await alarms()).toEqual([['duty:scan', 'worker a did not come to an end', 1]])

    expect(await finishSlot(db, { ...scan, now: SIX + 11 * MINUTE }, {})).toBe(false)
    expect(await finishSlot(db, { ...scan, worker: 'b', now: SIX + 12 * MINUTE }, { by: 'b' })).toBe(true)
    expect(await slot(scan)).toMatchObject({ failed: 0, result: '{"by":"b"}' })
    expect(await alarms()).toEqual([])
  })

  it('is kept for as long as its worker extends it', async () => {
    await claimSlot(db, scan)
    expect(await extendSlot(db, { ...scan, now: SIX + 9 * MINUTE })).toBe(true)
    expect(await claimSlot(db, { ...scan, worker: 'b', now: SIX + 15 * MINUTE })).toBe('running')
    expect(await claimSlot(db, { ...scan, worker: 'b', now: SIX + 19 * MINUTE })).toBe('claimed')
    expect(await extendSlot(db, { ...scan, now: SIX + 19 * MINUTE })).toBe(false)
  })

  it('that failed is tried again after its lease, five times in all, and then given up with the alarm on', async () => {
    let now = SIX
    for (let attempt = 1; attempt <= TRIES; attempt += 1) {
      expect(await claimSlot(db, { ...scan, now })).toBe('claimed')
      const next = await failSlot(db, { ...scan, now: now + MINUTE }, `no. ${attempt}`)
      expect(next).toBe(attempt === TRIES ? 'given-up' : 'again')
      const early = await claimSlot(db, { ...scan, worker: 'b', now: now + 10 * MINUTE })
      expect(early).toBe(attempt === TRIES ? 'done' : 'running')
      now += 11 * MINUTE
    }
    expect(await claimSlot(db, { ...scan, now })).toBe('done')
    expect(await slot(scan)).toMatchObject({ failed: 5, result: 'no. 5', finished_at: SIX + 45 * MINUTE })
    expect(await alarms()).toEqual([['duty:scan', 'no. 5', 5]])
  })

  it('that kills its worker each time is given up too', async () => {
    let now = SIX
    for (let attempt = 1; attempt <= TRIES; attempt += 1) {
      expect(await claimSlot(db, { ...scan, now })).toBe('claimed')
      now += 10 * MINUTE
    }
    expect(await claimSlot(db, { ...scan, now })).toBe('done')
    expect(await slot(scan)).toMatchObject({ failed: 5, finished_at: now })
    expect(await alarms()).toEqual([['duty:scan', 'worker a did not come to an end', 5]])
  })

  it('ends the alarm of its duty only when it goes well, and no other alarm', async () => {
    await claimSlot(db, scan)
    await failSlot(db, scan, 'no')
    await claimSlot(db, poll)
    await failSlot(db, poll, 'no')
    const tomorrow = { ...scan, plannedAt: SIX + DAY, now: SIX + DAY }
    await claimSlot(db, tomorrow)
    await finishSlot(db, tomorrow, {})
    expect(await alarms()).toEqual([['duty:poll', 'no', 1]])
  })

  it('closes what is unfinished of older ones: only the newest runs', async () => {
    await claimSlot(db, scan)
    const second = { ...scan, plannedAt: SIX + DAY, now: SIX + DAY }
    expect(await claimSlot(db, second)).toBe('claimed')
    await failSlot(db, second, 'no')
    const third = { ...scan, plannedAt: SIX + 2 * DAY, now: SIX + 2 * DAY }
    expect(await claimSlot(db, third)).toBe('claimed')

    expect(await slot(scan)).toMatchObject({ finished_at: SIX + DAY, failed: 1, result: 'overtaken by a newer slot' })
    expect(await slot(second)).toMatchObject({ finished_at: SIX + 2 * DAY, failed: 1, result: 'no' })
    await finishSlot(db, third, {})
    expect(await claimSlot(db, { ...scan, now: SIX + 2 * DAY })).toBe('done')
  })

  it('waits while an older one of its duty still runs, and not for one that waits for its next try', async () => {
    await claimSlot(db, poll)
    const next = { ...poll, plannedAt: SIX + MINUTE, now: SIX + MINUTE }
    expect(await claimSlot(db, { ...next, worker: 'b' })).toBe('running')
    await failSlot(db, { ...poll, now: SIX + MINUTE }, 'no')
    expect(await claimSlot(db, { ...next, worker: 'b' })).toBe('claimed')
  })

  it('is not blocked by a lease from before the clock went back a day', async () => {
    const late = { ...scan, plannedAt: SIX + DAY, now: SIX + DAY }
    await claimSlot(db, late)
    expect(await claimSlot(db, { ...scan, now: SIX + MINUTE })).toBe('claimed')
    await finishSlot(db, scan, {})
    expect(await claimSlot(db, { ...late, worker: 'b', now: SIX + DAY + 10 * MINUTE })).toBe('claimed')
  })

  it('of a steady duty is forgotten when it lies ahead of the clock or two days back', async () => {
    for (const plannedAt of [SIX - 3 * DAY, SIX - DAY, SIX, SIX + MINUTE, SIX + 60 * MINUTE]) {
      await claimSlot(db, { ...poll, plannedAt, now: plannedAt })
      await finishSlot(db, { ...poll, plannedAt, now: plannedAt }, {})
    }
    await claimSlot(db, { ...scan, plannedAt: SIX + DAY, now: SIX })
    await finishSlot(db, { ...scan, plannedAt: SIX + DAY, now: SIX }, {})

    expect(await claimSlot(db, { ...poll, now: SIX })).toBe('done')
    const { slots } = db.t
    const left = await db.read.select({ duty: slots.duty, at: slots.planned_at }).from(slots).orderBy(slots.planned_at)
    expect(left).toEqual([
      { duty: 'poll', at: SIX - DAY },
      { duty: 'poll', at: SIX },
      { duty: 'poll', at: SIX + MINUTE },
      { duty: 'scan', at: SIX + DAY },
    ])
  })

  it('of a day far ahead, where a wrong clock has been, is forgotten; that of tomorrow, done a day early, stands', async () => {
    for (const plannedAt of [SIX + DAY, SIX + 365 * DAY]) {
      await claimSlot(db, { ...scan, plannedAt, now: plannedAt })
      await finishSlot(db, { ...scan, plannedAt, now: plannedAt }, {})
    }
    expect(await claimSlot(db, scan)).toBe('claimed')
    await finishSlot(db, scan, {})
    expect(await claimSlot(db, { ...scan, plannedAt: SIX + DAY, now: SIX + DAY })).toBe('done')
    expect(await slot({ duty: 'scan', plannedAt: SIX + 365 * DAY })).toBeUndefined()
  })

  it('can be looked up: the newest of each duty, and the one before', async () => {
    for (const ask of [scan, { ...scan, plannedAt: SIX + DAY, now: SIX + DAY }, poll]) {
      await claimSlot(db, ask)
      await finishSlot(db, ask, {})
    }
    const newest = await latestSlots(db.read)
    expect(newest.map(({ duty, planned_at }) => [duty, planned_at])).toEqual([
      ['poll', SIX],
      ['scan', SIX + DAY],
    ])
    expect(await slotBefore(db.read, 'scan', SIX + DAY)).toBe(SIX)
    expect(await slotBefore(db.read, 'scan', SIX)).toBeNull()
  })
})
