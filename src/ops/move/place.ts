import { existsSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import Database from 'better-sqlite3'
import { sql } from 'drizzle-orm'
import { isUnreachable } from '../../db/dialect.ts'
import { migrationState } from '../../db/migrations.ts'
import { type Db, openSqlite } from '../../db/open.ts'
import { isPostgresUrl, readPostgresUrl } from '../../db/postgres-address.ts'
import type { Vault } from '../../db/seal.ts'
import { AppError, messageOf } from '../../lib/errors.ts'

/** One end of a move. `shown` is without user and password. */
export type Place = { shown: string } & ({ file: string; url?: undefined } | { url: string; file?: undefined })

/** Nothing is opened and nothing sealed: what is sealed comes and goes as it is. */
const asItIs: Vault = {
  seal: (text) => text,
  open: (text) => text,
  blind: noKeys,
  token: noKeys,
  tokenHash: noKeys,
  currentKey: noKeys,
}

/**
 * Reads `file:/absolute/path` or `postgres://…`, as in DATABASE_URL; `name` says which of the two it is.
 * @throws AppError `usage` that never holds the password.
 */
export function placeOf(name: string, text: string): Place {
  const path = text.startsWith('file:') ? text.slice('file:'.length) : ''
  if (isAbsolute(path)) return { shown: text, file: path }
  try {
    if (!isPostgresUrl(text)) throw new AppError('usage', 'allowed: file:PATH or postgres://…')
    const { host, port, database } = readPostgresUrl(text)
    return { shown: `postgres://${host.includes(':') ? `[${host}]` : host}:${port}/${database}`, url: text }
  } catch (cause) {
    throw new AppError('usage', `${name}: ${messageOf(cause)}`, { cause })
  }
}

/** What is moved away: there already, and of this very program. `name`: of the connections, on PostgreSQL. */
export async function openSource(place: Place, name: string): Promise<Db> {
  await using stack = new AsyncDisposableStack()
  const db = stack.use(await connect(place, { migrate: false, name }))
  const state = await stateOf(db)
  if (!state) throw refused(place, 'is no database of Tenggat')
  if (state.foreign[0]) throw newer(place, state.foreign[0])
  if (state.waiting.length > 0) {
    throw refused(
      place,
      'is of an older version of this program: run "tenggat status" on it once, which brings it up to date',
    )
  }
  stack.move()
  return db
}

/** What is moved into: empty, and then given our tables, or of this very program. Nothing else is touched. */
export async function openTarget(place: Place, name: string): Promise<Db> {
  const found = await lookAt(place, name)
  if (found === 'foreign') throw refused(place, 'holds tables of another program: a move needs a database of its own')
  if (found !== 'empty' && found.foreign[0]) throw newer(place, found.foreign[0])
  if (found !== 'empty' && found.waiting.length > 0) {
    throw refused(place, 'is of an older version of this program: a move needs an empty database')
  }
  return connect(place, { migrate: true, name })
}

/**
 * That no other process has the file open, whichever folder it locks.
 * @throws AppError `conflict`, and `not-found` where there is no file.
 */
export function refuseOpenFile({ file, shown }: Place): void {
  if (file === undefined) return
  if (!existsSync(file)) throw new AppError('not-found', `${shown} does not exist`)
  const client = new Database(file, { timeout: 0 })
  try {
    // SQLite gives up its log only for who is alone with the file.
    client.pragma('journal_mode = delete')
  } catch (cause) {
    if (!(cause instanceof Database.SqliteError)) throw cause
    if (!cause.code.startsWith('SQLITE_BUSY')) {
      throw new AppError('invalid', `${shown} cannot be used as a database: ${cause.code}`, { cause })
    }
    throw new AppError('conflict', `${shown} is in use by another process: stop everything that has it open`, { cause })
  } finally {
    client.close()
  }
}

async function connect({ file, url }: Place, { migrate, name }: { migrate: boolean; name: string }): Promise<Db> {
  if (file !== undefined) return openSqlite({ file, vault: asItIs, migrate })
  const { openPostgres } = await import('../../db/open-postgres.ts')
  return openPostgres({ url, vault: asItIs, migrate, name })
}

type State = Awaited<ReturnType<typeof migrationState>>

async function lookAt(place: Place, name: string): Promise<State | 'empty' | 'foreign'> {
  await using db = await connect(place, { migrate: false, name })
  const state = await stateOf(db)
  if (state) return state
  const [row] = await db.read.all<{ tables: number }>(
    db.engine === 'postgres'
      ? sql`select count(*) as tables from information_schema.tables where table_schema = 'public'`
      : sql`select count(*) as tables from sqlite_master where type = 'table'`,
  )
  return Number(row?.tables) === 0 ? 'empty' : 'foreign'
}

/** Null where there is no list of migrations. */
async function stateOf(db: Db): Promise<State | null> {
  try {
    return await migrationState(db.read)
  } catch (error) {
    if (isUnreachable(error) || error instanceof AppError) throw error
    return null
  }
}

function newer(place: Place, migration: string): AppError {
  return refused(place, `has the migration ${migration}, which this program does not know`)
}

function refused(place: Place, why: string): AppError {
  return new AppError('invalid', `${place.shown} ${why}`)
}

function noKeys(): never {
  throw new Error('a move has no keys')
}
