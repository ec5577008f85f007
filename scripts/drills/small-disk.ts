import { spawnSync } from 'node:child_process'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'

export const NAMESPACE = ['--user', '--map-root-user', '--mount']

/** Whether this system lets anybody mount a disk of memory in a name space of its own. */
export function canMakeDisks(): boolean {
  const tried = spawnSync('unshare', [...NAMESPACE, 'sh', '-c', 'mount -t tmpfs -o size=1m tmpfs /mnt'])
  return tried.status === 0
}

/** The arguments of `unshare` that run `command` where `folder` is a disk of so many megabytes, which is gone with it. */
export function onSmallDisk(folder: string, megabytes: number, command: readonly string[]): string[] {
  const mount = `mount -t tmpfs -o size=${megabytes}m tmpfs "$1" && shift && exec "$@"`
  return [...NAMESPACE, 'sh', '-c', mount, 'sh', folder, ...command]
}

const BALLAST = 'ballast'

/** Takes the last byte of the disk. */
export function fillDisk(folder: string): void {
  const file = openSync(join(folder, BALLAST), 'a')
  try {
    for (const size of [1_000_000, 4_096, 1]) while (fits(file, size));
  } finally {
    closeSync(file)
  }
}

export function emptyDisk(folder: string): void {
  rmSync(join(folder, BALLAST), { force: true })
}

function fits(file: number, size: number): boolean {
  try {
    return writeSync(file, Buffer.alloc(size)) > 0
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return false
    throw error
  }
}
