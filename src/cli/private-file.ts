import { closeSync, fchmodSync, openSync, writeSync } from 'node:fs'
import { AppError, messageOf } from '../lib/errors.ts'

/** Writes a file that its owner alone can read, also where one stood there before with other rights. */
export function writePrivateFile(path: string, content: string | Uint8Array): void {
  try {
    const file = openSync(path, 'w', 0o600)
    try {
      fchmodSync(file, 0o600)
      const bytes = Buffer.from(content as Uint8Array)
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
    } finally {
      closeSync(file)
    }
  } catch (cause) {
    throw new AppError('usage', `${path} cannot be written: ${messageOf(cause)}`, { cause })
  }
}
