import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import { voiceScript } from '../compose/words.ts'
import type { Reader } from '../db/open.ts'
import type { ToldDelivery, ToldNotice } from '../deliver/find-by-token.ts'
import type { CivilDate } from '../lib/civil-date.ts'
import type { PublicDeps } from './deps.ts'
import { pageFactsOf } from './facts.ts'

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

export async function voiceNoteByToken(
  reader: Reader,
  audioDir: string,
  token: string,
): Promise<VoiceNote | undefined> {
  if (!TOKEN.test(token)) return undefined
  const { voice_notes } = reader.t
  const [row] = await reader.select().from(voice_notes).where(eq(voice_notes.token, token))
  return row && withFiles(row, audioDir)
}

/**
 * The recording of what these notices say today; else the one that the delivery was sent with, as long as its words still hold: a note that
 * names a day gone by is worse than none.
 */
export async function voiceNoteFor(
  { db, audioDir, office, voiceNotes }: Pick<PublicDeps, 'db' | 'audioDir' | 'office' | 'voiceNotes'>,
  {
    delivery,
    live,
    today,
    language,
  }: { delivery: ToldDelivery; live: readonly ToldNotice[]; today: CivilDate; language: string },
): Promise<VoiceNote | undefined> {
  const facts = pageFactsOf(live, { office, today, link: '' })
  const found = await voiceNotes.find(language, (template) => voiceScript(template, facts))
  const recorded = found && (await voiceNoteById(db.read, audioDir, found.id))
  if (recorded) return recorded

  const then = pageFactsOf(delivery.notices, { office, today: delivery.dueOn, link: '' })
  const holds = (['expiresOn', 'lastFilingDay', 'late', 'overstay', 'extend'] as const).every(
    (fact) => facts[fact] === then[fact],
  )
  return holds ? voiceNoteById(db.read, audioDir, delivery.voiceNoteId) : undefined
}

async function voiceNoteById(reader: Reader, audioDir: string, id: number | null): Promise<VoiceNote | undefined> {
  if (id === null) return undefined
  const { voice_notes } = reader.t
  const [row] = await reader.select().from(voice_notes).where(eq(voice_notes.id, id))
  return row && withFiles(row, audioDir)
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
