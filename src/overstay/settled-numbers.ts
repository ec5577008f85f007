import { and, eq, inArray, isNull } from 'drizzle-orm'
import type { Tx } from '../db/open.ts'

/**
 * After an officer corrected a phone: closes the resident's open `number` follow-ups about a number that neither the
 * resident nor the sponsor has any more. Returns how many.
 */
export async function closeSettledNumbers(
  tx: Tx,
  settled: { residentId: number; outcome: 'number-corrected' | 'no-other-number'; by: string; now: number },
): Promise<number> {
  const { follow_ups, residents } = tx.t
  const open = await tx
    .select({
      id: follow_ups.id,
      cause: follow_ups.cause,
      phone_index: residents.phone_index,
      sponsor_phone_index: residents.sponsor_phone_index,
    })
    .from(follow_ups)
    .innerJoin(residents, eq(residents.id, follow_ups.resident_id))
    .where(
      and(eq(follow_ups.resident_id, settled.residentId), eq(follow_ups.kind, 'number'), isNull(follow_ups.closed_at)),
    )
  const ids = open.filter((one) => !isTheirNumber(one)).map(({ id }) => id)
  if (ids.length === 0) return 0
  const { outcome, by, now } = settled
  await tx
    .update(follow_ups)
    .set({ closed_at: now, closed_by: by, outcome })
    .where(and(inArray(follow_ups.id, ids), isNull(follow_ups.closed_at)))
  return ids.length
}

/** Whether the number that a `number` follow-up is about is still the resident's or the sponsor's. */
export function isTheirNumber(row: {
  cause: string
  phone_index: string | null
  sponsor_phone_index: string | null
}): boolean {
  return row.cause === `number:${row.phone_index}` || row.cause === `number:${row.sponsor_phone_index}`
}
