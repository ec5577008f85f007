import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { sql } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openAlarms } from '../db/alarms.ts'
import { type Db, openSqlite } from '../db/open.ts'
import { testVault } from '../db/testing.ts'
import { SteppedClock } from '../lib/clock.ts'
import { silentLog } from '../lib/events.ts'
import { openStorageWatch, RESERVE_BYTES, type StorageWatch } from './storage.ts'

const BEGUN = Date.UTC(2026, 5, 2, 1, 30)
const PLENTY = 10_000_000_000
const LARGE = 'x'.repeat(1_000_000)

describe('the watch over the storage', () => {
  let folder: string
  let file: string
  let db: Db
  let clock: SteppedClock
  let free: number

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tenggat-storage-'))
    file = join(folder, 'a.db')
    db = await openSqlite({ file, vault: testVault, patienceMs: 50 })
    clock = new SteppedClock(BEGUN)
    free = PLENTY
  })
  afterEach(async () => {
    await db[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true })
  })

  const watch = (options: { clearAfterMs?: number } = {}): StorageWatch =>
    openStorageWatch({ db, clock, log: silentLog, folder: '/data', free: async () => free, freshMs: 0, ...options })

  it('finds nothing where there is room', async () => {
    const storage = watch()
    expect(await storage.look()).toBe(true)
    expect(await storage.mayBegin()).toBe(true)
    expect(storage.trouble()).toBeNull()
    expect(await openAlarms(db.read)).toEqual([])
  })

  it('raises the alarm once while the disk is low, and lets nothing begin below the reserve', async () => {
    const storage = watch()
    free = 199_000_000
    expect([await storage.look(), await storage.look(), await storage.mayBegin()]).toEqual([true, true, true])
    expect(storage.trouble()).toBeNull()
    expect(await alarms()).toEqual(['disk 1: the disk of /data has less than 200 MB left'])

    free = RESERVE_BYTES - 1
    expect([await storage.mayBegin(), await storage.look(), await storage.look()]).toEqual([false, true, true])
    expect(storage.trouble()).toBe('disk')
    const short = 'disk 2: the disk of /data has less than 8 MB left; nothing new is sent until it has more'
    expect(await alarms()).toEqual([short])

    free = 199_000_000
    expect([await storage.look(), await storage.mayBegin()]).toEqual([true, true])
    expect(await alarms()).toEqual([short])
  })

  it('waits while nothing can be written, and tells afterwards for how long', async () => {
    const storage = watch()
    await storage.look()
    const other = new Database(file)
    other.exec('begin immediate')
    await expect(fill()).rejects.toThrow('locked by another program')
    expect([storage.trouble(), await storage.look(), await storage.look()]).toEqual(['database', false, false])
    expect(await storage.mayBegin()).toBe(false)
    clock.advance(60_000)
    other.close()
    expect(await storage.look()).toBe(true)
    expect(storage.trouble()).toBeNull()
    const when = 'from 2026-06-02T01:30:00Z to 2026-06-02T01:31:00Z'
    expect(await alarms()).toEqual([
      `database 1: the database is locked by another program; nothing could be written ${when}`,
    ])
  })

  it('counts a second time that the disk is full, and says from when to when that one was', async () => {
    const storage = watch()
    for (const minute of [1, 2]) {
      clock.set(BEGUN + minute * 600_000)
      await room(20)
      await expect(fill()).rejects.toThrow('is full')
      await storage.look()
      await room(1_000)
    }
    expect(await alarms()).toEqual([
      expect.stringMatching(/^disk 2: .* from 2026-06-02T01:50:00Z to 2026-06-02T01:50:00Z$/),
    ])
  })

  it('takes note of what failed elsewhere, and not of what was no fault of a disk', async () => {
    const storage = watch()
    storage.met(new TypeError('a defect'))
    await storage.look()
    expect(await alarms()).toEqual([])
    storage.met(Object.assign(new Error('no space'), { code: 'ENOSPC' }))
    expect(await storage.look()).toBe(true)
    expect(await alarms()).toEqual(['disk 1: the disk of /data is full'])
  })

  it('ends the alarm some time after the trouble, also one that an earlier run has left', async () => {
    free = 199_000_000
    await watch().look()
    free = PLENTY
    const storage = watch({ clearAfterMs: 0 })
    await storage.look()
    expect(await alarms()).toEqual([])
  })

  async function alarms(): Promise<string[]> {
    return (await openAlarms(db.read)).map(({ kind, times, detail }) => `${kind} ${times}: ${detail}`)
  }

  /** For so many pages more. */
  async function room(more: number): Promise<void> {
    await db.write(async (tx) => {
      const [row] = await tx.all<{ page_count: number }>(sql`pragma page_count`)
      await tx.all(sql.raw(`pragma max_page_count = ${row!.page_count + more}`))
    })
  }

  async function fill(): Promise<void> {
    await db.write((tx) => tx.insert(tx.t.meta).values({ key: 'large', value: LARGE }))
  }
})
