import { and, eq, ne } from 'drizzle-orm'
import { countSegments } from '../compose/segments.ts'
import type { Tx } from '../db/open.ts'
import type { Listed } from './carrier.ts'
import type { Claimed } from './outbox.ts'
import { attemptById, FOUND } from './record.ts'
import type { Said } from './words.ts'

/**
 * Puts on record what went out in a gap, oldest first: the claimed attempt becomes the newest of them, the poller asks at
 * once what came of it.
 */
export async function recordLost(tx: Tx, claimed: Claimed, found: readonly Listed[], now: number): Promise<void> {
  const { attempts, deliveries } = tx.t
  const attempt = await attemptById(tx, claimed.attemptId)
  const newest = found.at(-1)
  if (attempt?.outcome !== 'pending' || !newest) return
  const earlier = found.slice(0, -1)
  const number = claimed.number + earlier.length
  await tx
    .update(attempts)
    .set({ number, ...foundAttempt(claimed, newest, now) })
    .where(eq(attempts.id, claimed.attemptId))
  for (const [index, one] of earlier.entries()) {
    await tx.insert(attempts).values({
      delivery_id: claimed.deliveryId,
      number: claimed.number + index,
      channel: claimed.channel,
      ...foundAttempt(claimed, one, now),
    })
  }
  await tx
    .update(deliveries)
    .set({
      state: 'accepted',
      reason: null,
      sid: newest.sid,
      attempts: number,
      state_since: now,
      poll_at: now,
      lease_until: null,
      worker: null,
    })
    .where(and(eq(deliveries.id, claimed.deliveryId), eq(deliveries.state, 'sending')))
  await adoptReference(tx, claimed.deliveryId, newest.body)
}

function foundAttempt(claimed: Claimed, one: Listed, now: number) {
  const { words } = claimed
  const said: Said =
    words.channel === 'sms'
      ? { ...words, to: claimed.to, body: one.body, segments: countSegments(one.body).segments }
      : words.channel === 'whatsapp'
        ? { ...words, to: claimed.to, text: one.body }
        : { ...words, to: claimed.to }
  return {
    worker: FOUND,
    words: JSON.stringify(said),
    segments: said.channel === 'sms' ? said.segments : null,
    outcome: 'accepted' as const,
    sid: one.sid,
    started_at: one.createdAt,
    finished_at: now,
    lookup_at: null,
  }
}

/**
 * The reference that the person holds in hand. It is drawn by lot, so a notice that was made a second time has another one.
 * Where a message tells of several permits nobody knows whose reference it bears.
 */
async function adoptReference(tx: Tx, deliveryId: number, body: string): Promise<void> {
  const { delivery_notices, notices } = tx.t
  const reference = /\b[A-Z]{2,4}-[2-9A-HJ-NP-Z]{4,}\b/.exec(body)?.[0]
  if (reference === undefined) return
  const told = await tx
    .select({ id: notices.id, reference: notices.reference })
    .from(delivery_notices)
    .innerJoin(notices, eq(notices.id, delivery_notices.notice_id))
    .where(eq(delivery_notices.delivery_id, deliveryId))
  const [notice] = told
  if (told.length !== 1 || !notice || notice.reference === reference) return
  const taken = await tx
    .select({ id: notices.id })
    .from(notices)
    .where(and(eq(notices.reference, reference), ne(notices.id, notice.id)))
  if (taken.length === 0) await tx.update(notices).set({ reference }).where(eq(notices.id, notice.id))
}
