import { and, asc, count, eq, gte, inArray, isNull, lte, not, type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import { ofOffice } from '../db/of-office.ts'
import type { Db, Reader } from '../db/open.ts'
import { addDays, type CivilDate, daysBetween } from '../lib/civil-date.ts'
import { AppError } from '../lib/errors.ts'
import type { Office } from '../lib/office.ts'
import { isAfter } from '../overstay/pages.ts'
import { holdersOn, isHeld } from '../overstay/standing.ts'
import { type Correction, liveCorrections } from '../register/corrections.ts'
import { differing, differingAmong } from './corrections-query.ts'
import { inOfficersArea, ofArea, PAGE_SIZE, type Page, pageOf, personMatches } from './find.ts'
import { inArea, type Officer } from './officer.ts'

export type ResidentView = {
  search?: string
  /** The current permit ends within so many days, today counted. */
  ends?: number
  endsOn?: CivilDate
  /** A notice fell due on this day. */
  noticedOn?: CivilDate
  nationality?: string
  regency?: string
  kind?: string
  held?: boolean
  /** An officer corrected something that the register has otherwise. */
  differs?: boolean
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
  differs: boolean
}

export type Scope = { db: Db; office: Office; today: CivilDate; officer: Pick<Officer, 'regencies'> }

const NO_DATE = '9999-12-31'

/** One page of the residents that the officer may see, each with the current permit. */
export async function residentPage(
  scope: Scope,
  { view, after = null }: { view: ResidentView; after?: number | null },
): Promise<Page<ResidentRow>> {
  const page = pageOf(await residentIds(scope, { view, after, limit: PAGE_SIZE + 1 }), (id) => id)
  const rows = await rowsOf(scope, page.rows)
  const differ = await differingAmong(
    scope.db.read,
    rows.map((row) => row.id),
  )
  return { ...page, rows: rows.map((row) => residentRow(row, { today: scope.today, differ })) }
}

/** How many have a current permit that ends from today up to each of so many days; held ones count, for they are on the list. */
export async function countEnding(scope: Scope, days: readonly number[]): Promise<number[]> {
  const { db, office, today, officer } = scope
  const { permits } = db.t
  const rows = await db.read
    .select({ expires_on: permits.expires_on, n: count() })
    .from(permits)
    .where(
      and(
        eq(permits.is_current, 1),
        gte(permits.expires_on, today),
        lte(permits.expires_on, addDays(today, Math.max(...days))),
        ofOffice(permits.office_code, office),
        inOfficersArea(db, { residentId: permits.resident_id, officer }),
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
  /** Those in force. */
  corrections: Correction[]
  /** From office to office, the first one first. */
  transfers: Db['t']['transfers']['$inferSelect'][]
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
  const { residents, permits, holds, overstay_cases, transfers } = db.t
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
  const corrections = (await liveCorrections(db.read, [residentId])).get(residentId) ?? []
  const moved = await db.read
    .select()
    .from(transfers)
    .where(eq(transfers.resident_id, residentId))
    .orderBy(asc(transfers.id))
  return {
    resident,
    permits: theirs,
    holds: held.map((hold) => ({ ...hold, live: isLive(hold) })),
    corrections,
    transfers: moved,
    cases,
  }
}

export type ResidentChoices = { nationalities: string[]; regencies: string[]; kinds: string[] }

const CHOICES_KEPT_MS = 10 * 60_000
/** By office. */
const choicesOf = new WeakMap<Db, Map<string, { since: number; choices: ResidentChoices }>>()

/** What the register has to filter by; looked up anew after ten minutes, for that reads everybody. */
export async function residentChoices({ db, office, officer, now }: Scope & { now: number }): Promise<ResidentChoices> {
  const all = choicesOf.get(db) ?? new Map<string, { since: number; choices: ResidentChoices }>()
  choicesOf.set(db, all)
  let known = all.get(office.code)
  if (!known || now - known.since >= CHOICES_KEPT_MS) {
    known = { since: now, choices: await allChoices(db, office) }
    all.set(office.code, known)
  }
  const { choices } = known
  return { ...choices, regencies: choices.regencies.filter((regency) => inArea(officer, regency)) }
}

async function allChoices(db: Db, office: Office): Promise<ResidentChoices> {
  const { residents, permits } = db.t
  const people = await db.read
    .selectDistinct({ nationality: residents.nationality, regency: residents.regency })
    .from(residents)
    .where(ofOffice(residents.office_code, office))
  const kinds = await db.read
    .selectDistinct({ kind: permits.kind })
    .from(permits)
    .where(and(eq(permits.is_current, 1), ofOffice(permits.office_code, office)))
  return {
    nationalities: [...new Set(people.map((row) => row.nationality))].sort(),
    regencies: [...new Set(people.flatMap((row) => row.regency ?? []))].sort(),
    kinds: kinds.map((row) => row.kind).sort(),
  }
}

/**
 * The ids alone come first: sorting everybody's name and number would carry them all along. Who ends soon is walked in the
 * order of the permits' own index.
 */
async function residentIds(
  scope: Scope,
  { view, after, limit }: { view: ResidentView; after: number | null; limit: number },
): Promise<number[]> {
  const { residents, permits } = scope.db.t
  const { ends, endsOn } = view
  const windowed = ends !== undefined || endsOn !== undefined
  const { sort = windowed ? 'expiry' : 'name' } = view
  const [by, tie]: [SQLWrapper, SQLWrapper] =
    sort === 'name'
      ? [residents.full_name, residents.id]
      : windowed
        ? [permits.expires_on, permits.id]
        : [sql`coalesce(${permits.expires_on}, ${NO_DATE})`, residents.id]
  // Without a window the plus makes SQLite look up each person's permits and not, for each person, all current ones.
  const current = windowed ? eq(permits.is_current, 1) : sql`+${permits.is_current} = 1`
  const from = (where: SQL | undefined) =>
    scope.db.read
      .select({ id: residents.id, by: sql<string>`${by}`, tie: sql<number>`${tie}` })
      .from(residents)
      .leftJoin(permits, and(eq(permits.resident_id, residents.id), current))
      .where(where)
  let beyond: SQL | undefined
  if (after !== null) {
    const [last] = await from(eq(residents.id, after)).limit(1)
    if (!last) return []
    beyond = isAfter([by, tie], [last.by, last.tie])
  }
  const rows = await from(and(...conditions(scope, view), beyond))
    .orderBy(asc(by), asc(tie))
    .limit(limit)
  return rows.map((row) => row.id)
}

async function rowsOf(scope: Scope, ids: readonly number[]) {
  const { residents, permits } = scope.db.t
  const rows = await scope.db.read
    .select({
      id: residents.id,
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
    .where(inArray(residents.id, [...ids]))
  const byId = new Map(rows.map((row) => [row.id, row]))
  return ids.flatMap((id) => byId.get(id) ?? [])
}

function noticedOn(reader: Reader, day: CivilDate) {
  const { notices, cycles } = reader.t
  return reader
    .select({ id: cycles.resident_id })
    .from(notices)
    .innerJoin(cycles, eq(cycles.id, notices.cycle_id))
    .where(eq(notices.created_on, day))
}

function conditions(scope: Scope, view: ResidentView): (SQL | undefined)[] {
  const { db, office, today, officer } = scope
  const { residents, permits } = db.t
  return [
    ofOffice(residents.office_code, office),
    isNull(residents.erased_at),
    ofArea(residents.regency, officer),
    view.search ? personMatches(db, { text: view.search, office }) : undefined,
    view.ends === undefined
      ? undefined
      : and(gte(permits.expires_on, today), lte(permits.expires_on, addDays(today, view.ends))),
    view.endsOn ? eq(permits.expires_on, view.endsOn) : undefined,
    view.nationality ? eq(residents.nationality, view.nationality) : undefined,
    view.regency ? eq(residents.regency, view.regency) : undefined,
    view.kind ? ofKind(scope, view) : undefined,
    view.held === undefined
      ? undefined
      : view.held
        ? inArray(residents.id, holdersOn(db.read, today))
        : not(heldToday(scope)),
    view.noticedOn ? inArray(residents.id, noticedOn(db.read, view.noticedOn)) : undefined,
    view.differs ? inArray(residents.id, differing(db.read)) : undefined,
  ]
}

/** Along the names the kind is only asked of, never gone by: the plus keeps its index from giving the order. */
function ofKind({ db }: Scope, { kind, ends, endsOn }: ResidentView): SQL {
  const { residents, permits } = db.t
  if (ends !== undefined || endsOn !== undefined) return eq(permits.kind, kind!)
  const holders = db.read
    .select({ id: permits.resident_id })
    .from(permits)
    .where(and(eq(permits.kind, kind!), eq(permits.is_current, 1)))
  return sql`+${residents.id} in ${holders}`
}

function heldToday({ db, today }: Scope): SQL {
  return isHeld(db.read, db.t.residents.id, today)
}

function residentRow(
  row: Omit<ResidentRow, 'days_left' | 'held' | 'differs'> & { held: number | boolean },
  { today, differ }: { today: CivilDate; differ: ReadonlySet<number> },
): ResidentRow {
  return {
    ...row,
    held: Boolean(row.held),
    differs: differ.has(row.id),
    days_left: row.expires_on === null ? null : daysBetween(today, row.expires_on),
  }
}
