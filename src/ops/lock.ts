import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { storageFault, whyNotWritable } from '../db/trouble.ts'
import { utcText } from '../lib/civil-date.ts'
import { AppError, messageOf } from '../lib/errors.ts'

/** `startedAt` is epoch milliseconds. */
export type Holder = { pid: number; command: string; startedAt: number }

/** Held until it is disposed or the process ends, however it ends. */
export type InstanceLock = Disposable

/**
 * Makes this process the only one that scans and sends from `dataDir`, which is created if need be. The kernel frees the
 * lock of a killed process; nothing has to be cleaned up by hand. Another `name` is another lock, for another `purpose`.
 * @throws AppError `conflict` naming the holder; `unavailable` when the folder cannot be written or locked.
 */
export function takeInstanceLock({
  dataDir,
  holder,
  name = 'lock',
  purpose = 'scan and send from it',
}: {
  dataDir: string
  holder: Holder
  name?: string
  purpose?: string
}): InstanceLock {
  const file = join(dataDir, `${name}.db`)
  const note = join(dataDir, `${name}.json`)
  let client: Database.Database | undefined
  try {
    mkdirSync(dataDir, { recursive: true })
    client = new Database(file, { timeout: 0 })
    // In WAL mode an exclusive transaction would lock out writers only.
    client.pragma('journal_mode = delete')
    client.exec('begin exclusive')
    leaveNote(note, holder)
    return new HeldLock(client, note)
  } catch (error) {
    client?.close()
    if (isBusy(error)) throw new AppError('conflict', heldBy({ dataDir, note, purpose }), { cause: error })
    const why = whyNotWritable(dataDir) ?? storageFault(error, file)?.message ?? messageOf(error)
    throw new AppError('unavailable', `the instance lock ${file} cannot be taken: ${why}`, {
      cause: error,
    })
  }
}

/**
 * Who holds the lock at the moment; `unknown` before it has said so, null when nobody does. Takes nothing. Not for the process
 * that may hold it itself: see the scar below.
 */
export function lockHolder(dataDir: string): Holder | 'unknown' | null {
  const file = join(dataDir, 'lock.db')
  if (!existsSync(file)) return null
  const client = new Database(file, { timeout: 0, readonly: true })
  try {
    client.pragma('schema_version')
    return null
  } catch (error) {
    if (!isBusy(error)) throw error
    return readNote(join(dataDir, 'lock.json')) ?? 'unknown'
  } finally {
    client.close()
  }
}

/**
 * Scar: never open lock.db by any other means in this process. POSIX locks belong to the process, and closing any
 * descriptor of the file would free them behind SQLite's back.
 */
class HeldLock implements InstanceLock {
  readonly #client: Database.Database
  readonly #note: string

  constructor(client: Database.Database, note: string) {
    this.#client = client
    this.#note = note
  }

  [Symbol.dispose](): void {
    if (!this.#client.open) return
    rmSync(this.#note, { force: true })
    this.#client.close()
  }
}

/** Only the holder writes it, after it has the lock: who fails to get the lock must not put its own name there. */
function leaveNote(note: string, holder: Holder): void {
  const draft = `${note}.${holder.pid}`
  writeFileSync(draft, JSON.stringify(holder), { mode: 0o600 })
  renameSync(draft, note)
}

function heldBy({ dataDir, note, purpose }: { dataDir: string; note: string; purpose: string }): string {
  const holder = readNote(note)
  const who = holder
    ? `process ${holder.pid} ("${holder.command}", since ${utcText(holder.startedAt)})`
    : 'another process, which has not yet said who it is'
  return `${dataDir} is in use by ${who}; only one process may ${purpose}`
}

function readNote(note: string): Holder | undefined {
  try {
    const holder = JSON.parse(readFileSync(note, 'utf8')) as Partial<Holder> | null
    const { pid, command, startedAt } = holder ?? {}
    if (!Number.isInteger(pid) || typeof command !== 'string' || !Number.isInteger(startedAt)) return undefined
    return { pid: pid!, command, startedAt: startedAt! }
  } catch (error) {
    // The lock itself is what counts: a note that is missing or damaged only makes the sentence shorter.
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code !== undefined) return undefined
    throw error
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY')
}
