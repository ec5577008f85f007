import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../../lib/errors.ts'
import { unpack } from '../backup/backup-file.ts'
import { type KeptBackup, listBackups, needSpace, partialName } from '../backup/files.ts'
import { fault, type Trouble, warn } from './finding.ts'
import { holdsKeys } from './key-file.ts'

/** `withKey`: a file among the backups that holds a key in the clear. `unreadable`: why the newest one cannot be restored. */
export type Backups = {
  newest: { name: string; madeAt: number } | null
  withKey: string | null
  unreadable: string | null
}

const OLD_MS = 2 * 24 * 3_600_000
const VERY_OLD_MS = 7 * 24 * 3_600_000
/** Larger ones are read when they are made, and not again. */
const MOST_READ_BYTES = 2_000_000_000
const MOST_SEARCHED_BYTES = 500_000_000

/** Reads the newest backup to its end as `restore` would, and looks for keys in it and in whatever else lies there. */
export async function lookAtBackups(options: {
  folder: string
  officeCode: string
  /** Where the keys are; that this file lies here too is said elsewhere. */
  keyFile: string
  keyLines: string
  passphrase: string | undefined
}): Promise<Backups> {
  const newest = await newestIn(options)
  const read = newest ? await readBackup(newest, options) : { withKey: false, unreadable: null }
  // A newer one was made meanwhile, and took its place.
  if (newest && !existsSync(newest.file)) return lookAtBackups(options)
  return {
    newest: newest ? { name: newest.name, madeAt: newest.header.made_at } : null,
    withKey: newest && read.withKey ? newest.name : await otherFileWithKey(options),
    unreadable: read.unreadable,
  }
}

/** `anythingToKeep`: there is a database with residents. */
export function judgeBackups(
  { newest, withKey, unreadable }: Backups,
  { now, at, anythingToKeep }: { now: number; at: (instant: number) => string; anythingToKeep: boolean },
): Trouble[] {
  const troubles: Trouble[] = []
  const make = 'Run scripts/tenggat backup, and look in scripts/tenggat status why the nightly one fails.'
  if (newest === null && anythingToKeep) troubles.push(warn('There is no backup yet.', make))
  if (newest !== null && now - newest.madeAt > OLD_MS) {
    const level = now - newest.madeAt > VERY_OLD_MS ? fault : warn
    troubles.push(level(`The newest backup was made at ${at(newest.madeAt)}.`, make))
  }
  if (unreadable !== null) troubles.push(fault(`The newest backup cannot be restored: ${unreadable}.`, make))
  if (withKey !== null) {
    troubles.push(
      fault(
        `The file ${withKey} among the backups holds a key of SECRET_KEY_FILE: who has it can read everything.`,
        'Destroy it and its copies, and make a new key (scripts/tenggat key rotate).',
      ),
    )
  }
  return troubles
}

async function newestIn(from: { folder: string; officeCode: string }): Promise<KeptBackup | undefined> {
  try {
    return (await listBackups(from.folder, from.officeCode)).at(-1)
  } catch (error) {
    // One of them was removed between two looks.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return newestIn(from)
    throw error
  }
}

async function readBackup(
  { file, header }: KeptBackup,
  { folder, keyLines, passphrase }: { folder: string; keyLines: string; passphrase: string | undefined },
): Promise<{ withKey: boolean; unreadable: string | null }> {
  const target = join(folder, partialName(`doctor-${randomBytes(6).toString('hex')}`))
  if (header.bytes > MOST_READ_BYTES || !(await fits(target, header.bytes))) return { withKey: false, unreadable: null }
  try {
    await unpack({ source: file, target, passphrase })
    return { withKey: await holdsKeys(target, keyLines), unreadable: null }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return { withKey: false, unreadable: error.message }
  } finally {
    await rm(target, { force: true })
  }
}

async function fits(file: string, bytes: number): Promise<boolean> {
  try {
    await needSpace(file, 2 * bytes)
    return true
  } catch (error) {
    if (error instanceof AppError) return false
    throw error
  }
}

async function otherFileWithKey({
  folder,
  keyFile,
  keyLines,
}: {
  folder: string
  keyFile: string
  keyLines: string
}): Promise<string | null> {
  // What is unfinished comes and goes.
  const names = (await namesIn(folder)).filter((name) => !name.includes('.partial') && join(folder, name) !== keyFile)
  for (const name of names) {
    if (await isWithKey(join(folder, name), keyLines)) return name
  }
  return null
}

async function isWithKey(file: string, keyLines: string): Promise<boolean> {
  try {
    const found = await stat(file)
    return found.isFile() && found.size <= MOST_SEARCHED_BYTES && (await holdsKeys(file, keyLines))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
