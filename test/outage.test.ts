import { asc, isNull } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addDays, type CivilDate, civilDate, dateAt, daysBetween } from '../src/lib/civil-date.ts'
import { countByPhoneAndLink } from '../src/sandbox/sandbox.ts'
import { TIME_ZONE } from './ground.ts'
import { openWorld, type Row, type World } from './world.ts'

/** Twilio is away from 08:00 of this day until after the window of the day after next. */
const DOWN = civilDate('2026-06-02')
const UP = addDays(DOWN, 2)
/** Days left on the first day of the outage: each stage, the day before it, and the day between. */
const LEFT = [15, 14, 9, 8, 7, 5, 4, 3, 2, 1, 0] as const

describe('Twilio away for two days over stage boundaries', () => {
  let world: World

  beforeAll(async () => {
    world = await openWorld({ today: addDays(DOWN, -1) })
    world.at(addDays(DOWN, -1), '05:00')
    await world.register(LEFT.map(resident))
    await world.day(addDays(DOWN, -1))

    world.at(DOWN, '06:00')
    await world.app.scan()
    const cuts = [
      { kind: 'cut', when: 'before', on: 'any', resource: 'messages' },
      { kind: 'cut', when: 'before', on: 'any', resource: 'calls' },
    ] as const
    await outage(DOWN, ['08:00', '09:30'], () => world.sandbox.faults.set(cuts))
    const broken = [
      { kind: 'server-error', when: 'before', status: 503, on: 'any', resource: 'messages' },
      { kind: 'server-error', when: 'before', status: 500, on: 'any', resource: 'calls' },
    ] as const
    await outage(DOWN, ['11:00', '14:00', '16:30'], () => world.sandbox.faults.set(broken))
    world.at(addDays(DOWN, 1), '06:00')
    await world.app.scan()
    await outage(addDays(DOWN, 1), ['08:00', '10:00', '16:30', '20:00'], () =>
      world.sandbox.faults.set([{ kind: 'account', state: 'suspended' }]),
    )
  })
  afterAll(() => world[Symbol.asyncDispose]())

  it('nothing reaches a phone meanwhile, the operator is told, and nobody is given up', async () => {
    expect(since(DOWN)).toEqual([])
    const { alarms, deliveries } = world.app.db.t
    const open = await world.app.db.read.select({ kind: alarms.kind }).from(alarms).where(isNull(alarms.cleared_at))
    expect(open.map(({ kind }) => kind)).toContain('account')
    const states = await world.app.db.read
      .selectDistinct({ state: deliveries.state, reason: deliveries.reason })
      .from(deliveries)
      .orderBy(asc(deliveries.state))
    expect(
      states.map(({ state }) => state).filter((state) => ['exhausted', 'set_aside', 'failed'].includes(state)),
    ).toEqual([])
  })

  it('afterwards each resident hears exactly the newest due notice, with the true dates', async () => {
    world.sandbox.faults.clear()
    await world.day(UP)
    for (const left of LEFT) {
      const expires = addDays(DOWN, left)
      const now = daysBetween(UP, expires)
      const messages = since(DOWN).filter(({ to, kind }) => to === phoneOf(left) && kind === 'sms')
      expect(
        messages.map(({ at }) => at),
        `${left} days left at first`,
      ).toHaveLength(isDue(left) ? 1 : 0)
      for (const { body } of messages) {
        expect(body).toContain(inEnglish(expires))
        expect(body!.includes('ended')).toBe(now < 0)
      }
    }
    const notices = await newestNotices()
    expect(notices).toEqual(LEFT.map((left) => `${left}: ${stageOn(daysBetween(UP, addDays(DOWN, left)))}`))
  })

  it('the account pause is lifted and no alarm is left', async () => {
    const { pauses, alarms } = world.app.db.t
    const live = await world.app.db.read.select({ scope: pauses.scope }).from(pauses).where(isNull(pauses.lifted_at))
    expect(live).toEqual([])
    const open = await world.app.db.read.select({ kind: alarms.kind }).from(alarms).where(isNull(alarms.cleared_at))
    expect(open).toEqual([])
  })

  it('a second round on that day brings nothing more, and no link came twice', async () => {
    const before = since(DOWN).length
    await world.day(UP)
    expect(since(DOWN)).toHaveLength(before)
    expect([...countByPhoneAndLink(since(DOWN)).values()].filter((times) => times > 1)).toEqual([])
  })

  async function outage(date: CivilDate, times: string[], begin: () => void): Promise<void> {
    begin()
    for (const time of times) {
      world.at(date, time)
      await world.deliver()
      // A minute later the breaker's pause is over and the probe decides.
      world.clock.advance(60_000)
      await world.deliver()
    }
  }

  function since(date: CivilDate) {
    return world.sandbox.transcript().filter(({ at }) => dateAt(at, TIME_ZONE) >= date)
  }

  async function newestNotices(): Promise<string[]> {
    const { notices, cycles } = world.app.db.t
    const rows = await world.app.db.read.select({ cycle: notices.cycle_id, stage: notices.stage }).from(notices)
    const dates = new Map(
      (await world.app.db.read.select({ id: cycles.id, expires: cycles.expires_on }).from(cycles)).map((row) => [
        row.id,
        row.expires,
      ]),
    )
    const newest = Map.groupBy(rows, (row) => daysBetween(DOWN, dates.get(row.cycle)!))
    return LEFT.map((left) => `${left}: ${Math.min(...newest.get(left)!.map((row) => row.stage))}`)
  }
})

/** Whoever was told on the day before the outage is due again only if a stage began meanwhile. */
function isDue(left: number): boolean {
  return stageOn(left + 1) !== stageOn(left - 2)
}

function stageOn(daysLeft: number): number | null {
  if (daysLeft < 0) return daysLeft <= -7 ? -7 : -1
  return [1, 3, 7, 14].find((stage) => daysLeft <= stage) ?? null
}

function resident(left: number): Row {
  return {
    register_no: `R${left}`,
    full_name: `Resident ${String.fromCodePoint(65 + left)}`,
    nationality: 'GB',
    passport_no: `C${String(left).padStart(8, '0')}`,
    phone: phoneOf(left),
    permit_no: `P${left}`,
    permit_kind: 'ITK',
    issued_on: '2026-04-20',
    expires_on: addDays(DOWN, left),
  }
}

function phoneOf(left: number): string {
  return `+62812000000${String(left).padStart(2, '0')}`
}

/** As the SMS writes it. */
function inEnglish(date: CivilDate): string {
  const { day, month, year } = Temporal.PlainDate.from(date)
  return `${day} ${['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul'][month - 1]} ${year}`
}
