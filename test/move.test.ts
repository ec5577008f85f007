import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type App, openApp } from '../src/app.ts'
import { PROJECT_DIR, type Secrets } from '../src/config.ts'
import { whyMoved } from '../src/db/moved.ts'
import { openSqlite } from '../src/db/open.ts'
import { testDatabase, testEngine, testVault } from '../src/db/testing.ts'
import { type CivilDate, civilDate, instantOf } from '../src/lib/civil-date.ts'
import { SteppedClock, systemClock } from '../src/lib/clock.ts'
import { silentLog } from '../src/lib/events.ts'
import { freePort } from '../src/lib/free-port.ts'
import { takeInstanceLock } from '../src/ops/lock.ts'
import { moveDatabase, undoMove } from '../src/ops/move/move.ts'
import { placeOf } from '../src/ops/move/place.ts'
import { registerWorker } from '../src/ops/workers.ts'
import { writeSampleCsv } from '../src/register/sample.ts'
import { openSandbox, type Sandbox } from '../src/sandbox/sandbox.ts'
import { countByPhoneAndLink } from '../src/sandbox/transcript.ts'
import { ACCOUNT_SID, AUTH_TOKEN, configOf, secretsIn, TIME_ZONE, withoutRates } from './ground.ts'
import { shortHum } from './silent-speech.ts'
import { deliverUntil } from './world.ts'

const RESIDENTS = 138
const MONDAY = civilDate('2026-06-01')
const TUESDAY = civilDate('2026-06-02')
const deps = { clock: systemClock }

describe('a move', () => {
  let folder: string
  let stack: AsyncDisposableStack
  let clock: SteppedClock
  let sandbox: Sandbox
  let port: number
  beforeEach(async () => {
    stack = new AsyncDisposableStack()
    folder = mkdtempSync(join(tmpdir(), 'tenggat-move-'))
    stack.defer(() => rmSync(folder, { recursive: true, force: true }))
    clock = new SteppedClock(instantOf(MONDAY, '06:00', TIME_ZONE))
    port = await freePort()
    sandbox = stack.use(
      await openSandbox({
        accountSid: ACCOUNT_SID,
        authToken: AUTH_TOKEN,
        clock,
        pace: { callbackDelayMs: 0 },
        people: () => ({ answers: 'human', presses: ['1'] }),
      }),
    )
  })
  afterEach(() => stack.disposeAsync())

  const file = (name = 'tenggat.db') => placeOf('--to', `file:${join(folder, name)}`)

  /** The whole program on the file, or on `databaseUrl`. */
  function program(databaseUrl?: string): Promise<App> {
    const secrets: Secrets = secretsIn({ folder, databaseUrl })
    return openApp(configOf({ folder, port, carrierUrl: sandbox.url, databaseUrl }), secrets, {
      clock,
      log: silentLog,
      office: withoutRates,
      patience: { leaseMs: 60_000, lookup: { listingMs: 0, everyMs: 1_000 } },
      speech: [shortHum()],
    })
  }

  /** A day from 06:00 to 17:00; returns how many notices are new. */
  async function live(app: App, day: CivilDate): Promise<number> {
    await using delivery = await app.openDelivery()
    clock.set(Math.max(instantOf(day, '06:00', TIME_ZONE), clock.now()))
    const { notices_new } = await app.scan()
    await app.overstay()
    await deliverUntil({ app, delivery, sandbox, clock }, instantOf(day, '17:00', TIME_ZONE))
    await app.attend()
    return notices_new
  }

  async function anOfficeOnFile(): Promise<void> {
    await using app = await program()
    const register = join(folder, 'register.csv')
    writeSampleCsv(register, { today: MONDAY, residents: RESIDENTS, seed: 7 })
    await app.importFile({ file: register })
    expect((await app.scan()).notices_new).toBeGreaterThan(5)
  }

  describe.runIf(testEngine() === 'postgres')('to PostgreSQL', () => {
    it('lets the office go on there without telling anybody twice, and comes back as it was', async () => {
      await anOfficeOnFile()
      {
        await using app = await program()
        await live(app, MONDAY)
      }
      const told = sandbox.transcript().length
      const before = rowsOf(join(folder, 'tenggat.db'))
      const { url } = stack.use(await emptyPostgres())
      const to = placeOf('--to', url)
      const moved = await moveDatabase(deps, { from: file(), to })
      expect(moved.tables.residents!.rows).toBe(RESIDENTS)
      for (const [name, rows] of Object.entries(before))
        expect([name, moved.tables[name]!.rows]).toEqual([name, rows.length])

      await moveDatabase(deps, { from: to, to: file('back.db') })
      const back = rowsOf(join(folder, 'back.db'))
      expect(back.audit!.slice(-2).map((row) => row.action)).toEqual(['database.move', 'database.move'])
      for (const one of [before, back]) for (const name of ['audit', 'meta']) delete one[name]
      expect(back).toEqual(before)
      expect(newestIds(join(folder, 'back.db'))).toEqual(newestIds(join(folder, 'tenggat.db')))
      await undoMove(deps, { from: to })

      await using app = await program(url)
      expect(await live(app, MONDAY)).toBe(0)
      expect(sandbox.transcript()).toHaveLength(told)
      expect(await live(app, TUESDAY)).toBeGreaterThan(0)
      expect(sandbox.transcript().length).toBeGreaterThan(told)
      expect([...countByPhoneAndLink(sandbox.transcript())].filter(([, times]) => times > 1)).toEqual([])
    }, 120_000)

    it('is refused while a worker or any other process is on the PostgreSQL that it is to leave', async () => {
      const { url } = stack.use(await emptyPostgres())
      const from = placeOf('--from', url)
      {
        await using app = await program(url)
        const refused = moveDatabase(deps, { from, to: file('to.db') })
        await expect(refused).rejects.toThrow(/in use: \d+ connections of Tenggat/)
        const at = new SteppedClock(systemClock.now())
        await registerWorker({ db: app.db, clock: at, name: 'kanim-1' })
      }
      await expect(moveDatabase(deps, { from, to: file('to.db') })).rejects.toThrow(/in use by kanim-1, seen \d+ s ago/)
      await moveDatabase({ clock: { now: () => systemClock.now() + 120_000 } }, { from, to: file('to.db') })
      await expect(program(url)).rejects.toThrow(/was moved to file:.*to\.db/)
    })

    it('marks the source so that not even a worker that was cut off from it can begin an attempt', async () => {
      const { url } = stack.use(await emptyPostgres())
      const { openPostgres } = await import('../src/db/open-postgres.ts')
      await moveDatabase(deps, { from: placeOf('--from', url), to: file('to.db') })
      await using db = await openPostgres({ url, vault: testVault })
      const attempt = () => db.write((tx) => tx.insert(tx.t.attempts).values(anAttempt))
      await expect(attempt()).rejects.toMatchObject({ cause: { message: expect.stringContaining('was moved') } })
    })
  })

  describe.skipIf(testEngine() === 'postgres')('between two files', () => {
    it('killed in the middle it leaves neither to be used, and goes on behind the last page when it is run again', async () => {
      await anOfficeOnFile()
      const before = rowsOf(join(folder, 'tenggat.db'))
      await killedAfter(6, { from: file().shown, to: file('to.db').shown })
      const partly = rowsOf(join(folder, 'to.db'))
      expect(partly.residents).toHaveLength(RESIDENTS)
      expect(partly.delivery_notices).toEqual([])
      await expect(program()).rejects.toThrow(/is being moved to file:.*to\.db since/)
      await expect(moveDatabase(deps, { from: file(), to: file('third.db') })).rejects.toThrow(
        /is being moved to .*to\.db/,
      )
      {
        await using db = await openSqlite({ file: join(folder, 'to.db'), vault: testVault })
        expect(await whyMoved(db.read)).toMatch(/not yet whole: the move from file:.*tenggat\.db/)
      }

      const copied: string[] = []
      const progress = ({ table }: { table: string }) => void copied.push(table)
      const { resumed } = await moveDatabase({ ...deps, progress }, { from: file(), to: file('to.db') })
      expect(resumed).toBe(true)
      expect(copied).not.toContain('residents')
      const after = rowsOf(join(folder, 'to.db'))
      for (const one of [before, after]) for (const name of ['audit', 'meta']) delete one[name]
      expect(after).toEqual(before)
      await expect(program()).rejects.toThrow(/was moved to .* so that nobody is told twice/)
    })

    it('is refused into a database that holds anything, and changes neither', async () => {
      await anOfficeOnFile()
      cpSync(join(folder, 'tenggat.db'), join(folder, 'full.db'))
      await expect(moveDatabase(deps, { from: file(), to: file('full.db') })).rejects.toThrow(
        /full\.db is not empty: imports has 1 rows/,
      )
      await using _app = await program()
    })

    it('is refused while a daemon has the lock, or any process the file', async () => {
      await anOfficeOnFile()
      {
        using _lock = takeInstanceLock({ dataDir: folder, holder: { pid: 4711, command: 'start', startedAt: 0 } })
        const refused = moveDatabase(deps, { from: file(), to: file('to.db') })
        await expect(refused).rejects.toThrow(/in use by process 4711 \("start"/)
      }
      await using _db = await openSqlite({ file: join(folder, 'tenggat.db'), vault: testVault })
      await expect(moveDatabase(deps, { from: file(), to: file('to.db') })).rejects.toThrow(
        /tenggat\.db is in use by another process/,
      )
    })

    it('is refused into the database of another program, which it leaves as it is', async () => {
      await anOfficeOnFile()
      raw(join(folder, 'other.db'), (db) => db.exec('create table theirs (a)'))
      await expect(moveDatabase(deps, { from: file(), to: file('other.db') })).rejects.toThrow(
        /tables of another program/,
      )
      expect(Object.keys(rowsOf(join(folder, 'other.db')))).toEqual(['theirs'])
      await expect(moveDatabase(deps, { from: file('other.db'), to: file('to.db') })).rejects.toThrow(
        /no database of Tenggat/,
      )
      await expect(moveDatabase(deps, { from: file('none.db'), to: file('to.db') })).rejects.toThrow(/does not exist/)
    })

    it('is refused where one of them is of a newer program', async () => {
      await anOfficeOnFile()
      await (await openSqlite({ file: join(folder, 'newer.db'), vault: testVault }))[Symbol.asyncDispose]()
      raw(join(folder, 'newer.db'), (db) =>
        db.exec(
          `insert into __drizzle_migrations (hash, created_at, name) values ('x', 9e12, '20991231235959_future')`,
        ),
      )
      await expect(moveDatabase(deps, { from: file(), to: file('newer.db') })).rejects.toThrow(
        /newer\.db has the migration 20991231235959_future/,
      )
      await expect(moveDatabase(deps, { from: file('newer.db'), to: file('to.db') })).rejects.toThrow(/20991231235959/)
    })

    it('finds what was written to the source meanwhile, and can be given up', async () => {
      await anOfficeOnFile()
      let late = 0
      const progress = ({ table }: { table: string }) => {
        if (table === 'deliveries' && late++ === 0) {
          raw(join(folder, 'tenggat.db'), (db) => db.exec("update residents set regency = 'elsewhere' where id = 1"))
        }
      }
      const move = moveDatabase({ ...deps, progress }, { from: file(), to: file('to.db') })
      await expect(move).rejects.toThrow(/differ in residents \(138 rows here, 138 there\)/)
      await expect(undoMove(deps, { from: file('to.db') })).rejects.toThrow(/was not moved/)
      expect(await undoMove(deps, { from: file() })).toMatchObject({ state: 'moving' })
      await using _app = await program()
    })
  })

  it('never shows the password of an address', () => {
    const { shown } = placeOf('--to', 'postgres://budi:rahasia@db.example.go.id/tenggat?sslmode=require')
    expect(shown).toBe('postgres://db.example.go.id:5432/tenggat')
    for (const wrong of ['postgres://budi:rahasia@/x', 'postgres://budi:rahasia@h/x?y=rahasia', 'budi:rahasia']) {
      expect(() => placeOf('--to', wrong)).toThrow(/^--to: (?!.*rahasia)/)
    }
  })
})

const anAttempt = {
  delivery_id: 1,
  number: 1,
  channel: 'sms',
  worker: 'late',
  started_at: 0,
  outcome: 'pending',
} as const

async function emptyPostgres(): Promise<{ url: string } & AsyncDisposable> {
  const database = await testDatabase()
  const url = database.url!
  return {
    url,
    async [Symbol.asyncDispose]() {
      // Others get this database next.
      const marked = undoMove({ clock: { now: () => systemClock.now() + 120_000 } }, { from: placeOf('--from', url) })
      await marked.catch((error: Error) => expect(error.message).toMatch(/nothing to undo/))
      await database[Symbol.asyncDispose]()
    },
  }
}

/** A process that moves, and kills itself after so many pages. */
async function killedAfter(pages: number, { from, to }: { from: string; to: string }): Promise<void> {
  const source = join(PROJECT_DIR, 'src', 'ops', 'move')
  const code = `
    const { moveDatabase } = await import(${JSON.stringify(join(source, 'move.ts'))})
    const { placeOf } = await import(${JSON.stringify(join(source, 'place.ts'))})
    let left = ${pages}
    const progress = () => { if (--left === 0) process.kill(process.pid, 'SIGKILL') }
    const [from, to] = ${JSON.stringify([from, to])}.map((text) => placeOf('--from', text))
    await moveDatabase({ clock: { now: () => 0 }, progress }, { from, to })`
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: 'inherit' })
  expect(await once(child, 'exit')).toEqual([null, 'SIGKILL'])
}

type Rows = Record<string, Record<string, unknown>[]>

/** Every row of every table, as its bytes stand in the file. */
function rowsOf(path: string): Rows {
  return raw(path, (db) => {
    const tables = db
      .prepare<[], { name: string }>(
        "select name from sqlite_master where type = 'table' and name not like 'sqlite%' and name not like '\\_\\_%' escape '\\'",
      )
      .all()
    return Object.fromEntries(
      tables.map(({ name }) => [name, db.prepare(`select * from ${name} order by 1`).all()]),
    ) as Rows
  })
}

function newestIds(path: string): unknown[] {
  return raw(path, (db) =>
    db
      .prepare(
        "select name, seq from sqlite_sequence where name not in ('audit', '__drizzle_migrations') order by name",
      )
      .all(),
  )
}

function raw<Result>(path: string, work: (db: Database.Database) => Result): Result {
  const db = new Database(path)
  try {
    return work(db)
  } finally {
    db.close()
  }
}
