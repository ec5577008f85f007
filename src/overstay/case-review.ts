import { and, eq, inArray, isNull, ne, or, type SQL } from 'drizzle-orm'
import { inOffices } from '../db/of-office.ts'
import type { Reader, Tx } from '../db/open.ts'
import { addDays } from '../lib/civil-date.ts'
import { liveHolds } from '../register/holds.ts'
import { type CaseStep, proposalFor, reviewCase, TENGGAT } from './case-rules.ts'
import type { OverstayCounts, OverstayDeps } from './cases.ts'
import { before, behind, pagesOf } from './pages.ts'

/** Proposes and withdraws closings, raises levels and flags day 60, for every open case of the office. */
export async function reviewOpenCases(deps: OverstayDeps): Promise<OverstayCounts> {
  const { db } = deps
  const counts = { opened: 0, escalated: 0, flagged_day_60: 0, proposed: 0, withdrawn: 0 }
  for await (const page of openCases(deps)) {
    const due = await stepsOf(db.read, deps, page)
    if (due.length === 0) continue
    const ids = due.map(({ row }) => row.id)
    const taken = await db.write(async (tx) => {
      const again = await stepsOf(tx, deps, inArray(tx.t.overstay_cases.id, ids))
      const done: CaseStep[] = []
      for (const one of again) done.push(...(await take(tx, deps, one)))
      return done
    })
    for (const step of taken) counts[counted[step.kind]] += 1
  }
  return counts
}

const counted = {
  proposed: 'proposed',
  withdrawn: 'withdrawn',
  'day-60': 'flagged_day_60',
  escalated: 'escalated',
} as const satisfies Record<CaseStep['kind'], keyof OverstayCounts>

function openCases({ db }: OverstayDeps): AsyncGenerator<SQL> {
  const { overstay_cases } = db.t
  return pagesOf(db.read, {
    table: overstay_cases,
    columns: [overstay_cases.expires_on, overstay_cases.id],
    from: before(''),
    to: behind('9999'),
    where: isNull(overstay_cases.closed_at),
  })
}

type Reviewed = { row: Awaited<ReturnType<typeof casesWhere>>[number]; steps: CaseStep[] }

async function stepsOf(reader: Reader, deps: OverstayDeps, where: SQL | undefined): Promise<Reviewed[]> {
  const { offices, today } = deps
  const rows = await casesWhere(reader, deps, where)
  const holds = await liveHolds(
    reader,
    rows.map((row) => row.resident_id),
    today,
  )
  const renewed = await withCurrentPermit(
    reader,
    rows.filter((row) => row.is_current === 0).map((row) => row.resident_id),
  )
  const seen = await seenByOfficers(
    reader,
    rows.filter((row) => row.known_late === 1).map((row) => row.id),
  )
  const sixtieth = addDays(today, -60)
  const flagged = await flaggedDay60(
    reader,
    rows.filter((row) => row.expires_on === sixtieth).map((row) => row.id),
  )

  return rows
    .map((row) => {
      const proposal = proposalFor({
        expiresOn: row.expires_on,
        permit: { isCurrent: row.is_current === 1, expiresOn: row.permit_expires_on },
        otherIsCurrent: renewed.has(row.resident_id),
        hold: holds.get(row.resident_id)?.at(-1)?.reason ?? null,
      })
      const facts = {
        expiresOn: row.expires_on,
        level: row.level,
        knownLate: row.known_late === 1,
        officerSaw: seen.has(row.id),
        day60Flagged: flagged.has(row.id),
        proposed: row.proposed,
        proposal,
      }
      return { row, steps: reviewCase({ office: offices.of(row.office_code), today, facts }) }
    })
    .filter(({ steps }) => steps.length > 0)
}

function casesWhere(reader: Reader, { offices }: OverstayDeps, where: SQL | undefined) {
  const { overstay_cases, permits } = reader.t
  return reader
    .select({
      id: overstay_cases.id,
      office_code: permits.office_code,
      resident_id: overstay_cases.resident_id,
      expires_on: overstay_cases.expires_on,
      level: overstay_cases.level,
      known_late: overstay_cases.known_late,
      proposed: overstay_cases.proposed,
      version: overstay_cases.version,
      is_current: permits.is_current,
      permit_expires_on: permits.expires_on,
    })
    .from(overstay_cases)
    .innerJoin(permits, eq(permits.id, overstay_cases.permit_id))
    .where(and(isNull(overstay_cases.closed_at), inOffices(permits.office_code, offices), where))
}

async function withCurrentPermit(reader: Reader, residentIds: number[]): Promise<Set<number>> {
  if (residentIds.length === 0) return new Set()
  const { permits } = reader.t
  const rows = await reader
    .select({ resident_id: permits.resident_id })
    .from(permits)
    .where(and(inArray(permits.resident_id, residentIds), eq(permits.is_current, 1)))
  return new Set(rows.map((row) => row.resident_id))
}

async function seenByOfficers(reader: Reader, caseIds: number[]): Promise<Set<number>> {
  const { case_events } = reader.t
  const byOfficer = and(eq(case_events.kind, 'escalated'), ne(case_events.by, TENGGAT))
  return casesWithEvent(reader, caseIds, or(eq(case_events.kind, 'contact'), byOfficer))
}

function flaggedDay60(reader: Reader, caseIds: number[]): Promise<Set<number>> {
  return casesWithEvent(reader, caseIds, eq(reader.t.case_events.kind, 'day-60'))
}

async function casesWithEvent(reader: Reader, caseIds: number[], event: SQL | undefined): Promise<Set<number>> {
  if (caseIds.length === 0) return new Set()
  const { case_events } = reader.t
  const rows = await reader
    .selectDistinct({ case_id: case_events.case_id })
    .from(case_events)
    .where(and(inArray(case_events.case_id, caseIds), event))
  return new Set(rows.map((row) => row.case_id))
}

/** Nothing happens to a case that somebody changed since it was read; the next pass looks again. */
async function take(tx: Tx, { now, today }: OverstayDeps, { row, steps }: Reviewed): Promise<CaseStep[]> {
  const { overstay_cases, case_events } = tx.t
  const changes: { level?: typeof row.level; proposed?: string | null; proposed_at?: number | null } = {}
  for (const step of steps) {
    if (step.kind === 'escalated') changes.level = step.level
    if (step.kind === 'proposed') Object.assign(changes, { proposed: step.proposal, proposed_at: now })
    if (step.kind === 'withdrawn') Object.assign(changes, { proposed: null, proposed_at: null })
  }
  const changed = await tx
    .update(overstay_cases)
    .set({ ...changes, version: row.version + 1 })
    .where(
      and(eq(overstay_cases.id, row.id), eq(overstay_cases.version, row.version), isNull(overstay_cases.closed_at)),
    )
    .returning({ id: overstay_cases.id })
  if (changed.length === 0) return []
  await tx.insert(case_events).values(
    steps.map((step) => ({
      case_id: row.id,
      kind: step.kind,
      level: step.kind === 'escalated' ? step.level : row.level,
      by: TENGGAT,
      text: textOf(step),
      on: today,
      at: now,
    })),
  )
  return steps
}

function textOf(step: CaseStep): string | null {
  if (step.kind === 'proposed') return step.proposal
  if (step.kind === 'withdrawn') return step.was
  if (step.kind === 'escalated' && step.skipped.length > 0) return `terlewati: ${step.skipped.join(', ')}`
  return null
}
