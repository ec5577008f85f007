import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readGap } from '../../db/gap.ts'
import { type Db, openSqlite } from '../../db/open.ts'
import { newKeyFile, openVault } from '../../db/seal.ts'
import { SteppedClock } from '../../lib/clock.ts'
import { silentLog } from '../../lib/events.ts'
import { takeInstanceLock } from '../lock.ts'
import { type BackupDeps, makeBackup } from './backup.ts'
import { headerOf } from './backup-file.ts'
import { headerBytes } from './header.ts'
import { restoreBackup } from './restore.ts'

const KEYS = newKeyFile('k1')
const vault = openVault(KEYS, 'test')
const PHRASE = 'correct horse battery staple'
const DAY = 24 * 3_600_000
const START = Date.parse('2026-06-01T19:30:00Z')

let folder: string
let clock: SteppedClock
let deps: BackupDeps & { databaseFile: string }

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tenggat-backup-'))
  clock = new SteppedClock(START)
  deps = {
    databaseFile: join(folder, 'tenggat.db'),
    dataDir: folder,
    vault,
    office: { code: 'BLT', timeZone: 'Asia/Jakarta', backup: { daily: 2, weekly: 0 } },
    passphrase: undefined,
    clock,
    log: silentLog,
  }
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const open = () => openSqlite({ file: deps.databaseFile, vault })

async function addResident(db: Db, name: string): Promise<void> {
  await db.write((tx) =>
    tx.insert(tx.t.residents).values({
      office_code: 'BLT',
      full_name: name,
      nationality: 'TL',
      phone: '+6281234567890',
      register_digest: 'x',
      created_at: 1,
      updated_at: 1,
    }),
  )
}

async function names(): Promise<string[]> {
  await using db = await open()
  const rows = await db.read.select({ name: db.t.residents.full_name }).from(db.t.residents)
  return rows.map(({ name }) => name)
}

async function residents(...all: string[]): Promise<void> {
  await using db = await open()
  for (const name of all) await addResident(db, name)
}

describe('a backup', () => {
  it.each([undefined, PHRASE])(
    'of a database that is written to all the time holds one moment of it (passphrase: %s)',
    async (passphrase) => {
      await using db = await open()
      let written = 0
      let busy = true
      const writing = (async () => {
        while (busy) await addResident(db, `Resident ${++written}`)
      })()
      while (written < 20) await new Promise(setImmediate)
      const before = written
      const made = await makeBackup({ ...deps, passphrase })
      const after = written
      busy = false
      await writing

      expect(after).toBeGreaterThan(before)
      expect(made.tables.residents).toBeGreaterThanOrEqual(before - 1)
      expect(made.tables.residents).toBeLessThanOrEqual(after)
      expect(made).toMatchObject({ made_at: START, encrypted: passphrase !== undefined, removed: [] })
      expect(await headerOf(made.file)).toMatchObject({ office: 'BLT', tables: made.tables, made_at: START })
    },
  )

  it('is readable by its owner alone, in a folder of its own, with nothing unfinished beside it', async () => {
    await residents('Ana')
    const { file } = await makeBackup(deps)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(statSync(join(folder, 'backups')).mode & 0o777).toBe(0o700)
    expect(readdirSync(join(folder, 'backups'))).toEqual(['tenggat-BLT-20260601T193000Z.backup'])
  })

  it('holds no key, and with a passphrase nothing that can be read', async () => {
    await residents('Ana Sarmento Pinto')
    const plain = await makeBackup(deps)
    clock.advance(DAY)
    const sealed = await makeBackup({ ...deps, passphrase: PHRASE })
    const keys = KEYS.split('\n').flatMap((line) => line.split(':')[1] ?? [])
    for (const { file } of [plain, sealed]) {
      const bytes = readFileSync(file)
      for (const key of keys) {
        expect(bytes.includes(key)).toBe(false)
        expect(bytes.includes(Buffer.from(key, 'base64'))).toBe(false)
      }
    }
    expect(readFileSync(sealed.file).includes('SQLite format 3')).toBe(false)
  })

  it('removes older ones by the policy, and only what is a backup of this office', async () => {
    await residents('Ana')
    const backups = join(folder, 'backups')
    const file = (name: string) => join(backups, name)
    await makeBackup(deps)
    writeFileSync(file('tenggat-BLT-20200101T000000Z.backup'), 'not one of ours')
    writeFileSync(file('notes.txt'), 'mine')
    const other = await makeBackup({ ...deps, office: { ...deps.office, code: 'KDR' } })
    for (let day = 1; day <= 3; day++) {
      clock.advance(DAY)
      await makeBackup(deps)
    }
    expect(readdirSync(backups).toSorted()).toEqual([
      'notes.txt',
      'tenggat-BLT-20200101T000000Z.backup',
      'tenggat-BLT-20260603T193000Z.backup',
      'tenggat-BLT-20260604T193000Z.backup',
      other.file.slice(backups.length + 1),
    ])
  })

  it("to a place of one's own leaves the others alone and never takes the place of a file", async () => {
    await residents('Ana')
    const file = join(folder, 'elsewhere', 'a.backup')
    expect((await makeBackup(deps, { file })).file).toBe(file)
    await expect(makeBackup(deps, { file })).rejects.toMatchObject({ code: 'usage' })
    expect(existsSync(join(folder, 'backups'))).toBe(false)
  })

  it('is refused of a damaged database, and leaves the last good one', async () => {
    await residents(...Array.from({ length: 300 }, (_, index) => `Resident ${index}`))
    const { file } = await makeBackup(deps)
    const bytes = readFileSync(deps.databaseFile)
    bytes.fill(0x5a, bytes.length - 3 * 4096)
    writeFileSync(deps.databaseFile, bytes)
    clock.advance(30 * DAY)
    await expect(makeBackup(deps)).rejects.toMatchObject({ name: 'AppError' })
    expect(readdirSync(join(folder, 'backups'))).toEqual([file.slice(folder.length + '/backups/'.length)])
  })

  it('is refused on PostgreSQL, which has tools of its own', async () => {
    await expect(makeBackup({ ...deps, databaseFile: undefined })).rejects.toMatchObject({ code: 'usage' })
  })

  it('clears away what a killed one has left unfinished', async () => {
    await residents('Ana')
    const { file } = await makeBackup(deps)
    const left = join(folder, 'backups', 'tenggat-4194999-x.copy.partial')
    writeFileSync(left, 'half')
    clock.advance(1_000)
    await makeBackup(deps)
    expect(existsSync(left)).toBe(false)
    expect(existsSync(file)).toBe(false)
  })
})

describe('a restore', () => {
  it.each([undefined, PHRASE])(
    'brings back what was there, and keeps what it replaces (passphrase: %s)',
    async (passphrase) => {
      await residents('Ana', 'Budi')
      const { file } = await makeBackup({ ...deps, passphrase })
      await residents('Citra')
      clock.advance(3_600_000)
      const restored = await restoreBackup({ ...deps, passphrase }, { file })
      expect(restored).toMatchObject({
        made_at: START,
        migrated: [],
        kept: `${deps.databaseFile}.before-restore-20260601T203000Z`,
      })
      expect(await names()).toEqual(['Ana', 'Budi'])
      const kept = new Database(restored.kept!, { readonly: true })
      expect(kept.prepare('select full_name from residents').pluck().all()).toEqual(['Ana', 'Budi', 'Citra'])
      kept.close()
    },
  )

  it('knows from when to when it has lost its memory, and gives no attempt an old number', async () => {
    await residents('Ana')
    const { file } = await makeBackup(deps)
    clock.advance(3_600_000)
    await restoreBackup(deps, { file })
    await using db = await open()
    expect(await readGap(db.read)).toEqual({ from: START, until: START + 3_600_000 })
    const client = new Database(deps.databaseFile, { readonly: true })
    expect(client.prepare("select seq from sqlite_sequence where name = 'attempts'").pluck().get()).toBe(1_000_000)
    client.close()
  })

  it('needs no database, nor one that can be opened, and lets no old log near the new one', async () => {
    await residents('Ana')
    const { file } = await makeBackup(deps)
    rmSync(deps.databaseFile)
    writeFileSync(`${deps.databaseFile}-wal`, 'what is left of another')
    expect((await restoreBackup(deps, { file })).kept).toBeNull()
    expect(await names()).toEqual(['Ana'])

    writeFileSync(deps.databaseFile, 'no database at all, but longer than a header of one would be'.repeat(50))
    writeFileSync(`${deps.databaseFile}-wal`, 'nor a log')
    clock.advance(1_000)
    const { kept } = await restoreBackup(deps, { file })
    expect(await names()).toEqual(['Ana'])
    expect(readFileSync(`${kept}-wal`, 'utf8')).toBe('nor a log')
  })

  it('ends every session', async () => {
    {
      await using db = await open()
      await db.write(async (tx) => {
        const officer = { name: 'ana', role: 'admin', password_hash: 'x', created_at: 1 } as const
        const [row] = await tx.insert(tx.t.officers).values(officer).returning({ id: tx.t.officers.id })
        const session = { token_hash: 'x', created_at: 1, seen_at: 1, expires_at: 9e12 }
        await tx.insert(tx.t.sessions).values({ officer_id: row!.id, ...session })
      })
    }
    const { file } = await makeBackup(deps)
    await restoreBackup(deps, { file })
    await using db = await open()
    expect(await db.read.select({ ended: db.t.sessions.ended_at }).from(db.t.sessions)).toEqual([{ ended: START }])
  })

  describe('refuses', () => {
    let file: string

    beforeEach(async () => {
      await residents('Ana', 'Budi')
      file = (await makeBackup(deps)).file
      await residents('Citra')
    })

    async function isRefused(code: string, message: RegExp, change: Partial<typeof deps> = {}): Promise<void> {
      await expect(restoreBackup({ ...deps, ...change }, { file })).rejects.toMatchObject({
        code,
        message: expect.stringMatching(message),
      })
      expect(await names()).toEqual(['Ana', 'Budi', 'Citra'])
      expect(readdirSync(folder).filter((name) => name.includes('restor'))).toEqual([])
    }

    it('a file that is none, and one that is not there', async () => {
      file = deps.databaseFile
      await isRefused('invalid', /is not a backup/)
      file = join(folder, 'missing.backup')
      await isRefused('usage', /cannot be read/)
    })

    it('a truncated one, wherever it ends', async () => {
      const bytes = readFileSync(file)
      for (const length of [0, 10, 20, 100, bytes.length >> 1, bytes.length - 1]) {
        writeFileSync(file, bytes.subarray(0, length))
        await isRefused('invalid', /damaged|not a backup/)
      }
      writeFileSync(file, Buffer.concat([bytes, Buffer.from([0])]))
      await isRefused('invalid', /damaged/)
    })

    it.each([
      [undefined, 40],
      [PHRASE, 5],
    ])('one with any bit flipped that changes the copy inside (passphrase: %s)', async (passphrase, places) => {
      clock.advance(1_000)
      file = (await makeBackup({ ...deps, passphrase })).file
      const bytes = readFileSync(file)
      for (let at = 3; at < bytes.length; at += Math.ceil(bytes.length / places)) {
        const flipped = Buffer.from(bytes)
        flipped[at]! ^= 1 << (at % 8)
        writeFileSync(file, flipped)
        const refused = await restoreBackup({ ...deps, passphrase }, { file }).catch((error: unknown) => error)
        // A few bits of the packing mean nothing, like the time in a gzip header: the copy inside is the same then.
        if (refused instanceof Error) expect(refused, `byte ${at}`).toMatchObject({ code: 'invalid' })
        else expect(await names(), `byte ${at}`).toEqual(['Ana', 'Budi', 'Citra'])
      }
      expect(await names()).toEqual(['Ana', 'Budi', 'Citra'])
    })

    it("another office's", async () => {
      clock.advance(1_000)
      file = (await makeBackup({ ...deps, office: { ...deps.office, code: 'KDR' } })).file
      await isRefused('invalid', /office KDR/)
    })

    it("a newer program's", async () => {
      const { encryption, ...header } = await headerOf(file)
      const bytes = readFileSync(file)
      const before = headerBytes({ encryption, ...header }).length
      const migrations = [...header.migrations, '20990101000000_later']
      writeFileSync(file, Buffer.concat([headerBytes({ ...header, encryption, migrations }), bytes.subarray(before)]))
      await isRefused('invalid', /newer program .*20990101000000_later/)
      bytes[15] = 2
      writeFileSync(file, bytes)
      await isRefused('invalid', /format 2/)
    })

    it('one of another SECRET_KEY_FILE, with the passphrase of another, or without one', async () => {
      await isRefused('config', /another SECRET_KEY_FILE/, { vault: openVault(newKeyFile('k1'), 'other') })
      const lines = KEYS.split('\n')
      const withoutSealing = [`k2:${'A'.repeat(43)}=`, ...lines.slice(1)].join('\n')
      await isRefused('config', /lacks the key "k1"/, { vault: openVault(withoutSealing, 'newer keys') })
      clock.advance(1_000)
      file = (await makeBackup({ ...deps, passphrase: PHRASE })).file
      await isRefused('config', /passphrase is not the one/, { passphrase: 'another long passphrase' })
      await isRefused('config', /is encrypted/)
    })

    it('while the program runs, or anybody has the database open', async () => {
      {
        using _lock = takeInstanceLock({ dataDir: folder, holder: { pid: 1, command: 'start', startedAt: START } })
        await isRefused('conflict', /in use by process 1/)
      }
      const db = await open()
      await db.read.select().from(db.t.meta)
      await isRefused('conflict', /in use by another program/)
      await db[Symbol.asyncDispose]()
      await restoreBackup(deps, { file })
    })

    it('without a place to write', async () => {
      if (process.getuid?.() === 0) return
      chmodSync(folder, 0o500)
      await expect(restoreBackup(deps, { file })).rejects.toThrow()
      chmodSync(folder, 0o700)
      expect(await names()).toEqual(['Ana', 'Budi', 'Citra'])
    })
  })
})
