import { and, asc, eq, inArray, isNull, ne, sql } from 'drizzle-orm'
import type { Tx } from '../db/open.ts'

/** What stands in the way of a transfer: somebody else there has the number. */
export type Obstacle = { residentId: number; permitNo: string }

/**
 * Gives these residents to another office, with everything on record: permits, notices, answers, cases, what is still to be
 * sent. A register number that somebody there has already is given up; who had been given their work no longer has it.
 * Links keep working: they go by the office under which a permit came in. Whoever is there already is left alone.
 * @param by an officer's name, or `import`
 */
export async function transferResidents(
  tx: Tx,
  { residentIds, to, by, now }: { residentIds: readonly number[]; to: string; by: string; now: number },
): Promise<number> {
  const { residents, permits, transfers, follow_ups, overstay_cases } = tx.t
  const leaving = await tx
    .select({ id: residents.id, from: residents.office_code, registerNo: residents.register_no })
    .from(residents)
    .where(and(inArray(residents.id, [...residentIds]), ne(residents.office_code, to), isNull(residents.erased_at)))
    .orderBy(asc(residents.id))
  if (leaving.length === 0) return 0
  const ids = leaving.map(({ id }) => id)
  const taken = await tx
    .select({ registerNo: residents.register_no })
    .from(residents)
    .where(
      and(
        eq(residents.office_code, to),
        inArray(
          residents.register_no,
          leaving.flatMap(({ registerNo }) => registerNo ?? []),
        ),
      ),
    )
  const known = new Set(taken.map(({ registerNo }) => registerNo))
  const numberless: number[] = []
  for (const { id, registerNo } of leaving) {
    if (registerNo === null) continue
    if (known.has(registerNo)) numberless.push(id)
    known.add(registerNo)
  }
  await tx.update(residents).set({ register_no: null }).where(inArray(residents.id, numberless))
  await tx.update(residents).set({ office_code: to, updated_at: now }).where(inArray(residents.id, ids))
  await tx
    .update(permits)
    .set({ came_from: sql`coalesce(${permits.came_from}, ${permits.office_code})`, office_code: to, updated_at: now })
    .where(and(inArray(permits.resident_id, ids), ne(permits.office_code, to)))
  await tx
    .insert(transfers)
    .values(leaving.map(({ id, from }) => ({ resident_id: id, from_office: from, to_office: to, by, at: now })))
  await tx
    .update(follow_ups)
    .set({ owner: null })
    .where(and(inArray(follow_ups.resident_id, ids), isNull(follow_ups.closed_at)))
  await tx
    .update(overstay_cases)
    .set({ assigned_to: null, version: sql`${overstay_cases.version} + 1` })
    .where(and(inArray(overstay_cases.resident_id, ids), isNull(overstay_cases.closed_at)))
  await takeAlong(tx, ids, to)
  return ids.length
}

/** The permits of these residents whose numbers somebody of the other office has already. */
export async function obstaclesTo(
  tx: Tx,
  { residentIds, to }: { residentIds: readonly number[]; to: string },
): Promise<Obstacle[]> {
  const rows = await tx.all<{ resident_id: unknown; permit_no: string }>(sql`
    select mine.resident_id, mine.permit_no from permits mine
    join permits theirs on theirs.office_code = ${to} and theirs.permit_no = mine.permit_no
    where mine.resident_id in (${sql.join([...residentIds], sql`, `)}) and theirs.resident_id <> mine.resident_id`)
  return rows.map((row) => ({ residentId: Number(row.resident_id), permitNo: row.permit_no }))
}

/** Their deliveries, past and to come. What tells of people of other offices too stays with the one that sends it. */
async function takeAlong(tx: Tx, residentIds: number[], to: string): Promise<void> {
  const { deliveries, delivery_notices, notices, cycles, residents } = tx.t
  const mine = await tx
    .selectDistinct({ id: delivery_notices.delivery_id })
    .from(cycles)
    .innerJoin(notices, eq(notices.cycle_id, cycles.id))
    .innerJoin(delivery_notices, eq(delivery_notices.notice_id, notices.id))
    .where(inArray(cycles.resident_id, residentIds))
  for (const some of chunks(mine.map(({ id }) => id))) {
    const shared = await tx
      .selectDistinct({ id: delivery_notices.delivery_id })
      .from(delivery_notices)
      .innerJoin(notices, eq(notices.id, delivery_notices.notice_id))
      .innerJoin(cycles, eq(cycles.id, notices.cycle_id))
      .innerJoin(residents, eq(residents.id, cycles.resident_id))
      .where(and(inArray(delivery_notices.delivery_id, some), ne(residents.office_code, to)))
    const staying = new Set(shared.map(({ id }) => id))
    const going = some.filter((id) => !staying.has(id))
    if (going.length > 0) await tx.update(deliveries).set({ office_code: to }).where(inArray(deliveries.id, going))
  }
}

function chunks(ids: readonly number[]): number[][] {
  const pages: number[][] = []
  for (let at = 0; at < ids.length; at += 1_000) pages.push(ids.slice(at, at + 1_000))
  return pages
}
