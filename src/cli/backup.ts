import { resolve } from 'node:path'
import type { App } from '../app.ts'
import type { Config, Secrets } from '../config.ts'
import { openVault } from '../db/seal.ts'
import { utcText } from '../lib/civil-date.ts'
import type { Clock } from '../lib/clock.ts'
import { loadOffice } from '../lib/office.ts'
import { type BackupDeps, makeBackup } from '../ops/backup/backup.ts'
import { checkedPassphrase, readPassphrase } from '../ops/backup/passphrase.ts'
import { restoreBackup } from '../ops/backup/restore.ts'
import type { ExitCode, Output } from './output.ts'

type Options = { file?: string | undefined; passphraseFile?: string | undefined }

/** `backup [FILE]`: a verified copy, beside whatever else runs. */
export async function backupCommand(app: App, output: Output, { file, passphraseFile }: Options): Promise<ExitCode> {
  const passphrase = passphraseOf(app.secrets, passphraseFile)
  const made = await makeBackup({ ...depsOf(app), passphrase }, file === undefined ? {} : { file: resolve(file) })
  const { bytes, tables, encrypted, removed } = made
  output.line(`${made.file}: ${Math.ceil(bytes / 1024)} KB, ${rowsIn(tables)} rows, read back and compared`)
  output.line(encrypted ? 'encrypted' : 'NOT encrypted: set BACKUP_PASSPHRASE_FILE before it leaves this machine')
  for (const name of removed) output.line(`no longer kept: ${name}`)
  output.line('SECRET_KEY_FILE is not in it, and without that file it cannot be used')
  output.result({ ...made, made_at: utcText(made.made_at) })
  return 0
}

/** `restore FILE`: needs no database that can be opened, so it comes without the assembled program. */
export async function restoreCommand(
  { config, secrets, clock }: { config: Config; secrets: Secrets; clock: Clock },
  output: Output,
  { file, passphraseFile }: Options & { file: string },
): Promise<ExitCode> {
  const restored = await restoreBackup(
    {
      databaseFile: config.databaseFile,
      dataDir: config.dataDir,
      vault: openVault(secrets.keys, config.secretKeyFile),
      office: await loadOffice(config.officeFile),
      passphrase: passphraseOf(secrets, passphraseFile),
      clock,
    },
    { file: resolve(file) },
  )
  const { kept, migrated, tables } = restored
  const madeAt = utcText(restored.made_at)
  output.line(`restored: the database as it was at ${madeAt}, ${rowsIn(tables)} rows`)
  if (migrated.length > 0) output.line(`brought up to this program: ${migrated.join(', ')}`)
  if (kept !== null) output.line(`the database that stood there is ${kept}`)
  output.line('What was sent since is looked up at the carrier before anything is sent. Everybody signs in anew.')
  output.line(
    `Import the newest register file again, and enter again what officers did after ${madeAt} (docs/backup.md).`,
  )
  output.result({ ...restored, made_at: madeAt })
  return 0
}

function depsOf({ config, db, office, clock, log }: App): Omit<BackupDeps, 'passphrase'> {
  const { databaseFile, dataDir } = config
  return { databaseFile, dataDir, vault: db.vault, office, clock, log }
}

function passphraseOf({ backupPassphrase }: Secrets, file?: string): string | undefined {
  if (file !== undefined) return readPassphrase(resolve(file))
  return backupPassphrase === undefined ? undefined : checkedPassphrase(backupPassphrase, 'BACKUP_PASSPHRASE')
}

function rowsIn(tables: Record<string, number>): number {
  return Object.values(tables).reduce((sum, rows) => sum + rows, 0)
}
