import { createReadStream, statSync } from 'node:fs'
import { dirname, relative, sep } from 'node:path'
import { fault, type Trouble, warn } from './finding.ts'

export type KeyFile = { file: string; mode: number; owner: number; dataOwner: number }

export type Folders = { dataDir: string; backupDir: string }

/** Undefined where there is no such file; the configuration says so. */
export function lookAtKeyFile(file: string, { dataDir }: Folders): KeyFile | undefined {
  const found = statSync(file, { throwIfNoEntry: false })
  if (!found) return undefined
  const data = statSync(dataDir, { throwIfNoEntry: false }) ?? statSync(dirname(file))
  return { file, mode: found.mode & 0o777, owner: found.uid, dataOwner: data.uid }
}

export function judgeKeyFile({ file, mode, owner, dataOwner }: KeyFile, { dataDir, backupDir }: Folders): Trouble[] {
  const troubles: Trouble[] = []
  if ((mode & 0o077) !== 0) {
    troubles.push(
      fault(
        `The key file ${file} can be read by others (mode ${mode.toString(8).padStart(4, '0')}).`,
        `Run: chmod 600 ${file}`,
      ),
    )
  }
  if (owner !== dataOwner) {
    troubles.push(
      fault(
        `The key file ${file} does not belong to the user who owns ${dataDir}.`,
        `Give it to the user of the service: chown --reference=${dataDir} ${file}`,
      ),
    )
  }
  const move = 'Move it out, e.g. to /etc/tenggat/secret.key, and set SECRET_KEY_FILE.'
  if (isInside(file, backupDir)) {
    troubles.push(fault(`The key file ${file} lies among the backups: who has them can read everything.`, move))
  } else if (isInside(file, dataDir)) {
    troubles.push(warn(`The key file ${file} lies in the data folder: who copies that folder copies the key.`, move))
  }
  return troubles
}

/** Whether `file` holds a key of these `id:base64` lines, as text or as bytes. Reads the file once, in pieces. */
export async function holdsKeys(file: string, keyLines: string): Promise<boolean> {
  const keys = [...keyLines.matchAll(/^[a-z0-9-]+:([A-Za-z0-9+/]{40,}=*)\s*$/gm)].map(([, key]) => key!)
  const patterns = keys.flatMap((key) => [Buffer.from(key), Buffer.from(key, 'base64')])
  const overlap = Math.max(0, ...patterns.map((pattern) => pattern.length - 1))
  let tail: Buffer = Buffer.alloc(0)
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) {
    const piece = Buffer.concat([tail, chunk as Buffer])
    if (patterns.some((pattern) => piece.includes(pattern))) return true
    tail = piece.subarray(Math.max(0, piece.length - overlap))
  }
  return false
}

export function isInside(file: string, folder: string): boolean {
  const path = relative(folder, file)
  return path !== '' && path !== '..' && !path.startsWith(`..${sep}`) && !path.startsWith(sep)
}
