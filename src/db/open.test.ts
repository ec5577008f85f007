import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { and, eq, inArray, sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isDuplicate, skipLocked } from './dialect.ts'
import { type Db, openSqlite } from './open.ts'
import { newKeyFile, openVault } from './seal.ts'
import { openTestDb } from './testing.ts'

const vault = openVault(newKeyFile('k1'), 'test')

describe('the database', () => {
  let db: Db

  beforeAll(async () => {
    db = await openTestDb({ vault })
  })

  afterAll(async () => {
    await db[Symbol.asyncDispose]()
  })

  it('gives back what was sealed and stores only ciphertext', async () => {
    const id = await db.write(async (tx) => {
      const [row] = await tx.insert(tx.t.residents).values(resident('A')).returning({ id: tx.t.residents.id })
      return row!.id
    })
    const { residents } = db.t
    const [row] = await db.read.select().from(residents).where(eq(residents.id, id))
    expect(row!.phone).toBe('+6281234567890')
    expect(row!.passport_no).toBeNull()
    const [raw] = await db.read.all<{ phone: string }>(sql`select phone from residents where id = ${id}`)
    expect(raw!.phone).toMatch(/^k1\./)
    expect(raw!.phone).not.toContain('81234567890')
  })

  it('rolls back only the callback that failed when several commit together', async () => {
    const insert = (register_no: string, fail: boolean) =>
      db.write(async (tx) => {
        await tx.insert(tx.t.residents).values(resident(register_no))
        if (fail) throw new Error('no')
      })
    const results = await Promise.allSettled([insert('B1', false), insert('B2', true), insert('B3', false)])
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    const { residents } = db.t
    const rows = await db.read
      .select({ no: residents.register_no })
      .from(residents)
      .where(inArray(residents.register_no, ['B1', 'B2', 'B3']))
      .orderBy(residents.register_no)
    expect(rows.map((row) => row.no)).toEqual(['B1', 'B3'])
  })

  it('refuses a write inside a write', async () => {
    await expect(db.write(async () => db.write(async () => 1))).rejects.toThrow('db.write inside db.write')
  })

  it('claims each queued row once, whoever asks', async () => {
    await db.write(async (tx) => {
      for (let i = 0; i < 10; i++) await tx.insert(tx.t.meta).values({ key: `job${i}`, value: 'queued' })
    })
    const claim = () =>
      db.write(
        async (tx) => {
          const { meta } = tx.t
          const ids = await tx.all<{ key: string }>(
            sql`select key from meta where value = 'queued' order by key limit 4${skipLocked(tx.engine)}`,
          )
          return tx
            .update(meta)
            .set({ value: 'sending' })
            .where(
              and(
                inArray(
                  meta.key,
                  ids.map((row) => row.key),
                ),
                eq(meta.value, 'queued'),
              ),
            )
            .returning({ key: meta.key })
        },
        { beside: true },
      )
    const claimed = (await Promise.all([claim(), claim(), claim()])).flat().map((row) => row.key)
    expect(claimed.length).toBe(10)
    expect(new Set(claimed).size).toBe(10)
  })

  it('keeps one open row per key by a partial index and says so', async () => {
    const pause = () =>
      db.write(async (tx) => {
        await tx.insert(tx.t.pauses).values({ scope: 'account', reason: 'x', since: 1, until: 2 })
      })
    await pause()
    const error = await pause().catch((thrown: unknown) => thrown)
    expect(isDuplicate(error)).toBe(true)
    await db.write(async (tx) => {
      await tx.update(tx.t.pauses).set({ lifted_at: 3 })
    })
    await pause()
    expect(await db.read.$count(db.t.pauses)).toBe(2)
  })

  it('compares text bytewise', async () => {
    await db.write(async (tx) => {
      for (const key of ['é', 'z', 'Z', 'a-b', 'a1', 'ab'])
        await tx.insert(tx.t.meta).values({ key: `sort:${key}`, value: 'sort' })
    })
    const { meta } = db.t
    const rows = await db.read.select().from(meta).where(eq(meta.value, 'sort')).orderBy(meta.key)
    expect(rows.map((row) => row.key.slice(5))).toEqual(['Z', 'a-b', 'a1', 'ab', 'z', 'é'])
  })

  it('offers no way to change anything outside a write', () => {
    for (const word of ['insert', 'update', 'delete', 'run', 'transaction']) expect(word in db.read).toBe(false)
  })
})

describe('the SQLite file', () => {
  it('says by a number that something was committed, here or by another program, and only then', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tenggat-db-'))
    const file = join(folder, 'a.db')
    try {
      await using db = await openSqlite({ file, vault })
      await using other = await openSqlite({ file, vault })
      const insert = (register_no: string) => async (to: Db) =>
        to.write(async (tx) => {
          await tx.insert(tx.t.residents).values(resident(register_no))
        })
      const seen = [db.version()]
      for (const [from, work] of [
        [db, insert('V1')],
        [other, insert('V2')],
      ] as const) {
        await work(from)
        expect(seen).not.toContain(db.version())
        seen.push(db.version())
      }
      await db.write(async (tx) => {
        await tx.delete(tx.t.residents).where(eq(tx.t.residents.register_no, 'nobody'))
      })
      expect(db.version()).toBe(seen.at(-1))
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('is opened with WAL and FULL each time, waits for a lock, and refuses a callback that awaits other things', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tenggat-db-'))
    const file = join(folder, 'a.db')
    {
      await using db = await openSqlite({ file, vault })
      const [mode] = await db.read.all<{ journal_mode: string }>(sql`pragma journal_mode`)
      expect(mode!.journal_mode).toBe('wal')
      const [read] = await db.read.all<{ synchronous: number }>(sql`pragma synchronous`)
      expect(read!.synchronous).toBe(2)
      const written = await db.write((tx) => tx.all<{ synchronous: number }>(sql`pragma synchronous`))
      expect(written[0]!.synchronous).toBe(2)

      const other = new Database(file)
      other.exec('begin immediate')
      const waiting = db.write(async (tx) => {
        await tx.insert(tx.t.meta).values({ key: 'a', value: 'b' })
      })
      setTimeout(() => other.exec('commit'), 80)
      await waiting
      other.close()

      const strays = db.write(async (tx) => {
        await tx.insert(tx.t.meta).values({ key: 'stray', value: 'b' })
        await new Promise((resolve) => setTimeout(resolve, 5))
      })
      await expect(strays).rejects.toThrow('something other than a query')
      expect(await db.read.$count(db.t.meta, eq(db.t.meta.key, 'stray'))).toBe(0)
    }
    {
      await using again = await openSqlite({ file, vault })
      expect(await again.read.$count(again.t.meta, eq(again.t.meta.key, 'a'))).toBe(1)
    }
    rmSync(folder, { recursive: true })
  })
})

function resident(register_no: string) {
  return {
    office_code: 'BLT',
    register_no,
    full_name: 'A',
    nationality: 'DE',
    phone: '+6281234567890',
    register_digest: 'x',
    created_at: 1,
    updated_at: 1,
  }
}
