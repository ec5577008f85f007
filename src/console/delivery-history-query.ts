import { and, asc, eq, inArray } from 'drizzle-orm'
import type { Reader } from '../db/open.ts'
import type { Channel, DeliveryState, ReceiptKind, Role } from '../db/schema.ts'
import { REQUEUED } from './audit.ts'
import { numberIn, saidIn, voiceNoteIn } from './said-words.ts'

export type TimelineReceipt = {
  id: number
  at: number
  kind: ReceiptKind
  status: string
  errorCode: number | null
  /** It came with the carrier's signature; what we asked for ourselves has none. */
  signed: boolean
}

export type TimelineAttempt = {
  /** Below zero: the voice note that a tap on "listen" brought. */
  number: number
  at: number
  finishedAt: number | null
  outcome: string
  httpStatus: number | null
  errorCode: number | null
  ended: string | null
  answeredBy: string | null
  digits: string | null
  heard: boolean | null
  seconds: number | null
  /** As they were sent. */
  words: string | null
  /** What a call played. */
  voiceNoteId: number | null
  /** The number it went to; null where that is no longer kept. */
  to: string | null
  sid: string | null
  receipts: TimelineReceipt[]
}

export type TimelineDelivery = {
  id: number
  channel: Channel
  role: Role
  phone: string
  language: string
  state: DeliveryState
  reason: string | null
  since: number
  notBefore: number
  voiceNote: { id: number; seconds: number; spoken: string; digest: string } | null
  attempts: TimelineAttempt[]
  /** Officers who had it sent once more. */
  retries: { at: number; by: string | null }[]
}

/** By notice: how each was sent, with all attempts and all that the carrier said of them. Four queries. */
export async function deliveriesOf(
  reader: Reader,
  noticeIds: readonly number[],
): Promise<Map<number, TimelineDelivery[]>> {
  if (noticeIds.length === 0) return new Map()
  const { delivery_notices, deliveries, voice_notes } = reader.t
  const rows = await reader
    .select({
      noticeId: delivery_notices.notice_id,
      id: deliveries.id,
      channel: deliveries.channel,
      role: delivery_notices.role,
      phone: deliveries.phone,
      language: deliveries.language,
      state: deliveries.state,
      reason: deliveries.reason,
      since: deliveries.state_since,
      notBefore: deliveries.not_before,
      voiceNoteId: voice_notes.id,
      milliseconds: voice_notes.milliseconds,
      spoken: voice_notes.spoken,
      digest: voice_notes.mp3_digest,
    })
    .from(delivery_notices)
    .innerJoin(deliveries, eq(deliveries.id, delivery_notices.delivery_id))
    .leftJoin(voice_notes, eq(voice_notes.id, deliveries.voice_note_id))
    .where(inArray(delivery_notices.notice_id, [...noticeIds]))
    .orderBy(asc(deliveries.id))
  const ids = [...new Set(rows.map((row) => row.id))]
  const attempts = await attemptsOf(reader, ids)
  const retries = await retriesOf(reader, ids)
  const found = new Map<number, TimelineDelivery[]>()
  for (const { noticeId, voiceNoteId, milliseconds, spoken, digest, ...row } of rows) {
    const voiceNote =
      voiceNoteId === null
        ? null
        : { id: voiceNoteId, seconds: Math.round((milliseconds ?? 0) / 1000), spoken: spoken!, digest: digest! }
    const list = found.get(noticeId) ?? []
    found.set(noticeId, [
      ...list,
      { ...row, voiceNote, attempts: attempts.get(row.id) ?? [], retries: retries.get(row.id) ?? [] },
    ])
  }
  return found
}

async function attemptsOf(reader: Reader, deliveryIds: number[]): Promise<Map<number, TimelineAttempt[]>> {
  if (deliveryIds.length === 0) return new Map()
  const { attempts } = reader.t
  const rows = await reader
    .select({
      deliveryId: attempts.delivery_id,
      number: attempts.number,
      at: attempts.started_at,
      finishedAt: attempts.finished_at,
      outcome: attempts.outcome,
      httpStatus: attempts.http_status,
      errorCode: attempts.error_code,
      ended: attempts.ended,
      answeredBy: attempts.answered_by,
      digits: attempts.digits,
      heard: attempts.heard,
      seconds: attempts.seconds,
      words: attempts.words,
      sid: attempts.sid,
    })
    .from(attempts)
    .where(inArray(attempts.delivery_id, deliveryIds))
    .orderBy(asc(attempts.id))
  const receipts = await receiptsOf(
    reader,
    rows.flatMap((row) => row.sid ?? []),
  )
  const found = new Map<number, TimelineAttempt[]>()
  for (const { deliveryId, heard, words, ...row } of rows) {
    const attempt = {
      ...row,
      words: saidIn(words),
      to: numberIn(words),
      voiceNoteId: voiceNoteIn(words),
      heard: heard === null ? null : heard === 1,
      receipts: (row.sid && receipts.get(row.sid)) || [],
    }
    found.set(deliveryId, [...(found.get(deliveryId) ?? []), attempt])
  }
  return found
}

async function retriesOf(reader: Reader, deliveryIds: number[]): Promise<Map<number, TimelineDelivery['retries']>> {
  if (deliveryIds.length === 0) return new Map()
  const { audit, officers } = reader.t
  const rows = await reader
    .select({ id: audit.subject_id, at: audit.at, by: officers.name })
    .from(audit)
    .leftJoin(officers, eq(officers.id, audit.officer_id))
    .where(and(eq(audit.subject_kind, 'delivery'), inArray(audit.subject_id, deliveryIds), eq(audit.action, REQUEUED)))
    .orderBy(asc(audit.id))
  const found = new Map<number, TimelineDelivery['retries']>()
  for (const { id, ...retry } of rows) if (id !== null) found.set(id, [...(found.get(id) ?? []), retry])
  return found
}

async function receiptsOf(reader: Reader, sids: string[]): Promise<Map<string, TimelineReceipt[]>> {
  if (sids.length === 0) return new Map()
  const { receipts } = reader.t
  const rows = await reader
    .select({
      id: receipts.id,
      sid: receipts.sid,
      at: receipts.received_at,
      kind: receipts.kind,
      status: receipts.status,
      errorCode: receipts.error_code,
      signature: receipts.signature,
    })
    .from(receipts)
    .where(inArray(receipts.sid, sids))
    .orderBy(asc(receipts.received_at), asc(receipts.id))
  return Map.groupBy(
    rows.map(({ signature, ...row }) => ({ ...row, signed: isSigned(signature) })),
    (row) => row.sid,
  )
}

/** In place of the signature of what we asked the carrier ourselves. */
export const POLLED = 'poll'

/** Whether a receipt is the carrier's own. */
export function isSigned(signature: string): boolean {
  return signature !== '' && signature !== POLLED
}
