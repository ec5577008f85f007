import { existsSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import Database from 'better-sqlite3'
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

/** `name`: of the connections, on PostgreSQL. Without `migrate` it must be there already, and of this very program. */
export async function openPlace(place: Place, { migrate, name }: { migrate: boolean; name: string }): Promise<Db> {
  await using stack = new AsyncDisposableStack()
  const db = stack.use(await connect(place, { migrate, name }))
  const { waiting, foreign } = await migrationsOf(db, place)
  if (foreign[0]) throw refused(place, `has the migration ${foreign[0]}, which this program does not know`)
  if (waiting[0]) {
    throw refused(
      place,
      'is of an older version of this program: run "tenggat status" on it once, which brings it up to date',
    )
  }
  stack.move()
  return db
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

async function migrationsOf(db: Db, place: Place): ReturnType<typeof migrationState> {
  try {
    return await migrationState(db.read)
  } catch (cause) {
    if (isUnreachable(cause)) throw cause
    throw new AppError('invalid', `${place.shown} is no database of Tenggat`, { cause })
  }
}

function refused(place: Place, why: string): AppError {
  return new AppError('invalid', `${place.shown} ${why}`)
}

function noKeys(): never {
  throw new Error('a move has no keys')
}
