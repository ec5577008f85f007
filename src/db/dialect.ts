import { type SQL, sql } from 'drizzle-orm'
import * as pg from 'drizzle-orm/pg-core'
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

export function postgresDialect(vault: Vault): Dialect {
  const text = pg.customType<{ data: string; driverData: string }>({ dataType: () => 'text collate "C"' })
  const number = () => pg.bigint({ mode: 'number' })
  const builders = {
    engine: 'postgres',
    table: pg.pgTable,
    index: pg.index,
    uniqueIndex: pg.uniqueIndex,
    id: () => number().primaryKey().generatedByDefaultAsIdentity(),
    text: () => text(),
    integer: number,
    instant: number,
    real: () => pg.doublePrecision(),
    sealed: (place: string) => pg.customType<SealedType>(sealedType(vault, place))(),
  }
  return builders as unknown as Dialect
}

type SealedType = { data: string; driverData: string }

function sealedType(vault: Vault, place: string) {
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

/** True when the error says that another transaction was in the way and the same one may be tried again. */
export function isContention(engine: EngineName, error: unknown): boolean {
  const code = driverCode(error)
  return engine === 'postgres' ? code === '40001' || code === '40P01' : code?.startsWith('SQLITE_BUSY') === true
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
