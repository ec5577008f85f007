import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { fault, type Trouble, warn } from './finding.ts'

const run = promisify(execFile)
const PROGRAM = join(import.meta.dirname, 'quick-check.ts')
/** For files of many gigabytes on slow disks. */
const QUICK_CHECK_MS = 120_000

export type FileState =
  | { found: false }
  | { found: true; late: true }
  | {
      found: true
      late: false
      sound: boolean
      code: string | null
      pages: number
      freePages: number
      pageBytes: number
    }

/** `PRAGMA quick_check` in a process that is killed when it takes too long. Changes nothing. */
export async function lookAtDatabaseFile(file: string, withinMs = QUICK_CHECK_MS): Promise<FileState> {
  if (!existsSync(file)) return { found: false }
  try {
    const { stdout } = await run(process.execPath, [PROGRAM, file], { timeout: withinMs, killSignal: 'SIGKILL' })
    return { found: true, late: false, ...JSON.parse(stdout) }
  } catch (error) {
    const { killed, signal } = error as { killed?: boolean; signal?: string | null }
    if (killed) return { found: true, late: true }
    return { found: true, late: false, sound: false, code: signal ?? 'crashed', pages: 0, freePages: 0, pageBytes: 0 }
  }
}

export function judgeDatabaseFile(file: string, state: FileState): Trouble[] {
  if (!state.found) {
    return [
      warn(
        `There is no database ${file} yet.`,
        'Import the register (scripts/tenggat import FILE), which makes it, or correct DATABASE_URL.',
      ),
    ]
  }
  if (state.late)
    return [warn(`The database ${file} was not checked to its end in time.`, 'Run doctor again at a quiet hour.')]
  if (state.code?.startsWith('SQLITE_CANTOPEN') || state.code === 'SQLITE_PERM') {
    return [
      fault(
        `The database ${file} cannot be opened (${state.code}).`,
        'Run doctor as the user of the service, and give that user the file and its folder.',
      ),
    ]
  }
  if (state.code?.startsWith('SQLITE_BUSY'))
    return [fault(`The database ${file} is locked by another program.`, 'End whatever else has opened it.')]
  if (!state.sound) {
    return [
      fault(
        `The database ${file} is damaged${state.code ? ` (${state.code})` : ''}.`,
        'Stop the daemon and restore the newest backup (scripts/tenggat restore FILE); the damaged file is kept beside it.',
      ),
    ]
  }
  return judgePages(file, state)
}

const MUCH_FREE_BYTES = 256_000_000

function judgePages(file: string, state: { pages: number; freePages: number; pageBytes: number }): Trouble[] {
  const freeBytes = state.freePages * state.pageBytes
  if (freeBytes < MUCH_FREE_BYTES || state.freePages * 2 < state.pages) return []
  const megabytes = Math.floor(freeBytes / 1_000_000)
  return [
    warn(
      `${megabytes} MB of the database ${file}, more than half of it, are empty pages.`,
      `Stop the daemon and run: sqlite3 ${file} VACUUM`,
    ),
  ]
}

export function judgeMigrations({ waiting, foreign }: { waiting: string[]; foreign: string[] }): Trouble[] {
  if (foreign.length > 0) {
    return [
      fault(
        `The database was changed by a newer program than this one (${foreign.join(', ')}).`,
        'Install the newer program again, or restore a backup made before it.',
      ),
    ]
  }
  if (waiting.length === 0) return []
  return [
    fault(
      `The database is older than this program (${waiting.length} to do: ${waiting.join(', ')}).`,
      'Start the daemon again (systemctl restart tenggat); it brings the database up to date before anything else.',
    ),
  ]
}
