import { existsSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fault, type Trouble, warn } from './finding.ts'

export type Space = { folder: string; freeBytes: number; totalBytes: number; freeFiles: number | null }

/** Below `warn` the operator should look, below `fault` a day's work may not fit. */
export type SpaceLimits = { warnBytes: number; faultBytes: number }

export const SPACE_LIMITS: SpaceLimits = { warnBytes: 1_000_000_000, faultBytes: 200_000_000 }
const FEW_FILES = 1_000

/** Of a folder that is not there yet, the disk on which it would be. */
export async function lookAtSpace(folder: string): Promise<Space> {
  if (!existsSync(folder)) return lookAtSpace(dirname(folder))
  const { bavail, bsize, blocks, files, ffree } = await statfs(folder)
  // Some file systems have no fixed number of files and say 0.
  return { folder, freeBytes: bavail * bsize, totalBytes: blocks * bsize, freeFiles: files > 0 ? ffree : null }
}

/** Folders on the same disk are one trouble. */
export function judgeSpace(spaces: readonly Space[], limits: SpaceLimits): Trouble[] {
  const disks = new Map(spaces.map((space) => [`${space.totalBytes} ${space.freeBytes}`, space]))
  return [...disks.values()].flatMap((space) => judgeOne(space, limits) ?? [])
}

function judgeOne({ folder, freeBytes, totalBytes, freeFiles }: Space, limits: SpaceLimits): Trouble | null {
  const mend = 'Free some space or enlarge the disk; `du -xh --max-depth=2 /` shows what fills it.'
  const wrong = `The disk of ${folder} has ${megabytes(freeBytes)} MB left of ${megabytes(totalBytes)} MB.`
  if (freeBytes < limits.faultBytes) return fault(wrong, mend)
  if (freeFiles !== null && freeFiles < FEW_FILES)
    return fault(
      `The disk of ${folder} has room for only ${freeFiles} more files.`,
      'Remove small files that nobody needs.',
    )
  return freeBytes < limits.warnBytes ? warn(wrong, mend) : null
}

function megabytes(bytes: number): number {
  return Math.floor(bytes / 1_000_000)
}
