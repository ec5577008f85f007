import {
  chmodSync,
  chownSync,
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { AppError, messageOf } from '../lib/errors.ts'
import type { Reread } from './seal.ts'

const LOOK_EVERY_MS = 1_000
/** Whoever else may read it by its owner's wish; the world never. */
const WIDEST_MODE = 0o640

/** Tells a vault of a key file that was changed beside it: looks at most once a second, unless it must know. */
export function watchKeyFile(path: string, known: string): Reread {
  let seen = known
  let mark = ''
  let lookedAt = performance.now()
  return ({ now }) => {
    if (!now && performance.now() - lookedAt < LOOK_EVERY_MS) return null
    lookedAt = performance.now()
    const found = readIfThere(() => markOf(path))
    if (found === null || found === mark) return null
    const text = readIfThere(() => readFileSync(path, 'utf8'))
    if (text === null) return null
    mark = found
    if (text === seen) return null
    seen = text
    return text
  }
}

/**
 * In one rename, and on disk before it returns: at any moment the old file or the new one stands there whole. Owner and rights
 * stay as they were, but for those of strangers.
 * @throws AppError `config` where it cannot be written
 */
export function replaceKeyFile(path: string, text: string): void {
  try {
    const target = realpathSync(path)
    const draft = `${target}.new`
    const { uid, gid, mode } = statSync(target)
    rmSync(draft, { force: true })
    writeFileSync(draft, text, { mode: 0o600, flag: 'wx' })
    const made = statSync(draft)
    if (made.uid !== uid || made.gid !== gid) chownSync(draft, uid, gid)
    chmodSync(draft, mode & WIDEST_MODE)
    sync(draft)
    renameSync(draft, target)
    sync(dirname(target))
  } catch (cause) {
    throw new AppError('config', `SECRET_KEY_FILE ${path} cannot be replaced: ${messageOf(cause)}`, { cause })
  }
}

function markOf(path: string): string {
  const { ino, mtimeMs, size } = statSync(path)
  return `${ino} ${mtimeMs} ${size}`
}

/** Null while there is none, or none for us: the keys in memory are good until it is back. */
function readIfThere(read: () => string): string | null {
  try {
    return read()
  } catch (error) {
    if (['ENOENT', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return null
    throw error
  }
}

function sync(path: string): void {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
