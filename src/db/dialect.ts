import { type SQL, sql } from 'drizzle-orm'
import * as sqlite from 'drizzle-orm/sqlite-core'
import type { Vault } from './seal.ts'

export type EngineName = 'sqlite' | 'postgres'

/**
 * The column builders of one engine. Both engines wear the SQLite types, so the schema and every query are written once.
 * Booleans are integers 0 and 1, JSON and civil dates are text, instants are epoch milliseconds.
 */
export type Dialect = {
  engine: EngineName
  table: typeof sqlite.sqliteTable
  index: typeof sqlite.index
  uniqueIndex: typeof sqlite.uniqueIndex
  /** Assigned by the database, rising. */
  id: () => ReturnType<typeof sqliteId>
  /** Compares bytewise on both engines. Defaults by `$default` only: drizzle-kit writes a custom column's default unquoted. */
  text: typeof sqliteText
  integer: typeof sqliteInteger
  instant: typeof sqliteInteger
  real: typeof sqliteReal
  /** AES-256-GCM at rest, plain text in the program. `place` is `table.column`. */
  sealed: (place: string) => ReturnType<typeof sqliteSealed>
}

const sqliteId = () => sqlite.integer().primaryKey({ autoIncrement: true })
const sqliteText = <T extends string = string>() => sqlite.text().$type<T>()
const sqliteInteger = () => sqlite.integer()
const sqliteReal = () => sqlite.real()
const sqliteSealed = (vault: Vault, place: string) => sqlite.customType<SealedType>(sealedType(vault, place))()

export function sqliteDialect(vault: Vault): Dialect {
  return {
    engine: 'sqlite',
    table: sqlite.sqliteTable,
    index: sqlite.index,
    uniqueIndex: sqlite.uniqueIndex,
    id: sqliteId,
    text: sqliteText,
    integer: sqliteInteger,
    instant: sqliteInteger,
    real: sqliteReal,
    sealed: (place) => sqliteSealed(vault, place),
  }
}

export type SealedType = { data: string; driverData: string }

export function sealedType(vault: Vault, place: string) {
  return {
    dataType: () => 'text',
    toDriver: (plain: string) => vault.seal(plain, place),
    fromDriver: (sealed: string) => vault.open(sealed, place),
  }
}

/** The tail of a claiming select: PostgreSQL workers step over each other's rows, SQLite has one writer anyway. */
export function skipLocked(engine: EngineName): SQL {
  return engine === 'postgres' ? sql` for update skip locked` : sql``
}

/** `(1, 2, 3)` after `in`, as one parameter: too many for one each, and the statement's text stays the same. */
export function idsIn(engine: EngineName, ids: readonly number[]): SQL {
  if (!ids.every(Number.isSafeInteger)) throw new RangeError('not an id')
  const list = JSON.stringify(ids)
  if (engine === 'sqlite') return sql`(select value from json_each(${list}))`
  return sql`(select cast(value as bigint) from json_array_elements_text(cast(${list} as json)))`
}

/** The same of texts. */
export function textsIn(engine: EngineName, texts: readonly string[]): SQL {
  const list = JSON.stringify(texts)
  if (engine === 'sqlite') return sql`(select value from json_each(${list}))`
  return sql`(select value from json_array_elements_text(cast(${list} as json)))`
}

/** Rows as a table to join, in one parameter. What is taken from it is to be cast: PostgreSQL gives texts. */
export function rowsIn(
  engine: EngineName,
  columns: readonly string[],
  rows: readonly (readonly (string | number | null)[])[],
): SQL {
  const list = JSON.stringify(rows)
  const named = sql.raw(columns.map((column, index) => `value ->> ${index} as ${column}`).join(', '))
  if (engine === 'sqlite') return sql`(select ${named} from json_each(${list}))`
  return sql`(select ${named} from json_array_elements(cast(${list} as json)))`
}

/**
 * After a table was filled: PostgreSQL plans by what it was told of a table last, and by itself asks only minutes later. SQLite keeps
 * no statistics here.
 */
export async function refreshStatistics(
  tx: { engine: EngineName; run(statement: SQL): Promise<void> },
  table: string,
): Promise<void> {
  if (tx.engine === 'postgres') await tx.run(sql.raw(`analyze ${table}`))
}

/** The clock of the PostgreSQL server, in epoch ms: the one clock that all workers share. Moves on within a transaction. */
export function databaseNow(): SQL {
  return sql`cast(extract(epoch from clock_timestamp()) * 1000 as double precision)`
}

/** True when the error says that another transaction was in the way and the same one may be tried again. */
export function isContention(engine: EngineName, error: unknown): boolean {
  const code = driverCode(error)
  return engine === 'postgres' ? code === '40001' || code === '40P01' : code?.startsWith('SQLITE_BUSY') === true
}

/** SQLSTATEs of a PostgreSQL server that ends, starts, is full or has given this connection up, or whose plan is of an older schema. */
const SERVER_GONE = new Set(['57P01', '57P02', '57P03', '57P05', '25P03', '53300'])
const SOCKET_GONE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
])
const SAID_BY_PG =
  /^(Connection terminated|timeout exceeded when trying to connect|timeout expired|Query read timeout|Client has encountered a connection error|Client was closed|cached plan must not change result type)/

/** True when the database could not be asked, or nothing was heard of it any more: a connection to PostgreSQL is no longer any good. */
export function isUnreachable(error: unknown): boolean {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const { code } = at as Error & { code?: unknown }
    if (typeof code === 'string' && (code.startsWith('08') || SERVER_GONE.has(code) || SOCKET_GONE.has(code)))
      return true
    if (SAID_BY_PG.test(at.message)) return true
    if (at instanceof AggregateError && at.errors.some(isUnreachable)) return true
  }
  return false
}

/** True when a unique index refused the row. */
export function isDuplicate(error: unknown): boolean {
  const code = driverCode(error)
  return code === '23505' || code === 'SQLITE_CONSTRAINT_UNIQUE' || code === 'SQLITE_CONSTRAINT_PRIMARYKEY'
}

function driverCode(error: unknown): string | undefined {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const code = (at as Error & { code?: unknown }).code
    if (typeof code === 'string') return code
  }
  return undefined
}
