import { asc, eq, inArray } from 'drizzle-orm'
import type { Reader } from '../db/open.ts'
import type { Answer, FollowUpKind, HoldReason, Level, Role } from '../db/schema.ts'
import type { CivilDate } from '../lib/civil-date.ts'
import { type CorrectedField, correctionHistory } from '../register/corrections.ts'
import { deliveriesOf, type TimelineDelivery } from './delivery-history-query.ts'

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
  | {
      kind: 'hold'
      event: 'set' | 'lifted'
      reason: HoldReason
      by: string
      note: string | null
      until: CivilDate | null
    }
  | {
      kind: 'follow-up'
      event: 'opened' | 'closed'
      about: FollowUpKind
      cause: string
      by: string | null
      outcome: string | null
    }
  | {
      kind: 'correction'
      event: 'made' | 'ended'
      field: CorrectedField
      /** What stood before; null: nothing. */
      before: string | null
      /** Empty: none is known. Of an ended one, the value that no longer holds. */
      value: string
      /** An officer, or of an ended one also `register` or `resident`. */
      by: string
      reason: string | null
    }
  | { kind: 'permit'; permitNo: string; permitKind: string; expiresOn: CivilDate }
)

/** Everything on record about a resident, or only about some of the cycles (with the holds, corrections and permits, which are the person's), newest first. */
export async function timelineOf(
  reader: Reader,
  { residentId, cycles }: { residentId: number; cycles?: readonly number[] },
): Promise<TimelineEntry[]> {
  const cycleIds = cycles ? [...cycles] : await cyclesOf(reader, residentId)
  const entries = await Promise.all([
    noticesOf(reader, cycleIds),
    answersOf(reader, cycleIds),
    caseEventsOf(reader, cycleIds),
    holdsOf(reader, residentId),
    correctionsOf(reader, residentId),
    followUpsOf(reader, residentId, cycles),
    permitsOf(reader, residentId),
  ])
  return entries.flat().sort((a, b) => b.at - a.at)
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

async function correctionsOf(reader: Reader, residentId: number): Promise<TimelineEntry[]> {
  const corrections = await correctionHistory(reader, residentId)
  return corrections.flatMap((one): TimelineEntry[] => {
    const about = { kind: 'correction' as const, field: one.field, before: one.formerValue, value: one.value }
    const made = { ...about, event: 'made' as const, at: one.madeAt, by: one.madeBy, reason: one.reason }
    if (one.endedAt === null) return [made]
    return [{ ...about, event: 'ended', at: one.endedAt, by: one.endedBy ?? '', reason: null }, made]
  })
}

async function followUpsOf(
  reader: Reader,
  residentId: number,
  cycles: readonly number[] | undefined,
): Promise<TimelineEntry[]> {
  const { follow_ups } = reader.t
  const rows = await reader
    .select()
    .from(follow_ups)
    .where(eq(follow_ups.resident_id, residentId))
    .orderBy(asc(follow_ups.id))
  return rows
    .filter((row) => cycles === undefined || cycles.includes(row.cycle_id) || row.cycle_id === 0)
    .flatMap((row) => {
      const about = { kind: 'follow-up' as const, about: row.kind, cause: row.cause }
      const opened = { ...about, event: 'opened' as const, at: row.opened_at, by: null, outcome: null }
      if (row.closed_at === null) return [opened]
      return [
        opened,
        { ...about, event: 'closed' as const, at: row.closed_at, by: row.closed_by, outcome: row.outcome },
      ]
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
