import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Rows } from '../../test/rows.ts'
import type { Db } from '../db/open.ts'
import { openTestDb } from '../db/testing.ts'
import { acknowledge } from './acknowledgements.ts'

const clock = { now: () => 1_000 }
let db: Db
let rows: Rows

beforeAll(async () => {
  db = await openTestDb()
})

beforeEach(() => {
  rows = new Rows(db, clock)
})

afterAll(async () => {
  await db[Symbol.asyncDispose]()
})

describe('an acknowledgement', () => {
  it('is kept once for each cycle, role, answer and way', async () => {
    const { deliveryId, cycleId, noticeId } = await rows.tell({ permitNo: 'once' })
    const answer = { deliveryId, answer: 'applied', via: 'page', now: 5 } as const
    expect(await acknowledge(db, answer)).toEqual({ added: 1, cancelled: 0 })
    expect(await acknowledge(db, { ...answer, now: 6 })).toEqual({ added: 0, cancelled: 0 })
    expect(await acknowledge(db, { ...answer, via: 'whatsapp' })).toEqual({ added: 1, cancelled: 0 })
    const kept = await answersOf(cycleId)
    expect(kept.map(({ via, at, role, notice_id }) => ({ via, at, role, notice_id }))).toEqual([
      { via: 'page', at: 5, role: 'resident', notice_id: noticeId },
      { via: 'whatsapp', at: 5, role: 'resident', notice_id: noticeId },
    ])
  })

  it('counts for the sponsor only where a sponsor was told', async () => {
    const { deliveryId, cycleId } = await rows.tell({ permitNo: 'sponsor', role: 'sponsor' })
    await acknowledge(db, { deliveryId, answer: 'help', via: 'page', now: 5 })
    expect((await answersOf(cycleId)).map((row) => row.role)).toEqual(['sponsor'])
  })

  it('speaks only of the notices that were meant', async () => {
    const first = await rows.tell({ permitNo: 'several 1' })
    const second = await rows.tell({ permitNo: 'several 2' }, first.deliveryId)
    const stranger = await rows.tell({ permitNo: 'several 3' })
    const noticeIds = [second.noticeId, stranger.noticeId]
    expect(
      await acknowledge(db, { deliveryId: first.deliveryId, noticeIds, answer: 'leaving', via: 'page', now: 5 }),
    ).toEqual({
      added: 1,
      cancelled: 0,
    })
    expect(await answersOf(first.cycleId)).toEqual([])
    expect((await answersOf(second.cycleId)).map((row) => row.answer)).toEqual(['leaving'])
    expect(await answersOf(stranger.cycleId)).toEqual([])
  })

  it('at the counter names the officer and needs no delivery', async () => {
    const { noticeId, cycleId } = await rows.tell({ permitNo: 'counter' })
    await acknowledge(db, {
      deliveryId: null,
      noticeIds: [noticeId],
      role: 'resident',
      answer: 'understood',
      via: 'counter',
      officer: 'sari',
      now: 5,
    })
    expect((await answersOf(cycleId)).map((row) => [row.officer, row.delivery_id])).toEqual([['sari', null]])
    const without = { deliveryId: null, answer: 'understood', via: 'counter', now: 5 } as const
    await expect(acknowledge(db, without)).rejects.toThrow('needs its notices and its role')
  })
})

describe('"understood"', () => {
  it('ends what waits for another try and leaves what was never tried', async () => {
    const told = await rows.tell({ permitNo: 'retry' })
    const retry = await rows.tellAgain(told, { channel: 'call', state: 'queued', attempts: 1 })
    const fresh = await rows.tellAgain(told, { channel: 'whatsapp', state: 'queued', attempts: 0 })
    const sponsor = await rows.tellAgain(told, { channel: 'sms', role: 'sponsor', state: 'queued', attempts: 1 })
    const { deliveryId } = told
    expect(await acknowledge(db, { deliveryId, answer: 'understood', via: 'key', now: 5 })).toEqual({
      added: 1,
      cancelled: 1,
    })
    expect(await stateOf(retry)).toEqual({ state: 'cancelled', reason: 'understood', poll_at: null })
    expect((await stateOf(fresh))?.state).toBe('queued')
    expect((await stateOf(sponsor))?.state).toBe('queued')
  })

  it('waits for everybody before it ends a delivery about several', async () => {
    const first = await rows.tell({ permitNo: 'all 1' })
    const second = await rows.tell({ permitNo: 'all 2' }, first.deliveryId)
    const retry = await rows.tellAgain(first, { channel: 'call', state: 'queued', attempts: 1 })
    await rows.carry(retry, second, 'call')
    const understood = { deliveryId: first.deliveryId, answer: 'understood', via: 'page', now: 5 } as const
    expect(await acknowledge(db, { ...understood, noticeIds: [first.noticeId] })).toEqual({ added: 1, cancelled: 0 })
    expect(await acknowledge(db, { ...understood, noticeIds: [second.noticeId] })).toEqual({ added: 1, cancelled: 1 })
    expect((await stateOf(retry))?.state).toBe('cancelled')
  })

  it('is the only answer that ends a try', async () => {
    const told = await rows.tell({ permitNo: 'help' })
    const retry = await rows.tellAgain(told, { channel: 'call', state: 'queued', attempts: 1 })
    for (const answer of ['applied', 'leaving', 'help'] as const) {
      await acknowledge(db, { deliveryId: told.deliveryId, answer, via: 'page', now: 5 })
    }
    expect((await stateOf(retry))?.state).toBe('queued')
  })
})

async function answersOf(cycleId: number) {
  const { acknowledgements } = db.t
  return db.read
    .select()
    .from(acknowledgements)
    .where(eq(acknowledgements.cycle_id, cycleId))
    .orderBy(acknowledgements.id)
}

async function stateOf(deliveryId: number) {
  const { deliveries } = db.t
  const [row] = await db.read
    .select({ state: deliveries.state, reason: deliveries.reason, poll_at: deliveries.poll_at })
    .from(deliveries)
    .where(eq(deliveries.id, deliveryId))
  return row
}
