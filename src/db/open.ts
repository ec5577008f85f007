import { AsyncLocalStorage } from 'node:async_hooks'
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import Database from 'better-sqlite3'
import type { SQL } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/better-sqlite3'
import { migrate } from 'drizzle-orm/better-sqlite3/migrator'
import type { SQLiteAsyncDatabase } from 'drizzle-orm/sqlite-core/async/db'
import { AppError } from '../lib/errors.ts'
import { type EngineName, isContention, sqliteDialect } from './dialect.ts'
import { defineTables, type Tables } from './schema.ts'
import type { Vault } from './seal.ts'
import { keepStatements } from './statements.ts'

type Drizzle = SQLiteAsyncDatabase<'async', unknown>

/** Selects, outside any transaction of ours: each sees what was committed when it began. Page by key, never hold an iterator. */
export type Reader = Pick<Drizzle, 'select' | 'selectDistinct' | '$count'> & {
  t: Tables
  engine: EngineName
  /** Rows of a select that drizzle cannot write; only where it is the same text on both engines. */
  all<Row>(query: SQL): Promise<Row[]>
}

export type Tx = Reader &
  Pick<Drizzle, 'insert' | 'update' | 'delete'> & {
    /** A statement that drizzle cannot write; only where it is the same text on both engines. */
    run(statement: SQL): Promise<void>
  }

/** The register of everything the program knows. `write` is the only way to change it. */
export type Db = AsyncDisposable & {
  engine: EngineName
  t: Tables
  vault: Vault
  read: Reader
  /**
   * One transaction, and the only one at its time, over all processes: what it has read holds until it ends. Writes that
   * wait at the same time share one commit on SQLite; each is still all or nothing.
   * The callback may run twice, awaits nothing but queries of its `tx`, and must not call `write` again.
   *
   * `beside`: on PostgreSQL it runs at the same time as others of its kind, never as a plain one. For what is asked for
   * with every message and locks the rows that it goes by.
   * @throws UncertainCommit when the connection broke after the commit was asked for; AppError `unavailable` when the database
   * does not answer.
   */
  write<Result>(work: (tx: Tx) => Promise<Result>, options?: { beside?: boolean }): Promise<Result>
}

/** Perhaps everything was written, perhaps nothing: only a look into the database tells. */
export class UncertainCommit extends AppError {
  override name = 'UncertainCommit'

  constructor(message: string, options?: ErrorOptions) {
    super('unavailable', message, options)
  }
}

const MIGRATIONS = join(import.meta.dirname, '../../migrations')
/** What waits together commits together, up to this many. */
const GROUP = 200
const BUSY_TIMEOUT_MS = 50
const BUSY_PATIENCE_MS = 30_000

/**
 * Opens (and creates and migrates) the SQLite file.
 * @throws AppError `unavailable` when it cannot be opened or is newer than this program.
 */
export async function openSqlite(options: { file: string; vault: Vault; migrate?: boolean }): Promise<Db> {
  const { file, vault } = options
  mkdirSync(dirname(file), { recursive: true })
  const writer = connect(file, {})
  const drizzleWriter = drizzle({ client: writer })
  if (options.migrate !== false) migrate(drizzleWriter, { migrationsFolder: join(MIGRATIONS, 'sqlite') })
  const reader = connect(file, { readonly: true })
  for (const client of [writer, reader]) keepStatements(client)

  const t = defineTables(sqliteDialect(vault))
  const read = readerOf(drizzle({ client: reader }) as unknown as Drizzle, t)
  const tx = sqliteTx(drizzleWriter as unknown as Drizzle, t)
  const queue = new WriteQueue(writer, tx)
  return {
    engine: 'sqlite',
    t,
    vault,
    read,
    write: (work) => queue.write(work),
    async [Symbol.asyncDispose]() {
      await queue.close()
      reader.close()
      writer.pragma('wal_checkpoint(TRUNCATE)')
      writer.close()
    },
  }
}

/** The settings every connection has; read back by a test. WAL with FULL survives a power cut after a commit returned. */
function connect(file: string, options: Database.Options): Database.Database {
  try {
    const client = new Database(file, { ...options, timeout: BUSY_TIMEOUT_MS })
    if (!options.readonly) client.pragma('journal_mode = WAL')
    client.pragma('synchronous = FULL')
    client.pragma('foreign_keys = ON')
    client.pragma('secure_delete = ON')
    client.pragma('temp_store = MEMORY')
    return client
  } catch (cause) {
    throw new AppError('unavailable', `the database ${file} cannot be opened: ${(cause as Error).message}`, { cause })
  }
}

function readerOf(db: Drizzle, t: Tables): Reader {
  return {
    t,
    engine: 'sqlite',
    select: db.select.bind(db),
    selectDistinct: db.selectDistinct.bind(db),
    $count: db.$count.bind(db),
    all: async <Row>(query: SQL) => (await db.all(query)) as Row[],
  }
}

function sqliteTx(db: Drizzle, t: Tables): Tx {
  return {
    ...readerOf(db, t),
    insert: db.insert.bind(db),
    update: db.update.bind(db),
    delete: db.delete.bind(db),
    run: async (statement) => {
      await db.run(statement)
    },
  }
}

type Waiting = {
  work: (tx: Tx) => Promise<unknown>
  resolve: (result: unknown) => void
  reject: (error: unknown) => void
}

const inWrite = new AsyncLocalStorage<true>()

/** Throws when called from inside a `write` callback: its transaction would wait for itself. */
export function refuseNested(): void {
  if (inWrite.getStore()) throw new Error('db.write inside db.write: pass the tx on instead')
}

export function insideWrite<Result>(work: () => Promise<Result>): Promise<Result> {
  return inWrite.run(true, work)
}

/** One writer, in order; waiting callbacks run behind savepoints of one transaction and learn of its commit. */
class WriteQueue {
  readonly #client: Database.Database
  readonly #tx: Tx
  #waiting: Waiting[] = []
  #running: Promise<void> | undefined
  #closed = false

  constructor(client: Database.Database, tx: Tx) {
    this.#client = client
    this.#tx = tx
  }

  write<Result>(work: (tx: Tx) => Promise<Result>): Promise<Result> {
    refuseNested()
    if (this.#closed) return Promise.reject(new Error('the database is closed'))
    return new Promise<Result>((resolve, reject) => {
      this.#waiting.push({ work, resolve: resolve as (result: unknown) => void, reject })
      this.#running ??= this.#drain()
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#running
  }

  async #drain(): Promise<void> {
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      await this.#commitTogether(this.#waiting.splice(0, GROUP))
      // Queries are synchronous: without a turn of the loop a long pass would leave webhooks and answers unheard.
      await nextTurn()
    }
    // In the same turn as the last look at the queue: a write that comes later starts a drain of its own.
    this.#running = undefined
  }

  async #commitTogether(group: Waiting[]): Promise<void> {
    const settle: (() => void)[] = []
    try {
      await this.#begin()
      for (const one of group) settle.push(await this.#runOne(one))
      this.#client.exec('commit')
    } catch (error) {
      if (this.#client.inTransaction) this.#client.exec('rollback')
      for (const one of group) one.reject(error)
      return
    }
    for (const tell of settle) tell()
  }

  async #runOne(one: Waiting): Promise<() => void> {
    this.#client.exec('savepoint one')
    let strayed = false
    const watch = setImmediate(() => {
      strayed = true
    })
    try {
      const result = await insideWrite(() => one.work(this.#tx))
      if (strayed) throw new Error('db.write awaited something other than a query')
      this.#client.exec('release one')
      return () => one.resolve(result)
    } catch (error) {
      // A full disk ends the whole transaction by itself; nothing of the group was written then.
      if (!this.#client.inTransaction) throw error
      this.#client.exec('rollback to one; release one')
      return () => one.reject(error)
    } finally {
      clearImmediate(watch)
    }
  }

  async #begin(): Promise<void> {
    const begun = performance.now()
    for (let wait = 5; ; wait = Math.min(wait * 2, 250)) {
      try {
        this.#client.exec('begin immediate')
        return
      } catch (error) {
        if (!isContention('sqlite', error)) throw error
        if (performance.now() - begun > BUSY_PATIENCE_MS) {
          throw new AppError('unavailable', 'the database is locked by another program', { cause: error })
        }
        await new Promise((resolve) => setTimeout(resolve, wait))
      }
    }
  }
}
