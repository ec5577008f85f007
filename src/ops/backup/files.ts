import { mkdir, open, readdir, rm, stat, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AppError } from '../../lib/errors.ts'
import { headerOf } from './backup-file.ts'
import type { BackupHeader } from './header.ts'

const PARTIAL = '.partial'
const UNFINISHED = /^tenggat-(\d+)-.*\.partial(-wal|-shm|-journal)?$/
const NAME = /^tenggat-[A-Z]{2,4}-\d{8}T\d{6}Z(-\d+)?\.backup$/

export type KeptBackup = { file: string; name: string; bytes: number; header: BackupHeader }

export function backupsFolder(dataDir: string): string {
  return join(dataDir, 'backups')
}

/** `tenggat-BLT-20261122T193000Z.backup`. */
export function backupName(office: string, madeAt: number): string {
  const stamp = Temporal.Instant.fromEpochMilliseconds(madeAt)
    .toString({ smallestUnit: 'second' })
    .replaceAll(/[-:]/g, '')
  return `tenggat-${office}-${stamp}.backup`
}

/**
 * The backups of this office in a folder, oldest first, by their own headers. Whatever else lies there, or cannot be read, is
 * not among them.
 */
export async function listBackups(folder: string, office: string): Promise<KeptBackup[]> {
  const names = (await namesIn(folder)).filter((name) => NAME.test(name))
  const found: KeptBackup[] = []
  for (const name of names) {
    const file = join(folder, name)
    const header = await headerOf(file).catch((error: unknown) => {
      if (error instanceof AppError) return null
      throw error
    })
    if (header?.office === office) found.push({ file, name, bytes: (await stat(file)).size, header })
  }
  return found.toSorted((a, b) => a.header.made_at - b.header.made_at)
}

/** The name under which this process writes something that is not finished. */
export function partialName(what: string): string {
  return `tenggat-${process.pid}-${what}${PARTIAL}`
}

/** Makes the folder for its owner alone, and removes what processes that are no more have left unfinished. */
export async function openFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  for (const name of await namesIn(folder)) {
    const pid = UNFINISHED.exec(name)?.[1]
    if (pid !== undefined && !isAlive(Number(pid))) await rm(join(folder, name), { force: true })
  }
}

/** Until the folder itself is on disk, a file in it may be gone after a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, 'r')
  await handle.sync()
}

/** @throws AppError `unavailable` where `bytes` do not fit. */
export async function needSpace(file: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(file))
  if (bavail * bsize >= bytes) return
  throw new AppError(
    'unavailable',
    `${dirname(file)} has ${megabytes(bavail * bsize)} MB left, ${megabytes(bytes)} MB are needed: make room or name another place`,
  )
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Somebody else's process is alive, too.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

function megabytes(bytes: number): number {
  return Math.ceil(bytes / 1024 ** 2)
}
