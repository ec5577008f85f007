import { and, asc, count, eq, gte, lte, not, type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import type { Db } from '../db/open.ts'
import { addDays, type CivilDate, daysBetween } from '../lib/civil-date.ts'
import { AppError } from '../lib/errors.ts'
import type { Office } from '../lib/office.ts'
import { isAfter } from '../overstay/pages.ts'
import { isHeld, ofOffice } from '../overstay/standing.ts'
import { ofArea, PAGE_SIZE, type Page, pageOf, personMatches } from './find.ts'
import { inArea, type Officer } from './officer.ts'

export type ResidentView = {
  search?: string
  /** The current permit ends within so many days, today counted. */
  ends?: number
  endsOn?: CivilDate
  nationality?: string
  regency?: string
  kind?: string
  held?: boolean
  sort?: 'name' | 'expiry'
}

export type ResidentRow = {
  id: number
  name: string
  nationality: string
  regency: string | null
  district: string | null
  phone: string | null
  permit_no: string | null
  permit_kind: string | null
  expires_on: CivilDate | null
  days_left: number | null
  held: boolean
}

export type Scope = { db: Db; office: Office; today: CivilDate; officer: Pick<Officer, 'regencies'> }

const NO_DATE = '9999-12-31'

/** One page of the residents that the officer may see, each with the current permit. */
export async function residentPage(
  scope: Scope,
  { view, after = null }: { view: ResidentView; after?: number | null },
): Promise<Page<ResidentRow>> {
  const { residents, permits } = scope.db.t
  const { ends, endsOn, sort = ends === undefined && endsOn === undefined ? 'name' : 'expiry' } = view
  const by: SQLWrapper = sort === 'name' ? residents.full_name : sql`coalesce(${permits.expires_on}, ${NO_DATE})`
  let beyond: SQL | undefined
  if (after !== null) {
    const [last] = await fromResidents(scope, by, eq(residents.id, after)).limit(1)
    if (!last) return { rows: [], next: null }
    beyond = isAfter([by, residents.id], [last.by, last.id])
  }
  const rows = await fromResidents(scope, by, and(...conditions(scope, view), beyond))
    .orderBy(asc(by), asc(residents.id))
    .limit(PAGE_SIZE + 1)
  const page = pageOf(rows, (row) => row.id)
  return { ...page, rows: page.rows.map(({ by: _, ...row }) => residentRow(row, scope.today)) }
}

/** How many have a current permit that ends from today up to each of so many days; held ones count, for they are on the list. */
export async function countEnding(scope: Scope, days: readonly number[]): Promise<number[]> {
  const { db, office, today, officer } = scope
  const { residents, permits } = db.t
  const all = db.read.select({ expires_on: permits.expires_on, n: count() }).from(permits).$dynamic()
  // Sixteen thousand look-ups of a hundred thousand residents, where the area is the whole office.
  const mine = officer.regencies === null ? all : all.innerJoin(residents, eq(residents.id, permits.resident_id))
  const rows = await mine
    .where(
      and(
        eq(permits.is_current, 1),
        gte(permits.expires_on, today),
        lte(permits.expires_on, addDays(today, Math.max(...days))),
        ofOffice(permits.office_code, office),
        officer.regencies === null ? undefined : ofArea(residents.regency, officer),
      ),
    )
    .groupBy(permits.expires_on)
  return days.map((within) =>
    rows.reduce((sum, row) => sum + (row.expires_on <= addDays(today, within) ? Number(row.n) : 0), 0),
  )
}

export type ResidentFile = {
  resident: Omit<Db['t']['residents']['$inferSelect'], 'passport_index' | 'phone_index' | 'sponsor_phone_index'>
  permits: Db['t']['permits']['$inferSelect'][]
  holds: (Db['t']['holds']['$inferSelect'] & { live: boolean })[]
  cases: {
    id: number
    permit_id: number
    expires_on: CivilDate
    level: string
    closed_at: number | null
    outcome: string | null
  }[]
}

/** @throws AppError `not-found`, also for who is not of the officer's area. */
export async function residentFile({ db, office, today, officer }: Scope, residentId: number): Promise<ResidentFile> {
  const { residents, permits, holds, overstay_cases } = db.t
  const [row] = await db.read
    .select()
    .from(residents)
    .where(and(eq(residents.id, residentId), ofOffice(residents.office_code, office)))
  if (!row || !inArea(officer, row.regency)) throw new AppError('not-found', `tidak ada WNA nomor ${residentId}`)
  const { passport_index: _, phone_index: __, sponsor_phone_index: ___, ...resident } = row
  const theirs = await db.read
    .select()
    .from(permits)
    .where(eq(permits.resident_id, residentId))
    .orderBy(sql`${permits.is_current} desc`, sql`${permits.expires_on} desc`)
  const held = await db.read.select().from(holds).where(eq(holds.resident_id, residentId)).orderBy(asc(holds.id))
  const cases = await db.read
    .select({
      id: overstay_cases.id,
      permit_id: overstay_cases.permit_id,
      expires_on: overstay_cases.expires_on,
      level: overstay_cases.level,
      closed_at: overstay_cases.closed_at,
      outcome: overstay_cases.outcome,
    })
    .from(overstay_cases)
    .where(eq(overstay_cases.resident_id, residentId))
    .orderBy(asc(overstay_cases.id))
  const isLive = (hold: (typeof held)[number]) =>
    hold.lifted_at === null && (hold.until_on === null || today <= hold.until_on)
  return { resident, permits: theirs, holds: held.map((hold) => ({ ...hold, live: isLive(hold) })), cases }
}

export type ResidentChoices = { nationalities: string[]; regencies: string[]; kinds: string[] }

const CHOICES_KEPT_MS = 10 * 60_000
const choicesOf = new WeakMap<Db, { since: number; choices: ResidentChoices }>()

/** What the register has to filter by; looked up anew after ten minutes, for that reads everybody. */
export async function residentChoices({ db, officer, now }: Scope & { now: number }): Promise<ResidentChoices> {
  let known = choicesOf.get(db)
  if (!known || now - known.since >= CHOICES_KEPT_MS) {
    known = { since: now, choices: await allChoices(db) }
    choicesOf.set(db, known)
  }
  const { choices } = known
  return { ...choices, regencies: choices.regencies.filter((regency) => inArea(officer, regency)) }
}

async function allChoices(db: Db): Promise<ResidentChoices> {
  const { residents, permits } = db.t
  const people = await db.read
    .selectDistinct({ nationality: residents.nationality, regency: residents.regency })
    .from(residents)
  const kinds = await db.read.selectDistinct({ kind: permits.kind }).from(permits).where(eq(permits.is_current, 1))
  return {
    nationalities: [...new Set(people.map((row) => row.nationality))].sort(),
    regencies: [...new Set(people.flatMap((row) => row.regency ?? []))].sort(),
    kinds: kinds.map((row) => row.kind).sort(),
  }
}

function fromResidents(scope: Scope, by: SQLWrapper, where: SQL | undefined) {
  const { residents, permits } = scope.db.t
  return scope.db.read
    .select({
      id: residents.id,
      by: sql<string>`${by}`,
      name: residents.full_name,
      nationality: residents.nationality,
      regency: residents.regency,
      district: residents.district,
      phone: residents.phone,
      permit_no: permits.permit_no,
      permit_kind: permits.kind,
      expires_on: permits.expires_on,
      held: sql<number>`${heldToday(scope)}`,
    })
    .from(residents)
    .leftJoin(permits, and(eq(permits.resident_id, residents.id), eq(permits.is_current, 1)))
    .where(where)
    .$dynamic()
}

function conditions(scope: Scope, view: ResidentView): (SQL | undefined)[] {
  const { db, office, today, officer } = scope
  const { residents, permits } = db.t
  return [
    ofOffice(residents.office_code, office),
    ofArea(residents.regency, officer),
    view.search ? personMatches(db, view.search) : undefined,
    view.ends === undefined
      ? undefined
      : and(gte(permits.expires_on, today), lte(permits.expires_on, addDays(today, view.ends))),
    view.endsOn ? eq(permits.expires_on, view.endsOn) : undefined,
    view.nationality ? eq(residents.nationality, view.nationality) : undefined,
    view.regency ? eq(residents.regency, view.regency) : undefined,
    view.kind ? eq(permits.kind, view.kind) : undefined,
    view.held === undefined ? undefined : view.held ? heldToday(scope) : not(heldToday(scope)),
  ]
}

function heldToday({ db, today }: Scope): SQL {
  return isHeld(db.read, db.t.residents.id, today)
}

function residentRow(
  row: Omit<ResidentRow, 'days_left' | 'held'> & { held: number | boolean },
  today: CivilDate,
): ResidentRow {
  return {
    ...row,
    held: Boolean(row.held),
    days_left: row.expires_on === null ? null : daysBetween(today, row.expires_on),
  }
}
