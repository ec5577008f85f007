import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { getCompileCacheDir } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { deserialize, serialize } from 'node:v8'

const PACKAGE_FILE = join(import.meta.dirname, '../../package.json')
const DIGEST_BYTES = 32

/**
 * What `read` gives, from where it was kept when these very files were last read by this very program: reading and checking
 * them takes twenty times as long. It lies beside what Node keeps compiled (where Node keeps nothing, neither does this), and is
 * found only while the files, the `rules` (source files that `read` goes by), the libraries' versions and the program's folder
 * are what they were to the last byte. What `read` throws is not kept: faults are found anew at each start.
 */
export async function keptReading<Content>(options: {
  name: string
  files: readonly string[]
  rules: readonly string[]
  read: () => Promise<Content>
}): Promise<Content> {
  const { name, files, rules, read } = options
  const place = placeOf(name, files)
  const digest = () => digestOf([...files, ...rules, PACKAGE_FILE])
  const before = place === null ? null : digest()
  if (place === null || before === null) return read()
  const kept = keptIn(place, before)
  if (kept !== null) return kept.content as Content
  const content = await read()
  // Else somebody wrote one of them meanwhile, and nobody knows which of the two was read.
  if (digest()?.equals(before)) keep(place, before, content)
  return content
}

function placeOf(name: string, files: readonly string[]): string | null {
  const compiled = getCompileCacheDir()
  if (compiled === undefined) return null
  const which = createHash('sha256').update(files.map(dirname).join('\0')).digest('hex').slice(0, 12)
  return join(dirname(compiled), 'read', basename(compiled), `${name}-${which}`)
}

/** Null where one of them cannot be read: whoever reads it says so. */
function digestOf(files: readonly string[]): Buffer | null {
  const hash = createHash('sha256').update(import.meta.dirname)
  for (const file of files) {
    const bytes = bytesOf(file)
    if (bytes === null) return null
    hash.update(`\0${file}\0${bytes.length}\0`).update(bytes)
  }
  return hash.digest()
}

/** A torn or foreign file is none: its first bytes are the digest of all that follows and of what it was made from. */
function keptIn(place: string, digest: Buffer): { content: unknown } | null {
  const bytes = bytesOf(place)
  if (bytes === null) return null
  const content = bytes.subarray(DIGEST_BYTES)
  return sealOf(digest, content).equals(bytes.subarray(0, DIGEST_BYTES)) ? { content: deserialize(content) } : null
}

function keep(place: string, digest: Buffer, content: unknown): void {
  const bytes = serialize(content)
  const passing = `${place}.${process.pid}`
  try {
    mkdirSync(dirname(place), { recursive: true, mode: 0o700 })
    writeFileSync(passing, Buffer.concat([sealOf(digest, bytes), bytes]), { mode: 0o600 })
    renameSync(passing, place)
  } catch (error) {
    // No room or no right to write there: it is read anew at the next start.
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
  }
}

function sealOf(digest: Buffer, content: Uint8Array): Buffer {
  return createHash('sha256').update(digest).update(content).digest()
}

function bytesOf(file: string): Buffer | null {
  try {
    return readFileSync(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
    return null
  }
}
