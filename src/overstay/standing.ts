import { and, eq, exists, gte, isNull, or, type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import type { Reader } from '../db/open.ts'
import type { CivilDate } from '../lib/civil-date.ts'

/**
 * The person of the outer query has a live hold: not lifted, and today is no later than its last day. `residentId` is a
 * column of the outer query; one of `holds` itself would mean the inner row and be true for everybody.
 */
export function isHeld(reader: Reader, residentId: SQLWrapper, today: CivilDate): SQL {
  const { holds } = reader.t
  return exists(
    reader
      .select({ one: sql`1` })
      .from(holds)
      .where(
        and(
          eq(holds.resident_id, residentId),
          isNull(holds.lifted_at),
          or(isNull(holds.until_on), gte(holds.until_on, today)),
        ),
      ),
  )
}

/** Whoever has a live hold: for lists of those alone, which need not ask of everybody. */
export function holdersOn(reader: Reader, today: CivilDate) {
  const { holds } = reader.t
  return reader
    .select({ id: holds.resident_id })
    .from(holds)
    .where(and(isNull(holds.lifted_at), or(isNull(holds.until_on), gte(holds.until_on, today))))
}
