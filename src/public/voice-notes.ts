import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { and, desc, eq, inArray, isNotNull } from 'drizzle-orm'
import type { Reader } from '../db/open.ts'

export type AudioFormat = 'mp3' | 'ogg'

/** A finished voice note whose file is there. */
export type VoiceNote = {
  token: string
  /** Languages that are heard, in order. */
  spoken: string[]
  milliseconds: number
  files: Record<AudioFormat, { path: string; bytes: number; digest: string }>
}

const TOKEN = /^[\w-]{16,128}$/

export async function voiceNoteByToken(reader: Reader, audioDir: string, token: string): Promise<VoiceNote | undefined> {
  if (!TOKEN.test(token)) return undefined
  const { voice_notes } = reader.t
  const [row] = await reader.select().from(voice_notes).where(eq(voice_notes.token, token))
  return row && withFiles(row, audioDir)
}

export async function voiceNoteById(reader: Reader, audioDir: string, id: number | null): Promise<VoiceNote | undefined> {
  if (id === null) return undefined
  const { voice_notes } = reader.t
  const [row] = await reader.select().from(voice_notes).where(eq(voice_notes.id, id))
  return row && withFiles(row, audioDir)
}

/** The note that a call or WhatsApp message about the same notices carries: a text message has none of its own. */
export async function siblingVoiceNoteId(reader: Reader, noticeIds: number[], language: string): Promise<number | null> {
  const { deliveries, delivery_notices } = reader.t
  const [row] = await reader
    .select({ id: deliveries.voice_note_id })
    .from(deliveries)
    .innerJoin(delivery_notices, eq(delivery_notices.delivery_id, deliveries.id))
    .where(
      and(
        inArray(delivery_notices.notice_id, noticeIds),
        isNotNull(deliveries.voice_note_id),
        eq(deliveries.language, language),
      ),
    )
    .orderBy(desc(deliveries.id))
    .limit(1)
  return row?.id ?? null
}

type Row = {
  content_key: string
  token: string
  spoken: string
  milliseconds: number
  mp3_digest: string
  ogg_digest: string
}

async function withFiles(row: Row, audioDir: string): Promise<VoiceNote | undefined> {
  const file = async (format: AudioFormat, digest: string) => {
    const path = join(audioDir, `${row.content_key}.${format}`)
    const bytes = await sizeOf(path)
    return bytes === undefined ? undefined : { path, bytes, digest }
  }
  const mp3 = await file('mp3', row.mp3_digest)
  const ogg = await file('ogg', row.ogg_digest)
  if (!mp3 || !ogg) return undefined
  const { token, milliseconds } = row
  return { token, milliseconds, spoken: row.spoken.split(','), files: { mp3, ogg } }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
