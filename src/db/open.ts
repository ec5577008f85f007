import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import type { SQL } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/better-sqlite3'
import { migrate } from 'drizzle-orm/better-sqlite3/migrator'
import type { SQLiteAsyncDatabase } from 'drizzle-orm/sqlite-core/async/db'
import { AppError, messageOf } from '../lib/errors.ts'
import { type EngineName, sqliteDialect } from './dialect.ts'
import { defineTables, type Tables } from './schema.ts'
import type { Vault } from './seal.ts'
import { keepStatements, readBeside } from './statements.ts'
import { type StorageFault, storageFault, whyNotWritable } from './trouble.ts'
import { onlyInTransaction, USUAL_KB, WriteQueue } from './write-queue.ts'

type Drizzle = SQLiteAsyncDatabase<'async', unknown>

/** Selects, outside any transaction of ours: each sees what was committed when it began. Page by key, never hold an iterator. */
export type Reader = Pick<Drizzle, 'select' | 'selectDistinct' | '$count'> & {
  t: Tables
  engine: EngineName
  /** Rows of a select that drizzle cannot write; only where it is the same text on both engines. */
  all<Row>(query: SQL): Promise<Row[]>
}

/** As it is stored. */
export type StoredRow = Readonly<Record<string, string | number | null>>

export type Tx = Reader &
  Pick<Drizzle, 'insert' | 'update' | 'delete'> & {
    /** A statement that drizzle cannot write; only where it is the same text on both engines. */
    run(statement: SQL): Promise<void>
    /**
     * Many rows of a table at once: what is sealed is sealed already. Every row has the columns of the first. `skipKnown`: one that
     * is there already is left out. Gives the columns in `returning` of those that went in.
     */
    insertRows<Row = never>(
      table: string,
      rows: readonly StoredRow[],
      options?: { skipKnown?: boolean; returning?: readonly (keyof Row & string)[] },
    ): Promise<Row[]>
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
  /** For work that goes through most of the database, as an import does: while it runs, more of its pages stay in memory. */
  withRoom<Result>(work: () => Promise<Result>): Promise<Result>
  /** Another number after any commit, of whichever process; null where the engine does not say so (PostgreSQL). */
  version(): number | null
  /** Why the last write could not be made, as long as none was made since: for want of disk or database, not for its own faults. */
  trouble(): StorageFault | null
  /** The last such fault since this was last asked, also when it has passed; for the one who keeps watch. */
  takeTrouble(): StorageFault | null
}

/** Perhaps everything was written, perhaps nothing: only a look into the database tells. */
export class UncertainCommit extends AppError {
  override name = 'UncertainCommit'

  constructor(message: string, options?: ErrorOptions) {
    super('unavailable', message, options)
  }
}

const MIGRATIONS = join(import.meta.dirname, '../../migrations')
/** What follows the values of an insert: the same text on both engines. */
export function afterValues(options: Parameters<Tx['insertRows']>[2] = {}): string {
  const { skipKnown, returning } = options
  return `${skipKnown ? ' on conflict do nothing' : ''}${returning ? ` returning ${returning}` : ''}`
}
const BUSY_TIMEOUT_MS = 50
const PATIENCE_MS = 30_000

/**
 * Opens (and creates and migrates) the SQLite file. `patienceMs`: so long a write waits for another program.
 * @throws AppError `unavailable` when it cannot be opened or is newer than this program.
 */
export async function openSqlite(options: {
  file: string
  vault: Vault
  migrate?: boolean
  patienceMs?: number
}): Promise<Db> {
  const { file, vault, patienceMs = PATIENCE_MS } = options
  const writer = opening(file, () => {
    mkdirSync(dirname(file), { recursive: true })
    return connect(file, {})
  })
  const drizzleWriter = drizzle({ client: writer })
  if (options.migrate !== false)
    opening(file, () => migrate(drizzleWriter, { migrationsFolder: join(MIGRATIONS, 'sqlite') }))
  const reader = opening(file, () => connect(file, { readonly: true }))
  // Of the commits of others only, so it is asked of the one that makes none.
  const version = reader.prepare<[], number>('pragma data_version').pluck()
  for (const client of [writer, reader]) keepStatements(client)
  const reading = readBeside(writer, reader)
  onlyInTransaction(writer, file)

  const t = defineTables(sqliteDialect(vault))
  const read = readerOf(drizzle({ client: reading }) as unknown as Drizzle, t)
  const tx = sqliteTx(drizzleWriter as unknown as Drizzle, t, writer)
  const queue = new WriteQueue({ client: writer, tx, file, patienceMs })
  return {
    engine: 'sqlite',
    t,
    vault,
    read,
    write: (work) => queue.write(work),
    withRoom: (work) => queue.withRoom(work),
    version: () => version.get() ?? null,
    trouble: () => queue.trouble,
    takeTrouble: () => queue.takeTrouble(),
    async [Symbol.asyncDispose]() {
      await queue.close()
      reader.close()
      closeWriter(writer, file)
    },
  }
}

/** The settings every connection has; read back by a test. WAL with FULL survives a power cut after a commit returned. */
function connect(file: string, options: Database.Options): Database.Database {
  const client = new Database(file, { ...options, timeout: BUSY_TIMEOUT_MS })
  if (!options.readonly) client.pragma('journal_mode = WAL')
  client.pragma('synchronous = FULL')
  client.pragma('foreign_keys = ON')
  client.pragma('secure_delete = ON')
  client.pragma('temp_store = MEMORY')
  client.pragma(`cache_size = -${USUAL_KB}`)
  return client
}

function opening<Result>(file: string, open: () => Result): Result {
  try {
    return open()
  } catch (cause) {
    if (cause instanceof AppError) throw cause
    const why = whyNotWritable(dirname(file)) ?? storageFault(cause, file)?.message ?? faultOf(cause)
    throw new AppError('unavailable', `the database ${file} cannot be opened: ${why}`, { cause })
  }
}

/** The innermost message: drizzle's own holds the query. */
function faultOf(error: unknown): string {
  let at = error
  while (at instanceof Error && at.cause instanceof Error) at = at.cause
  return messageOf(at)
}

/** What a full disk keeps in the log is as safe there as in the file. */
function closeWriter(writer: Database.Database, file: string): void {
  try {
    writer.pragma('wal_checkpoint(TRUNCATE)')
  } catch (error) {
    if (!storageFault(error, file)) throw error
  } finally {
    writer.close()
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

function sqliteTx(db: Drizzle, t: Tables, client: Database.Database): Tx {
  return {
    ...readerOf(db, t),
    insert: db.insert.bind(db),
    update: db.update.bind(db),
    delete: db.delete.bind(db),
    run: async (statement) => {
      await db.run(statement)
    },
    insertRows: async <Row>(table: string, rows: readonly StoredRow[], options: Parameters<Tx['insertRows']>[2]) => {
      const columns = Object.keys(rows[0] ?? {})
      if (columns.length === 0) return []
      const insert = client.prepare(
        `insert into ${table} (${columns}) values (${columns.map(() => '?')})${afterValues(options)}`,
      )
      const returned: Row[] = []
      for (const row of rows) {
        const values = columns.map((column) => row[column])
        if (options?.returning) returned.push(...(insert.all(values) as Row[]))
        else insert.run(values)
      }
      return returned
    },
  }
}
