import { and, eq, inArray, isNull, ne, type SQL, sql } from 'drizzle-orm'
import { raiseAlarm } from '../db/alarms.ts'
import { idsIn, rowsIn, textsIn } from '../db/dialect.ts'
import { readGap } from '../db/gap.ts'
import { lockRows } from '../db/lock-rows.ts'
import type { Tx } from '../db/open.ts'
import type { DeliveryState } from '../db/schema.ts'
import type { CivilDate } from '../lib/civil-date.ts'
import type { Channel } from '../lib/office.ts'
import type { CarrierFault } from './carrier.ts'
import { tryNextChannel } from './next-delivery.ts'
import type { Claimed } from './outbox.ts'
import { afterFault, callOutcome, isForward, nextPoll } from './outcome.ts'
import { pause } from './pauses.ts'
import { retryCallAt } from './retry-call.ts'
import type { DeliverDeps } from './settings.ts'

type When = { now: number; today: CivilDate }

/** From the request to the last word. */
const LONGEST_CALL_MS = 15 * 60_000

/** The worker of attempts that were found at the carrier, after the database had lost them. */
export const FOUND = 'found'

/** The attempt and its delivery as a receipt or an answer finds them. */
export type AttemptNow = {
  attemptId: number
  number: number
  outcome: string
  sid: string | null
  startedAt: number
  ended: string | null
  answeredBy: string | null
  digits: string | null
  heard: number | null
  deliveryId: number
  officeCode: string
  channel: Channel
  state: DeliveryState
  attempts: number
}

/** Writes that the carrier did not take an attempt, unless a receipt has said otherwise meanwhile. */
export async function recordFault(
  tx: Tx,
  deps: DeliverDeps,
  claimed: Claimed,
  fault: CarrierFault,
  when: When,
): Promise<void> {
  await lockRows(tx, tx.t.deliveries, eq(tx.t.deliveries.id, claimed.deliveryId))
  const attempt = await attemptById(tx, claimed.attemptId)
  if (attempt?.outcome === 'pending') await applyFault(tx, deps, attempt, fault, when)
}

/** A claim that was not begun: due again, at once or later, and the attempt was none. */
export async function giveBack(
  tx: Tx,
  claimed: Claimed,
  now: number,
  { notBefore = now, reason = null }: { notBefore?: number; reason?: string | null } = {},
): Promise<void> {
  const { attempts, deliveries } = tx.t
  await lockRows(tx, deliveries, eq(deliveries.id, claimed.deliveryId))
  await tx
    .update(attempts)
    .set({ outcome: 'not-sent', finished_at: now })
    .where(and(eq(attempts.id, claimed.attemptId), eq(attempts.outcome, 'pending')))
  await tx
    .update(deliveries)
    .set({ state: 'queued', reason, not_before: notBefore, lease_until: null, worker: null, state_since: now })
    .where(
      and(
        eq(deliveries.id, claimed.deliveryId),
        eq(deliveries.state, 'sending'),
        eq(deliveries.attempts, claimed.number),
      ),
    )
}

/** Gives an attempt the carrier's id; the delivery is accepted unless it has come further. */
export async function adopt(tx: Tx, attempt: AttemptNow, sid: string, now: number): Promise<void> {
  const { attempts, deliveries } = tx.t
  await tx
    .update(attempts)
    .set({ outcome: 'accepted', sid, finished_at: now, lookup_at: null })
    .where(and(eq(attempts.id, attempt.attemptId), isNull(attempts.sid)))
  if (attempt.number !== attempt.attempts) return
  // Who looked for it in vain had it queued again; it is out all the same, and must not go out twice.
  const thoughtUnsent = attempt.state === 'queued' && attempt.outcome === 'not-sent'
  const forward = attempt.state === 'sending' || attempt.state === 'uncertain' || thoughtUnsent
  await tx
    .update(deliveries)
    .set({
      sid,
      lease_until: null,
      worker: null,
      ...(forward
        ? {
            state: 'accepted' as const,
            reason: keptReason(tx),
            state_since: now,
            poll_at: nextPoll(attempt.channel, now, now),
          }
        : {}),
    })
    .where(eq(deliveries.id, attempt.deliveryId))
}

/** The same for all messages that the carrier took at the same time; a receipt of some may have come first. */
export async function adoptAll(
  tx: Tx,
  accepted: readonly { attemptId: number; sid: string }[],
  now: number,
): Promise<void> {
  const { attempts, deliveries } = tx.t
  const sids = new Map(accepted.map(({ attemptId, sid }) => [attemptId, sid]))
  const ids = sql`${attempts.id} in ${idsIn(tx.engine, [...sids.keys()])}`
  await lockRows(
    tx,
    deliveries,
    inArray(deliveries.id, tx.select({ id: attempts.delivery_id }).from(attempts).where(ids)),
  )
  const known = await attemptsWhere(tx, ids)
  const [usual, others] = [known.filter(isAwaited), known.filter((attempt) => !isAwaited(attempt))]
  for (const attempt of others) await adopt(tx, attempt, sids.get(attempt.attemptId)!, now)
  if (usual.length === 0) return
  const answered = rowsIn(
    tx.engine,
    ['attempt', 'delivery', 'sid', 'poll_at'],
    usual.map(({ attemptId, deliveryId, channel }) => [
      attemptId,
      deliveryId,
      sids.get(attemptId)!,
      nextPoll(channel, now, now),
    ]),
  )
  await tx.run(sql`
    update attempts set outcome = 'accepted', sid = answered.sid, finished_at = ${now}, lookup_at = null
    from ${answered} as answered where attempts.id = cast(answered.attempt as bigint)`)
  await tx.run(sql`
    update deliveries set sid = answered.sid, lease_until = null, worker = null, state = 'accepted',
      reason = ${keptReason(tx)}, state_since = ${now}, poll_at = cast(answered.poll_at as bigint)
    from ${answered} as answered where deliveries.id = cast(answered.delivery as bigint)`)
}

/** Nothing has been heard of it since it was claimed. */
function isAwaited({ number, attempts, state, sid }: AttemptNow): boolean {
  return number === attempts && state === 'sending' && sid === null
}

/** What follows from a fault, at once or by receipt: the attempt, the delivery, pauses, dead numbers, the next channel. */
export async function applyFault(
  tx: Tx,
  deps: DeliverDeps,
  attempt: AttemptNow,
  fault: CarrierFault,
  when: When,
): Promise<void> {
  const { attempts, deliveries, dead_numbers, opt_outs } = tx.t
  const { now } = when
  const tries = await triesOf(tx, attempt)
  const [to] = await tx
    .select({ phone: deliveries.phone, index: deliveries.phone_index })
    .from(deliveries)
    .where(eq(deliveries.id, attempt.deliveryId))
  const { phone, index } = to!
  const decision = afterFault({ fault, channel: attempt.channel, to: phone, tries, now })
  await tx
    .update(attempts)
    .set({
      ...(attempt.outcome === 'accepted' ? {} : { outcome: decision.attempt }),
      finished_at: now,
      http_status: fault.httpStatus,
      error_code: fault.code,
      verdict: fault.verdict,
      lookup_at: decision.attempt === 'uncertain' ? now + deps.patience.lookup.everyMs : null,
    })
    .where(eq(attempts.id, attempt.attemptId))
  if (decision.pause) {
    await pause(tx, { ...decision.pause, reason: decision.reason, code: fault.code, now })
  }
  if (decision.dead) {
    await tx
      .insert(dead_numbers)
      .values(
        decision.dead.map((channel) => ({
          phone_index: index,
          channel,
          error_code: fault.code ?? 0,
          since: now,
        })),
      )
      .onConflictDoNothing()
  }
  if (decision.optOut) {
    await tx
      .insert(opt_outs)
      .values({ phone_index: index, channel: attempt.channel, since: now, via: 'carrier' })
      .onConflictDoNothing()
  }
  if (decision.alarm) await raiseAlarm(tx, { kind: decision.alarm, detail: decision.reason, now })
  if (attempt.number !== attempt.attempts) return
  const moved = await tx
    .update(deliveries)
    .set({
      state: decision.delivery,
      reason: decision.reason,
      lease_until: null,
      worker: null,
      poll_at: null,
      state_since: now,
      ...(decision.notBefore === undefined ? {} : { not_before: decision.notBefore }),
    })
    .where(
      and(
        eq(deliveries.id, attempt.deliveryId),
        inArray(deliveries.state, ['sending', 'uncertain', 'accepted', 'sent', 'undelivered', 'failed']),
      ),
    )
    .returning({ id: deliveries.id })
  if (decision.next && moved.length > 0) await tryNextChannel(tx, deps, { deliveryId: attempt.deliveryId, ...when })
}

/** Where good news takes a delivery. */
export type Move = {
  state: DeliveryState
  pollAt: number | null
  /** Its answer is on record: the lease is over. */
  free: boolean
}

/** Null where it stays: news of an older attempt count when they say that somebody was told. */
export function moveOf(attempt: AttemptNow, state: DeliveryState, now: number): Move | null {
  const told = state === 'delivered' || state === 'read'
  if (attempt.number !== attempt.attempts && !told) return null
  if (!isForward(attempt.state, state)) return null
  return {
    state,
    pollAt: told ? null : nextPoll(attempt.channel, attempt.startedAt, now),
    free: attempt.state !== 'sending',
  }
}

/** Moves a delivery on good news. */
export async function moveForward(tx: Tx, attempt: AttemptNow, state: DeliveryState, now: number): Promise<boolean> {
  const move = moveOf(attempt, state, now)
  if (move) await moveAll(tx, [{ deliveryId: attempt.deliveryId, move }], now)
  return move !== null
}

/** One statement for all that move alike. */
export async function moveAll(
  tx: Tx,
  moves: readonly { deliveryId: number; move: Move }[],
  now: number,
): Promise<void> {
  const { deliveries } = tx.t
  for (const alike of Map.groupBy(moves, ({ move }) => JSON.stringify(move)).values()) {
    const { state, pollAt, free } = alike[0]!.move
    await tx
      .update(deliveries)
      .set({
        state,
        reason: keptReason(tx),
        state_since: now,
        poll_at: pollAt,
        ...(free ? { lease_until: null, worker: null } : {}),
      })
      .where(
        sql`${deliveries.id} in ${idsIn(
          tx.engine,
          alike.map(({ deliveryId }) => deliveryId),
        )}`,
      )
  }
}

/** Good news ends every reason but one: whether the voice note was asked for, which may be known before it. */
function keptReason({ t: { deliveries } }: Tx): SQL<string | null> {
  return sql`case when ${deliveries.reason} in ('listened', 'not-listened') then ${deliveries.reason} end`
}

/** What a call came to, from everything that was heard of it so far, in whatever order it came. */
export async function settleCall(tx: Tx, deps: DeliverDeps, attempt: AttemptNow, when: When): Promise<void> {
  const outcome = callOutcome({
    status: attempt.ended ?? 'in-progress',
    answeredBy: attempt.answeredBy,
    digits: attempt.digits,
    heard: attempt.heard === 1,
    answersLost: await fellIntoGap(tx, attempt),
  })
  if (outcome.state !== 'undelivered') {
    await moveForward(tx, attempt, outcome.state, when.now)
    return
  }
  const { deliveries } = tx.t
  const tries = await triesOf(tx, attempt)
  const answersLost = outcome.reason === 'answers-lost'
  const at = answersLost
    ? null
    : retryCallAt({ office: deps.at(attempt.officeCode).office, startedAt: attempt.startedAt, tries, now: when.now })
  const moved = await tx
    .update(deliveries)
    .set({
      state: at === null ? 'exhausted' : 'queued',
      reason: outcome.reason,
      state_since: when.now,
      poll_at: null,
      lease_until: null,
      worker: null,
      ...(at === null ? {} : { not_before: at }),
    })
    .where(
      and(
        eq(deliveries.id, attempt.deliveryId),
        eq(deliveries.attempts, attempt.number),
        inArray(deliveries.state, ['sending', 'uncertain', 'accepted', 'sent']),
      ),
    )
    .returning({ id: deliveries.id })
  if (at === null && !answersLost && moved.length > 0) {
    await tryNextChannel(tx, deps, { deliveryId: attempt.deliveryId, ...when })
  }
}

/** What was pressed and heard in this call may have been on record once, and be lost. */
async function fellIntoGap(tx: Tx, { startedAt }: AttemptNow): Promise<boolean> {
  const gap = await readGap(tx)
  return gap !== null && startedAt >= gap.from - LONGEST_CALL_MS && startedAt <= gap.until
}

/** Attempts of this delivery that the carrier processed, this one among them. */
async function triesOf(tx: Tx, attempt: AttemptNow): Promise<number> {
  const { attempts } = tx.t
  const [row] = await tx
    .select({ tries: sql<number>`count(*)` })
    .from(attempts)
    .where(
      and(
        eq(attempts.delivery_id, attempt.deliveryId),
        inArray(attempts.outcome, ['accepted', 'refused']),
        ne(attempts.id, attempt.attemptId),
      ),
    )
  return Number(row!.tries) + (attempt.channel === 'call' ? 1 : 0)
}

/** Those of the carrier's ids that an attempt has already. */
export async function knownSids(tx: Tx, sids: string[]): Promise<Set<string>> {
  if (sids.length === 0) return new Set()
  const { attempts } = tx.t
  const rows = await tx.select({ sid: attempts.sid }).from(attempts).where(inArray(attempts.sid, sids))
  return new Set(rows.flatMap((row) => row.sid ?? []))
}

export async function attemptById(tx: Tx, id: number): Promise<AttemptNow | undefined> {
  const [attempt] = await attemptsWhere(tx, eq(tx.t.attempts.id, id))
  return attempt
}

export async function attemptBySid(tx: Tx, sid: string): Promise<AttemptNow | undefined> {
  return (await attemptsBySid(tx, [sid])).get(sid)
}

export async function attemptsBySid(tx: Tx, sids: string[]): Promise<Map<string, AttemptNow>> {
  const rows =
    sids.length === 0 ? [] : await attemptsWhere(tx, sql`${tx.t.attempts.sid} in ${textsIn(tx.engine, sids)}`)
  return new Map(rows.map((row) => [row.sid!, row]))
}

async function attemptsWhere(tx: Tx, where: SQL): Promise<AttemptNow[]> {
  const { attempts, deliveries } = tx.t
  return tx
    .select({
      attemptId: attempts.id,
      number: attempts.number,
      outcome: attempts.outcome,
      sid: attempts.sid,
      startedAt: attempts.started_at,
      ended: attempts.ended,
      answeredBy: attempts.answered_by,
      digits: attempts.digits,
      heard: attempts.heard,
      deliveryId: deliveries.id,
      officeCode: deliveries.office_code,
      channel: deliveries.channel,
      state: deliveries.state,
      attempts: deliveries.attempts,
    })
    .from(attempts)
    .innerJoin(deliveries, eq(deliveries.id, attempts.delivery_id))
    .where(where)
}
