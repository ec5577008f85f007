import { and, eq, inArray, isNull, not, type SQL } from 'drizzle-orm'
import { inOffices } from '../db/of-office.ts'
import type { Db, Reader, Tx } from '../db/open.ts'
import { addDays, type CivilDate } from '../lib/civil-date.ts'
import type { Log } from '../lib/events.ts'
import type { Offices } from '../lib/offices.ts'
import { issuedBy } from '../scan/candidates.ts'
import { toldMarks } from '../scan/told-marks.ts'
import { reviewOpenCases } from './case-review.ts'
import { openingOf, TENGGAT } from './case-rules.ts'
import { before, behind, pagesOf } from './pages.ts'
import { isHeld } from './standing.ts'

/** The offices are in one time zone: `today` is theirs. */
export type OverstayDeps = { db: Db; log: Log; offices: Offices; now: number; today: CivilDate }

export type OverstayCounts = {
  opened: number
  escalated: number
  flagged_day_60: number
  proposed: number
  withdrawn: number
}

/**
 * Brings every case of the offices up to `today`: reviews the open ones, then opens what is missing. The same pass again
 * changes nothing; after days without one, a single pass says what the missed ones would have.
 */
export async function overstayPass(deps: OverstayDeps): Promise<OverstayCounts> {
  const reviewed = await reviewOpenCases(deps)
  const opened = await openCases(deps)
  const counts = { ...reviewed, opened: opened.opened, flagged_day_60: reviewed.flagged_day_60 + opened.flagged_day_60 }
  deps.log.info({ today: deps.today, ...counts }, 'overstay pass')
  return counts
}

async function openCases(deps: OverstayDeps): Promise<Pick<OverstayCounts, 'opened' | 'flagged_day_60'>> {
  const total = { opened: 0, flagged_day_60: 0 }
  for await (const page of endedPermits(deps)) {
    if ((await withoutCase(deps.db.read, deps, page)).length === 0) continue
    const added = await deps.db.write((tx) => openRange(tx, deps, page))
    total.opened += added.opened
    total.flagged_day_60 += added.flagged_day_60
  }
  return total
}

function endedPermits({ db, today }: OverstayDeps): AsyncGenerator<SQL> {
  const { permits } = db.t
  return pagesOf(db.read, {
    table: permits,
    columns: [permits.expires_on, permits.id],
    from: before(''),
    to: behind(addDays(today, -1)),
    where: eq(permits.is_current, 1),
  })
}

/** A cycle that ever had a case gets no second one, closed or not, nor erased with the person. */
async function withoutCase(reader: Reader, deps: OverstayDeps, page: SQL) {
  const ended = await withoutKnownCase(reader, deps, page)
  const cycles = ended.map(({ issued_by, permit_no, expires_on }) => ({
    issuedBy: issued_by,
    permitNo: permit_no,
    expiresOn: expires_on,
  }))
  const marks = await toldMarks(reader, deps.db.vault, cycles)
  return ended.filter((_, at) => !marks[at]?.caseClosed)
}

function withoutKnownCase(reader: Reader, { offices, today }: OverstayDeps, page: SQL) {
  const { permits, cycles, overstay_cases } = reader.t
  return reader
    .select({
      permit_id: permits.id,
      office_code: permits.office_code,
      issued_by: issuedBy(permits),
      permit_no: permits.permit_no,
      resident_id: permits.resident_id,
      expires_on: permits.expires_on,
      known_since: permits.known_since,
    })
    .from(permits)
    .leftJoin(cycles, and(eq(cycles.permit_id, permits.id), eq(cycles.expires_on, permits.expires_on)))
    .leftJoin(overstay_cases, eq(overstay_cases.cycle_id, cycles.id))
    .where(
      and(
        eq(permits.is_current, 1),
        page,
        inOffices(permits.office_code, offices),
        isNull(overstay_cases.id),
        not(isHeld(reader, permits.resident_id, today)),
      ),
    )
}

async function openRange(tx: Tx, deps: OverstayDeps, page: SQL) {
  const { offices, now, today } = deps
  const { overstay_cases, case_events } = tx.t
  const ended = await withoutCase(tx, deps, page)
  const cycleIds = await cyclesOf(tx, ended, now)
  const beginnings = new Map(
    ended.map((permit) => {
      const { permit_id, resident_id, expires_on, known_since } = permit
      const office = offices.of(permit.office_code)
      const cycle_id = cycleIds.get(cycleKey(permit))!
      const opening = openingOf({ office, expiresOn: expires_on, knownSince: known_since, today })
      return [cycle_id, { cycle_id, permit_id, resident_id, expires_on, opening }] as const
    }),
  )
  if (beginnings.size === 0) return { opened: 0, flagged_day_60: 0 }

  const opened = await tx
    .insert(overstay_cases)
    .values(
      [...beginnings.values()].map(({ opening, ...cycle }) => ({
        ...cycle,
        level: opening.level,
        known_late: opening.knownLate ? 1 : 0,
        opened_on: today,
        opened_at: now,
      })),
    )
    .onConflictDoNothing()
    .returning({ id: overstay_cases.id, cycle_id: overstay_cases.cycle_id })
  const events = opened.flatMap(({ id, cycle_id }) => {
    const { opening } = beginnings.get(cycle_id)!
    const event = { case_id: id, level: opening.level, by: TENGGAT, on: today, at: now }
    const first = {
      ...event,
      kind: 'opened' as const,
      text: opening.knownLate ? 'lewat sebelum data masuk: periksa perlintasan' : null,
    }
    return opening.day60 ? [first, { ...event, kind: 'day-60' as const, text: null }] : [first]
  })
  if (events.length > 0) await tx.insert(case_events).values(events)
  return { opened: opened.length, flagged_day_60: events.length - opened.length }
}

/** The scan makes a cycle with its first notice; a permit that never had one gets it here. */
async function cyclesOf(
  tx: Tx,
  ended: Awaited<ReturnType<typeof withoutCase>>,
  now: number,
): Promise<Map<string, number>> {
  if (ended.length === 0) return new Map()
  const { cycles } = tx.t
  await tx
    .insert(cycles)
    .values(
      ended.map(({ permit_id, resident_id, expires_on }) => ({ permit_id, resident_id, expires_on, created_at: now })),
    )
    .onConflictDoNothing()
  const rows = await tx
    .select({ id: cycles.id, permit_id: cycles.permit_id, expires_on: cycles.expires_on })
    .from(cycles)
    .where(
      inArray(
        cycles.permit_id,
        ended.map((permit) => permit.permit_id),
      ),
    )
  return new Map(rows.map((row) => [cycleKey(row), row.id]))
}

function cycleKey(cycle: { permit_id: number; expires_on: CivilDate }): string {
  return `${cycle.permit_id} ${cycle.expires_on}`
}
