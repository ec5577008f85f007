import { eq } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { claim } from '../src/deliver/outbox.ts'
import { livePauses, pause } from '../src/deliver/pauses.ts'
import type { Fault } from '../src/sandbox/faults.ts'
import { openWorld, type Row, type World } from './world.ts'

const TODAY = '2026-06-02'
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const LEAPS = [-DAY, -HOUR, HOUR, DAY]

describe('when the clock of the host leaps and the carrier’s does not', () => {
  let world: World
  /** Of the host, ahead of the carrier's. */
  let ahead: number

  beforeEach(async () => {
    ahead = 0
    const carriers: { now?: () => number } = {}
    world = await openWorld({
      today: TODAY,
      people: () => ({ answers: 'no-answer', sms: 'delivered' }),
      patience: { leaseMs: MINUTE, lookup: { listingMs: 2 * MINUTE, everyMs: 20_000 } },
      overrides: { clock: { now: () => (carriers.now?.() ?? 0) + ahead } },
    })
    carriers.now = () => world.clock.now()
  })
  afterEach(() => world[Symbol.asyncDispose]())

  it.each(LEAPS)('nobody is told twice or never, the answers to what was sent being lost (%d ms)', async (leap) => {
    await begin()
    world.sandbox.faults.set([...SILENCE])
    await world.deliver()
    world.sandbox.faults.clear()
    ahead = leap
    await settle()
    expect(reached()).toEqual(['call', 'sms'])
  })

  it.each(LEAPS)('nor when it was wrong before and is put right (%d ms)', async (leap) => {
    ahead = leap
    await begin()
    world.sandbox.faults.set([...SILENCE])
    await world.deliver()
    world.sandbox.faults.clear()
    ahead = 0
    // As the duty does for the day that is not over yet.
    await scan()
    await settle()
    expect(reached()).toEqual(['call', 'sms'])
  })

  it.each([HOUR, DAY])('nor while it is wrong all the time (%d ms)', async (leap) => {
    ahead = leap
    await begin()
    world.sandbox.faults.set([...SILENCE])
    await world.deliver()
    world.sandbox.faults.clear()
    await settle()
    expect(reached()).toEqual(['call', 'sms'])
  })

  it.each([-DAY, DAY])('what a worker had claimed that died before the leap is not stuck (%d ms)', async (leap) => {
    await begin()
    const { deps } = world.delivery
    const options = { limit: 10, now: deps.clock.now(), today: world.app.today(), pausedRoutes: new Set<string>() }
    const { claimed } = await claim(deps, { channel: 'sms', ...options })
    expect(claimed).toHaveLength(1)
    ahead = leap
    await settle()
    expect(reached()).toEqual(['call', 'sms'])
  })

  it.each([-DAY, DAY])(
    'a pause that was begun before ends, the account’s with a question to the carrier (%d ms)',
    async (leap) => {
      await begin()
      const now = world.app.clock.now()
      await world.app.db.write(async (tx) => {
        for (const scope of ['account', 'channel:sms', 'route:call:62'])
          await pause(tx, { scope, reason: 'test', code: null, until: now + 5 * MINUTE, now })
      })
      ahead = leap
      await settle()
      expect(reached()).toEqual(['call', 'sms'])
      expect((await livePauses(world.app.db.read, world.app.clock.now())).live).toEqual([])
    },
  )

  it('a message whose receipt was lost is asked about at once after the clock was set back a day', async () => {
    await begin()
    world.sandbox.faults.set([{ kind: 'lose-callback', resource: 'messages' }])
    await world.deliver()
    expect(await smsState()).toBe('accepted')
    ahead = -DAY
    await world.deliver()
    expect(await smsState()).toBe('delivered')
  })

  /** Half past ten: a resident is due by message and call. */
  async function begin(): Promise<void> {
    world.at(TODAY, '10:30')
    await world.register([PERSON])
    await scan()
  }

  /** The call at once, and not ten minutes after the message. */
  async function scan(): Promise<void> {
    await world.app.scan()
    const { deliveries } = world.app.db.t
    const due = { not_before: world.app.clock.now() - DAY }
    await world.app.db.write((tx) => tx.update(deliveries).set(due).where(eq(deliveries.state, 'queued')))
  }

  /** Three minutes of the world, in which leases and look-ups come to their end. */
  async function settle(): Promise<void> {
    for (let step = 0; step < 9; step++) {
      await world.deliver()
      world.clock.advance(20_000)
    }
    await world.deliver()
  }

  function reached(): string[] {
    return world.sandbox
      .transcript()
      .map(({ kind }) => kind)
      .toSorted()
  }

  async function smsState(): Promise<string | undefined> {
    const { deliveries } = world.app.db.t
    const rows = await world.app.db.read
      .select({ channel: deliveries.channel, state: deliveries.state })
      .from(deliveries)
    return rows.find(({ channel }) => channel === 'sms')?.state
  }
})

/** The carrier takes everything, and neither its answer nor a word of it afterwards arrives. */
const SILENCE: readonly Fault[] = [
  { kind: 'cut', when: 'after', on: 'create', resource: 'messages' },
  { kind: 'cut', when: 'after', on: 'create', resource: 'calls' },
  { kind: 'lose-callback' },
]

const PERSON: Row = {
  register_no: 'R1',
  full_name: 'Anna Berg',
  nationality: 'DE',
  passport_no: 'C01X00T47',
  phone: '+6281200000001',
  permit_no: 'P1',
  permit_kind: 'ITK',
  expires_on: '2026-06-16',
}
