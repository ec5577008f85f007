import { and, asc, eq, isNull } from 'drizzle-orm'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Verdict } from '../src/deliver/carrier.ts'
import { ERROR_TABLE, sentenceFor } from '../src/deliver/twilio/errors.ts'
import { openWorld, type World } from './world.ts'

/** ITAS with 40 days to go: stage 60, one SMS, so that a next channel is a delivery of its own. */
const EXPIRES = '2026-07-11'

const ROWS = [...ERROR_TABLE].flatMap(([code, { verdict }]) => [
  { code, verdict, how: 'at once' as const },
  { code, verdict, how: 'by receipt' as const },
])

describe('every code of the error table, from the carrier to the next action', () => {
  let world: World
  let number = 0

  beforeAll(async () => {
    world = await openWorld({ today: '2026-06-01' })
  })
  afterAll(() => world[Symbol.asyncDispose]())

  afterEach(async () => {
    world.sandbox.faults.clear()
    await world.app.db.write(async (tx) => {
      await tx.update(tx.t.pauses).set({ lifted_at: world.clock.now() })
      await tx.update(tx.t.alarms).set({ cleared_at: world.clock.now() }).where(isNull(tx.t.alarms.cleared_at))
      await tx
        .update(tx.t.deliveries)
        .set({ state: 'cancelled', poll_at: null })
        .where(eq(tx.t.deliveries.state, 'queued'))
    })
  })

  it.each(ROWS)('$code $how is $verdict', async ({ code, verdict, how }) => {
    const to = await meet(code, how)
    const rows = await deliveriesTo(to)
    const sms = rows.find((row) => row.channel === 'sms')!
    const attempt = await lastAttempt(sms.id)
    expect(attempt.error_code).toBe(code)
    expect(attempt.verdict).toBe(verdict)
    expect(attempt.outcome).toBe(how === 'by receipt' ? 'accepted' : EXPECTED[verdict].attempt)
    expect(sms.state).toBe(EXPECTED[verdict].state)
    expect(sms.reason).toBe(`${verdict}:${code}`)
    expect(await scopes()).toEqual(EXPECTED[verdict].pauses)
    expect(await alarms()).toEqual(EXPECTED[verdict].alarms)
    expect(rows.filter((row) => row.channel === 'call')).toHaveLength(EXPECTED[verdict].calls)
    expect(await closedChannelsOf(sms.phone_index)).toEqual(EXPECTED[verdict].closed)
    for (const language of ['id', 'en'] as const) expect(sentenceFor(code, language)).toMatch(/\.$/)
  })

  it('an unknown code is transient, and says its number to the officer', async () => {
    const [sms] = await deliveriesTo(await meet(39999, 'at once'))
    expect(sms).toMatchObject({ state: 'queued', reason: 'transient:39999' })
    expect(sentenceFor(39999, 'id')).toContain('39999')
  })

  it('an account fault lifts itself when a probe succeeds, and everything that waited goes out', async () => {
    world.sandbox.faults.set([{ kind: 'account', state: 'suspended' }])
    const to = await register()
    world.at('2026-06-01', '09:00')
    await world.app.scan()
    await world.deliver()
    expect(await scopes()).toEqual(['account'])
    world.at('2026-06-01', '09:06')
    await world.deliver()
    expect(await scopes()).toEqual(['account'])
    world.sandbox.faults.clear()
    world.at('2026-06-01', '09:30')
    await world.deliver()
    expect(await scopes()).toEqual([])
    expect(await alarms()).toEqual([])
    expect((await deliveriesTo(to))[0]).toMatchObject({ state: 'delivered' })
  })

  async function meet(code: number, how: 'at once' | 'by receipt'): Promise<string> {
    const to = await register()
    world.sandbox.faults.set([
      how === 'at once'
        ? { kind: 'refuse', code, to, resource: 'messages' }
        : { kind: 'fail', code, to, resource: 'messages' },
    ])
    world.at('2026-06-01', '08:30')
    await world.app.scan()
    await world.deliver()
    return to
  }

  async function register(): Promise<string> {
    number += 1
    const phone = `+6281200${String(number).padStart(6, '0')}`
    await world.register(
      [
        {
          register_no: `R${number}`,
          full_name: `Resident ${String.fromCodePoint(65 + (number % 26))}`,
          nationality: 'DE',
          passport_no: `C${String(number).padStart(8, '0')}`,
          phone,
          permit_no: `P${number}`,
          permit_kind: 'ITAS',
          issued_on: '2026-01-11',
          expires_on: EXPIRES,
        },
      ],
      { force: true },
    )
    return phone
  }

  async function deliveriesTo(phone: string) {
    const { deliveries } = world.app.db.t
    const index = world.app.db.vault.blind(phone, 'phone')
    return world.app.db.read
      .select()
      .from(deliveries)
      .where(eq(deliveries.phone_index, index))
      .orderBy(asc(deliveries.id))
  }

  async function lastAttempt(deliveryId: number) {
    const { attempts } = world.app.db.t
    const rows = await world.app.db.read
      .select()
      .from(attempts)
      .where(eq(attempts.delivery_id, deliveryId))
      .orderBy(asc(attempts.id))
    return rows[0]!
  }

  async function scopes(): Promise<string[]> {
    const { pauses } = world.app.db.t
    const rows = await world.app.db.read.select({ scope: pauses.scope }).from(pauses).where(isNull(pauses.lifted_at))
    return rows.map((row) => row.scope)
  }

  async function alarms(): Promise<string[]> {
    const { alarms } = world.app.db.t
    const rows = await world.app.db.read.select({ kind: alarms.kind }).from(alarms).where(isNull(alarms.cleared_at))
    return rows.map((row) => row.kind)
  }

  async function closedChannelsOf(phoneIndex: string): Promise<string[]> {
    const { dead_numbers, opt_outs } = world.app.db.t
    const dead = await world.app.db.read
      .select({ channel: dead_numbers.channel })
      .from(dead_numbers)
      .where(eq(dead_numbers.phone_index, phoneIndex))
    const out = await world.app.db.read
      .select({ channel: opt_outs.channel })
      .from(opt_outs)
      .where(and(eq(opt_outs.phone_index, phoneIndex), isNull(opt_outs.withdrawn_at)))
    return [...dead.map((row) => `dead ${row.channel}`), ...out.map((row) => `opted out of ${row.channel}`)].toSorted()
  }
})

type Expected = {
  attempt: string
  state: string
  pauses: string[]
  alarms: string[]
  calls: number
  closed: string[]
}

const nothing = { pauses: [], alarms: [], calls: 0, closed: [] }
const EXPECTED: Record<Exclude<Verdict, 'uncertain'>, Expected> & Record<'uncertain', Expected> = {
  recipient: { ...nothing, attempt: 'refused', state: 'exhausted', closed: ['dead call', 'dead sms', 'dead whatsapp'] },
  channel: { ...nothing, attempt: 'refused', state: 'exhausted', calls: 1, closed: ['dead sms'] },
  'opted-out': { ...nothing, attempt: 'refused', state: 'exhausted', calls: 1, closed: ['opted out of sms'] },
  route: { ...nothing, attempt: 'refused', state: 'exhausted', calls: 1, pauses: ['route:sms:+62'], alarms: ['route'] },
  transient: { ...nothing, attempt: 'refused', state: 'queued' },
  busy: { ...nothing, attempt: 'not-sent', state: 'queued', pauses: ['channel:sms'] },
  account: { ...nothing, attempt: 'not-sent', state: 'queued', pauses: ['account'], alarms: ['account'] },
  defect: { ...nothing, attempt: 'refused', state: 'set_aside', alarms: ['defect'] },
  uncertain: { ...nothing, attempt: 'uncertain', state: 'uncertain' },
}
