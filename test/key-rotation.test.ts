import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { eq, sql } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { backupDuty } from '../src/cli/backup-apart.ts'
import { PROJECT_DIR } from '../src/config.ts'
import { newKeyFile, openVault, sealingKeys } from '../src/db/seal.ts'
import { dropOldKeys, rotateKey } from '../src/ops/key-rotation.ts'
import { correctResident } from '../src/register/corrections.ts'
import { openWorld, type Row, type World } from './world.ts'

const PEOPLE = 250
/** Enough that a kill comes in the middle. */
const MANY = 1_500
/** Each has a passport and a phone. */
const SEALED = 2

describe('a new key', () => {
  let world: World

  beforeEach(async () => {
    world = await openWorld()
    await world.register(rows(PEOPLE))
  })
  afterEach(() => world[Symbol.asyncDispose]())

  it('seals everything anew beside a daemon that goes on reading and writing, and keeps links and search', async () => {
    const { db } = world.app
    world.at('2026-06-01', '08:30')
    await world.app.scan()
    await world.deliver()
    const before = await told()
    const token = db.vault.token('BLT', 'P0')
    const beside: Promise<unknown>[] = []

    const rotation = await rotateKey({
      ...deps(),
      tell: async (table) => {
        // The daemon's own vault: it reads what is sealed anew, and writes meanwhile.
        if (table !== 'residents' || beside.length >= 2) return
        beside.push(correct(beside.length + 1))
        await beside.at(-1)
        expect(await db.read.select({ phone: db.t.residents.phone }).from(db.t.residents)).toHaveLength(PEOPLE)
      },
    })

    expect(beside).toHaveLength(2)
    expect(rotation).toMatchObject({ key: '2026-06-01', added: true, remaining: {}, older: ['test'] })
    expect(await told()).toEqual(before)
    const reopened = openVault(keyFile(), 'test')
    const [first] = await raw('select passport_no from residents order by id limit 1')
    expect(reopened.open(String(first!.passport_no), 'residents.passport_no')).toBe('X1000000')
    const found = await db.read
      .select({ id: db.t.residents.id })
      .from(db.t.residents)
      .where(eq(db.t.residents.passport_index, reopened.blind('X1000007', 'passport')))
    expect(found).toHaveLength(1)
    expect(reopened.token('BLT', 'P0')).toBe(token)
  })

  it('is finished by the next run when the first is killed in the middle', async () => {
    await world.register(rows(MANY), { force: true })
    const killed = rotate()
    await until(async () => (await sealedWith('2026')) > 0)
    killed.kill('SIGKILL')
    await once(killed, 'exit')
    const half = await sealedWith('2026')
    expect(half).toBeGreaterThan(0)
    expect(half).toBeLessThan(MANY * SEALED)
    const ids = sealingKeys(keyFile(), 'test')
    expect(ids).toHaveLength(2)
    // What is half one and half the other is read all the same.
    const { db } = world.app
    expect(await db.read.select({ passport: db.t.residents.passport_no }).from(db.t.residents)).toHaveLength(MANY)

    const again = await outcome(rotate())
    expect(again).toMatchObject({ code: 0, result: { added: false, key: ids[0], remaining: {} } })
    expect(sealingKeys(keyFile(), 'test')).toEqual(ids)
    expect(await sealedWith('2026')).toBe(MANY * SEALED)
  }, 60_000)

  it('lets go of the old one only when neither a value nor a backup needs it', async () => {
    await rotateKey(deps(), { keyOnly: true })
    expect(await sealedWith('2026')).toBe(0)
    await expect(dropOldKeys(deps())).rejects.toThrow(/older keys are still needed by 250 of residents\.passport_no/)
    const { databaseFile } = world.app.config
    if (databaseFile) await backupDuty(world.app)
    world.clock.advance(1_000)
    expect(await rotateKey(deps())).toMatchObject({ added: false, remaining: {} })
    if (databaseFile) {
      await expect(dropOldKeys(deps())).rejects.toThrow(/1 backups need an older key, the newest of 2026-06-01/)
      // The office's rotation of backups in one step.
      rmSync(join(world.folder, 'backups'), { recursive: true })
    }
    expect(await dropOldKeys(deps())).toEqual({ key: '2026-06-01', dropped: ['test'] })
    expect(sealingKeys(keyFile(), 'test')).toEqual(['2026-06-01'])
    expect(keyFile()).toMatch(/^link:/m)
    expect(statSync(join(world.folder, 'secret.key')).mode & 0o777).toBe(0o600)
    expect(
      await world.app.db.read.select({ phone: world.app.db.t.residents.phone }).from(world.app.db.t.residents),
    ).toHaveLength(PEOPLE)
  })

  it('comes a second time only when the first is done', async () => {
    const first = await rotateKey(deps())
    const second = await rotateKey(deps())
    expect([first.key, second.key]).toEqual(['2026-06-01', '2026-06-01-2'])
    expect(second.older).toEqual(['2026-06-01', 'test'])
  })

  it('is not made twice at once', async () => {
    await rotateKey({
      ...deps(),
      tell: async () => {
        await expect(rotateKey(deps())).rejects.toThrow(/only one process may change the keys/)
      },
    })
  })

  it('leaves the vault alone when the file is another office’s', async () => {
    const { vault } = world.app.db
    writeFileSync(join(world.folder, 'secret.key'), newKeyFile('other'))
    expect(vault.currentKey()).toBe('test')
    writeFileSync(join(world.folder, 'secret.key'), 'broken by hand')
    expect(vault.currentKey()).toBe('test')
  })

  function deps() {
    const { db, config, office, clock } = world.app
    return { db, keyFile: config.secretKeyFile, dataDir: config.dataDir, office, now: clock.now(), settleMs: 0 }
  }

  function keyFile(): string {
    return readFileSync(join(world.folder, 'secret.key'), 'utf8')
  }

  async function correct(residentId: number): Promise<unknown> {
    const { db, clock } = world.app
    return db.write((tx) =>
      correctResident(tx, {
        vault: db.vault,
        residentId,
        field: 'phone',
        value: `+62813000001${residentId}0`,
        reason: 'new number',
        seen: null,
        by: 'sari',
        now: clock.now(),
      }),
    )
  }

  async function told() {
    const { attempts } = world.app.db.t
    const rows = await world.app.db.read.select({ words: attempts.words }).from(attempts).orderBy(attempts.id)
    expect(rows.length).toBeGreaterThan(0)
    return rows
  }

  function raw(query: string) {
    return world.app.db.read.all<Record<string, unknown>>(sql.raw(query))
  }

  /** Passports and phones whose key's id begins so. */
  async function sealedWith(prefix: string): Promise<number> {
    const counts = await Promise.all(
      ['passport_no', 'phone'].map((column) =>
        raw(`select count(*) as n from residents where substr(${column}, 1, ${prefix.length}) = '${prefix}'`),
      ),
    )
    return counts.reduce((sum, [row]) => sum + Number(row!.n), 0)
  }

  function rotate(): ChildProcess {
    const { config, secrets } = world.app
    return spawn(process.execPath, [join(PROJECT_DIR, 'src/main.ts'), 'key', 'rotate', '--json'], {
      env: {
        PATH: process.env.PATH,
        DATA_DIR: config.dataDir,
        SECRET_KEY_FILE: config.secretKeyFile,
        DATABASE_URL: secrets.databaseUrl ?? `file:${config.databaseFile}`,
        LOG_LEVEL: 'silent',
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
  }

  async function outcome(child: ChildProcess): Promise<{ code: number; result: unknown }> {
    let text = ''
    child.stdout!.on('data', (part) => {
      text += part
    })
    const [code] = await once(child, 'close')
    return { code, result: JSON.parse(text.trim().split('\n').at(-1)!) }
  }
})

async function until(done: () => Promise<boolean>): Promise<void> {
  await expect.poll(done, { interval: 2, timeout: 20_000 }).toBe(true)
}

function rows(length: number): Row[] {
  return Array.from({ length }, (_, at) => ({
    full_name: `Person ${at}`,
    nationality: 'AU',
    passport_no: `X${1_000_000 + at}`,
    phone: `+6281300${String(100_000 + at)}`,
    permit_no: `P${at}`,
    permit_kind: 'ITAS',
    // A few are told today.
    expires_on: at < 3 ? '2026-06-15' : '2027-06-15',
  }))
}
