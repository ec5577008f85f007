import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Rows } from '../../test/rows.ts'
import type { Db } from '../db/open.ts'
import { openTestDb } from '../db/testing.ts'
import { civilDate } from '../lib/civil-date.ts'
import { findByToken, newestDeliveryTo } from './find-by-token.ts'

let db: Db
let rows: Rows

beforeAll(async () => {
  db = await openTestDb()
  rows = new Rows(db, { now: () => 1_000 })
})

afterAll(async () => {
  await db[Symbol.asyncDispose]()
})

describe('a link', () => {
  it('leads to its delivery and names nobody', async () => {
    const told = await rows.tell({ name: 'Maria da Silva', nationality: 'TL', phone: '+6281200000001' })
    const found = await findByToken(db, told.token)
    expect(found?.id).toBe(told.deliveryId)
    expect(found?.notices).toMatchObject([
      { reference: told.reference, initials: 'M. S.', nationality: 'TL', superseded: false },
    ])
    expect(JSON.stringify(found)).not.toMatch(/Maria|Silva|0000001/)
  })

  it.each(['', 'x', `${'a'.repeat(22)}b`, 'aaaaaaaaaaaaaaaaaaaaa/', 'aaaaaaaaaaaaaaaaaaaaaa'])(
    'that was never ours leads nowhere: "%s"',
    async (token) => {
      expect(await findByToken(db, token)).toBeUndefined()
    },
  )

  it('tells all its notices, the first to end first', async () => {
    const late = await rows.tell({ expiresOn: civilDate('2026-12-20') })
    const soon = await rows.tell({ expiresOn: civilDate('2026-12-01'), role: 'sponsor' }, late.deliveryId)
    const found = await findByToken(db, late.token)
    expect(found?.notices.map((notice) => [notice.reference, notice.role])).toEqual([
      [soon.reference, 'sponsor'],
      [late.reference, 'resident'],
    ])
  })

  it('knows that a newer date or permit has taken its place, and of holds', async () => {
    const told = await rows.tell()
    const { permits, holds } = db.t
    await db.write(async (tx) => {
      await tx.insert(holds).values([
        {
          resident_id: told.residentId,
          reason: 'applied',
          set_by: 'sari',
          set_at: 1,
          until_on: civilDate('2026-12-24'),
        },
        { resident_id: told.residentId, reason: 'other', set_by: 'sari', set_at: 1, lifted_at: 2, lifted_by: 'sari' },
      ])
    })
    expect((await findByToken(db, told.token))?.notices[0]).toMatchObject({
      superseded: false,
      heldUntil: '2026-12-24',
    })
    await db.write(async (tx) => {
      await tx
        .update(permits)
        .set({ expires_on: civilDate('2027-12-06') })
        .where(eq(permits.resident_id, told.residentId))
      await tx.insert(holds).values({ resident_id: told.residentId, reason: 'left', set_by: 'sari', set_at: 3 })
    })
    expect((await findByToken(db, told.token))?.notices[0]).toMatchObject({ superseded: true, heldUntil: 'forever' })
  })
})

describe('the newest delivery to a number', () => {
  it('is the last one that was tried, by the channel asked for', async () => {
    const phone = '+6281299999999'
    const index = db.vault.blind(phone, 'phone')
    const sms = await rows.tell({ phone, channel: 'sms' })
    const whatsapp = await rows.tell({ phone, channel: 'whatsapp' })
    await rows.tell({ phone, channel: 'sms', attempts: 0, state: 'queued' })
    expect((await newestDeliveryTo(db.read, index))?.id).toBe(whatsapp.deliveryId)
    expect((await newestDeliveryTo(db.read, index, { channel: 'sms' }))?.id).toBe(sms.deliveryId)
    expect(await newestDeliveryTo(db.read, index, { withVoiceNote: true })).toBeUndefined()
    expect(await newestDeliveryTo(db.read, db.vault.blind('+1', 'phone'))).toBeUndefined()
  })
})
