import { and, desc, eq, inArray, isNotNull, isNull, or, type SQL, sql } from 'drizzle-orm'
import { ofOffice } from '../db/of-office.ts'
import type { Reader } from '../db/open.ts'
import type { Level } from '../db/schema.ts'
import { addDays, type CivilDate, dateAt } from '../lib/civil-date.ts'
import type { Office } from '../lib/office.ts'
import { isConfirmed, isMinor } from './attend-rules.ts'
import { type CaseOutcome, suggestedOutcome } from './case-rules.ts'
import { type Contact, contactsOf } from './contacts.ts'
import { type EstimatedFee, estimatedFee, isExactlySixty, overstayDays } from './levels.ts'
import { isBefore } from './pages.ts'

export type OverstayFilter = {
  caseId?: number
  /** Just these, open and closed alike, on one page. */
  caseIds?: readonly number[]
  /** Default false: the open ones. */
  closed?: boolean
  level?: Level
  /** null: those that nobody has. */
  assignedTo?: string | null
  /** With those of no known regency. */
  regencies?: readonly string[]
  residentId?: number
  /** A closing is proposed. */
  proposed?: boolean
  knownLate?: boolean
  /** Exactly 60 days today. */
  day60?: boolean
  /** The last row of the page before. */
  after?: Pick<OverstayRow, 'expires_on' | 'case_id'>
  /** Default 200. */
  limit?: number
}

export type OverstayRow = {
  case_id: number
  /** To be given back with an action. */
  version: number
  resident_id: number
  permit_id: number
  cycle_id: number
  expires_on: CivilDate
  /** To today, or of a closed case to the day of its closing. */
  days: number
  level: Level
  day_60: boolean
  /** Had ended before it first came in: check the border crossings. */
  known_late: boolean
  name: string
  nationality: string
  permit_kind: string
  permit_no: string
  index_code: string | null
  regency: string | null
  district: string | null
  phone: string | null
  sponsor_name: string | null
  sponsor_phone: string | null
  /** The newest thing tried, answered or said; null when nothing ever was. */
  last_contact: Contact | null
  /** Anything of this cycle certainly reached the resident. */
  confirmed: boolean
  assigned_to: string | null
  /** Never for residents; days x policy amount. */
  fee: EstimatedFee
  proposed: string | null
  proposed_at: number | null
  /** What closing by that proposal would be called. */
  suggested_outcome: CaseOutcome | null
  opened_on: CivilDate
  opened_at: number
  closed_at: number | null
  closed_by: string | null
  outcome: string | null
}

type Asked = {
  office: Office
  today: CivilDate
  filter?: OverstayFilter
  /** False: `phone` and `sponsor_phone` stay sealed and are null, for lists that show none. */
  numbers?: boolean
}

/** The officers' list, the newest overstay first. A few queries per page, however many rows. */
export async function overstayList(
  reader: Reader,
  { office, today, filter = {}, numbers = true }: Asked,
): Promise<OverstayRow[]> {
  const rows = await casesWhere(reader, { office, today, filter, numbers })
  const contacts = await contactsOf(
    reader,
    rows.map((row) => row.cycle_id),
  )
  return rows.map(({ birth_date, known_late, ...row }) => {
    const tried = contacts.get(row.cycle_id) ?? []
    const lastDay = row.closed_at === null ? today : dateAt(row.closed_at, office.timeZone)
    const days = overstayDays(row.expires_on, lastDay)
    return {
      ...row,
      days,
      day_60: isExactlySixty(days),
      known_late: known_late === 1,
      last_contact: tried.at(-1) ?? null,
      confirmed: isConfirmed({ contacts: tried, minor: isMinor(birth_date, today) }),
      fee: estimatedFee(office, days),
      suggested_outcome: suggestedOutcome(row.proposed),
    }
  })
}

/** Every row, page after page: for exports. */
export async function* allOverstays(reader: Reader, asked: Asked): AsyncGenerator<OverstayRow> {
  for (let after = asked.filter?.after; ; ) {
    const page = await overstayList(reader, { ...asked, filter: { ...asked.filter, ...(after && { after }) } })
    yield* page
    after = page.at(-1)
    if (!after) return
  }
}

function casesWhere(reader: Reader, { office, today, filter, numbers }: Required<Asked>) {
  const { overstay_cases, permits, residents } = reader.t
  return reader
    .select({
      case_id: overstay_cases.id,
      version: overstay_cases.version,
      resident_id: overstay_cases.resident_id,
      permit_id: overstay_cases.permit_id,
      cycle_id: overstay_cases.cycle_id,
      expires_on: overstay_cases.expires_on,
      level: overstay_cases.level,
      known_late: overstay_cases.known_late,
      name: residents.full_name,
      nationality: residents.nationality,
      birth_date: residents.birth_date,
      permit_kind: permits.kind,
      permit_no: permits.permit_no,
      index_code: permits.index_code,
      regency: residents.regency,
      district: residents.district,
      phone: numbers ? residents.phone : sql<string | null>`null`,
      sponsor_name: residents.sponsor_name,
      sponsor_phone: numbers ? residents.sponsor_phone : sql<string | null>`null`,
      assigned_to: overstay_cases.assigned_to,
      proposed: overstay_cases.proposed,
      proposed_at: overstay_cases.proposed_at,
      opened_on: overstay_cases.opened_on,
      opened_at: overstay_cases.opened_at,
      closed_at: overstay_cases.closed_at,
      closed_by: overstay_cases.closed_by,
      outcome: overstay_cases.outcome,
    })
    .from(overstay_cases)
    .innerJoin(permits, eq(permits.id, overstay_cases.permit_id))
    .innerJoin(residents, eq(residents.id, overstay_cases.resident_id))
    .where(and(ofOffice(permits.office_code, office), ...conditions(reader, today, filter)))
    .orderBy(desc(overstay_cases.expires_on), desc(overstay_cases.id))
    .limit(filter.caseIds?.length ?? filter.limit ?? 200)
}

function conditions({ t }: Reader, today: CivilDate, filter: OverstayFilter): (SQL | undefined)[] {
  const { overstay_cases: cases, residents } = t
  const { caseId, caseIds, level, assignedTo, regencies, residentId, proposed, knownLate, after } = filter
  const state = filter.closed ? isNotNull(cases.closed_at) : isNull(cases.closed_at)
  return [
    caseIds ? inArray(cases.id, [...caseIds]) : caseId === undefined ? state : eq(cases.id, caseId),
    level && eq(cases.level, level),
    assignedTo === undefined
      ? undefined
      : assignedTo === null
        ? isNull(cases.assigned_to)
        : eq(cases.assigned_to, assignedTo),
    regencies && or(isNull(residents.regency), inArray(residents.regency, [...regencies])),
    residentId === undefined ? undefined : eq(cases.resident_id, residentId),
    proposed === undefined ? undefined : proposed ? isNotNull(cases.proposed) : isNull(cases.proposed),
    knownLate === undefined ? undefined : eq(cases.known_late, knownLate ? 1 : 0),
    filter.day60 ? eq(cases.expires_on, addDays(today, -60)) : undefined,
    after && isBefore([cases.expires_on, cases.id], [after.expires_on, after.case_id]),
  ]
}
