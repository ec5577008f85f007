import { and, eq, inArray, isNotNull, isNull, lt, ne, or, type SQL } from 'drizzle-orm'
import { ofOffice } from '../db/of-office.ts'
import type { Reader } from '../db/open.ts'
import type { FollowUpKind } from '../db/schema.ts'
import { type CivilDate, daysBetween } from '../lib/civil-date.ts'
import type { Office } from '../lib/office.ts'
import { liveHolds } from '../register/holds.ts'
import { type Reason, reasonsOf } from './follow-up-reasons.ts'
import { isAfter } from './pages.ts'
import { isTheirNumber } from './settled-numbers.ts'

export type FollowUpFilter = {
  id?: number
  kind?: FollowUpKind
  /** All kinds but this. */
  notKind?: FollowUpKind
  /** null: those that nobody has taken. */
  owner?: string | null
  /** With those of no known regency. */
  regencies?: readonly string[]
  residentId?: number
  /** Default false: the open ones. */
  closed?: boolean
  /** Due before today. */
  overdue?: boolean
  /** The last row of the page before. */
  after?: Pick<FollowUpRow, 'due_on' | 'id'>
  /** Default 200. */
  limit?: number
}

export type FollowUpRow = Reason & {
  id: number
  kind: FollowUpKind
  cause: string
  resident_id: number
  /** null: it belongs to no cycle. */
  cycle_id: number | null
  name: string
  nationality: string
  phone: string | null
  sponsor_name: string | null
  sponsor_phone: string | null
  regency: string | null
  district: string | null
  /** The resident's current permit. */
  permit_no: string | null
  permit_kind: string | null
  expires_on: CivilDate | null
  days_left: number | null
  /** The cycle that it was opened for is over, the number has changed, or the resident has a hold: an officer may well close it. */
  moot: boolean
  owner: string | null
  due_on: CivilDate
  overdue: boolean
  opened_at: number
  closed_at: number | null
  closed_by: string | null
  outcome: string | null
}

/** For officers: the first due first. A few queries per page, however many rows. */
export async function followUpList(
  reader: Reader,
  { office, today, filter = {} }: { office: Office; today: CivilDate; filter?: FollowUpFilter },
): Promise<FollowUpRow[]> {
  const rows = await rowsWhere(reader, { office, today, filter })
  const residentIds = [...new Set(rows.map((row) => row.resident_id))]
  const permits = await currentPermits(reader, residentIds)
  const expiries = await cycleExpiries(
    reader,
    rows.map((row) => row.cycle_id),
  )
  const held = await liveHolds(reader, residentIds, today)
  const reasons = await reasonsOf(reader, { rows, timeZone: office.timeZone })

  return rows.map(({ phone_index, sponsor_phone_index, ...row }) => {
    const permit = permits.get(row.resident_id)
    const cycle = expiries.get(row.cycle_id)
    const over = cycle !== undefined && (cycle.permit_id !== permit?.id || cycle.expires_on !== permit.expires_on)
    const changed = row.kind === 'number' && !isTheirNumber({ cause: row.cause, phone_index, sponsor_phone_index })
    return {
      ...row,
      ...reasons.get(row.id)!,
      cycle_id: row.cycle_id === 0 ? null : row.cycle_id,
      permit_no: permit?.permit_no ?? null,
      permit_kind: permit?.kind ?? null,
      expires_on: permit?.expires_on ?? null,
      days_left: permit ? daysBetween(today, permit.expires_on) : null,
      moot: over || changed || held.has(row.resident_id),
      overdue: row.closed_at === null && row.due_on < today,
    }
  })
}

function rowsWhere(
  reader: Reader,
  { office, today, filter }: { office: Office; today: CivilDate; filter: FollowUpFilter },
) {
  const { follow_ups, residents } = reader.t
  const { id, kind, owner, regencies, residentId, closed = false, overdue, after, limit = 200 } = filter
  const conditions: (SQL | undefined)[] = [
    ofOffice(residents.office_code, office),
    id === undefined
      ? closed
        ? isNotNull(follow_ups.closed_at)
        : isNull(follow_ups.closed_at)
      : eq(follow_ups.id, id),
    kind && eq(follow_ups.kind, kind),
    filter.notKind && ne(follow_ups.kind, filter.notKind),
    owner === undefined ? undefined : owner === null ? isNull(follow_ups.owner) : eq(follow_ups.owner, owner),
    regencies && or(isNull(residents.regency), inArray(residents.regency, [...regencies])),
    residentId === undefined ? undefined : eq(follow_ups.resident_id, residentId),
    overdue ? lt(follow_ups.due_on, today) : undefined,
    after && isAfter([follow_ups.due_on, follow_ups.id], [after.due_on, after.id]),
  ]
  return reader
    .select({
      id: follow_ups.id,
      kind: follow_ups.kind,
      cause: follow_ups.cause,
      resident_id: follow_ups.resident_id,
      cycle_id: follow_ups.cycle_id,
      name: residents.full_name,
      nationality: residents.nationality,
      phone: residents.phone,
      sponsor_name: residents.sponsor_name,
      sponsor_phone: residents.sponsor_phone,
      phone_index: residents.phone_index,
      sponsor_phone_index: residents.sponsor_phone_index,
      regency: residents.regency,
      district: residents.district,
      owner: follow_ups.owner,
      due_on: follow_ups.due_on,
      opened_at: follow_ups.opened_at,
      closed_at: follow_ups.closed_at,
      closed_by: follow_ups.closed_by,
      outcome: follow_ups.outcome,
    })
    .from(follow_ups)
    .innerJoin(residents, eq(residents.id, follow_ups.resident_id))
    .where(and(...conditions))
    .orderBy(follow_ups.due_on, follow_ups.id)
    .limit(limit)
}

async function currentPermits(reader: Reader, residentIds: number[]) {
  const { permits } = reader.t
  const rows = await reader
    .select({
      id: permits.id,
      resident_id: permits.resident_id,
      permit_no: permits.permit_no,
      kind: permits.kind,
      expires_on: permits.expires_on,
    })
    .from(permits)
    .where(and(inArray(permits.resident_id, residentIds), eq(permits.is_current, 1)))
  return new Map(rows.map((row) => [row.resident_id, row]))
}

async function cycleExpiries(reader: Reader, cycleIds: number[]) {
  const { cycles } = reader.t
  const rows = await reader
    .select({ id: cycles.id, permit_id: cycles.permit_id, expires_on: cycles.expires_on })
    .from(cycles)
    .where(inArray(cycles.id, [...new Set(cycleIds)]))
  return new Map(rows.map((row) => [row.id, row]))
}
