import {
  and,
  asc,
  count,
  desc,
  eq,
  exists,
  gte,
  inArray,
  isNotNull,
  isNull,
  lte,
  type SQL,
  type SQLWrapper,
  sql,
} from 'drizzle-orm'
import { ofOffice } from '../db/of-office.ts'
import type { Db, Reader } from '../db/open.ts'
import type { Level } from '../db/schema.ts'
import { addDays, type CivilDate } from '../lib/civil-date.ts'
import type { Office } from '../lib/office.ts'
import { type OverstayRow, overstayList } from '../overstay/case-list.ts'
import { mayBe } from '../overstay/contact-state.ts'
import { isAfter, isBefore } from '../overstay/pages.ts'
import { ofArea, PAGE_SIZE, type Page, pageOf, personMatches } from './find.ts'
import { kept, standingOf } from './kept.ts'
import type { Officer } from './officer.ts'

export const CONTACT_STATES = ['confirmed', 'unconfirmed', 'untried'] as const
export const OVERSTAY_SORTS = ['newest', 'longest', 'name', 'nationality', 'regency', 'assigned'] as const

export type OverstayView = {
  /** As typed: a name, a permit number, or exactly a passport or phone. */
  search?: string
  closed?: boolean
  level?: Level
  daysFrom?: number
  daysTo?: number
  nationality?: string
  regency?: string
  district?: string
  kind?: string
  /** null: those that nobody has. */
  assignedTo?: string | null
  contact?: (typeof CONTACT_STATES)[number]
  proposed?: boolean
  /** Opened, or raised to a higher level, on this day. */
  openedOn?: CivilDate
  escalatedOn?: CivilDate
  sort?: (typeof OVERSTAY_SORTS)[number]
}

export type OverstayScope = { db: Db; office: Office; today: CivilDate; officer: Pick<Officer, 'regencies'> }

type Asked = {
  view: OverstayView
  /** The case of the row before. */
  after?: number | null
  size?: number
  /** Default true: people's numbers too. */
  numbers?: boolean
  /** Of the first page: `total` is how many the view has, found by the way. */
  counted?: boolean
}

/** One page of what the officer may see of it; `total` as `countOverstays`, and null where it was not asked for. */
export async function overstayPage(
  scope: OverstayScope,
  { view, after = null, size = PAGE_SIZE, numbers = true, counted = false }: Asked,
): Promise<Page<OverstayRow> & { total: number | null }> {
  const rows: OverstayRow[] = []
  const total: (number | null)[] = []
  for (let last = after; rows.length <= size; ) {
    const { ids, all } = await caseIds(scope, {
      view,
      after: last,
      limit: size + 1,
      counted: counted && last === null && isCountable(view),
    })
    total.push(all)
    if (ids.length === 0) break
    rows.push(...(await rowsOf(scope, { ids, numbers })).filter((row) => hasContactState(row, view.contact)))
    last = ids.at(-1)!
    if (ids.length <= size) break
  }
  return { ...pageOf(rows, (row) => row.case_id, size), total: total[0] ?? null }
}

/** Every row of the view, page after page: for exports and print. */
export async function* everyOverstay(scope: OverstayScope, view: OverstayView): AsyncGenerator<OverstayRow> {
  for (let after: number | null = null; ; ) {
    const page: Page<OverstayRow> = await overstayPage(scope, { view, after, size: 500 })
    yield* page.rows
    if (page.next === null) return
    after = page.next
  }
}

/** How many the view has; null where the state of contact is asked for that only the rows themselves tell. */
export async function countOverstays(scope: OverstayScope, view: OverstayView): Promise<number | null> {
  if (!isCountable(view)) return null
  const { overstay_cases, residents } = scope.db.t
  const [row] = await scope.db.read
    .select({ n: count() })
    .from(overstay_cases)
    .innerJoin(residents, eq(residents.id, overstay_cases.resident_id))
    .where(and(...conditions(scope, view)))
  return Number(row!.n)
}

export type OverstayChoices = {
  levels: Record<string, number>
  nationalities: string[]
  regencies: string[]
  districts: string[]
  kinds: string[]
  assigned: string[]
  groups: OverstayGroup[]
}

/** So many cases that are alike in everything that a list chooses by. */
type OverstayGroup = {
  level: Level
  nationality: string
  regency: string | null
  district: string | null
  kind: string
  assigned: string | null
  n: number
}

/** How many the view has, where the choices have counted it already; null where it asks for more than they know. */
export function countedAlready(view: OverstayView, { groups }: Pick<OverstayChoices, 'groups'>): number | null {
  const { closed: _, sort: __, level, nationality, regency, district, kind, assignedTo, ...more } = view
  if (Object.keys(more).length > 0) return null
  const is = (value: string | null, wanted: string | null | undefined) => wanted === undefined || value === wanted
  return groups
    .filter(
      (one) =>
        is(one.level, level) &&
        is(one.nationality, nationality) &&
        is(one.regency, regency) &&
        is(one.district, district) &&
        is(one.kind, kind) &&
        is(one.assigned, assignedTo),
    )
    .reduce((sum, one) => sum + one.n, 0)
}

/** What the open (or closed) cases of the area have to filter by. */
export async function overstayChoices(scope: OverstayScope, closed = false): Promise<OverstayChoices> {
  const question = `overstay choices ${scope.office.code} ${closed} ${JSON.stringify(scope.officer.regencies)}`
  const { cases: about } = await standingOf(scope.db)
  return kept(scope.db, { question, about }, () => choicesNow(scope, closed))
}

async function choicesNow(scope: OverstayScope, closed: boolean): Promise<OverstayChoices> {
  const { overstay_cases: cases, permits, residents } = scope.db.t
  const rows = await scope.db.read
    .select({
      level: cases.level,
      nationality: residents.nationality,
      regency: residents.regency,
      district: residents.district,
      kind: permits.kind,
      assigned: cases.assigned_to,
      n: count(),
    })
    .from(cases)
    .innerJoin(permits, eq(permits.id, cases.permit_id))
    .innerJoin(residents, eq(residents.id, cases.resident_id))
    .where(and(...conditions(scope, { closed })))
    .groupBy(cases.level, residents.nationality, residents.regency, residents.district, permits.kind, cases.assigned_to)
  const groups = rows.map((row) => ({ ...row, n: Number(row.n) }))
  const levels: Record<string, number> = {}
  for (const { level, n } of groups) levels[level] = (levels[level] ?? 0) + n
  const some = (pick: (row: (typeof rows)[number]) => string | null) =>
    [...new Set(rows.map(pick).filter((one) => one !== null))].sort()
  return {
    levels,
    nationalities: some((row) => row.nationality),
    regencies: some((row) => row.regency),
    districts: some((row) => row.district),
    kinds: some((row) => row.kind),
    assigned: some((row) => row.assigned),
    groups,
  }
}

/** Where a field check goes: by resident. */
export async function addressesOf(reader: Reader, residentIds: readonly number[]): Promise<Map<number, string | null>> {
  const { residents } = reader.t
  const rows = await reader
    .select({ id: residents.id, address: residents.address })
    .from(residents)
    .where(inArray(residents.id, [...residentIds]))
  return new Map(rows.map((row) => [row.id, row.address]))
}

async function caseIds(
  scope: OverstayScope,
  { view, after, limit, counted }: { view: OverstayView; after: number | null; limit: number; counted: boolean },
): Promise<{ ids: number[]; all: number | null }> {
  const { overstay_cases: cases, residents } = scope.db.t
  const { by, down } = orderOf(scope, view)
  const from = (where: SQL | undefined) =>
    scope.db.read
      .select({
        id: cases.id,
        by: sql<string | number>`${by}`,
        ...(counted && { all: sql<number>`count(*) over ()` }),
      })
      .from(cases)
      .innerJoin(residents, eq(residents.id, cases.resident_id))
      .where(where)
  let beyond: SQL | undefined
  if (after !== null) {
    const [last] = await from(eq(cases.id, after))
    if (!last) return { ids: [], all: null }
    beyond = (down ? isBefore : isAfter)([by, cases.id], [last.by, last.id])
  }
  const rows = await from(and(...conditions(scope, view), beyond))
    .orderBy(down ? desc(by) : asc(by), down ? desc(cases.id) : asc(cases.id))
    .limit(limit)
  return { ids: rows.map((row) => row.id), all: counted ? Number(rows[0]?.all ?? 0) : null }
}

async function rowsOf(
  { db, office, today }: OverstayScope,
  { ids, numbers }: { ids: number[]; numbers: boolean },
): Promise<OverstayRow[]> {
  const rows = await overstayList(db.read, { office, today, filter: { caseIds: ids }, numbers })
  const byId = new Map(rows.map((row) => [row.case_id, row]))
  return ids.flatMap((id) => byId.get(id) ?? [])
}

function orderOf({ db }: OverstayScope, { sort = 'newest' }: OverstayView): { by: SQLWrapper; down: boolean } {
  const { overstay_cases: cases, residents } = db.t
  if (sort === 'name') return { by: residents.full_name, down: false }
  if (sort === 'nationality') return { by: residents.nationality, down: false }
  if (sort === 'regency') {
    return { by: sql`coalesce(${residents.regency}, '') || ' ' || coalesce(${residents.district}, '')`, down: false }
  }
  if (sort === 'assigned') return { by: sql`coalesce(${cases.assigned_to}, '')`, down: false }
  return { by: cases.expires_on, down: sort === 'newest' }
}

function conditions({ db, office, today, officer }: OverstayScope, view: OverstayView): (SQL | undefined)[] {
  const { overstay_cases: cases, residents } = db.t
  const same = (column: SQLWrapper, value: string | undefined) => (value ? eq(column, value) : undefined)
  return [
    ofOffice(residents.office_code, office),
    ofArea(residents.regency, officer),
    view.closed ? isNotNull(cases.closed_at) : isNull(cases.closed_at),
    view.search ? personMatches(db, { text: view.search, office }) : undefined,
    same(cases.level, view.level),
    view.daysFrom === undefined ? undefined : lte(cases.expires_on, addDays(today, -view.daysFrom)),
    view.daysTo === undefined ? undefined : gte(cases.expires_on, addDays(today, -view.daysTo)),
    same(residents.nationality, view.nationality),
    same(residents.regency, view.regency),
    same(residents.district, view.district),
    view.kind ? isOfKind(db, view.kind) : undefined,
    view.assignedTo === null ? isNull(cases.assigned_to) : same(cases.assigned_to, view.assignedTo),
    view.proposed ? isNotNull(cases.proposed) : undefined,
    view.openedOn ? eq(cases.opened_on, view.openedOn) : undefined,
    view.escalatedOn ? wasRaisedOn(db, view.escalatedOn) : undefined,
    view.contact
      ? mayBe(db.read, view.contact, { cycleId: cases.cycle_id, residentId: cases.resident_id, caseId: cases.id })
      : undefined,
  ]
}

function isOfKind({ t, read }: Db, kind: string): SQL {
  const { overstay_cases: cases, permits } = t
  return exists(
    read
      .select({ one: sql`1` })
      .from(permits)
      .where(and(eq(permits.id, cases.permit_id), sql`${permits.kind} || '' = ${kind}`)),
  )
}

function wasRaisedOn({ t, read }: Db, day: CivilDate): SQL {
  const { overstay_cases: cases, case_events } = t
  const raised = read
    .select({ one: sql`1` })
    .from(case_events)
    .where(and(eq(case_events.case_id, cases.id), eq(case_events.kind, 'escalated'), eq(case_events.on, day)))
  return sql`exists ${raised}`
}

/** Some states of contact only the rows themselves tell. */
function isCountable({ contact }: OverstayView): boolean {
  return contact === undefined || contact === 'untried'
}

function hasContactState(row: OverstayRow, state: OverstayView['contact']): boolean {
  if (state === undefined) return true
  if (state === 'confirmed') return row.confirmed
  return !row.confirmed && (row.last_contact === null) === (state === 'untried')
}
