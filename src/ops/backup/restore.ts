import { mkdir, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { eq, isNull } from 'drizzle-orm'
import { recordAudit } from '../../console/audit.ts'
import { recordGap } from '../../db/gap.ts'
import { compareMigrations, knownMigrations } from '../../db/migrations.ts'
import { type Db, openSqlite } from '../../db/open.ts'
import type { Vault } from '../../db/seal.ts'
import { databaseId, leaveMark, newestOf, thisBoot } from '../../deliver/reach.ts'
import type { Clock } from '../../lib/clock.ts'
import { AppError } from '../../lib/errors.ts'
import { takeInstanceLock } from '../lock.ts'
import { keyCheck, NOT_POSTGRES } from './backup.ts'
import { headerOf, unpack } from './backup-file.ts'
import { inspect } from './copier.ts'
import { needSpace } from './files.ts'
import { type BackupHeader, damaged, refused } from './header.ts'
import { readAll } from './read-all.ts'
import { putInPlace, removeLeftovers } from './swap.ts'

export type RestoreDeps = {
  /** Undefined: the database is PostgreSQL. */
  databaseFile: string | undefined
  dataDir: string
  vault: Vault
  office: { code: string }
  passphrase: string | undefined
  clock: Clock
}

export type RestoreResult = {
  file: string
  /** Epoch ms: what happened after it is not in the database. */
  made_at: number
  tables: Record<string, number>
  /** The steps that brought it up to this program. */
  migrated: string[]
  /** Where the database is that stood there before. */
  kept: string | null
}

/** The database twice: as it comes and while it is migrated. */
const SPACE_TIMES = 2

/**
 * Puts a backup in the place of the database. Everything is checked before anything is touched, and at any moment, also
 * after a kill, the one or the other stands there whole. From then on, what may have been sent since the backup was made is
 * looked up at the carrier before it is sent.
 * @throws AppError `invalid` for a damaged, foreign or newer file, `config` for a wrong passphrase or key file, `conflict` while
 * the database is in use.
 */
export async function restoreBackup(deps: RestoreDeps, { file }: { file: string }): Promise<RestoreResult> {
  const { databaseFile, dataDir, vault, clock, passphrase } = deps
  if (databaseFile === undefined) throw new AppError('usage', NOT_POSTGRES)
  const now = clock.now()
  using _lock = takeInstanceLock({ dataDir, holder: { pid: process.pid, command: 'restore', startedAt: now } })
  const said = await headerOf(file)
  refuseForeign(said, deps, file)

  await mkdir(dirname(databaseFile), { recursive: true })
  await removeLeftovers(databaseFile)
  await using scrap = new AsyncDisposableStack()
  const fresh = `${databaseFile}.restoring`
  scrap.defer(async () => {
    for (const end of ['', '-wal', '-shm', '-journal']) await rm(`${fresh}${end}`, { force: true })
  })
  await needSpace(databaseFile, SPACE_TIMES * said.bytes)
  const header = await unpack({ source: file, target: fresh, passphrase })
  await refuseUnsound(header, fresh, file)

  const mark = await prepare(fresh, { vault, now, madeAt: header.made_at })
  const kept = await putInPlace(fresh, databaseFile, now)
  leaveMark(dataDir, { ...mark, boot: thisBoot(), clean: true })
  const { waiting } = compareMigrations(knownMigrations('sqlite'), header.migrations)
  return { file, made_at: header.made_at, tables: header.tables, migrated: waiting, kept }
}

function refuseForeign(header: BackupHeader, { office, vault }: RestoreDeps, name: string): void {
  if (header.office !== office.code) {
    throw refused(name, `is of the office ${header.office}; OFFICE_FILE is of ${office.code}`)
  }
  const { foreign } = compareMigrations(knownMigrations('sqlite'), header.migrations)
  if (foreign.length > 0) {
    throw refused(name, `was made by a newer program (it has ${foreign.join(', ')}): restore it with that one`)
  }
  if (header.key_check !== keyCheck(vault)) {
    throw new AppError('config', `${name} was made with another SECRET_KEY_FILE: put that one in place first`)
  }
}

async function refuseUnsound(header: BackupHeader, database: string, name: string): Promise<void> {
  const { integrity, tables, migrations } = await inspect(database)
  if (integrity !== 'ok') throw damaged(name, integrity)
  if (!isDeepStrictEqual(tables, header.tables)) throw damaged(name, 'rows are missing')
  if (!isDeepStrictEqual(migrations, header.migrations)) throw damaged(name, 'migrations')
}

/** Migrated, read, and made to know that it is behind. */
async function prepare(
  file: string,
  { vault, now, madeAt }: { vault: Vault; now: number; madeAt: number },
): Promise<{ database: string; reached: Awaited<ReturnType<typeof newestOf>> }> {
  await using db = await openSqlite({ file, vault })
  await readAll(db)
  await db.write(async (tx) => {
    const { deliveries, meta, sessions } = tx.t
    await recordGap(tx, { from: madeAt, until: now })
    const value = JSON.stringify({ made_at: madeAt, restored_at: now })
    await tx.insert(meta).values({ key: 'restored', value }).onConflictDoUpdate({ target: meta.key, set: { value } })
    // Who was signed out, disabled or given a new password since is as before: everybody signs in anew.
    await tx.update(sessions).set({ ended_at: now }).where(isNull(sessions.ended_at))
    // Sounds are not in a backup: they are made again, or found where they still are.
    await tx.update(deliveries).set({ voice_note_id: null }).where(eq(deliveries.state, 'queued'))
    await recordAudit(tx, { action: 'backup.restore', officerId: null, now, detail: `made_at ${madeAt}` })
  })
  return markOf(db)
}

async function markOf(db: Db): Promise<{ database: string; reached: Awaited<ReturnType<typeof newestOf>> }> {
  return { database: await databaseId(db), reached: await newestOf(db.read) }
}
