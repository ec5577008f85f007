import { and, eq, exists, inArray, not, notInArray, type SQL, sql } from 'drizzle-orm'
import { inOffices } from '../db/of-office.ts'
import type { Reader } from '../db/open.ts'
import type { FollowUpKind } from '../db/schema.ts'
import { addDays, type CivilDate, dateAt } from '../lib/civil-date.ts'
import { liveHolds } from '../register/holds.ts'
import { furthestStage } from '../scan/windows.ts'
import { answerWantsOfficer } from './attend-rules.ts'
import type { OverstayDeps } from './cases.ts'
import type { WantedFollowUp } from './follow-ups.ts'
import { before, behind, pagesOf } from './pages.ts'
import { isHeld } from './standing.ts'

/** No notice goes out later than this after expiry, so nobody can be missing one. */
const lastNoticeDay = 14
/** Note pages live 30 days beyond expiry: answers can come so late, and passes be missed. */
const lastAnswerDay = 60

/** Permits of a kind that the office's policy does not name, once a notice is due. */
export async function* unknownKinds(deps: OverstayDeps): AsyncGenerator<WantedFollowUp[]> {
  const { db, offices } = deps
  const { permits } = db.t
  const known = offices.all.map((office) => new Set(office.extend.keys()))
  const everywhere = known.reduce((common, kinds) => common.intersection(kinds))
  for await (const page of cyclesWithNotices(deps)) {
    const unknown = notInArray(permits.kind, [...everywhere])
    const rows = await dueCycles(db.read, deps, and(page, unknown, not(hasFollowUp(db.read, 'kind'))))
    const strange = rows.filter(({ kind, office_code }) => !offices.of(office_code).extend.has(kind))
    yield strange.map(({ id, resident_id, kind }) => ({
      resident_id,
      kind: 'kind',
      cycle_id: id,
      cause: `kind:${kind}`,
    }))
  }
}

/** What residents and sponsors answered that an officer must follow. */
export async function* answersToAttend(deps: OverstayDeps): AsyncGenerator<WantedFollowUp[]> {
  const { db, offices, today } = deps
  const { timeZone } = offices.all[0]!
  for await (const page of cyclePages(deps, { from: addDays(today, -lastAnswerDay), to: farthestEnd(deps) })) {
    const rows = await unattendedAnswers(db.read, deps, page)
    const held = await liveHolds(
      db.read,
      rows.map((row) => row.resident_id),
      today,
    )
    yield rows
      .filter((row) =>
        answerWantsOfficer({
          answer: row.answer,
          answeredOn: dateAt(row.at, timeZone),
          expiresOn: row.expires_on,
          pending: row.is_current === 1 && row.permit_expires_on === row.expires_on && !held.has(row.resident_id),
        }),
      )
      .map(({ id, resident_id, cycle_id }) => ({ resident_id, kind: 'answer', cycle_id, cause: `ack:${id}` }))
  }
}

/** Conditions on `cycles`, a page each, that together cover every cycle which can have had a notice lately. */
export function cyclesWithNotices(deps: OverstayDeps): AsyncGenerator<SQL> {
  return cyclePages(deps, { from: addDays(deps.today, -lastNoticeDay), to: farthestEnd(deps) })
}

/** The cycles, current and not held, that have a notice, with what is known of the people. */
export function dueCycles(reader: Reader, { offices, today }: OverstayDeps, where: SQL | undefined) {
  const { cycles, permits, residents, notices } = reader.t
  const noticed = reader.select({ one: sql`1` }).from(notices).where(eq(notices.cycle_id, cycles.id))
  return (
    reader
      .select({
        id: cycles.id,
        office_code: permits.office_code,
        resident_id: cycles.resident_id,
        expires_on: cycles.expires_on,
        kind: permits.kind,
        birth_date: residents.birth_date,
        phone_index: residents.phone_index,
        phone_line: residents.phone_line,
        whatsapp_opt_in_on: residents.whatsapp_opt_in_on,
        sponsor_phone_index: residents.sponsor_phone_index,
        sponsor_phone_line: residents.sponsor_phone_line,
      })
      .from(cycles)
      // A cross join, for SQLite keeps to its order: from the page of cycles to their permits, never the other way.
      .crossJoin(permits)
      .innerJoin(residents, eq(residents.id, cycles.resident_id))
      .where(
        and(
          where,
          eq(permits.id, cycles.permit_id),
          eq(permits.is_current, 1),
          eq(permits.expires_on, cycles.expires_on),
          inOffices(permits.office_code, offices),
          exists(noticed),
          not(isHeld(reader, cycles.resident_id, today)),
        ),
      )
  )
}

/** A follow-up of this kind stands for the cycle of the outer query: any, or the one that `more` describes. */
export function hasFollowUp(reader: Reader, kind: FollowUpKind, more?: SQL): SQL {
  const { cycles, follow_ups } = reader.t
  return exists(
    reader
      .select({ one: sql`1` })
      .from(follow_ups)
      .where(
        and(
          eq(follow_ups.resident_id, cycles.resident_id),
          eq(follow_ups.kind, kind),
          eq(follow_ups.cycle_id, cycles.id),
          more,
        ),
      ),
  )
}

function farthestEnd({ offices, today }: OverstayDeps): CivilDate {
  return addDays(today, Math.max(90, ...offices.all.map(furthestStage)))
}

function cyclePages({ db }: OverstayDeps, window: { from: CivilDate; to: CivilDate }): AsyncGenerator<SQL> {
  const { cycles } = db.t
  const columns = [cycles.expires_on, cycles.id] as const
  return pagesOf(db.read, { table: cycles, columns, from: before(window.from), to: behind(window.to) })
}

function unattendedAnswers(reader: Reader, { offices }: OverstayDeps, page: SQL) {
  const { cycles, permits, acknowledgements } = reader.t
  const sameCause = sql`${reader.t.follow_ups.cause} = 'ack:' || ${acknowledgements.id}`
  return reader
    .select({
      id: acknowledgements.id,
      answer: acknowledgements.answer,
      at: acknowledgements.at,
      cycle_id: cycles.id,
      resident_id: cycles.resident_id,
      expires_on: cycles.expires_on,
      is_current: permits.is_current,
      permit_expires_on: permits.expires_on,
    })
    .from(cycles)
    .crossJoin(acknowledgements)
    .innerJoin(permits, eq(permits.id, cycles.permit_id))
    .where(
      and(
        page,
        eq(acknowledgements.cycle_id, cycles.id),
        inOffices(permits.office_code, offices),
        inArray(acknowledgements.answer, ['applied', 'leaving', 'help']),
        not(hasFollowUp(reader, 'answer', sameCause)),
      ),
    )
    .orderBy(acknowledgements.id)
}
