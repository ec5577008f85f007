import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Db } from '../db/open.ts'
import { openTestDb } from '../db/testing.ts'
import { SteppedClock } from '../lib/clock.ts'
import { listWorkers, registerWorker, workerName } from './workers.ts'

const START = Date.parse('2026-11-22T01:00:00Z')
const DAY = 86_400_000

describe('the list of workers', () => {
  let db: Db
  let clock: SteppedClock

  beforeEach(async () => {
    db = await openTestDb()
    clock = new SteppedClock(START)
  })

  afterEach(async () => {
    await db[Symbol.asyncDispose]()
  })

  const list = () => listWorkers(db.read, { now: clock.now() })

  it('shows who lives, who was last seen when, and who stopped', async () => {
    const first = await registerWorker({ db, clock, name: 'blitar-1-aa' })
    clock.advance(80_000)
    const second = await registerWorker({ db, clock, name: 'blitar-2-bb' })
    clock.advance(11_000)
    const born = { started_at: START, seen_at: START, stopped_at: null }
    const later = { started_at: START + 80_000, seen_at: START + 80_000, stopped_at: null }
    expect(await list()).toEqual([
      { name: 'blitar-2-bb', ...later, alive: true },
      { name: 'blitar-1-aa', ...born, alive: false },
    ])

    await first.seen()
    await second[Symbol.asyncDispose]()
    expect(await list()).toEqual([
      { name: 'blitar-2-bb', ...later, seen_at: START + 91_000, stopped_at: START + 91_000, alive: false },
      { name: 'blitar-1-aa', ...born, seen_at: START + 91_000, alive: true },
    ])
  })

  it('forgets whoever was not seen for 30 days, and keeps to its limit', async () => {
    await registerWorker({ db, clock, name: 'old' })
    clock.advance(20 * DAY)
    await registerWorker({ db, clock, name: 'middle' })
    clock.advance(11 * DAY)
    await registerWorker({ db, clock, name: 'new' })
    expect((await list()).map(({ name }) => name)).toEqual(['new', 'middle'])
    expect((await listWorkers(db.read, { now: clock.now(), limit: 1 })).length).toBe(1)
  })

  it('has names that are safe to print', () => {
    expect(workerName({ host: 'kanim blitar\n', pid: 7, random: '0af3' })).toBe('kanim-blitar--7-0af3')
  })
})
