import { join } from 'node:path'
import { type SQL, sql } from 'drizzle-orm'
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres'
import { migrate } from 'drizzle-orm/node-postgres/migrator'
import PQueue from 'p-queue'
import pg from 'pg'
import { AppError } from '../lib/errors.ts'
import { isContention, isDuplicate, isUnreachable } from './dialect.ts'
import { postgresDialect } from './dialect-postgres.ts'
import { compareMigrations, knownMigrations } from './migrations.ts'
import { afterValues, type Db, type Reader, type Tx, UncertainCommit } from './open.ts'
import { type PostgresAddress, readPostgresUrl } from './postgres-address.ts'
import { defineTables, type Tables } from './schema.ts'
import type { Vault } from './seal.ts'
import { type StorageFault, storageFault } from './trouble.ts'
import { insideWrite, refuseNested } from './write-queue.ts'

const MIGRATIONS = join(import.meta.dirname, '../../migrations/postgres')
/** Connections of one process: those that write, and as many again that read. */
const WRITERS = 8
const READERS = 6
const CONNECT_MS = 10_000
const STATEMENT_MS = 20_000
/** Longer than the server gives a statement: who waits for this long hears nothing any more. */
const SILENCE_MS = 25_000
/** A worker that was cut off in the middle of a write holds its locks, and so everybody, no longer than this. */
const IDLE_IN_TRANSACTION_MS = 5_000
/** Locks and connections that were in the way are tried again for so long: less than a carrier waits for the answer to its webhook. */
const PATIENCE_MS = 8_000
/** At the start it may be just coming up itself. */
const START_PATIENCE_MS = 30_000
const RACES = 3
const MIGRATION_LOCK = 7_364_425_001
const WRITE_LOCK = 7_364_425_002

/**
 * Opens (and migrates) the database on a PostgreSQL server; any number of processes may. Writes stand one behind the other,
 * over all of them, but for those that say `beside`.
 * @throws AppError `unavailable` when it cannot be reached or is newer than this program.
 */
export async function openPostgres(options: {
  url: string
  vault: Vault
  migrate?: boolean
  /** Of the connections, as the server lists them. */
  name?: string
  /** How long it is waited for. */
  patienceMs?: number
}): Promise<Db> {
  countInNumbers()
  const { patienceMs = PATIENCE_MS } = options
  const address = readPostgresUrl(options.url)
  const connection = { ...connectionTo(address), application_name: options.name ?? 'tenggat' }
  const startPatienceMs = options.patienceMs ?? START_PATIENCE_MS
  await reach(address, () =>
    patiently(() => prepare(connection, options.migrate !== false), { patienceMs: startPatienceMs }),
  )
  const readers = new pg.Pool({ ...connection, ...timeouts(), max: READERS })
  const writers = new pg.Pool({ ...connection, ...timeouts(), max: WRITERS })
  // An idle connection that breaks is replaced by the next one who asks.
  for (const pool of [readers, writers]) pool.on('error', () => undefined)

  const t = defineTables(postgresDialect(options.vault))
  const names = new StatementNames()
  const read = readerOf(
    drizzle({
      client: asClient((query, values) => patiently(() => readers.query(names.on(query), values), { patienceMs })),
    }),
    t,
  )
  // One in line for the lock, not all: should this worker be cut off, each of them would have its turn before it is given up.
  const alone = new PQueue({ concurrency: 1 })
  let trouble: StorageFault | null = null
  let met: StorageFault | null = null
  const transactions = new WeakMap<pg.PoolClient, Tx>()
  const txOn = (client: pg.PoolClient): Tx => {
    const known = transactions.get(client)
    if (known) return known
    const tx = postgresTx(drizzle({ client: asClient((query, values) => client.query(names.on(query), values)) }), t)
    transactions.set(client, tx)
    return tx
  }
  return {
    engine: 'postgres',
    t,
    vault: options.vault,
    read,
    async write(work, { beside = false } = {}) {
      refuseNested()
      const attempt = () => patiently(() => transact(writers, txOn, work, beside), { patienceMs, beside })
      try {
        const result = await (beside ? attempt() : alone.add(attempt))
        trouble = null
        return result
      } catch (error) {
        trouble = storageFault(error, address.database)
        met = trouble ?? met
        throw error
      }
    },
    // The server has its own memory for it.
    withRoom: (work) => work(),
    version: () => null,
    trouble: () => trouble,
    takeTrouble() {
      const last = met
      met = null
      return last
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([readers.end(), writers.end()])
    },
  }
}

/**
 * One transaction on a connection of its own. Until the commit is asked for a broken connection means that nothing was
 * written; after that nobody knows.
 */
async function transact<Result>(
  pool: pg.Pool,
  txOn: (client: pg.PoolClient) => Tx,
  work: (tx: Tx) => Promise<Result>,
  beside: boolean,
): Promise<Result> {
  const client = await pool.connect()
  let broken = false
  const onError = () => {
    broken = true
  }
  client.on('error', onError)
  let committing = false
  try {
    const lock = beside ? 'pg_advisory_xact_lock_shared' : 'pg_advisory_xact_lock'
    await client.query(`begin isolation level read committed; select ${lock}(${WRITE_LOCK})`)
    const result = await insideWrite(() => work(txOn(client)))
    committing = true
    const { command } = await client.query('commit')
    // PostgreSQL answers the commit of a transaction in which a statement failed with a rollback, and no error.
    if (command !== 'COMMIT') throw new Error('a query of this write had failed, so nothing of it was written')
    return result
  } catch (error) {
    broken ||= isUnreachable(error)
    if (!broken) {
      await client.query('rollback').catch(() => {
        broken = true
      })
    }
    if (committing && isUnreachable(error)) {
      throw new UncertainCommit('the database did not say whether it took what was written', { cause: error })
    }
    throw error
  } finally {
    client.off('error', onError)
    client.release(broken)
  }
}

/**
 * Again, with pauses that grow and differ, while something was only in the way. Of two writes that run `beside` each other
 * and add the same row, the second must see the first one's.
 */
async function patiently<Result>(
  attempt: () => Promise<Result>,
  { patienceMs, beside = false }: { patienceMs: number; beside?: boolean },
): Promise<Result> {
  const begun = performance.now()
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt()
    } catch (error) {
      const raced = beside && tries < RACES && isDuplicate(error)
      const passing = raced || isContention('postgres', error) || isUnreachable(error)
      if (!passing || error instanceof UncertainCommit) throw error
      if (performance.now() - begun > patienceMs) throw unreachable(error)
      const longest = Math.min(10 * 2 ** tries, 1_000)
      await new Promise((resolve) => setTimeout(resolve, longest * (0.5 + Math.random() / 2)))
    }
  }
}

function unreachable(cause: unknown): unknown {
  if (!isUnreachable(cause)) return cause
  return new AppError('unavailable', 'the database does not answer', { cause })
}

async function reach(address: PostgresAddress, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (cause) {
    if (cause instanceof AppError && !isUnreachable(cause)) throw cause
    const { host, port, database, user } = address
    const why = driverSays(cause)
    throw new AppError(
      'unavailable',
      `the database ${database} at ${host}:${port} cannot be opened as ${user}: ${why}`,
      {
        cause,
      },
    )
  }
}

function driverSays(error: unknown): string {
  let at: unknown = error
  while (at instanceof Error && at.cause instanceof Error) at = at.cause
  const { code, message } = at as Error & { code?: string }
  return message || code || 'no reason was given'
}

/** Migrates while no other process does; several start at once. */
async function prepare(connection: pg.ClientConfig, wanted: boolean): Promise<void> {
  const client = new pg.Client({ ...connection, connectionTimeoutMillis: CONNECT_MS })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query(`select pg_advisory_lock(${MIGRATION_LOCK})`)
    await refuseNewer(client)
    if (wanted) await migrate(drizzle({ client }), { migrationsFolder: MIGRATIONS })
  } finally {
    // Its end frees the lock.
    await client.end().catch(() => undefined)
  }
}

async function refuseNewer(client: pg.Client): Promise<void> {
  const { rows: known } = await client.query<{ there: boolean }>(
    `select to_regclass('drizzle.__drizzle_migrations') is not null as there`,
  )
  if (!known[0]?.there) return
  const { rows } = await client.query<{ name: string }>('select name from drizzle.__drizzle_migrations')
  const [newer] = compareMigrations(
    knownMigrations('postgres'),
    rows.map(({ name }) => name),
  ).foreign
  if (newer)
    throw new AppError('unavailable', `the database has the migration ${newer}, which this program does not know`)
}

function connectionTo({ host, port, user, password, database, ssl }: PostgresAddress): pg.ClientConfig {
  return {
    host,
    port,
    user,
    database,
    ssl,
    ...(password === undefined ? {} : { password }),
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  }
}

function timeouts(): pg.PoolConfig {
  return {
    connectionTimeoutMillis: CONNECT_MS,
    idleTimeoutMillis: 60_000,
    statement_timeout: STATEMENT_MS,
    query_timeout: SILENCE_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    // The server's own view of a worker that is gone without a word.
    options:
      '-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3 -c tcp_user_timeout=15000',
  }
}

/** Counts and sums come as numbers, as from SQLite. The schema has no column of numeric, and no count reaches 2^53. */
function countInNumbers(): void {
  for (const type of [pg.types.builtins.INT8, pg.types.builtins.NUMERIC]) pg.types.setTypeParser(type, Number)
}

type Query = { text: string; name?: string | undefined }

/** What drizzle asks of a connection or a pool. */
function asClient(query: (query: Query, values: unknown[]) => Promise<pg.QueryResult>): pg.Pool {
  return { query } as unknown as pg.Pool
}

/** A text that comes again is planned once per connection. Lists of ids vary in length and make texts of their own. */
class StatementNames {
  static readonly #MOST = 300
  static readonly #AGAIN = 5
  static readonly #LONGEST = 5_000
  readonly #seen = new Map<string, number>()
  readonly #names = new Map<string, string>()

  on(query: Query): Query {
    const { text } = query
    const name = this.#names.get(text)
    if (name !== undefined) return { ...query, name }
    if (this.#names.size >= StatementNames.#MOST || text.length > StatementNames.#LONGEST) return query
    const seen = (this.#seen.get(text) ?? 0) + 1
    this.#seen.set(text, seen)
    if (this.#seen.size > 10 * StatementNames.#MOST) this.#seen.clear()
    if (seen === StatementNames.#AGAIN) this.#names.set(text, `q${this.#names.size}`)
    return query
  }
}

type Drizzle = Pick<NodePgDatabase, 'select' | 'selectDistinct' | '$count' | 'insert' | 'update' | 'delete' | 'execute'>

function readerOf(db: Drizzle, t: Tables): Reader {
  const reader = {
    t,
    engine: 'postgres',
    select: db.select.bind(db),
    selectDistinct: db.selectDistinct.bind(db),
    $count: db.$count.bind(db),
    all: async (query: SQL) => ((await db.execute(query)) as unknown as pg.QueryResult).rows,
  }
  return reader as unknown as Reader
}

/** They travel as one parameter, whose text must be held twice. */
const ROWS_PER_STATEMENT = 1_000

function postgresTx(db: Drizzle, t: Tables): Tx {
  const writes = {
    insert: db.insert.bind(db),
    update: db.update.bind(db),
    delete: db.delete.bind(db),
    run: async (statement: SQL) => {
      await db.execute(statement)
    },
    insertRows: async (
      table: string,
      rows: Parameters<Tx['insertRows']>[1],
      options: Parameters<Tx['insertRows']>[2],
    ) => {
      const columns = sql.raw(Object.keys(rows[0] ?? {}).join(', '))
      const into = sql.raw(table)
      const after = sql.raw(afterValues(options))
      const returned: unknown[] = []
      for (let from = 0; from < rows.length; from += ROWS_PER_STATEMENT) {
        const some = JSON.stringify(rows.slice(from, from + ROWS_PER_STATEMENT))
        const { rows: theirs } = (await db.execute(
          sql`insert into ${into} (${columns}) select ${columns} from json_populate_recordset(null::${into}, ${some})${after}`,
        )) as unknown as pg.QueryResult
        returned.push(...theirs)
      }
      return returned
    },
  }
  return { ...readerOf(db, t), ...writes } as unknown as Tx
}
