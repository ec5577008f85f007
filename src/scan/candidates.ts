import { and, asc, eq, gt, gte, inArray, isNull, ne, or, sql } from 'drizzle-orm'
import { idsIn, textsIn } from '../db/dialect.ts'
import { inOffices } from '../db/of-office.ts'
import type { Reader } from '../db/open.ts'
import type { Line } from '../db/schema.ts'
import type { CivilDate } from '../lib/civil-date.ts'
import type { Answer, Channel, Role } from '../lib/office.ts'
import type { Offices } from '../lib/offices.ts'
import type { PhoneNumber } from '../lib/phone.ts'

export type Person = {
  residentId: number
  nationality: string
  language: string | null
  chosenLanguage: string | null
  birthDate: CivilDate | null
  whatsappOptInOn: CivilDate | null
  phone: KnownPhone | null
  sponsorPhone: KnownPhone | null
}

export type KnownPhone = {
  number: PhoneNumber
  index: string
  country: string | null
  line: Line
  closed: Channel[]
}

export type ExistingNotice = {
  id: number
  stage: number
  /** `attempts` 0: the carrier has never had it, whatever was refused or given back. */
  deliveries: { id: number; role: Role; channel: Channel; state: string; reason: string | null; attempts: number }[]
}

/** A current permit that may have to be told of, with everything the decision needs. */
export type Candidate = Person & {
  permitId: number
  /** The office that the resident belongs to. */
  officeCode: string
  /** The one under which the permit came in. */
  issuedBy: string
  permitNo: string
  kind: string
  expiresOn: CivilDate
  knownSince: CivilDate
  held: boolean
  cycleId: number | null
  notices: ExistingNotice[]
  /** The resident's own; a sponsor's do not count. */
  answers: Answer[]
}

export type PageKey = { expiresOn: CivilDate; id: number }

/** The office under which a permit came in: its resident's, or the one before the first transfer. */
export function issuedBy(permits: Reader['t']['permits']) {
  return sql<string>`coalesce(${permits.came_from}, ${permits.office_code})`
}

/** The next permits in the window, by expiry and id. */
export async function pageOfPermits(
  reader: Reader,
  window: {
    offices: Offices
    from: CivilDate
    to: CivilDate
    /** Default: all. */
    kinds?: string[]
    after: PageKey | null
    limit: number
  },
): Promise<(PageKey & { permitId: number })[]> {
  const { permits } = reader.t
  const after = window.after
  // The only bounds: beside plain ones on the date SQLite takes those, and walks the day from its first permit for each page.
  const key = sql`(${permits.expires_on}, ${permits.id})`
  const rows = await reader
    .select({ id: permits.id, expiresOn: permits.expires_on })
    .from(permits)
    .where(
      and(
        eq(permits.is_current, 1),
        sql`${key} > (${after?.expiresOn ?? window.from}, ${after?.id ?? 0})`,
        sql`${key} <= (${window.to}, ${Number.MAX_SAFE_INTEGER})`,
        inOffices(permits.office_code, window.offices),
        // By the dates, in their order, and not by kinds one after the other.
        window.kinds && inArray(sql`${permits.kind} || ''`, window.kinds),
      ),
    )
    .orderBy(asc(permits.expires_on), asc(permits.id))
    .limit(window.limit)
  return rows.map((row) => ({ ...row, permitId: row.id }))
}

/** The candidates of these permits that are still current. A handful of queries, however many permits. */
export async function loadCandidates(reader: Reader, permitIds: number[], today: CivilDate): Promise<Candidate[]> {
  const { permits, residents, cycles, notices, delivery_notices, deliveries, acknowledgements } = reader.t
  if (permitIds.length === 0) return []
  const rows = await reader
    .select({
      permitId: permits.id,
      officeCode: permits.office_code,
      issuedBy: issuedBy(permits),
      permitNo: permits.permit_no,
      kind: permits.kind,
      expiresOn: permits.expires_on,
      knownSince: permits.known_since,
      residentId: residents.id,
      nationality: residents.nationality,
      language: residents.language,
      chosenLanguage: residents.chosen_language,
      birthDate: residents.birth_date,
      whatsappOptInOn: residents.whatsapp_opt_in_on,
      ...phoneColumns(residents),
      cycleId: cycles.id,
    })
    .from(permits)
    .innerJoin(residents, eq(residents.id, permits.resident_id))
    .leftJoin(cycles, and(eq(cycles.permit_id, permits.id), eq(cycles.expires_on, permits.expires_on)))
    // By their ids: the plus keeps SQLite from walking all current permits for the order.
    .where(sql`${permits.id} in ${idsIn(reader.engine, permitIds)} and +${permits.is_current} = 1`)
    .orderBy(asc(permits.expires_on), asc(permits.id))

  const residentIds = [...new Set(rows.map((row) => row.residentId))]
  const heldIds = await heldResidents(reader, residentIds, today)

  const cycleIds = rows.flatMap((row) => (row.cycleId === null ? [] : [row.cycleId]))
  const told = await reader
    .select({
      cycleId: notices.cycle_id,
      id: notices.id,
      stage: notices.stage,
      deliveryId: deliveries.id,
      role: delivery_notices.role,
      channel: delivery_notices.channel,
      state: deliveries.state,
      reason: deliveries.reason,
      attempts: deliveries.attempts,
    })
    .from(notices)
    .leftJoin(delivery_notices, eq(delivery_notices.notice_id, notices.id))
    .leftJoin(deliveries, eq(deliveries.id, delivery_notices.delivery_id))
    .where(sql`${notices.cycle_id} in ${idsIn(reader.engine, cycleIds)}`)
    .orderBy(asc(notices.id))
  const untaken = await neverTaken(reader, told)
  const answers = await reader
    .select({ cycleId: acknowledgements.cycle_id, answer: acknowledgements.answer })
    .from(acknowledgements)
    .where(
      and(
        sql`${acknowledgements.cycle_id} in ${idsIn(reader.engine, cycleIds)}`,
        eq(acknowledgements.role, 'resident'),
      ),
    )

  const indexes = rows.flatMap((row) => [row.phone_index, row.sponsor_phone_index]).filter((index) => index !== null)
  const closed = await closedChannels(reader, indexes)

  const toldIn = Map.groupBy(told, (one): number | null => one.cycleId)
  return rows.map((row) => ({
    ...row,
    held: heldIds.has(row.residentId),
    phone: knownPhone(row.phone, row.phone_index, row.phone_country, row.phone_line, closed),
    sponsorPhone: knownPhone(
      row.sponsor_phone,
      row.sponsor_phone_index,
      row.sponsor_phone_country,
      row.sponsor_phone_line,
      closed,
    ),
    notices: noticesOf(toldIn.get(row.cycleId) ?? [], untaken),
    answers: answers.filter((one) => one.cycleId === row.cycleId).map((one) => one.answer),
  }))
}

/** A resident's own and the sponsor's phone, as a select names them. */
export function phoneColumns(residents: Reader['t']['residents']) {
  return {
    phone: residents.phone,
    phone_index: residents.phone_index,
    phone_country: residents.phone_country,
    phone_line: residents.phone_line,
    sponsor_phone: residents.sponsor_phone,
    sponsor_phone_index: residents.sponsor_phone_index,
    sponsor_phone_country: residents.sponsor_phone_country,
    sponsor_phone_line: residents.sponsor_phone_line,
  }
}

/** Those of these residents who have a live hold. */
export async function heldResidents(reader: Reader, residentIds: number[], today: CivilDate): Promise<Set<number>> {
  const { holds } = reader.t
  const rows = await reader
    .selectDistinct({ residentId: holds.resident_id })
    .from(holds)
    .where(
      and(
        sql`${holds.resident_id} in ${idsIn(reader.engine, residentIds)}`,
        // By their people: the plus keeps SQLite from reading everybody's live holds.
        sql`+${holds.lifted_at} is null`,
        or(isNull(holds.until_on), gte(holds.until_on, today)),
      ),
    )
  return new Set(rows.map((row) => row.residentId))
}

/** Which channels are opted out of or dead, by phone index. */
export async function closedChannels(reader: Reader, phoneIndexes: string[]): Promise<Map<string, Channel[]>> {
  const { opt_outs, dead_numbers } = reader.t
  const closed = new Map<string, Channel[]>()
  if (phoneIndexes.length === 0) return closed
  const among = textsIn(reader.engine, phoneIndexes)
  const rows = [
    ...(await reader
      .select({ index: opt_outs.phone_index, channel: opt_outs.channel })
      .from(opt_outs)
      .where(and(sql`${opt_outs.phone_index} in ${among}`, isNull(opt_outs.withdrawn_at)))),
    ...(await reader
      .select({ index: dead_numbers.phone_index, channel: dead_numbers.channel })
      .from(dead_numbers)
      .where(sql`${dead_numbers.phone_index} in ${among}`)),
  ]
  for (const { index, channel } of rows) closed.set(index, [...(closed.get(index) ?? []), channel])
  return closed
}

function knownPhone(
  number: string | null,
  index: string | null,
  country: string | null,
  line: Line | null,
  closed: Map<string, Channel[]>,
): KnownPhone | null {
  if (number === null || index === null) return null
  return { number: number as PhoneNumber, index, country, line: line ?? 'unknown', closed: closed.get(index) ?? [] }
}

type ToldRow = {
  id: number
  stage: number
  deliveryId: number | null
  role: Role | null
  channel: Channel | null
  state: string | null
  reason: string | null
  attempts: number | null
}

/** Cancelled deliveries all of whose attempts came back unprocessed. */
async function neverTaken(reader: Reader, told: ToldRow[]): Promise<Set<number>> {
  const ids = told.flatMap(({ deliveryId, state, attempts }) =>
    deliveryId && state === 'cancelled' && attempts ? [deliveryId] : [],
  )
  if (ids.length === 0) return new Set()
  const { attempts } = reader.t
  const taken = await reader
    .selectDistinct({ id: attempts.delivery_id })
    .from(attempts)
    .where(and(inArray(attempts.delivery_id, ids), gt(attempts.number, 0), ne(attempts.outcome, 'not-sent')))
  return new Set(ids).difference(new Set(taken.map((row) => row.id)))
}

function noticesOf(rows: ToldRow[], untaken: ReadonlySet<number>): ExistingNotice[] {
  const byId = new Map<number, ExistingNotice>()
  for (const row of rows) {
    const notice = byId.get(row.id) ?? { id: row.id, stage: row.stage, deliveries: [] }
    byId.set(row.id, notice)
    if (row.deliveryId !== null) {
      notice.deliveries.push({
        id: row.deliveryId,
        role: row.role!,
        channel: row.channel!,
        state: row.state!,
        reason: row.reason,
        attempts: untaken.has(row.deliveryId) ? 0 : row.attempts!,
      })
    }
  }
  return [...byId.values()]
}
