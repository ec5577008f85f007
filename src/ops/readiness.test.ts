import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Db } from '../db/open.ts'
import { openTestDb } from '../db/testing.ts'
import { notReady } from './readiness.ts'

describe('readiness', () => {
  let db: Db

  beforeAll(async () => {
    db = await openTestDb()
  })
  afterAll(() => db[Symbol.asyncDispose]())

  it('names the listener that is closed and the tick that stays away', async () => {
    const reader = db.read
    expect(await notReady({ reader, listening: true, tickIdleMs: 4_000 })).toEqual([])
    expect(await notReady({ reader, listening: false, tickIdleMs: 4_000 })).toEqual(['listener'])
    expect(await notReady({ reader, listening: true, tickIdleMs: 21_000 })).toEqual(['tick'])
    expect(await notReady({ reader, listening: true, tickIdleMs: null })).toEqual(['tick'])
  })

  it('names a database that a newer program has changed', async () => {
    const table = sql.raw(db.engine === 'sqlite' ? '__drizzle_migrations' : 'drizzle.__drizzle_migrations')
    const newer = sql`insert into ${table} (hash, created_at, name) values ('x', 1, '20990101000000_later')`
    await db.write((tx) => tx.run(newer))
    expect(await notReady({ reader: db.read, listening: true, tickIdleMs: 0 })).toEqual(['migrations'])
  })
})
