import { and, asc, eq, inArray, or, type SQL, type SQLWrapper } from 'drizzle-orm'
import type { Reader } from '../../db/open.ts'

export type Look = { at: number; officer: string | null; action: string; subject: string; detail: string | null }

/** Of one kind of subject: which columns say what the audit names and whose it is, and the rows of both. */
type Owned = {
  id: SQLWrapper
  residentId: SQLWrapper
  rows(where: SQL): PromiseLike<{ id: number; residentId: number }[]>
}

/** What the audit names when it means somebody, beside `resident` itself. */
type OwnedKind = 'permit' | 'case' | 'follow-up' | 'delivery'

export function ownedSubjects(reader: Reader): Record<OwnedKind, Owned> {
  const { permits, overstay_cases, follow_ups, delivery_notices, notices, cycles } = reader.t
  const direct = (table: typeof permits | typeof overstay_cases | typeof follow_ups): Owned => {
    const { id, resident_id: residentId } = table
    return { id, residentId, rows: (where) => reader.select({ id, residentId }).from(table).where(where) }
  }
  const { delivery_id: id } = delivery_notices
  const { resident_id: residentId } = cycles
  return {
    permit: direct(permits),
    case: direct(overstay_cases),
    'follow-up': direct(follow_ups),
    delivery: {
      id,
      residentId,
      rows: (where) =>
        reader
          .selectDistinct({ id, residentId })
          .from(delivery_notices)
          .innerJoin(notices, eq(notices.id, delivery_notices.notice_id))
          .innerJoin(cycles, eq(cycles.id, notices.cycle_id))
          .where(where),
    },
  }
}

/** Who opened or changed something of this person, oldest first. */
export async function looksAt(reader: Reader, residentId: number): Promise<Look[]> {
  const { audit, officers } = reader.t
  const theirs = [and(eq(audit.subject_kind, 'resident'), eq(audit.subject_id, residentId))]
  for (const [kind, owned] of Object.entries(ownedSubjects(reader))) {
    const ids = (await owned.rows(eq(owned.residentId, residentId))).map(({ id }) => id)
    theirs.push(and(eq(audit.subject_kind, kind), inArray(audit.subject_id, ids)))
  }
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
