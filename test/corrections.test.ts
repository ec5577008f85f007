import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type CorrectedField, correctionHistory, correctResident, endCorrection } from '../src/register/corrections.ts'
import { openWorld, type Row, type World } from './world.ts'

describe('a number that an officer corrected', () => {
  let world: World
  let serial = 0
  /** Of this test alone: one person with fourteen days left, told by SMS and call. */
  let anna: Row
  let residentId: number
  let old: string
  let right: string
  let sponsor: string

  beforeAll(async () => {
    world = await openWorld({ today: '2026-06-01' })
  })
  afterAll(() => world[Symbol.asyncDispose]())
  beforeEach(async () => {
    serial += 1
    old = `+628120000100${serial}`
    right = `+628130000200${serial}`
    sponsor = `+628140000300${serial}`
    anna = {
      register_no: `R${serial}`,
      full_name: `Anna Berg ${serial}`,
      nationality: 'DE',
      passport_no: `C01X00T4${serial}`,
      phone: old,
      regency: 'Kota Blitar',
      sponsor_name: 'PT Contoh',
      sponsor_phone: sponsor,
      permit_no: `P${serial}`,
      permit_kind: 'ITK',
      issued_on: '2026-04-16',
      expires_on: '2026-06-15',
    }
    world.at('2026-06-01', '06:00')
    await world.register([anna])
    const { residents } = world.app.db.t
    const [row] = await world.app.db.read
      .select({ id: residents.id })
      .from(residents)
      .where(eq(residents.register_no, `R${serial}`))
    residentId = row!.id
  })

  it('takes over what was queued for the other one', async () => {
    await world.app.scan()
    await correct('phone', right)
    await world.day('2026-06-01')
    expect(told()).toEqual([`sms ${right}`, `call ${right}`])
  })

  it('gets what the dead one could not take', async () => {
    world.sandbox.faults.set([{ kind: 'refuse', code: 21211, to: old, resource: 'messages' }])
    await world.day('2026-06-01')
    expect(told()).toEqual([`sms ${sponsor}`])
    expect(await followUps()).toContain('number')
    await correct('phone', right)
    await world.day('2026-06-02')
    expect(told().slice(1)).toEqual([`call ${right}`])
  })

  it('leaves the sponsor to be told where none is known, and never the stranger', async () => {
    await correct('phone', '')
    await world.day('2026-06-01')
    expect(told()).toEqual([`sms ${sponsor}`, `call ${sponsor}`])
    expect(await followUps()).toContain('phone')
  })

  it('goes back to what the register says by then when the correction ends', async () => {
    const id = await correct('phone', right)
    const third = `+628150000400${serial}`
    await world.register([{ ...anna, phone: third }])
    const { vault } = world.app.db
    await world.app.db.write((tx) => endCorrection(tx, { vault, id, residentId, by: 'sari', now: world.clock.now() }))
    await world.day('2026-06-01')
    expect(told(third)).toEqual([`sms ${third}`, `call ${third}`])
  })

  it('is told in the corrected language, whatever the register says', async () => {
    await correct('language', 'Bahasa Indonesia')
    await world.register([{ ...anna, language: 'nl' }])
    await world.app.scan()
    const { deliveries } = world.app.db.t
    const rows = await world.app.db.read
      .select({ language: deliveries.language })
      .from(deliveries)
      .where(eq(deliveries.phone_index, world.app.db.vault.blind(old, 'phone')))
    expect(rows.map(({ language }) => language)).toEqual(['id', 'id'])
  })

  it('is the only one told, through every stage and whatever the register goes on saying', async () => {
    await correct('phone', right.replace('+62', '0'))
    await world.day('2026-06-01')
    expect(told()).toEqual([`sms ${right}`, `call ${right}`])
    await world.register([anna])
    await world.register([{ ...anna, regency: 'Kabupaten Tulungagung' }])
    await world.day('2026-06-08')
    expect(told().slice(2)).toEqual([`sms ${right}`])
    await world.register([{ ...anna, phone: right }])
    expect(await correctionHistory(world.app.db.read, residentId)).toMatchObject([{ endedBy: 'register' }])
    await world.day('2026-06-12')
    expect(told().slice(3).toSorted()).toEqual(
      [`call ${right}`, `call ${sponsor}`, `sms ${right}`, `sms ${sponsor}`].toSorted(),
    )
  })

  /** What any of these numbers got, in order. */
  function told(other = ''): string[] {
    return world.sandbox
      .transcript()
      .filter(({ to }) => [old, right, sponsor, other].includes(to))
      .map(({ kind, to }) => `${kind} ${to}`)
  }

  async function correct(field: CorrectedField, value: string): Promise<number> {
    const { vault } = world.app.db
    const change = { vault, field, value, residentId, reason: 'di loket', seen: null, by: 'sari' }
    const made = await world.app.db.write((tx) => correctResident(tx, { ...change, now: world.clock.now() }))
    return made.id
  }

  async function followUps(): Promise<string[]> {
    const { follow_ups } = world.app.db.t
    const rows = await world.app.db.read
      .select({ kind: follow_ups.kind })
      .from(follow_ups)
      .where(eq(follow_ups.resident_id, residentId))
    return rows.map(({ kind }) => kind)
  }
})
