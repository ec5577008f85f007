import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Upload } from './route.ts'

const KEPT_MS = 60 * 60_000

/** An upload that waits to be applied, in a folder of its own. */
export type Kept = { token: string; path: string }

/** Keeps an upload beside the voice notes, for only the data folder is sure to be private. */
export async function keepUpload(audioDir: string, { name, bytes }: Upload): Promise<Kept> {
  const token = randomBytes(16).toString('hex')
  const path = join(shelfOf(audioDir), token, fileName(name))
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await writeFile(path, bytes, { mode: 0o600 })
  return { token, path }
}

/** What `keepUpload` kept under this token; undefined when it is gone or never was. */
export async function keptUpload(audioDir: string, token: string): Promise<Kept | undefined> {
  if (!/^[0-9a-f]{32}$/.test(token)) return undefined
  const [name] = await filesIn(join(shelfOf(audioDir), token))
  return name === undefined ? undefined : { token, path: join(shelfOf(audioDir), token, name) }
}

export async function removeUpload({ path }: Kept): Promise<void> {
  await rm(dirname(path), { recursive: true, force: true })
}

/** Removes what was not applied within the hour: copies of the register that nobody waits for. `now` by the computer's clock. */
export async function forgetUploads(audioDir: string, now: number): Promise<number> {
  let gone = 0
  for (const name of await filesIn(shelfOf(audioDir))) {
    const folder = join(shelfOf(audioDir), name)
    const { mtimeMs } = await stat(folder)
    if (now - mtimeMs <= KEPT_MS) continue
    await rm(folder, { recursive: true, force: true })
    gone += 1
  }
  return gone
}

function shelfOf(audioDir: string): string {
  return join(dirname(audioDir), 'uploads')
}

function fileName(given: string): string {
  const name = basename(given.replaceAll('\\', '/')).replace(/[^\p{L}\p{N} ._()-]/gu, '_')
  // A file system counts bytes, at most 255: four for each.
  return [...name.replace(/^\.+/, '')].slice(-60).join('') || 'register.csv'
}

async function filesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
