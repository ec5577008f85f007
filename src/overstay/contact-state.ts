import { and, eq, exists, gt, ne, not, or, type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import type { Reader } from '../db/open.ts'

export type ContactState = 'confirmed' | 'unconfirmed' | 'untried'

/** Columns of the outer query, which must be of none of the tables that are asked here. */
export type CycleOfCase = { cycleId: SQLWrapper; residentId: SQLWrapper; caseId: SQLWrapper }

/**
 * Cases that may be in this state of contact, so that a list need not read everybody's history to show one page. Only
 * `untried` is exact: through whom an officer spoke with somebody is sealed, and of minors the sponsor's answers count.
 */
export function mayBe(reader: Reader, state: ContactState, { cycleId, residentId, caseId }: CycleOfCase): SQL {
  const { notices, delivery_notices, deliveries, acknowledgements, case_events, follow_ups } = reader.t
  const one = { one: sql`1` }
  const sent = (more: SQL | undefined) =>
    exists(
      reader
        .select(one)
        .from(notices)
        .innerJoin(delivery_notices, eq(delivery_notices.notice_id, notices.id))
        .innerJoin(deliveries, eq(deliveries.id, delivery_notices.delivery_id))
        .where(and(eq(notices.cycle_id, cycleId), more)),
    )
  const answered = (more?: SQL) =>
    exists(
      reader
        .select(one)
        .from(acknowledgements)
        .where(and(eq(acknowledgements.cycle_id, cycleId), more)),
    )
  const spoken = exists(
    reader
      .select(one)
      .from(case_events)
      // By the case: with the kind as it is SQLite reads all contacts that there ever were.
      .where(and(eq(case_events.case_id, caseId), sql`${case_events.kind} || '' = 'contact'`)),
  )
  const reached = exists(
    reader
      .select(one)
      .from(follow_ups)
      .where(
        and(
          eq(follow_ups.resident_id, residentId),
          eq(follow_ups.kind, 'phone'),
          eq(follow_ups.cycle_id, cycleId),
          eq(follow_ups.outcome, 'reached'),
        ),
      ),
  )
  const arrived = or(
    eq(deliveries.state, 'delivered'),
    and(eq(deliveries.state, 'read'), ne(deliveries.channel, 'call')),
  )
  const tried = or(sent(gt(deliveries.attempts, 0)), answered(), spoken, reached)!
  if (state === 'untried') return not(tried)!
  if (state === 'confirmed') return or(sent(arrived), answered(), spoken, reached)!
  const toResident = sent(and(arrived, eq(delivery_notices.role, 'resident')))
  return and(tried, not(or(toResident, answered(eq(acknowledgements.role, 'resident')), reached)!)!)!
}
