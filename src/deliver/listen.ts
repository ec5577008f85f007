import { and, asc, eq, inArray, isNull, lte, sql } from 'drizzle-orm'
import type { Tx } from '../db/open.ts'
import type { PhoneNumber } from '../lib/phone.ts'
import { newestDeliveryTo } from './find-by-token.ts'
import { tryNextChannel } from './next-delivery.ts'
import { type DeliverDeps, senderOf, todayOf } from './settings.ts'
import { statusCallbackOf } from './words.ts'

const DAY_MS = 24 * 3_600_000
const PAGE = 100

/**
 * Sends the voice note to whoever tapped "listen": at any hour, within the session that the tap opened. At most once per
 * tap: the tap is settled in the same commit that records the attempt, so a crash costs a note that a second tap brings.
 */
export async function answerListeners(deps: DeliverDeps): Promise<number> {
  const { receipts, voice_notes } = deps.db.t
  const taps = await deps.db.read
    .select({ id: receipts.id, raw: receipts.raw })
    .from(receipts)
    .where(and(isNull(receipts.applied_at), eq(receipts.kind, 'reply'), eq(receipts.status, 'button:listen')))
    .orderBy(asc(receipts.id))
    .limit(PAGE)
  let sent = 0
  for (const tap of taps) {
    const now = deps.clock.now()
    const from = ((JSON.parse(tap.raw) as { From?: string }).From ?? '').replace(/^whatsapp:/, '') as PhoneNumber
    const delivery = await newestDeliveryTo(deps.db.read, deps.db.vault.blind(from, 'phone'), { channel: 'whatsapp' })
    const [note] = delivery?.voiceNoteId
      ? await deps.db.read
          .select({ token: voice_notes.token })
          .from(voice_notes)
          .where(eq(voice_notes.id, delivery.voiceNoteId))
      : []
    const claimed = await deps.db.write(async (tx) => {
      const mine = await tx
        .update(tx.t.receipts)
        .set({ applied_at: now })
        .where(and(eq(tx.t.receipts.id, tap.id), isNull(tx.t.receipts.applied_at)))
        .returning({ id: tx.t.receipts.id })
      if (mine.length === 0 || !delivery || !note) return null
      return beginNote(tx, deps, delivery.id, now)
    })
    if (!claimed || !delivery || !note) continue
    const answer = await deps.carrier.send({
      kind: 'whatsapp-audio',
      ...senderOf(deps, delivery.officeCode, 'whatsapp'),
      to: from,
      mediaUrl: `${deps.publicBaseUrl}/audio/${note.token}.ogg`,
      statusCallback: statusCallbackOf(deps.publicBaseUrl, claimed.attemptId),
    })
    await deps.db.write((tx) => finishNote(tx, claimed.attemptId, answer, deps.clock.now()))
    if (answer.ok) sent += 1
    else deps.log.warn({ attempt: claimed.attemptId, ...answer.fault }, 'voice note not sent')
  }
  return sent
}

/** The note is an attempt beside the delivery's own: it moves no state, and counts downwards from -1. */
async function beginNote(tx: Tx, deps: DeliverDeps, deliveryId: number, now: number): Promise<{ attemptId: number }> {
  const { attempts, deliveries } = tx.t
  const [last] = await tx
    .select({ number: sql<number>`min(${attempts.number})` })
    .from(attempts)
    .where(eq(attempts.delivery_id, deliveryId))
  await tx.update(deliveries).set({ reason: 'listened' }).where(eq(deliveries.id, deliveryId))
  const [row] = await tx
    .insert(attempts)
    .values({
      delivery_id: deliveryId,
      number: Math.min(Number(last?.number ?? 0), 0) - 1,
      channel: 'whatsapp',
      worker: deps.worker,
      started_at: now,
      outcome: 'pending',
    })
    .returning({ id: attempts.id })
  return { attemptId: row!.id }
}

async function finishNote(
  tx: Tx,
  attemptId: number,
  answer: Awaited<ReturnType<DeliverDeps['carrier']['send']>>,
  now: number,
): Promise<void> {
  const { attempts } = tx.t
  await tx
    .update(attempts)
    .set(
      answer.ok
        ? { outcome: 'accepted', sid: answer.sid, finished_at: now }
        : {
            outcome: answer.fault.verdict === 'uncertain' ? 'not-sent' : 'refused',
            error_code: answer.fault.code,
            http_status: answer.fault.httpStatus,
            verdict: answer.fault.verdict,
            finished_at: now,
          },
    )
    .where(eq(attempts.id, attemptId))
}

/** Whoever did not tap within a day is called instead: text on a screen is not a voice note. */
export async function callUnheard(deps: DeliverDeps): Promise<number> {
  const { deliveries, attempts } = deps.db.t
  const now = deps.clock.now()
  const unheard = await deps.db.read
    .select({ id: deliveries.id })
    .from(deliveries)
    .innerJoin(attempts, and(eq(attempts.delivery_id, deliveries.id), eq(attempts.number, deliveries.attempts)))
    .where(
      and(
        eq(deliveries.channel, 'whatsapp'),
        inArray(deliveries.state, ['accepted', 'sent', 'delivered', 'read']),
        isNull(deliveries.reason),
        lte(attempts.started_at, now - DAY_MS),
      ),
    )
    .orderBy(asc(deliveries.id))
    .limit(PAGE)
  let calls = 0
  for (const { id } of unheard) {
    calls += await deps.db.write(async (tx) => {
      const mine = await tx
        .update(tx.t.deliveries)
        .set({ reason: 'not-listened' })
        .where(and(eq(tx.t.deliveries.id, id), isNull(tx.t.deliveries.reason)))
        .returning({ id: tx.t.deliveries.id })
      if (mine.length === 0) return 0
      return tryNextChannel(tx, deps, { deliveryId: id, now, today: todayOf(deps) })
    })
  }
  return calls
}
