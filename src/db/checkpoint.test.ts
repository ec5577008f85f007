import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Db, openSqlite } from './open.ts'
import { newKeyFile, openVault } from './seal.ts'

const MEGABYTE = 1024 * 1024

describe('the log of the database', () => {
  let folder: string
  let db: Db
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tenggat-log-'))
    db = await openSqlite({ file: join(folder, 'a.db'), vault: openVault(newKeyFile('k1'), 'test') })
  })
  afterEach(async () => {
    await db[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true })
  })

  const log = () => statSync(join(folder, 'a.db-wal')).size
  async function writeMegabytes(count: number, name: string): Promise<number[]> {
    const sizes: number[] = []
    for (let part = 0; part < count * 4; part++) {
      const key = `${name} ${part}`
      await db.write((tx) => tx.insert(tx.t.meta).values({ key, value: 'x'.repeat(MEGABYTE / 4) }))
      sizes.push(log())
    }
    return sizes
  }

  it('is empty again when it has become long, never half of it', async () => {
    const sizes = await writeMegabytes(9, 'a')
    expect(Math.max(...sizes)).toBeLessThan(4 * MEGABYTE)
    expect(sizes.filter((size) => size === 0).length).toBeGreaterThanOrEqual(2)
  })

  it('grows while another program reads, and is emptied afterwards', async () => {
    const other = new Database(join(folder, 'a.db'), { readonly: true })
    await writeMegabytes(1, 'a')
    other.exec('begin')
    other.prepare('select count(*) from meta').get()
    const meanwhile = await writeMegabytes(6, 'b')
    expect(meanwhile.at(-1)).toBeGreaterThan(6 * MEGABYTE)
    other.exec('commit')
    expect((await writeMegabytes(2, 'c')).some((size) => size === 0)).toBe(true)
    other.close()
  })
})
