import { statSync } from 'node:fs'
import Database from 'better-sqlite3'

/** The log of a busy day; SQLite's own measure is the same. */
const LONG_BYTES = 4 * 1024 * 1024
/** An import writes the same pages of an index over and over: with a shorter log each would go into the file as often. */
const LONGEST_BYTES = 256 * 1024 * 1024
/** What another program still reads of it stands in the way: the next try, when the log has grown by this. */
const FURTHER_BYTES = 1024 * 1024

/**
 * Brings the log into the file and empties it, in one step. SQLite's own checkpoints leave the log as it is until the next write,
 * and a machine that falls then, on a disk that has not written all of it, would find a file newer than its log: damaged.
 */
export class Checkpoints {
  readonly #client: Database.Database
  readonly #log: string
  #at = LONG_BYTES
  /** While very much is written. */
  seldom = false

  constructor(client: Database.Database) {
    client.pragma('wal_autocheckpoint = 0')
    this.#client = client
    this.#log = `${client.name}-wal`
  }

  /** To be called outside a transaction, after each. */
  afterCommit(): void {
    const bytes = statSync(this.#log, { throwIfNoEntry: false })?.size ?? 0
    if (bytes < Math.max(this.#at, this.seldom ? LONGEST_BYTES : 0)) return
    this.#at = this.#empty() ? LONG_BYTES : bytes + FURTHER_BYTES
  }

  #empty(): boolean {
    try {
      const [row] = this.#client.pragma('wal_checkpoint(truncate)') as { busy: number }[]
      return row?.busy === 0
    } catch (error) {
      // A full disk, say: what was committed is safe in the log, as with SQLite's own.
      if (error instanceof Database.SqliteError) return false
      throw error
    }
  }
}
