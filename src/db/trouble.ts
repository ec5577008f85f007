import { accessSync, constants } from 'node:fs'
import { AppError } from '../lib/errors.ts'
import { isUnreachable } from './dialect.ts'

/** `disk`: what the database lies on. `database`: somebody else holds it, or the way to it is broken. */
export type TroubleKind = 'disk' | 'database'

/** Why nothing can be written at the moment. It is nobody's row that is at fault, and nothing of the write was done. */
export class StorageFault extends AppError {
  override name = 'StorageFault'
  readonly kind: TroubleKind

  constructor(kind: TroubleKind, message: string, options?: ErrorOptions) {
    super('unavailable', message, options)
    this.kind = kind
  }
}

/**
 * The fault of disk or database behind an error, in words for the operator; null for every other error. `place` is the file
 * or database that was written to. Codes of SQLite (sqlite.org/rescode.html), PostgreSQL (SQLSTATE) and the system.
 */
export function storageFault(error: unknown, place: string): StorageFault | null {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if (at instanceof StorageFault) return at
    const { code } = at as Error & { code?: unknown }
    const known = typeof code === 'string' ? KNOWN.find(([codes]) => codes.test(code)) : undefined
    if (known) return new StorageFault(known[1], known[2](place, String(code)), { cause: error })
  }
  if (isUnreachable(error)) return new StorageFault('database', 'the database does not answer', { cause: error })
  return null
}

const REFUSED: Readonly<Record<string, string>> = {
  EROFS: 'is on a read-only disk',
  EACCES: 'may not be written by this user',
  EPERM: 'may not be written by this user',
}

/** Why nothing can be written in a folder; null when something can. SQLite says only that it could not open a file. */
export function whyNotWritable(folder: string): string | null {
  try {
    accessSync(folder, constants.W_OK)
    return null
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    return `${folder} ${REFUSED[code] ?? `cannot be written (${code})`}`
  }
}

const KNOWN: readonly [RegExp, TroubleKind, (place: string, code: string) => string][] = [
  // The index of the log could not grow: there is no other reason for it than room.
  [/^(SQLITE_FULL|SQLITE_IOERR_SHMSIZE|ENOSPC|EDQUOT|53100)$/, 'disk', (place) => `the disk of ${place} is full`],
  [/^(SQLITE_READONLY\w*|EROFS|25006)$/, 'disk', (place) => `${place} cannot be written: it is read-only`],
  [
    /^(SQLITE_IOERR\w*|SQLITE_CANTOPEN\w*|SQLITE_CORRUPT\w*|SQLITE_NOTADB|EIO|58030)$/,
    'disk',
    (place, code) => `the disk of ${place} does not work (${code})`,
  ],
  [/^SQLITE_(BUSY|LOCKED)\w*$/, 'database', () => 'the database is locked by another program'],
]
