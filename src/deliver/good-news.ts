import type { Tx } from '../db/open.ts'
import { MESSAGE_STATES } from './outcome.ts'
import { type AttemptNow, attemptsBySid, type Move, moveAll, moveOf } from './record.ts'

export type News = { id: number; kind: string; sid: string; status: string }

/**
 * Merges the receipts that say of a message, known by the carrier's id, that it went on its way: nearly all there are, read and
 * written for all at once. Where anything else has come about the same delivery, all of it is left. Returns what is merged.
 */
export async function mergeGoodNews(
  tx: Tx,
  receipts: readonly News[],
  { locked, now }: { locked: ReadonlySet<number>; now: number },
): Promise<Set<number>> {
  const attempts = await attemptsBySid(tx, [...new Set(receipts.map((receipt) => receipt.sid))])
  const byDelivery = Map.groupBy(receipts, ({ sid }) => attempts.get(sid)?.deliveryId)
  byDelivery.delete(undefined)
  const merged = new Set<number>()
  const moves: { deliveryId: number; move: Move }[] = []
  for (const [deliveryId, news] of byDelivery) {
    if (!locked.has(deliveryId!) || !news.every((one) => isGood(one, attempts.get(one.sid)!))) continue
    for (const { id } of news) merged.add(id)
    const move = furthest(news, attempts, now)
    if (move) moves.push({ deliveryId: deliveryId!, move })
  }
  await moveAll(tx, moves, now)
  return merged
}

/** Where one receipt after the other takes the delivery; null when it stays where it is. */
function furthest(news: readonly News[], attempts: ReadonlyMap<string, AttemptNow>, now: number): Move | null {
  return news.reduce<Move | null>((before, { sid, status }) => {
    const attempt = attempts.get(sid)!
    const state = MESSAGE_STATES[status] ?? null
    const told = state === 'delivered' || state === 'read'
    if (state === null || (attempt.ended !== null && !told)) return before
    return moveOf({ ...attempt, state: before?.state ?? attempt.state }, state, now) ?? before
  }, null)
}

function isGood({ kind, status }: News, attempt: AttemptNow): boolean {
  const state = MESSAGE_STATES[status]
  return (
    kind === 'message' &&
    attempt.channel !== 'call' &&
    state !== undefined &&
    state !== 'failed' &&
    state !== 'undelivered'
  )
}
