import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { newKeyFile } from '../db/seal.ts'
import { AppError } from '../lib/errors.ts'
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
