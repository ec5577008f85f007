import type { Dirent } from 'node:fs'
import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { and, inArray, isNotNull, lt, notInArray } from 'drizzle-orm'
import type { Db } from '../db/open.ts'
import type { DeliveryState } from '../db/schema.ts'
import { addDays, type CivilDate } from '../lib/civil-date.ts'

/** Longer than any note page lives: from the first notice (60 days before the end) to 30 days after it. */
const KEPT_DAYS = 120
const DAY_MS = 24 * 3_600_000
const FINAL: DeliveryState[] = ['delivered', 'read', 'exhausted', 'cancelled', 'set_aside']

/**
 * Removes notes that were last used more than `days` ago and that no unfinished delivery needs, row first; then every file
 * older than a day that no row knows: half-written ones, and those of a removal that was cut off.
 */
export async function cleanNotes({
  db,
  dir,
  now,
  today,
  days = KEPT_DAYS,
}: {
  db: Db
  dir: string
  now: number
  today: CivilDate
  days?: number
}): Promise<{ notes: number; files: number }> {
  const { deliveries, voice_notes } = db.t
  const removed = await db.write((tx) => {
    const needed = tx
      .select({ id: deliveries.voice_note_id })
      .from(deliveries)
      .where(and(isNotNull(deliveries.voice_note_id), notInArray(deliveries.state, FINAL)))
    return tx
      .delete(voice_notes)
      .where(and(lt(voice_notes.last_used_on, addDays(today, -days)), notInArray(voice_notes.id, needed)))
      .returning({ key: voice_notes.content_key })
  })
  const gone = new Set(removed.map(({ key }) => key))
  const unknown = await filesNotOnRecord(db, dir)
  let files = 0
  for (const { name, key } of unknown) {
    const path = join(dir, name)
    if (!gone.has(key) && (await modifiedAt(path)) > now - DAY_MS) continue
    await rm(path, { force: true })
    files += 1
  }
  return { notes: removed.length, files }
}

async function filesNotOnRecord({ read }: Db, dir: string): Promise<{ name: string; key: string }[]> {
  const { voice_notes } = read.t
  const files = (await readdir(dir, { withFileTypes: true })).filter((entry) => entry.isFile()).map(named)
  const keys = [...new Set(files.map(({ key }) => key))]
  const known = new Set<string>()
  for (let from = 0; from < keys.length; from += 500) {
    const rows = await read
      .select({ key: voice_notes.content_key })
      .from(voice_notes)
      .where(inArray(voice_notes.content_key, keys.slice(from, from + 500)))
    for (const { key } of rows) known.add(key)
  }
  return files.filter(({ name, key }) => name.endsWith('.tmp') || !known.has(key))
}

function named({ name }: Dirent): { name: string; key: string } {
  return { name, key: name.split('.')[0]! }
}

/** Epoch ms; of a file that has gone meanwhile, the beginning of time. */
async function modifiedAt(path: string): Promise<number> {
  try {
    return (await stat(path)).mtimeMs
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0
    throw error
  }
}
