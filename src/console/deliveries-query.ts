import { and, count, countDistinct, desc, eq, inArray, isNotNull, lt, max, type SQL, sql } from 'drizzle-orm'
import { ofOffice } from '../db/of-office.ts'
import type { Db } from '../db/open.ts'
import type { Channel, DeliveryState, Role } from '../db/schema.ts'
import type { CivilDate } from '../lib/civil-date.ts'
import type { Office } from '../lib/office.ts'
import { ofArea, PAGE_SIZE, type Page, pageOf } from './find.ts'
import type { Officer } from './officer.ts'

export const CHANNELS = ['sms', 'call', 'whatsapp'] as const satisfies readonly Channel[]
export const DELIVERY_STATES = [
  'queued',
  'sending',
  'uncertain',
  'accepted',
  'sent',
  'delivered',
  'read',
  'undelivered',
  'failed',
  'exhausted',
  'cancelled',
  'set_aside',
] as const satisfies readonly DeliveryState[]

export type DeliveryView = { state?: DeliveryState; channel?: Channel; error?: number; dueOn?: CivilDate }

export type DeliveryRow = {
  id: number
  channel: Channel
  role: Role
  phone: string
  language: string
  stage: number
  due_on: CivilDate
  state: DeliveryState
  reason: string | null
  since: number
  not_before: number
  attempts: number
  /** Of the newest attempt that had one. */
  error_code: number | null
  people: { residentId: number; name: string; nationality: string; reference: string }[]
}

/** `several`: there are other offices, whose deliveries stay out. */
type Scope = { db: Db; office: Office; several?: boolean; officer: Pick<Officer, 'regencies'> }

/** The newest first. Three queries per page. */
export async function deliveryPage(
  scope: Scope,
  { view, after = null }: { view: DeliveryView; after?: number | null },
): Promise<Page<DeliveryRow>> {
  const { deliveries } = scope.db.t
  const rows = await scope.db.read
    .select({
      id: deliveries.id,
      channel: deliveries.channel,
      role: deliveries.role,
      phone: deliveries.phone,
      language: deliveries.language,
      stage: deliveries.stage,
      due_on: deliveries.due_on,
      state: deliveries.state,
      reason: deliveries.reason,
      since: deliveries.state_since,
      not_before: deliveries.not_before,
      attempts: deliveries.attempts,
    })
    .from(deliveries)
    .where(and(...conditions(scope, view), after === null ? undefined : lt(deliveries.id, after)))
    .orderBy(desc(deliveries.id))
    .limit(PAGE_SIZE + 1)
  const page = pageOf(rows, (row) => row.id)
  const ids = page.rows.map((row) => row.id)
  const people = await peopleOf(scope, ids)
  const errors = await errorsOf(scope, ids)
  return {
    ...page,
    rows: page.rows.map((row) => ({
      ...row,
      people: people.get(row.id) ?? [],
      error_code: errors.get(row.id) ?? null,
    })),
  }
}

/** Deliveries due on a day, by state. */
export async function fatesOfDay(scope: Scope, day: CivilDate): Promise<Partial<Record<DeliveryState, number>>> {
  const { deliveries } = scope.db.t
  const rows = await scope.db.read
    .select({ state: deliveries.state, n: count() })
    .from(deliveries)
    .where(and(...conditions(scope, { dueOn: day })))
    .groupBy(deliveries.state)
  return Object.fromEntries(rows.map((row) => [row.state, Number(row.n)]))
}

/** Of one day; more are not counted, for that would read them all. */
export async function countOfDay(scope: Scope, view: DeliveryView): Promise<number | null> {
  if (view.dueOn === undefined) return null
  const { deliveries } = scope.db.t
  return scope.db.read.$count(deliveries, and(...conditions(scope, view)))
}

/**
 * Which of the carrier's errors there were, the most frequent first. `deliveries` is null for an area, or one office of several: all codes are there
 * to choose from, but whose they were is not looked up.
 */
export async function errorCounts({
  db,
  officer,
  several,
}: Scope): Promise<{ code: number; deliveries: number | null }[]> {
  const { attempts } = db.t
  const rows = await db.read
    .select({ code: attempts.error_code, n: countDistinct(attempts.delivery_id) })
    .from(attempts)
    .where(isNotNull(attempts.error_code))
    .groupBy(attempts.error_code)
  return rows
    .flatMap(({ code, n }) => (code === null ? [] : [{ code, n: Number(n) }]))
    .sort((a, b) => b.n - a.n || a.code - b.code)
    .map(({ code, n }) => ({ code, deliveries: officer.regencies === null && !several ? n : null }))
}

/** The state of one delivery of the officer's area; null where there is none. */
export async function deliveryInArea(scope: Scope, id: number): Promise<{ state: DeliveryState } | null> {
  const { deliveries } = scope.db.t
  const [row] = await scope.db.read
    .select({ state: deliveries.state })
    .from(deliveries)
    .where(and(eq(deliveries.id, id), ...conditions(scope, {})))
  return row ?? null
}

function conditions(scope: Scope, view: DeliveryView): (SQL | undefined)[] {
  const { db, office, several, officer } = scope
  const { deliveries, attempts } = db.t
  const failed = db.read
    .select({ id: attempts.delivery_id })
    .from(attempts)
    .where(eq(attempts.error_code, view.error ?? 0))
  return [
    several ? ofOffice(deliveries.office_code, office) : undefined,
    view.state && eq(deliveries.state, view.state),
    view.channel && eq(deliveries.channel, view.channel),
    view.dueOn && eq(deliveries.due_on, view.dueOn),
    view.error === undefined ? undefined : inArray(deliveries.id, failed),
    officer.regencies === null ? undefined : toArea(scope),
  ]
}

/** It tells of at least one resident of the area. */
function toArea({ db, officer }: Scope): SQL {
  const { delivery_notices, notices, cycles, residents, deliveries } = db.t
  const told = db.read
    .select({ one: sql`1` })
    .from(delivery_notices)
    .innerJoin(notices, eq(notices.id, delivery_notices.notice_id))
    .innerJoin(cycles, eq(cycles.id, notices.cycle_id))
    .innerJoin(residents, eq(residents.id, cycles.resident_id))
    .where(and(eq(delivery_notices.delivery_id, deliveries.id), ofArea(residents.regency, officer)))
  return sql`exists ${told}`
}

async function peopleOf({ db, office, officer }: Scope, ids: number[]): Promise<Map<number, DeliveryRow['people']>> {
  if (ids.length === 0) return new Map()
  const { delivery_notices, notices, cycles, residents } = db.t
  const rows = await db.read
    .select({
      id: delivery_notices.delivery_id,
      residentId: residents.id,
      name: residents.full_name,
      nationality: residents.nationality,
      reference: notices.reference,
    })
    .from(delivery_notices)
    .innerJoin(notices, eq(notices.id, delivery_notices.notice_id))
    .innerJoin(cycles, eq(cycles.id, notices.cycle_id))
    .innerJoin(residents, eq(residents.id, cycles.resident_id))
    .where(
      and(
        inArray(delivery_notices.delivery_id, ids),
        ofOffice(residents.office_code, office),
        ofArea(residents.regency, officer),
      ),
    )
    .orderBy(delivery_notices.id)
  const found = new Map<number, DeliveryRow['people']>()
  for (const { id, ...person } of rows) found.set(id, [...(found.get(id) ?? []), person])
  return found
}

async function errorsOf({ db }: Scope, ids: number[]): Promise<Map<number, number>> {
  if (ids.length === 0) return new Map()
  const { attempts } = db.t
  const newest = db.read
    .select({ id: max(attempts.id) })
    .from(attempts)
    .where(and(inArray(attempts.delivery_id, ids), isNotNull(attempts.error_code)))
    .groupBy(attempts.delivery_id)
  const rows = await db.read
    .select({ id: attempts.delivery_id, code: attempts.error_code })
    .from(attempts)
    .where(inArray(attempts.id, newest))
  return new Map(rows.flatMap(({ id, code }) => (code === null ? [] : [[id, code] as const])))
}
