import { describe, expect, it } from 'vitest'
import { openAlarms } from '../db/alarms.ts'
import type { Db } from '../db/open.ts'
import { addDays, instantOf } from '../lib/civil-date.ts'
import { office, on, openWorld, type World } from '../overstay/fixture.ts'
import { SCHEDULE } from './duties.ts'
import { type Signs, silencesIn } from './silence.ts'
import { findSilences, openWatch } from './silence-signs.ts'
import { registerWorker } from './workers.ts'

const MINUTE = 60_000
const day = on('2026-11-10')
const at = (time: string) => instantOf(day, time, office.timeZone)
const now = at('10:00')

const fine: Signs = {
  duties: [{ name: 'scan', dueAt: at('06:00'), lastGoodAt: at('06:00') }],
  queues: [{ channel: 'sms', due: 3, sendableSince: at('08:00'), lastTakenAt: at('09:59') }],
  unheard: { count: 0, since: null },
  lastSignAt: now,
}

describe('what should have happened by now', () => {
  it.each<[string, Partial<Signs>, string[]]>([
    ['all has', {}, []],
    [
      'a duty not today',
      { duties: [{ name: 'scan', dueAt: at('06:00'), lastGoodAt: at('06:00') - 1 }] },
      ['silence:scan'],
    ],
    ['a duty never', { duties: [{ name: 'scan', dueAt: at('06:00'), lastGoodAt: null }] }, ['silence:scan']],
    ['a duty whose time never came', { duties: [{ name: 'scan', dueAt: null, lastGoodAt: null }] }, []],
    ['nothing was taken for 29 minutes', { queues: [queue({ lastTakenAt: now - 29 * MINUTE })] }, []],
    [
      'nothing was taken for 30 minutes',
      { queues: [queue({ lastTakenAt: now - 30 * MINUTE })] },
      ['silence:deliveries'],
    ],
    ['what is due became due just now', { queues: [queue({ sendableSince: now - MINUTE, lastTakenAt: null })] }, []],
    ['nothing ever was taken', { queues: [queue({ lastTakenAt: null })] }, ['silence:deliveries']],
    ['nothing can be sent', { queues: [queue({ sendableSince: null, lastTakenAt: null })] }, []],
    ['one message unheard of', { unheard: { count: 1, since: 0 } }, []],
    ['two messages unheard of', { unheard: { count: 2, since: 0 } }, ['silence:webhooks']],
    [
      'no daemon, of which all else follows',
      { lastSignAt: now - 6 * MINUTE, unheard: { count: 9, since: 0 } },
      ['silence:worker'],
    ],
    ['no daemon ever', { lastSignAt: null }, ['silence:worker']],
  ])('%s', (_case, given, kinds) => {
    expect(silencesIn({ ...fine, ...given }, { now }).map(({ kind }) => kind)).toEqual(kinds)
  })
})

describe('the signs of a database', () => {
  it('show a scan that did not succeed by seven, and none before', async () => {
    await using world = await openWorld()
    await using _worker = await alive(world.db, at('07:00'))
    await slotsFinished(world.db, { except: 'scan' })
    const look = (time: string) => findSilences({ db: world.db, office, now: at(time) })
    await seen(world.db, at('06:59'))
    expect(await look('06:59')).toEqual([])
    await seen(world.db, at('07:00'))
    expect(await look('07:00')).toEqual([
      { kind: 'silence:scan', detail: 'due 2026-11-09T23:00Z, last good: 2026-11-08T23:00Z' },
    ])
  })

  it('show deliveries that wait in an open window, unless a pause explains it', async () => {
    await using world = await openWorld()
    await using _worker = await alive(world.db, at('07:00'))
    await slotsFinished(world.db)
    await queued(world)
    const look = async (time: string) => {
      await seen(world.db, at(time))
      return (await findSilences({ db: world.db, office, now: at(time) })).map(({ kind }) => kind)
    }
    expect(await look('07:59')).toEqual([])
    expect(await look('08:29')).toEqual([])
    expect(await look('08:30')).toEqual(['silence:deliveries'])
    expect(await look('16:50')).toEqual([])
    await world.db.write((tx) =>
      tx.insert(tx.t.pauses).values({ scope: 'account', reason: 'breaker', since: 0, until: at('12:00') }),
    )
    expect(await look('08:30')).toEqual([])
  })

  it('show a carrier that took messages and never called back', async () => {
    await using world = await openWorld()
    await using _worker = await alive(world.db, at('07:00'))
    await slotsFinished(world.db)
    const delivery = await queued(world, 'accepted')
    await attempts(world.db, delivery, [at('08:00'), at('08:05')])
    const look = async (time: string) => {
      await seen(world.db, at(time))
      return await findSilences({ db: world.db, office, now: at(time) })
    }
    expect(await look('11:04')).toEqual([])
    expect(await look('11:05')).toEqual([
      { kind: 'silence:webhooks', detail: '2 sent since 2026-11-10T01:00Z, no receipt' },
    ])
    await world.db.write((tx) =>
      tx.insert(tx.t.receipts).values({
        kind: 'poll',
        sid: 'SM1',
        status: 'sent',
        raw: '{}',
        signature: '',
        digest: 'p',
        received_at: at('08:30'),
      }),
    )
    expect(await look('11:05')).toHaveLength(1)
    await world.reply('+6281200000001', 'ya', { received_at: at('08:06') })
    expect(await look('11:05')).toEqual([])
  })

  it('show that no daemon runs, to whoever asks', async () => {
    await using world = await openWorld()
    expect(await findSilences({ db: world.db, office, now })).toEqual([
      { kind: 'silence:worker', detail: 'no daemon has ever run' },
    ])
    await using worker = await alive(world.db, at('07:00'))
    await worker[Symbol.asyncDispose]()
    expect(await findSilences({ db: world.db, office, now })).toEqual([
      { kind: 'silence:worker', detail: 'no daemon since 2026-11-10T00:00Z' },
    ])
  })
})

describe('the daemon’s own watch', () => {
  it('raises what two looks in a row find, counts it once, and clears it', async () => {
    await using world = await openWorld()
    await slotsFinished(world.db, { except: 'scan' })
    const watch = openWatch({ db: world.db, office })
    expect(await watch(now)).toEqual(['silence:scan'])
    expect(await openAlarms(world.db.read)).toEqual([])
    for (let look = 1; look < 4; look += 1) await watch(now + look * 5 * MINUTE)
    expect(await openAlarms(world.db.read)).toMatchObject([{ kind: 'silence:scan', times: 1 }])
    await slotsFinished(world.db, { only: 'scan' })
    expect(await watch(now + 20 * MINUTE)).toEqual([])
    expect(await openAlarms(world.db.read)).toEqual([])
  })

  it('leaves other alarms alone', async () => {
    await using world = await openWorld()
    await slotsFinished(world.db)
    const { alarms } = world.db.t
    await world.db.write((tx) =>
      tx.insert(alarms).values({ kind: 'balance', detail: 'low', raised_at: now, last_at: now }),
    )
    await openWatch({ db: world.db, office })(now)
    expect(await openAlarms(world.db.read)).toHaveLength(1)
  })
})

function queue(given: Partial<Signs['queues'][number]>): Signs['queues'][number] {
  return { channel: 'sms', due: 3, sendableSince: at('08:00'), lastTakenAt: now, ...given }
}

function alive(db: Db, instant: number) {
  return registerWorker({ db, clock: { now: () => instant }, name: 'here-1-abc' })
}

async function seen(db: Db, instant: number): Promise<void> {
  await db.write((tx) => tx.update(tx.t.workers).set({ seen_at: instant, stopped_at: null }))
}

/** Every duty has done its work until long after today, but `except`, which last did yesterday. */
async function slotsFinished(db: Db, { except, only }: { except?: string; only?: string } = {}): Promise<void> {
  const yesterday = instantOf(addDays(day, -1), '06:00', office.timeZone)
  const tomorrow = instantOf(addDays(day, 1), '06:00', office.timeZone)
  const rows = SCHEDULE.filter(({ name }) => only === undefined || name === only).map(({ name: duty }) => ({
    duty,
    planned_at: duty === except ? yesterday : tomorrow,
    started_at: yesterday,
    lease_until: yesterday,
    finished_at: yesterday,
    worker: 'x',
  }))
  await db.write((tx) => tx.insert(tx.t.slots).values(rows))
}

async function queued(world: World, state: 'queued' | 'accepted' = 'queued') {
  const resident = await world.resident()
  const cycle = await world.cycle(await world.permit(resident.id, addDays(day, 14)))
  const notice = await world.notice(cycle, 14, day)
  return world.delivery(notice, { phone: '+6281200000001', state, at: at('06:00') })
}

async function attempts(db: Db, delivery: { id: number }, instants: number[]): Promise<void> {
  await db.write((tx) =>
    tx.insert(tx.t.attempts).values(
      instants.map((started_at, index) => ({
        delivery_id: delivery.id,
        number: index + 1,
        channel: 'sms' as const,
        worker: 'x',
        started_at,
        outcome: 'accepted' as const,
        sid: `SM${index}`,
      })),
    ),
  )
}
