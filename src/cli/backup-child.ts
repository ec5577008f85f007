import { watchKeyFile } from '../db/key-file.ts'
import { openVault } from '../db/seal.ts'
import { AppError, type AppErrorCode } from '../lib/errors.ts'
import { silentLog } from '../lib/events.ts'
import { faultText } from '../lib/fault-text.ts'
import { type BackupResult, makeBackup } from '../ops/backup/backup.ts'
import { checkedPassphrase } from '../ops/backup/passphrase.ts'
import type { Ask } from './backup-apart.ts'
import { endOnCrash } from './crash.ts'

export type Answer = { ok: true; result: BackupResult } | { ok: false; code: AppErrorCode; message: string }

endOnCrash()
// A terminal tells every process of its group. The daemon waits for what is in flight, and without it this one ends.
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => undefined)
process.once('disconnect', () => process.exit())
process.once('message', async (ask: Ask) => {
  const answer = await answerTo(ask)
  process.send?.(answer, () => process.disconnect?.())
})

async function answerTo({ keys, secretKeyFile, now, passphrase: phrase, ...ask }: Ask): Promise<Answer> {
  try {
    const vault = openVault(keys, secretKeyFile, { reread: watchKeyFile(secretKeyFile, keys) })
    const passphrase = phrase === undefined ? undefined : checkedPassphrase(phrase, 'BACKUP_PASSPHRASE')
    return {
      ok: true,
      result: await makeBackup({ ...ask, passphrase, vault, clock: { now: () => now }, log: silentLog }),
    }
  } catch (error) {
    const code = error instanceof AppError ? error.code : 'unavailable'
    return { ok: false, code, message: faultText(error) }
  }
}
