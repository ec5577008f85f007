import { and, eq, inArray, isNotNull, isNull, ne, notInArray, or, sql } from 'drizzle-orm'
import type { Reader, Tx } from '../db/open.ts'
import type { DeliveryState } from '../db/schema.ts'
import type { PhoneNumber } from '../lib/phone.ts'

/** In the column `url` of a receipt whose content is erased. */
export const ERASED_RECEIPT = 'erased'
const EMPTY = '{}'

/** The carrier may be reached at this moment, or nobody knows whether it was: what came of it must be known first. */
const IN_FLIGHT: DeliveryState[] = ['sending', 'uncertain']
const WAITING: DeliveryState[] = ['queued']

/** Deliveries of this resident's notices that are under way. */
export async function inFlightOf(reader: Reader, residentId: number): Promise<number[]> {
  const { deliveries } = reader.t
  const rows = await reader
    .select({ id: deliveries.id })
    .from(deliveries)
    .where(and(inArray(deliveries.id, deliveriesOf(reader, residentId)), inArray(deliveries.state, IN_FLIGHT)))
  return rows.map(({ id }) => id)
}

/**
 * Takes numbers, words, links and receipts away; what is left is counted: channel, state, dates, cost. A delivery that told others,
 * too, stays theirs. `replies` are receipts of the person's own messages. Returns rows by table.
 */
export async function eraseFromDeliveries(
  tx: Tx,
  { residentId, replies, now }: { residentId: number; replies: readonly number[]; now: number },
): Promise<Record<string, number>> {
  const { deliveries, attempts } = tx.t
  const own = and(
    inArray(deliveries.id, deliveriesOf(tx, residentId)),
    notInArray(deliveries.id, deliveriesOfOthers(tx, residentId)),
  )
  await tx
    .update(deliveries)
    .set({ state: 'cancelled', reason: 'permit_over', poll_at: null, lease_until: null, state_since: now })
    .where(and(own, inArray(deliveries.state, WAITING)))
  const cleared = await tx
    .update(deliveries)
    .set({
      phone: '' as PhoneNumber,
      phone_index: sql`'erased:' || ${deliveries.id}`,
      token_hash: sql`'erased:' || ${deliveries.id}`,
      voice_note_id: null,
    })
    .where(own)
    .returning({ id: deliveries.id })
  const ids = cleared.map(({ id }) => id)
  const tried =
    ids.length === 0
      ? []
      : await tx
          .update(attempts)
          .set({ words: null })
          .where(inArray(attempts.delivery_id, ids))
          .returning({ id: attempts.id, sid: attempts.sid })
  const told = await eraseReceipts(tx, {
    ids: replies,
    sids: tried.flatMap(({ sid }) => sid ?? []),
    attempts: tried.map(({ id }) => id),
  })
  return { deliveries: ids.length, attempts: tried.length, receipts: told }
}

/** What the carrier sent stays known by its id and status, so that it cannot come a second time. Returns how many. */
export async function eraseReceipts(
  tx: Tx,
  {
    ids = [],
    sids = [],
    attempts = [],
  }: { ids?: readonly number[]; sids?: readonly string[]; attempts?: readonly number[] },
): Promise<number> {
  const { receipts } = tx.t
  if (ids.length + sids.length + attempts.length === 0) return 0
  const rows = await tx
    .update(receipts)
    .set({ raw: EMPTY, url: ERASED_RECEIPT })
    .where(
      and(
        ne(receipts.url, ERASED_RECEIPT),
        or(
          inArray(receipts.id, [...ids]),
          inArray(receipts.sid, [...sids]),
          inArray(receipts.attempt_id, [...attempts]),
        ),
      ),
    )
    .returning({ id: receipts.id })
  return rows.length
}

/**
 * The numbers at which this person was told or would be, now and formerly; not one that is by now another's, whose messages nobody can
 * tell from theirs.
 */
export async function ownNumbers(reader: Reader, residentId: number): Promise<string[]> {
  const { residents, deliveries } = reader.t
  const [person] = await reader
    .select({ phone: residents.phone, index: residents.phone_index })
    .from(residents)
    .where(eq(residents.id, residentId))
  const told = await reader
    .select({ phone: deliveries.phone, index: deliveries.phone_index })
    .from(deliveries)
    .where(and(inArray(deliveries.id, deliveriesOf(reader, residentId)), eq(deliveries.role, 'resident')))
  const numbers = new Map([...told, person].flatMap((one) => (one?.phone && one.index ? [[one.index, one.phone]] : [])))
  const others = await reader
    .select({ index: residents.phone_index })
    .from(residents)
    .where(and(inArray(residents.phone_index, [...numbers.keys()]), ne(residents.id, residentId)))
  for (const { index } of others) if (index !== null) numbers.delete(index)
  return [...numbers.values()]
}

/** Messages of a person's own, by the number they came from; a few pages of sealed texts, for no index knows it. */
export async function repliesFrom(
  reader: Reader,
  phones: readonly string[],
): Promise<{ id: number; raw: string; at: number; status: string }[]> {
  const { receipts } = reader.t
  const from = new Set(phones)
  const found = []
  for (let after = 0; from.size > 0; ) {
    const rows = await reader
      .select({ id: receipts.id, raw: receipts.raw, at: receipts.received_at, status: receipts.status })
      .from(receipts)
      .where(and(eq(receipts.kind, 'reply'), sql`${receipts.id} > ${after}`, ne(receipts.url, ERASED_RECEIPT)))
      .orderBy(receipts.id)
      .limit(500)
    if (rows.length === 0) break
    after = rows.at(-1)!.id
    found.push(...rows.filter(({ raw }) => from.has(senderOf(raw))))
  }
  return found
}

function senderOf(raw: string): string {
  const { From = '' } = JSON.parse(raw) as Record<string, string>
  return From.replace(/^whatsapp:/, '')
}

export function deliveriesOf(reader: Reader, residentId: number) {
  const { delivery_notices, notices, cycles } = reader.t
  return reader
    .select({ id: delivery_notices.delivery_id })
    .from(delivery_notices)
    .innerJoin(notices, eq(notices.id, delivery_notices.notice_id))
    .innerJoin(cycles, eq(cycles.id, notices.cycle_id))
    .where(eq(cycles.resident_id, residentId))
}

function deliveriesOfOthers(reader: Reader, residentId: number) {
  const { delivery_notices, notices, cycles, residents } = reader.t
  return reader
    .select({ id: delivery_notices.delivery_id })
    .from(delivery_notices)
    .innerJoin(notices, eq(notices.id, delivery_notices.notice_id))
    .innerJoin(cycles, eq(cycles.id, notices.cycle_id))
    .innerJoin(residents, eq(residents.id, cycles.resident_id))
    .where(
      and(
        ne(residents.id, residentId),
        isNull(residents.erased_at),
        isNotNull(delivery_notices.delivery_id),
        inArray(delivery_notices.delivery_id, deliveriesOf(reader, residentId)),
      ),
    )
}
