import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Db, openSqlite } from '../db/open.ts'
import { newKeyFile, openVault } from '../db/seal.ts'
import { notReady } from './readiness.ts'

describe('readiness', () => {
  let folder: string
  let db: Db

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tenggat-ready-'))
    db = await openSqlite({ file: join(folder, 'a.db'), vault: openVault(newKeyFile('k1'), 'test') })
  })
  afterAll(async () => {
    await db[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true })
  })

  it('names the listener that is closed and the tick that stays away', async () => {
    const reader = db.read
    expect(await notReady({ reader, listening: true, tickIdleMs: 4_000 })).toEqual([])
    expect(await notReady({ reader, listening: false, tickIdleMs: 4_000 })).toEqual(['listener'])
    expect(await notReady({ reader, listening: true, tickIdleMs: 21_000 })).toEqual(['tick'])
    expect(await notReady({ reader, listening: true, tickIdleMs: null })).toEqual(['tick'])
  })

  it('names a database that a newer program has changed', async () => {
    const newer = sql`insert into __drizzle_migrations (hash, created_at, name) values ('x', 1, '20990101000000_later')`
    await db.write((tx) => tx.run(newer))
    expect(await notReady({ reader: db.read, listening: true, tickIdleMs: 0 })).toEqual(['migrations'])
  })
})
