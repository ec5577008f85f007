import { and, eq, inArray } from 'drizzle-orm'
import type { Reader, Tx } from '../db/open.ts'
import type { DeliveryState } from '../db/schema.ts'
import type { CivilDate } from '../lib/civil-date.ts'
import type { Office } from '../lib/office.ts'
import type { PhoneNumber } from '../lib/phone.ts'
import { closedChannels } from '../scan/candidates.ts'
import { startAt } from '../scan/plan-deliveries.ts'
import { carrierHas, loadNotices } from './facts.ts'
import { mayRetry, type Retry } from './may-retry.ts'
import { optedOut } from './opt-outs.ts'
import { routeScope } from './outcome.ts'
import { livePauses } from './pauses.ts'

/** Why it is queued. */
const BY_HAND = 'by-hand'
/** The states from which it can be. */
export const RETRIED: DeliveryState[] = ['exhausted', 'undelivered', 'failed', 'set_aside']

type When = { now: number; today: CivilDate }

/** Which of these deliveries may be sent once more by hand, and why not. A fixed number of queries; unknown ids are left out. */
export async function retriesOf(
  reader: Reader,
  { ids, now, today }: When & { ids: readonly number[] },
): Promise<Map<number, Retry>> {
  const { deliveries } = reader.t
  if (ids.length === 0) return new Map()
  const rows = await reader
    .select({
      id: deliveries.id,
      state: deliveries.state,
      channel: deliveries.channel,
      phone: deliveries.phone,
      phoneIndex: deliveries.phone_index,
    })
    .from(deliveries)
    .where(inArray(deliveries.id, [...ids]))
  const notices = Map.groupBy(await loadNotices(reader, [...ids], today), (notice) => notice.deliveryId)
  const tried = await carrierHas(reader, [...ids])
  const numbers = new Map<string, PhoneNumber>()
  for (const { phoneIndex, phone } of [...rows, ...[...notices.values()].flat()]) {
    if (phoneIndex !== null && phone !== null) numbers.set(phoneIndex, phone)
  }
  const indexes = [...numbers.keys()]
  const shut = await closedChannels(reader, indexes)
  const left = await optedOut(reader, indexes)
  const { live } = await livePauses(reader, now)
  const paused = new Set(live.map((pause) => pause.scope))
  return new Map(
    rows.map(({ id, state, channel, phoneIndex }) => {
      const closed = indexes
        .filter((index) => shut.get(index)?.includes(channel))
        .map((index) => [index, left.get(index)?.has(channel) ? 'opted_out' : 'dead_number'] as const)
      const pausedRoutes = indexes.filter((index) => paused.has(routeScope(channel, numbers.get(index)!)))
      const retry = mayRetry({
        state,
        phoneIndex,
        tried: tried.has(id),
        today,
        notices: notices.get(id) ?? [],
        closed: new Map(closed),
        pausedRoutes: new Set(pausedRoutes),
      })
      return [id, retry]
    }),
  )
}

/**
 * Puts a failed delivery back into the queue, where the rules allow. It is claimed like any other: the record is read once
 * more, a corrected number is followed there, and one attempt is made. Null where there is no such delivery.
 */
export async function retryByHand(
  tx: Tx,
  { id, office, now, today }: When & { id: number; office: Office },
): Promise<Retry | null> {
  const retry = (await retriesOf(tx, { ids: [id], now, today })).get(id)
  if (!retry?.may) return retry ?? null
  const { deliveries } = tx.t
  const [row] = await tx.select({ channel: deliveries.channel }).from(deliveries).where(eq(deliveries.id, id))
  const queued = await tx
    .update(deliveries)
    .set({
      state: 'queued',
      reason: BY_HAND,
      not_before: startAt(office, row!.channel, now),
      state_since: now,
      lease_until: null,
      worker: null,
      poll_at: null,
    })
    .where(and(eq(deliveries.id, id), inArray(deliveries.state, RETRIED)))
    .returning({ id: deliveries.id })
  // Only where another worker moved it since it was read.
  return queued.length > 0 ? retry : { may: false, why: 'under-way' }
}
