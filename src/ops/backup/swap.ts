import { existsSync } from 'node:fs'
import { copyFile, link, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { AppError } from '../../lib/errors.ts'
import { syncFolder } from './files.ts'

const BEFORE = '.before-restore-'
/** What SQLite keeps beside a database: none of it may ever meet another one. */
const COMPANIONS = ['-wal', '-shm', '-journal']

/** Removes what a killed restore has left: its half of a database, and a second name of the one that stands. */
export async function removeLeftovers(file: string): Promise<void> {
  const folder = dirname(file)
  for (const end of ['', ...COMPANIONS]) await rm(`${file}.restoring${end}`, { force: true })
  if (!existsSync(file)) return
  const { ino } = await stat(file)
  for (const name of await readdir(folder)) {
    if (!name.startsWith(`${basename(file)}${BEFORE}`)) continue
    if ((await stat(join(folder, name))).ino === ino) await rm(join(folder, name))
  }
}

/**
 * Puts `fresh` where `file` is; what was there stays beside under the name that is returned. The swap itself is one rename.
 * @throws AppError `conflict` when another program has the old one open.
 */
export async function putInPlace(fresh: string, file: string, now: number): Promise<string | null> {
  await syncFile(fresh)
  const stamp = Temporal.Instant.fromEpochMilliseconds(now).toString({ smallestUnit: 'second' }).replaceAll(/[-:]/g, '')
  const beside = freeName(`${file}${BEFORE}${stamp}`)
  const stood = existsSync(file)
  if (stood) {
    // SQLite would throw away the log of what it does not know.
    if (await isDatabase(file)) foldIn(file)
    await secondName(file, beside)
  }
  for (const end of COMPANIONS) {
    if (existsSync(`${file}${end}`)) await rename(`${file}${end}`, `${beside}${end}`)
  }
  await syncFolder(dirname(file))
  await rename(fresh, file)
  await syncFolder(dirname(file))
  return stood ? beside : null
}

async function isDatabase(file: string): Promise<boolean> {
  await using handle = await open(file, 'r')
  const magic = Buffer.from('SQLite format 3\0')
  const { buffer } = await handle.read(Buffer.alloc(magic.length), 0, magic.length, 0)
  return buffer.equals(magic)
}

/**
 * Brings the log of the old database into its file, so that the file alone is all of it. A damaged one is left as it is: it
 * goes aside with its log.
 */
function foldIn(file: string): void {
  const client = new Database(file, { timeout: 0 })
  try {
    client.pragma('locking_mode = exclusive')
    client.exec('begin exclusive; rollback')
    client.pragma('wal_checkpoint(truncate)')
  } catch (error) {
    if (!(error instanceof Database.SqliteError)) throw error
    if (error.code.startsWith('SQLITE_BUSY')) {
      throw new AppError('conflict', `${file} is in use by another program; end it first`, { cause: error })
    }
    if (error.code !== 'SQLITE_NOTADB' && !error.code.startsWith('SQLITE_CORRUPT')) throw error
  } finally {
    client.close()
  }
}

async function secondName(file: string, name: string): Promise<void> {
  try {
    await link(file, name)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EMLINK') throw error
    await copyFile(file, name)
    await syncFile(name)
  }
}

async function syncFile(file: string): Promise<void> {
  await using handle = await open(file, 'r+')
  await handle.sync()
}

function freeName(name: string): string {
  for (let number = 1; ; number++) {
    const free = number === 1 ? name : `${name}-${number}`
    if (!existsSync(free)) return free
  }
}
