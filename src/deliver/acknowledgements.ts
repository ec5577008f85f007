import { and, count, eq, gt, inArray, sql } from 'drizzle-orm'
import type { Db, Tx } from '../db/open.ts'
import type { Answer, Role } from '../db/schema.ts'

export type Acknowledging = {
  /** The delivery that was answered; null at the counter. */
  deliveryId: number | null
  /** Only these notices; without it all that the delivery carries. */
  noticeIds?: readonly number[]
  answer: Answer
  via: 'key' | 'page' | 'whatsapp' | 'counter'
  /** Who answers; without it, for each notice, the one whom the delivery told of it. */
  role?: Role
  officer?: string
  /** Epoch ms. */
  now: number
}

type Told = { notice_id: number; cycle_id: number; role: Role }

/**
 * Records an answer, once per cycle, role, answer and way. `understood` also cancels what waits for another try of a cycle and role that
 * has understood; a first attempt is a stage of its own and stays. The same answer again adds nothing.
 */
export async function acknowledge(db: Db, acknowledging: Acknowledging): Promise<{ added: number; cancelled: number }> {
  return db.write(async (tx) => {
    const told = await noticesAnswered(tx, acknowledging)
    const added = await insertAnswers(tx, told, acknowledging)
    const cancelled = acknowledging.answer === 'understood' ? await cancelRetries(tx, told, acknowledging.now) : 0
    return { added, cancelled }
  })
}

async function noticesAnswered(tx: Tx, { deliveryId, noticeIds, role }: Acknowledging): Promise<Told[]> {
  const { delivery_notices, notices } = tx.t
  const chosen = noticeIds ? inArray(notices.id, [...noticeIds]) : undefined
  if (deliveryId === null) {
    if (!noticeIds || !role) throw new Error('an answer without a delivery needs its notices and its role')
    const rows = await tx.select({ notice_id: notices.id, cycle_id: notices.cycle_id }).from(notices).where(chosen)
    return rows.map((row) => ({ ...row, role }))
  }
  const rows = await tx
    .select({ notice_id: notices.id, cycle_id: notices.cycle_id, role: delivery_notices.role })
    .from(delivery_notices)
    .innerJoin(notices, eq(notices.id, delivery_notices.notice_id))
    .where(and(eq(delivery_notices.delivery_id, deliveryId), chosen))
    .orderBy(notices.id)
  return rows.map((row) => ({ ...row, role: role ?? row.role }))
}

async function insertAnswers(tx: Tx, told: Told[], acknowledging: Acknowledging): Promise<number> {
  if (told.length === 0) return 0
  const { acknowledgements } = tx.t
  const { deliveryId, answer, via, officer, now } = acknowledging
  const rows = told.map((one) => ({ ...one, delivery_id: deliveryId, answer, via, officer: officer ?? null, at: now }))
  const added = await tx
    .insert(acknowledgements)
    .values(rows)
    .onConflictDoNothing()
    .returning({ id: acknowledgements.id })
  return added.length
}

async function cancelRetries(tx: Tx, told: Told[], now: number): Promise<number> {
  const { deliveries, delivery_notices, notices } = tx.t
  let cancelled = 0
  for (const { cycle_id, role } of told) {
    const waiting = await tx
      .select({ id: deliveries.id })
      .from(deliveries)
      .innerJoin(delivery_notices, eq(delivery_notices.delivery_id, deliveries.id))
      .innerJoin(notices, eq(notices.id, delivery_notices.notice_id))
      .where(
        and(
          eq(notices.cycle_id, cycle_id),
          eq(delivery_notices.role, role),
          eq(deliveries.state, 'queued'),
          gt(deliveries.attempts, untaken(tx)),
        ),
      )
    for (const { id } of waiting) {
      if (!(await allUnderstood(tx, id))) continue
      const rows = await tx
        .update(deliveries)
        .set({ state: 'cancelled', reason: 'understood', state_since: now, poll_at: null })
        .where(and(eq(deliveries.id, id), eq(deliveries.state, 'queued')))
        .returning({ id: deliveries.id })
      cancelled += rows.length
    }
  }
  return cancelled
}

/** How many attempts of the delivery the carrier never took: they were none. */
function untaken(tx: Tx) {
  const { attempts, deliveries } = tx.t
  const none = tx
    .select({ count: count() })
    .from(attempts)
    .where(and(eq(attempts.delivery_id, deliveries.id), gt(attempts.number, 0), eq(attempts.outcome, 'not-sent')))
  return sql`(${none})`
}

/** A delivery may carry the permits of several people: it is over only when each of them has understood. */
async function allUnderstood(tx: Tx, deliveryId: number): Promise<boolean> {
  const { acknowledgements, delivery_notices, notices } = tx.t
  const told = await tx
    .select({ id: notices.id, understood: acknowledgements.id })
    .from(delivery_notices)
    .innerJoin(notices, eq(notices.id, delivery_notices.notice_id))
    .leftJoin(
      acknowledgements,
      and(
        eq(acknowledgements.cycle_id, notices.cycle_id),
        eq(acknowledgements.role, delivery_notices.role),
        eq(acknowledgements.answer, 'understood'),
      ),
    )
    .where(eq(delivery_notices.delivery_id, deliveryId))
  return told.every((row) => row.understood !== null)
}
