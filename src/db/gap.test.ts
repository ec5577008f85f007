import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Rows } from '../../test/rows.ts'
import { lastId, readGap, recordGap } from './gap.ts'
import type { Db } from './open.ts'
import { openTestDb } from './testing.ts'

const DAY = 24 * 3_600_000

describe('a gap', () => {
  let db: Db
  let rows: Rows
  beforeAll(async () => {
    db = await openTestDb()
    rows = new Rows(db, { now: () => 1_000 })
  })
  afterAll(() => db[Symbol.asyncDispose]())

  const attempt = async () => rows.attempt((await rows.tell()).deliveryId)

  it('gives no attempt an id that may have been given out before, also where there has been none', async () => {
    expect(await lastId(db.read, 'attempts')).toBe(0)
    expect(await readGap(db.read)).toBeNull()
    await db.write((tx) => recordGap(tx, { from: 1 * DAY, until: 2 * DAY }))
    const first = await attempt()
    expect(first).toBeGreaterThan(1_000_000)
    expect(await lastId(db.read, 'attempts')).toBe(first)
    await db.write((tx) => recordGap(tx, { from: 4 * DAY, until: 5 * DAY }))
    expect(await attempt()).toBeGreaterThan(first + 1_000_000)
  })

  it('is one with the one before it, unless that is long past', async () => {
    expect(await readGap(db.read)).toEqual({ from: 1 * DAY, until: 5 * DAY })
    await db.write((tx) => recordGap(tx, { from: 300 * DAY, until: 301 * DAY }))
    expect(await readGap(db.read)).toEqual({ from: 300 * DAY, until: 301 * DAY })
  })
})
