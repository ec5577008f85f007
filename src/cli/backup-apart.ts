import { fork } from 'node:child_process'
import { join } from 'node:path'
import type { App } from '../app.ts'
import { AppError } from '../lib/errors.ts'
import type { BackupDeps } from '../ops/backup/backup.ts'
import type { Answer } from './backup-child.ts'

const CHILD_FILE = join(import.meta.dirname, 'backup-child.ts')

/** What the child is sent; it opens the keys anew, as they are in their file by then, and judges the passphrase. */
export type Ask = Pick<BackupDeps, 'databaseFile' | 'dataDir' | 'office' | 'passphrase'> & {
  keys: string
  secretKeyFile: string
  now: number
}

/**
 * The duty; nothing on PostgreSQL, which has tools of its own. It is made in a process of its own, which takes with it what SQLite,
 * compression and the libraries needed: tens of megabytes that the daemon would hold for as long as it runs. However this process
 * ends, that one ends with it.
 * @throws AppError with the words of what went wrong there
 */
export async function backupDuty({ config, secrets, office, clock, log }: App): Promise<Record<string, unknown>> {
  const { databaseFile, dataDir, secretKeyFile } = config
  if (databaseFile === undefined) return { made: 0 }
  const { keys, backupPassphrase } = secrets
  const { code, timeZone, backup } = office
  const answer = await answerTo({
    databaseFile,
    dataDir,
    office: { code, timeZone, backup },
    passphrase: backupPassphrase,
    keys,
    secretKeyFile,
    now: clock.now(),
  })
  if (!answer.ok) throw new AppError(answer.code, answer.message)
  const { bytes, encrypted, removed } = answer.result
  log.info({ event: 'backup', bytes, removed: removed.length }, 'backed up')
  return { made: 1, bytes, encrypted, removed: removed.length }
}

async function answerTo(ask: Ask): Promise<Answer> {
  // The options of this process (--eval and its kin) would otherwise reach the child and fail it.
  const child = fork(CHILD_FILE, { execArgv: [] })
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  let answered: Answer | undefined
  child.once('message', (answer: Answer) => {
    answered = answer
  })
  child.once('error', reject)
  child.once('exit', (code, signal) => {
    if (answered) resolve(answered)
    else reject(new AppError('unavailable', `the backup came to no end: its process ended with ${signal ?? code}`))
  })
  child.send(ask)
  return promise
}
