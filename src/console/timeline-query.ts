import { asc, eq, inArray } from 'drizzle-orm'
import type { Reader } from '../db/open.ts'
import type { Answer, Channel, DeliveryState, FollowUpKind, HoldReason, Level, ReceiptKind, Role } from '../db/schema.ts'
import type { CivilDate } from '../lib/civil-date.ts'
import { saidIn } from './said-words.ts'

export type TimelineReceipt = {
  at: number
  kind: ReceiptKind
  status: string
  errorCode: number | null
  /** It came with the carrier's signature; what we asked for ourselves has none. */
  signed: boolean
}

export type TimelineAttempt = {
  number: number
  at: number
  outcome: string
  errorCode: number | null
  ended: string | null
  answeredBy: string | null
  digits: string | null
  heard: boolean | null
  seconds: number | null
  /** As they were sent. */
  words: string | null
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
}

/** One thing that happened to a resident; `at` is epoch ms. */
export type TimelineEntry = { at: number } & (
  | {
      kind: 'notice'
      stage: number
      reference: string
      on: CivilDate
      expiresOn: CivilDate
      deliveries: TimelineDelivery[]
    }
  | { kind: 'answer'; answer: Answer; role: Role; via: string; officer: string | null }
  | {
      kind: 'case'
      event: string
      caseId: number
      level: Level | null
      by: string
      text: string | null
      on: CivilDate
    }
  | { kind: 'hold'; event: 'set' | 'lifted'; reason: HoldReason; by: string; note: string | null; until: CivilDate | null }
  | {
      kind: 'follow-up'
      event: 'opened' | 'closed'
      about: FollowUpKind
      cause: string
      by: string | null
      outcome: string | null
    }
  | { kind: 'permit'; permitNo: string; permitKind: string; expiresOn: CivilDate }
)

/** Everything on record about a resident, or only about one of the cycles (with the holds, which are the person's), newest first. */
export async function timelineOf(
  reader: Reader,
  { residentId, cycleId }: { residentId: number; cycleId?: number },
): Promise<TimelineEntry[]> {
  const cycleIds = cycleId === undefined ? await cyclesOf(reader, residentId) : [cycleId]
  const entries = [
    ...(await noticesOf(reader, cycleIds)),
    ...(await answersOf(reader, cycleIds)),
    ...(await caseEventsOf(reader, cycleIds)),
    ...(await holdsOf(reader, residentId)),
    ...(await followUpsOf(reader, residentId, cycleId)),
    ...(await permitsOf(reader, residentId)),
  ]
  return entries.sort((a, b) => b.at - a.at)
}

async function cyclesOf(reader: Reader, residentId: number): Promise<number[]> {
  const { cycles } = reader.t
  const rows = await reader.select({ id: cycles.id }).from(cycles).where(eq(cycles.resident_id, residentId))
  return rows.map((row) => row.id)
}

async function noticesOf(reader: Reader, cycleIds: number[]): Promise<TimelineEntry[]> {
  if (cycleIds.length === 0) return []
  const { notices, cycles } = reader.t
  const rows = await reader
    .select({
      id: notices.id,
      stage: notices.stage,
      reference: notices.reference,
      on: notices.created_on,
      at: notices.created_at,
      expiresOn: cycles.expires_on,
    })
    .from(notices)
    .innerJoin(cycles, eq(cycles.id, notices.cycle_id))
    .where(inArray(notices.cycle_id, cycleIds))
  const deliveries = await deliveriesOf(
    reader,
    rows.map((row) => row.id),
  )
  return rows.map(({ id, ...row }) => ({ ...row, kind: 'notice', deliveries: deliveries.get(id) ?? [] }))
}

async function deliveriesOf(reader: Reader, noticeIds: number[]): Promise<Map<number, TimelineDelivery[]>> {
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
    .where(inArray(delivery_notices.notice_id, noticeIds))
    .orderBy(asc(deliveries.id))
  const attempts = await attemptsOf(reader, [...new Set(rows.map((row) => row.id))])
  const found = new Map<number, TimelineDelivery[]>()
  for (const { noticeId, voiceNoteId, milliseconds, spoken, digest, ...row } of rows) {
    const voiceNote =
      voiceNoteId === null
        ? null
        : { id: voiceNoteId, seconds: Math.round((milliseconds ?? 0) / 1000), spoken: spoken!, digest: digest! }
    const list = found.get(noticeId) ?? []
    found.set(noticeId, [...list, { ...row, voiceNote, attempts: attempts.get(row.id) ?? [] }])
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
      outcome: attempts.outcome,
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
      heard: heard === null ? null : heard === 1,
      receipts: (row.sid && receipts.get(row.sid)) || [],
    }
    found.set(deliveryId, [...(found.get(deliveryId) ?? []), attempt])
  }
  return found
}

async function receiptsOf(reader: Reader, sids: string[]): Promise<Map<string, TimelineReceipt[]>> {
  if (sids.length === 0) return new Map()
  const { receipts } = reader.t
  const rows = await reader
    .select({
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
    rows.map(({ signature, ...row }) => ({ ...row, signed: signature !== '' && row.kind !== 'poll' })),
    (row) => row.sid,
  )
}

async function answersOf(reader: Reader, cycleIds: number[]): Promise<TimelineEntry[]> {
  if (cycleIds.length === 0) return []
  const { acknowledgements: acks } = reader.t
  const rows = await reader
    .select({ answer: acks.answer, role: acks.role, via: acks.via, officer: acks.officer, at: acks.at })
    .from(acks)
    .where(inArray(acks.cycle_id, cycleIds))
  return rows.map((row) => ({ ...row, kind: 'answer' }))
}

async function caseEventsOf(reader: Reader, cycleIds: number[]): Promise<TimelineEntry[]> {
  if (cycleIds.length === 0) return []
  const { overstay_cases, case_events } = reader.t
  const rows = await reader
    .select({
      caseId: overstay_cases.id,
      event: case_events.kind,
      level: case_events.level,
      by: case_events.by,
      text: case_events.text,
      on: case_events.on,
      at: case_events.at,
    })
    .from(overstay_cases)
    .innerJoin(case_events, eq(case_events.case_id, overstay_cases.id))
    .where(inArray(overstay_cases.cycle_id, cycleIds))
    .orderBy(asc(case_events.id))
  return rows.toReversed().map((row) => ({ ...row, kind: 'case' }))
}

async function holdsOf(reader: Reader, residentId: number): Promise<TimelineEntry[]> {
  const { holds } = reader.t
  const rows = await reader.select().from(holds).where(eq(holds.resident_id, residentId)).orderBy(asc(holds.id))
  return rows.flatMap((row) => {
    const about = { kind: 'hold' as const, reason: row.reason, until: row.until_on }
    const set = { ...about, event: 'set' as const, at: row.set_at, by: row.set_by, note: row.note }
    if (row.lifted_at === null) return [set]
    return [set, { ...about, event: 'lifted' as const, at: row.lifted_at, by: row.lifted_by ?? '', note: null }]
  })
}

async function followUpsOf(reader: Reader, residentId: number, cycleId?: number): Promise<TimelineEntry[]> {
  const { follow_ups } = reader.t
  const rows = await reader
    .select()
    .from(follow_ups)
    .where(eq(follow_ups.resident_id, residentId))
    .orderBy(asc(follow_ups.id))
  return rows
    .filter((row) => cycleId === undefined || row.cycle_id === cycleId || row.cycle_id === 0)
    .flatMap((row) => {
      const about = { kind: 'follow-up' as const, about: row.kind, cause: row.cause }
      const opened = { ...about, event: 'opened' as const, at: row.opened_at, by: null, outcome: null }
      if (row.closed_at === null) return [opened]
      return [opened, { ...about, event: 'closed' as const, at: row.closed_at, by: row.closed_by, outcome: row.outcome }]
    })
}

async function permitsOf(reader: Reader, residentId: number): Promise<TimelineEntry[]> {
  const { permits } = reader.t
  const rows = await reader
    .select({
      permitNo: permits.permit_no,
      permitKind: permits.kind,
      expiresOn: permits.expires_on,
      at: permits.created_at,
    })
    .from(permits)
    .where(eq(permits.resident_id, residentId))
  return rows.map((row) => ({ ...row, kind: 'permit' }))
}
