import { and, asc, eq, inArray, or } from 'drizzle-orm'
import type { Reader } from '../../db/open.ts'

/** What the audit names when it means somebody: ids by the kind of subject. */
export type Subjects = Record<'resident' | 'permit' | 'case' | 'follow-up' | 'delivery', number[]>

export type Look = { at: number; officer: string | null; action: string; subject: string; detail: string | null }

/** Everything in the database that the audit may name when it means this person. */
export async function subjectsOf(reader: Reader, residentId: number): Promise<Subjects> {
  const { permits, overstay_cases, follow_ups, deliveries, delivery_notices, notices, cycles } = reader.t
  const ids = async (rows: PromiseLike<{ id: number }[]>) => [...new Set((await rows).map(({ id }) => id))]
  return {
    resident: [residentId],
    permit: await ids(reader.select({ id: permits.id }).from(permits).where(eq(permits.resident_id, residentId))),
    case: await ids(
      reader.select({ id: overstay_cases.id }).from(overstay_cases).where(eq(overstay_cases.resident_id, residentId)),
    ),
    'follow-up': await ids(
      reader.select({ id: follow_ups.id }).from(follow_ups).where(eq(follow_ups.resident_id, residentId)),
    ),
    delivery: await ids(
      reader
        .select({ id: deliveries.id })
        .from(deliveries)
        .innerJoin(delivery_notices, eq(delivery_notices.delivery_id, deliveries.id))
        .innerJoin(notices, eq(notices.id, delivery_notices.notice_id))
        .innerJoin(cycles, eq(cycles.id, notices.cycle_id))
        .where(eq(cycles.resident_id, residentId)),
    ),
  }
}

/** Who opened or changed something of this person, oldest first. */
export async function looksAt(reader: Reader, residentId: number): Promise<Look[]> {
  const { audit, officers } = reader.t
  const subjects = await subjectsOf(reader, residentId)
  const theirs = Object.entries(subjects)
    .filter(([, ids]) => ids.length > 0)
    .map(([kind, ids]) => and(eq(audit.subject_kind, kind), inArray(audit.subject_id, ids)))
  const rows = await reader
    .select({
      at: audit.at,
      officer: officers.name,
      action: audit.action,
      kind: audit.subject_kind,
      id: audit.subject_id,
      detail: audit.detail,
    })
    .from(audit)
    .leftJoin(officers, eq(officers.id, audit.officer_id))
    .where(or(...theirs))
    .orderBy(asc(audit.id))
  return rows.map(({ kind, id, ...look }) => ({ ...look, subject: `${kind} ${id}` }))
}
