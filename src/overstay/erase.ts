import { and, eq, inArray, isNotNull, isNull, notInArray, sql } from 'drizzle-orm'
import type { Tx } from '../db/open.ts'
import type { CivilDate } from '../lib/civil-date.ts'

/** The program's own words and an officer's name; all others are what officers wrote. */
export const WRITTEN_BY_US = ['opened', 'assigned', 'proposed', 'withdrawn'] as const
/** How a follow-up ends that nobody can follow any more. */
const ERASED_OUTCOME = 'erased'

/** Takes what was written about the person out of cases and follow-ups; ends what is open. Returns rows by table. */
export async function eraseFromCases(
  tx: Tx,
  { residentId, by, now, today }: { residentId: number; by: string; now: number; today: CivilDate },
): Promise<Record<string, number>> {
  const { overstay_cases, case_events, follow_ups } = tx.t
  const theirs = tx
    .select({ id: overstay_cases.id })
    .from(overstay_cases)
    .where(eq(overstay_cases.resident_id, residentId))
  const closed = await tx
    .update(overstay_cases)
    .set({ closed_at: now, closed_by: by, outcome: 'data-error', proposed: null, proposed_at: null })
    .where(and(eq(overstay_cases.resident_id, residentId), isNull(overstay_cases.closed_at)))
    .returning({ id: overstay_cases.id })
  for (const { id } of closed) {
    await tx.insert(case_events).values({ case_id: id, kind: 'closed', by, text: 'data-error', on: today, at: now })
  }
  const texts = await tx
    .update(case_events)
    .set({ text: null })
    .where(
      and(
        inArray(case_events.case_id, theirs),
        isNotNull(case_events.text),
        notInArray(case_events.kind, [...WRITTEN_BY_US]),
      ),
    )
    .returning({ id: case_events.id })
  const followed = await tx
    .update(follow_ups)
    .set({
      cause: sql`case when ${follow_ups.kind} = 'number' then 'erased:' || ${follow_ups.id} else ${follow_ups.cause} end`,
      closed_at: sql`coalesce(${follow_ups.closed_at}, ${now})`,
      closed_by: sql`coalesce(${follow_ups.closed_by}, ${by})`,
      outcome: sql`coalesce(${follow_ups.outcome}, ${ERASED_OUTCOME})`,
    })
    .where(eq(follow_ups.resident_id, residentId))
    .returning({ id: follow_ups.id })
  return { case_events: texts.length, follow_ups: followed.length }
}
