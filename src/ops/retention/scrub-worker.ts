import { statSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'
import Database from 'better-sqlite3'
import { messageOf } from '../../lib/errors.ts'

export type ScrubReply = { ok: true } | { ok: false; message: string }

/** Whoever writes at the moment lets go of the file far sooner. */
const BUSY_TIMEOUT_MS = 30_000
const LARGE = 256 * 1024 ** 2

/** Takes as long as copying the database: here, where no webhook waits for it. */
parentPort?.once('message', (file: string) => {
  parentPort?.postMessage(answer(file))
})

function answer(file: string): ScrubReply {
  try {
    const busy = scrub(file)
    return busy ? { ok: false, message: 'another program reads it' } : { ok: true }
  } catch (error) {
    return { ok: false, message: messageOf(error) }
  }
}

/** True: a reader was in the way, and the log still has what was erased. */
function scrub(file: string): boolean {
  const client = new Database(file, { timeout: BUSY_TIMEOUT_MS, fileMustExist: true })
  try {
    client.pragma('secure_delete = ON')
    // What is copied is live: in a file of the system's temporary folder it betrays nothing that was erased.
    client.pragma(statSync(file).size > LARGE ? 'temp_store = FILE' : 'temp_store = MEMORY')
    client.exec('vacuum')
    const [row] = client.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[]
    return row?.busy !== 0
  } finally {
    client.close()
  }
}
