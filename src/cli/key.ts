import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { App } from '../app.ts'
import { newKeyFile } from '../db/seal.ts'
import { AppError } from '../lib/errors.ts'
import { dropOldKeys, type RotationDeps, rotateKey } from '../ops/key-rotation.ts'
import type { ExitCode, Output } from './output.ts'

/** `key create`: a new SECRET_KEY_FILE, readable by its owner alone. Never overwrites one: what it sealed would be lost. */
export function keyCreateCommand(output: Output, path: string, today: string): ExitCode {
  if (existsSync(path)) throw new AppError('config', `SECRET_KEY_FILE ${path} exists already; it is never overwritten`)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, newKeyFile(today), { mode: 0o600, flag: 'wx' })
  output.line(`made ${path}. Keep a copy where the backups are not: without it they cannot be read.`)
  output.result({ secret_key_file: path })
  return 0
}

/** `key rotate`: a new key, everything sealed anew beside the daemon; `--drop-old` takes the older keys away. */
export async function keyRotateCommand(
  app: App,
  output: Output,
  { keyOnly, dropOld }: { keyOnly: boolean; dropOld: boolean },
): Promise<ExitCode> {
  if (keyOnly && dropOld) throw new AppError('usage', '--key-only and --drop-old exclude each other')
  const deps = rotationDeps(app)
  return dropOld ? dropped(deps, output) : rotated(deps, output, keyOnly)
}

async function rotated(deps: RotationDeps, output: Output, keyOnly: boolean): Promise<ExitCode> {
  const { key, added, resealed, remaining, older } = await rotateKey(deps, { keyOnly })
  const left = Object.entries(remaining)
  output.line(
    added
      ? `${deps.keyFile} has a new key, ${key}: copy the file to where its copy is kept, now`
      : `going on with the key ${key}`,
  )
  for (const [table, rows] of Object.entries(resealed)) output.line(`${table}: ${rows} rows sealed anew`)
  if (keyOnly)
    output.line('Bring the file to every machine that works on this database, then: scripts/tenggat key rotate')
  else if (left.length === 0) {
    output.line(`Everything in the database is sealed with ${key}; links and search stay as they are.`)
    output.line(
      `Backups made before now still need ${older.join(', ')}, copies elsewhere too. Once they are gone: key rotate --drop-old`,
    )
  }
  if (!keyOnly)
    for (const [where, values] of left) output.line(`${where}: ${values} values are still sealed with an older key`)
  output.result({ key, added, resealed, remaining, older_keys: older })
  if (keyOnly || left.length === 0) return 0
  output.line('A process has not taken up the new key: restart it, then run this again.')
  return 3
}

async function dropped(deps: RotationDeps, output: Output): Promise<ExitCode> {
  const { key, dropped: ids } = await dropOldKeys(deps)
  output.line(
    ids.length === 0
      ? `there is no key but ${key}`
      : `dropped ${ids.join(', ')}: nothing in the database needs them, nor any backup kept here. A copy of a backup made before the rotation and kept elsewhere does: keep the lines with it, or destroy both`,
  )
  output.result({ key, dropped: ids })
  return 0
}

function rotationDeps({ db, config, office, clock }: App): RotationDeps {
  return { db, keyFile: config.secretKeyFile, dataDir: config.dataDir, office, now: clock.now() }
}
