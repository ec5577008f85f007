import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inArray } from 'drizzle-orm'
import type { Db } from '../../db/open.ts'

export type ProofAudioFile = {
  format: 'mp3' | 'ogg'
  /** SHA-256 as recorded when the note was made. */
  recorded: string
  bytes: number
  /** SHA-256 of the file as it is now; null when it is no longer kept. */
  now: string | null
}

export type ProofAudio = {
  id: number
  /** As asked for. */
  language: string
  /** What is heard, in this order. */
  spoken: string[]
  engine: string
  voices: string
  seconds: number
  madeAt: number
  files: ProofAudioFile[]
}

/** The recordings with these ids, and whether their files are still the ones that were made. */
export async function proofAudios(
  db: Db,
  { ids, audioDir }: { ids: readonly number[]; audioDir: string },
): Promise<ProofAudio[]> {
  if (ids.length === 0) return []
  const { voice_notes } = db.t
  const rows = await db.read
    .select()
    .from(voice_notes)
    .where(inArray(voice_notes.id, [...ids]))
    .orderBy(voice_notes.id)
  return Promise.all(
    rows.map(async (row) => {
      const file = async (format: 'mp3' | 'ogg'): Promise<ProofAudioFile> => ({
        format,
        recorded: row[`${format}_digest`],
        bytes: row[`${format}_bytes`],
        now: await digestOf(join(audioDir, `${row.content_key}.${format}`)),
      })
      return {
        id: row.id,
        language: row.language,
        spoken: row.spoken.split(','),
        engine: row.engine,
        voices: row.voices,
        seconds: Math.round(row.milliseconds / 1000),
        madeAt: row.created_at,
        files: [await file('mp3'), await file('ogg')],
      }
    }),
  )
}

async function digestOf(path: string): Promise<string | null> {
  try {
    return createHash('sha256')
      .update(await readFile(path))
      .digest('hex')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}
