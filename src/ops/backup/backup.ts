import { existsSync } from 'node:fs'
import { open, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { openSqlite } from '../../db/open.ts'
import type { Vault } from '../../db/seal.ts'
import type { Clock } from '../../lib/clock.ts'
import { AppError } from '../../lib/errors.ts'
import type { Log } from '../../lib/events.ts'
import { pack, unpack } from './backup-file.ts'
import { inspect, snapshot } from './copier.ts'
import { sha256Of } from './digest.ts'
import { backupName, backupsFolder, listBackups, needSpace, openFolder, partialName, syncFolder } from './files.ts'
import { readAll } from './read-all.ts'
import { expired, type KeepPolicy } from './rotation.ts'

export type BackupDeps = {
  /** Undefined: the database is PostgreSQL. */
  databaseFile: string | undefined
  dataDir: string
  vault: Vault
  office: { code: string; timeZone: string; backup: KeepPolicy }
  passphrase: string | undefined
  clock: Clock
  log: Log
}

export type BackupResult = {
  file: string
  bytes: number
  made_at: number
  tables: Record<string, number>
  encrypted: boolean
  /** Names of older ones that are no longer kept. */
  removed: string[]
}

/** Copy, packed file and the copy that is read back. */
const SPACE_TIMES = 3

/**
 * A copy of the running database in one file, read back and compared before it gets its name. Without `file` it goes to
 * `DATA_DIR/backups`, where older ones make room by the office's policy.
 * @throws AppError `unavailable` without space or database, `usage` where the file is there already or the engine is PostgreSQL.
 */
export async function makeBackup(deps: BackupDeps, { file }: { file?: string } = {}): Promise<BackupResult> {
  const { databaseFile, office, clock, log, passphrase } = deps
  if (databaseFile === undefined) throw new AppError('usage', NOT_POSTGRES)
  const folder = file === undefined ? backupsFolder(deps.dataDir) : dirname(resolve(file))
  await openFolder(folder)
  const madeAt = clock.now()
  const target = file === undefined ? freeName(folder, backupName(office.code, madeAt)) : resolve(file)
  if (existsSync(target))
    throw new AppError('usage', `${target} is there already; a backup never takes the place of a file`)
  await needSpace(target, SPACE_TIMES * (await stat(databaseFile)).size)

  await using scrap = new AsyncDisposableStack()
  const passing = (what: string) => {
    const path = join(folder, partialName(`${basename(target)}.${what}`))
    scrap.defer(async () => {
      for (const end of ['', '-wal', '-shm', '-journal']) await rm(`${path}${end}`, { force: true })
    })
    return path
  }
  const copy = passing('copy')
  await (await open(copy, 'wx', 0o600)).close()
  await snapshot({ from: databaseFile, to: copy })
  const { integrity, tables, migrations } = await inspect(copy)
  if (integrity !== 'ok') throw new AppError('invalid', `the database is damaged: ${integrity}`)
  const { bytes: size, sha256 } = await sha256Of(copy)
  const facts = {
    office: office.code,
    made_at: madeAt,
    migrations,
    tables,
    bytes: size,
    sha256,
    key_check: keyCheck(deps.vault),
  }
  const packed = passing('packed')
  const { bytes } = await pack({ database: copy, target: packed, facts, passphrase })
  await verify({ source: packed, target: passing('read'), vault: deps.vault, tables, passphrase })
  await rename(packed, target)
  await syncFolder(folder)

  const removed = file === undefined ? await rotate(deps, folder) : []
  log.info({ event: 'backup', bytes, removed: removed.length }, 'backed up')
  return { file: target, bytes, made_at: madeAt, tables, encrypted: passphrase !== undefined, removed }
}

export const NOT_POSTGRES = 'DATABASE_URL is PostgreSQL: use its own tools (pg_dump, pg_restore) for backups'

/** The same for as long as the links stay the same: a backup is of no use with another SECRET_KEY_FILE. */
export function keyCheck(vault: Vault): string {
  return vault.tokenHash(vault.token('backup', 'key check'))
}

/** As a restore would: every byte compared, every table counted, rows opened with our keys. */
async function verify(options: {
  source: string
  target: string
  vault: Vault
  tables: Record<string, number>
  passphrase: string | undefined
}): Promise<void> {
  const { source, target, vault, tables, passphrase } = options
  await unpack({ source, target, passphrase })
  const { integrity, tables: found } = await inspect(target)
  if (integrity !== 'ok' || !isDeepStrictEqual(found, tables)) {
    throw new AppError('unavailable', 'the backup that was just written does not read back as it was: check the disk')
  }
  await using db = await openSqlite({ file: target, vault, migrate: false })
  await readAll(db)
}

/** Only files that are backups of this office by their own word, and only after a newer one was verified. */
async function rotate({ office }: BackupDeps, folder: string): Promise<string[]> {
  const backups = await listBackups(folder, office.code)
  const removed = expired(
    backups.map(({ name, header }) => ({ name, madeAt: header.made_at })),
    { keep: office.backup, timeZone: office.timeZone },
  )
  for (const name of removed) await rm(join(folder, name))
  return removed
}

/** Two in one second: the clock of a test, or one that went back. */
function freeName(folder: string, name: string): string {
  for (let number = 1; ; number++) {
    const file = join(folder, number === 1 ? name : name.replace('.backup', `-${number}.backup`))
    if (!existsSync(file)) return file
  }
}
