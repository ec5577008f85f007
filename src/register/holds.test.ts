import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Db } from '../db/open.ts'
import { openTestDb } from '../db/testing.ts'
import { addDays, civilDate } from '../lib/civil-date.ts'
import { isHeld, liftHold, liveHolds, setHold } from './holds.ts'

const today = civilDate('2026-11-22')

describe('whether somebody is held', () => {
  const until = (untilOn: string | null, liftedAt: number | null = null) => ({
    untilOn: untilOn === null ? null : civilDate(untilOn),
    liftedAt,
  })

  it.each([
    { says: 'not without a hold', holds: [], held: false },
    { says: 'until it is lifted', holds: [until(null)], held: true },
    { says: 'not once it was lifted', holds: [until(null, 5)], held: false },
    { says: 'before its last day', holds: [until('2026-11-23')], held: true },
    { says: 'on its last day', holds: [until('2026-11-22')], held: true },
    { says: 'not after its last day', holds: [until('2026-11-21')], held: false },
    { says: 'by any one of several', holds: [until('2026-11-21'), until(null, 5), until(null)], held: true },
  ])('$says', ({ holds, held }) => {
    expect(isHeld(holds, today)).toBe(held)
  })
})

describe('the holds of a resident', () => {
  let db: Db
  let residentId: number

  beforeAll(async () => {
    db = await openTestDb()
    residentId = await db.write(async (tx) => {
      const person = {
        office_code: 'BLT',
        full_name: 'A',
        nationality: 'DE',
        register_digest: 'x',
        created_at: 1,
        updated_at: 1,
      }
      const [row] = await tx.insert(tx.t.residents).values(person).returning({ id: tx.t.residents.id })
      return row!.id
    })
  })

  afterAll(async () => {
    await db[Symbol.asyncDispose]()
  })

  it('live from being set to being lifted, once each', async () => {
    const set = {
      residentId,
      reason: 'applied',
      note: 'receipt 12/2026',
      setBy: 'sari',
      untilOn: addDays(today, 30),
      now: 1,
    } as const
    const { id } = await db.write((tx) => setHold(tx, set))
    const live = await liveHolds(db.read, [residentId, 999], today)
    expect([...live.keys()]).toEqual([residentId])
    expect(live.get(residentId)).toEqual([
      {
        id,
        residentId,
        reason: 'applied',
        note: 'receipt 12/2026',
        setBy: 'sari',
        setAt: 1,
        untilOn: '2026-12-22',
        liftedAt: null,
      },
    ])
    expect((await liveHolds(db.read, [residentId], addDays(today, 31))).size).toBe(0)
    expect(await db.write((tx) => liftHold(tx, { id, liftedBy: 'budi', now: 2 }))).toBe(true)
    expect(await db.write((tx) => liftHold(tx, { id, liftedBy: 'budi', now: 3 }))).toBe(false)
    expect((await liveHolds(db.read, [residentId], today)).size).toBe(0)
  })

  it('are one per reason: a second replaces the first and leaves it on record', async () => {
    const set = { residentId, reason: 'left', setBy: 'sari', now: 4 } as const
    await db.write((tx) => setHold(tx, set))
    const { id } = await db.write((tx) => setHold(tx, { ...set, setBy: 'budi', now: 5 }))
    await db.write((tx) => setHold(tx, { ...set, reason: 'other', now: 6 }))
    const live = (await liveHolds(db.read, [residentId], today)).get(residentId)!
    expect(live.map((hold) => [hold.reason, hold.setBy])).toEqual([
      ['left', 'budi'],
      ['other', 'sari'],
    ])
    await db.write((tx) => liftHold(tx, { id, liftedBy: 'sari', now: 7 }))
    expect((await liveHolds(db.read, [residentId], today)).get(residentId)!.length).toBe(1)
  })
})
