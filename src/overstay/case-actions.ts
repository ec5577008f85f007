import { and, desc, eq } from 'drizzle-orm'
import type { Db, Tx } from '../db/open.ts'
import type { Level } from '../db/schema.ts'
import type { CivilDate } from '../lib/civil-date.ts'
import { AppError } from '../lib/errors.ts'
import type { Office } from '../lib/office.ts'
import {
  CASE_OUTCOMES,
  type CaseOutcome,
  CONTACT_CHANNELS,
  type ContactChannel,
  contactText,
  levelsAbove,
} from './case-rules.ts'

/** `version`: the one the officer was looking at; without it only the case's state is checked. */
export type CaseAction = { caseId: number; by: string; version?: number }
export type CaseActionDeps = { db: Db; now: number; today: CivilDate }

/**
 * Ends a case; nobody but an officer does. All actions on cases return the new version and
 * @throws AppError `not-found`; `conflict` when somebody was first, naming who and what; `invalid` with what is allowed.
 */
export async function closeCase(
  deps: CaseActionDeps,
  action: CaseAction & { outcome: CaseOutcome; note?: string },
): Promise<number> {
  const { outcome, note } = action
  oneOf(CASE_OUTCOMES, outcome, 'hasil')
  return change(deps, action, 'open', () => ({
    set: { closed_at: deps.now, closed_by: action.by, outcome, proposed: null, proposed_at: null },
    event: { kind: 'closed', text: note ? `${outcome}: ${note}` : outcome },
  }))
}

/** A reason to close that still stands is proposed again by the next pass. */
export function reopenCase(deps: CaseActionDeps, action: CaseAction & { note?: string }): Promise<number> {
  return change(deps, action, 'closed', () => ({
    set: { closed_at: null, closed_by: null, outcome: null },
    event: { kind: 'reopened', text: action.note ?? null },
  }))
}

/** Raises the level, by one unless `to` names a higher one. */
export function escalateCase(
  deps: CaseActionDeps & { office: Office },
  action: CaseAction & { to?: Level; note?: string },
): Promise<number> {
  return change(deps, action, 'open', (row) => {
    const allowed = levelsAbove(deps.office, row.level)
    if (allowed.length === 0) throw new AppError('invalid', `kasus ${row.id} sudah di tingkat tertinggi (${row.level})`)
    const level = action.to ?? allowed[0]!
    oneOf(allowed, level, `tingkat di atas ${row.level}`)
    return { set: { level }, event: { kind: 'escalated', level, text: action.note ?? null } }
  })
}

/** `to` null takes the case from whoever had it. */
export function assignCase(deps: CaseActionDeps, action: CaseAction & { to: string | null }): Promise<number> {
  return change(deps, action, 'open', () => ({
    set: { assigned_to: action.to },
    event: { kind: 'assigned', text: action.to },
  }))
}

/** On open and closed cases alike; it is no change that another officer could be surprised by. */
export async function noteOnCase(
  deps: CaseActionDeps,
  note: Omit<CaseAction, 'version'> & { text: string },
): Promise<void> {
  await deps.db.write(async (tx) => {
    const row = await caseRow(tx, note.caseId)
    await addEvent(tx, deps, { row, by: note.by, kind: 'note', text: note.text })
  })
}

/** A contact counts as confirmed: the cycle's open `phone` follow-up closes with the next `attendPass`. */
export async function recordContact(
  deps: CaseActionDeps,
  action: CaseAction & { channel: ContactChannel; text: string },
): Promise<number> {
  oneOf(CONTACT_CHANNELS, action.channel, 'cara menghubungi')
  return change(deps, action, 'open', () => ({
    set: {},
    event: { kind: 'contact', text: contactText(action.channel, action.text) },
  }))
}

type Tables = Tx['t']
type CaseRow = Tables['overstay_cases']['$inferSelect']
type EventKind = Tables['case_events']['$inferSelect']['kind']
type Change = {
  set: Partial<Tables['overstay_cases']['$inferInsert']>
  event: { kind: EventKind; level?: Level; text: string | null }
}

function change(
  deps: CaseActionDeps,
  action: CaseAction,
  must: 'open' | 'closed',
  decide: (row: CaseRow) => Change,
): Promise<number> {
  return deps.db.write(async (tx) => {
    const row = await caseRow(tx, action.caseId)
    const isOpen = row.closed_at === null
    const seen = action.version ?? row.version
    if (isOpen !== (must === 'open') || seen !== row.version) throw await somebodyWasFirst(tx, row)
    const { set, event } = decide(row)

    const { overstay_cases } = tx.t
    const version = row.version + 1
    const changed = await tx
      .update(overstay_cases)
      .set({ ...set, version })
      .where(and(eq(overstay_cases.id, row.id), eq(overstay_cases.version, row.version)))
      .returning({ id: overstay_cases.id })
    if (changed.length === 0) throw await somebodyWasFirst(tx, await caseRow(tx, row.id))
    await addEvent(tx, deps, { row, by: action.by, ...event })
    return version
  })
}

async function caseRow(tx: Tx, caseId: number): Promise<CaseRow> {
  const { overstay_cases } = tx.t
  const [row] = await tx.select().from(overstay_cases).where(eq(overstay_cases.id, caseId))
  if (!row) throw new AppError('not-found', `tidak ada kasus ${caseId}`)
  return row
}

async function somebodyWasFirst(tx: Tx, row: CaseRow): Promise<AppError> {
  const { case_events } = tx.t
  const [last] = await tx
    .select({ kind: case_events.kind, by: case_events.by, on: case_events.on })
    .from(case_events)
    .where(eq(case_events.case_id, row.id))
    .orderBy(desc(case_events.id))
    .limit(50)
    .then((events) => events.filter(({ kind }) => kind !== 'note'))
  const what = last ? `${eventWords[last.kind]} oleh ${last.by} pada ${last.on}` : 'diubah'
  const outcome = row.outcome ? ` (${row.outcome})` : ''
  return new AppError('conflict', `kasus ${row.id} sudah ${what}${outcome}; muat ulang, lalu periksa lagi`)
}

const eventWords: Record<EventKind, string> = {
  opened: 'dibuka',
  escalated: 'dinaikkan',
  'day-60': 'ditandai hari ke-60',
  proposed: 'diusulkan ditutup',
  withdrawn: 'dicabut usul penutupannya',
  assigned: 'ditugaskan',
  contact: 'dicatat kontaknya',
  note: 'diberi catatan',
  closed: 'ditutup',
  reopened: 'dibuka kembali',
}

async function addEvent(
  tx: Tx,
  { now, today }: CaseActionDeps,
  event: { row: CaseRow; by: string } & Change['event'],
): Promise<void> {
  const { row, by, kind, text } = event
  await tx.insert(tx.t.case_events).values({
    case_id: row.id,
    kind,
    level: event.level ?? row.level,
    by,
    text,
    on: today,
    at: now,
  })
}

function oneOf(allowed: readonly string[], value: string, name: string): void {
  if (!allowed.includes(value)) {
    throw new AppError('invalid', `${name}: "${value}" tidak dikenal; yang diperbolehkan: ${allowed.join(', ')}`)
  }
}
