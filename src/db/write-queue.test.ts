import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { sql } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Db, openSqlite, type Tx } from './open.ts'
import { testVault } from './testing.ts'
import { StorageFault } from './trouble.ts'

const LARGE = 'x'.repeat(1_000_000)

describe('writing to SQLite', () => {
  let folder: string
  let file: string
  let db: Db

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tenggat-write-'))
    file = join(folder, 'a.db')
    db = await openSqlite({ file, vault: testVault, patienceMs: 200 })
  })
  afterEach(async () => {
    await db[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true })
  })

  it('on a full disk fails for all who wanted to commit together, says why, and goes on when there is room', async () => {
    await roomForPages(20)
    const results = await Promise.allSettled([put('a'), put('b', LARGE), put('c')])
    for (const result of results) {
      expect(result.status).toBe('rejected')
      const { reason } = result as PromiseRejectedResult
      expect(reason).toBeInstanceOf(StorageFault)
      expect(reason).toMatchObject({ code: 'unavailable', kind: 'disk', message: `the disk of ${file} is full` })
    }
    expect(db.trouble()?.message).toBe(`the disk of ${file} is full`)
    expect(await keys()).toEqual([])

    await roomForPages(1_000)
    await put('b', LARGE)
    expect(db.trouble()).toBeNull()
    expect(await keys()).toEqual(['b'])
  })

  it('never commits what a callback asks for after a full disk ended its transaction', async () => {
    await roomForPages(20)
    const swallowing = db.write(async (tx) => {
      await insert(tx, 'before', 'x')
      await insert(tx, 'large', LARGE).catch(() => undefined)
      await insert(tx, 'after', 'x')
    })
    await expect(swallowing).rejects.toBeInstanceOf(StorageFault)
    expect(await keys()).toEqual([])
  })

  it('waits for another program without holding up its own, and gives up with its name for it', async () => {
    const other = new Database(file)
    other.exec('begin exclusive')
    let turns = 0
    const turning = setInterval(() => {
      turns += 1
    }, 5)
    await expect(put('a')).rejects.toMatchObject({
      kind: 'database',
      message: 'the database is locked by another program',
    })
    expect(db.trouble()?.kind).toBe('database')
    expect(turns).toBeGreaterThan(2)
    clearInterval(turning)

    const waiting = put('b')
    other.exec('rollback')
    other.close()
    await waiting
    expect(db.trouble()).toBeNull()
    expect(await keys()).toEqual(['b'])
  })

  it('takes no fault of the disk for one of its own rows', async () => {
    await put('a')
    await expect(put('a')).rejects.not.toBeInstanceOf(StorageFault)
    expect(db.trouble()).toBeNull()
  })

  async function roomForPages(more: number): Promise<void> {
    await db.write(async (tx) => {
      const [row] = await tx.all<{ page_count: number }>(sql`pragma page_count`)
      await tx.all(sql.raw(`pragma max_page_count = ${row!.page_count + more}`))
    })
  }

  function put(key: string, value = 'x'): Promise<void> {
    return db.write((tx) => insert(tx, key, value))
  }

  async function insert(tx: Tx, key: string, value: string): Promise<void> {
    await tx.insert(tx.t.meta).values({ key: `t:${key}`, value })
  }

  async function keys(): Promise<string[]> {
    const { meta } = db.t
    const rows = await db.read
      .select({ key: meta.key })
      .from(meta)
      .where(sql`${meta.key} > 't:' and ${meta.key} < 't;'`)
    return rows.map(({ key }) => key.slice(2))
  }
})
