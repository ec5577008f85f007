import { createHash } from 'node:crypto'
import { and, asc, eq, gt, inArray, isNull, lte, or, sql } from 'drizzle-orm'
import { idsIn, textsIn } from '../db/dialect.ts'
import { lockFree, lockRows } from '../db/lock-rows.ts'
import type { Db, Tx } from '../db/open.ts'
import type { ReceiptKind } from '../db/schema.ts'
import type { CarrierFault } from './carrier.ts'
import { mergeGoodNews } from './good-news.ts'
import { LONGEST_POLL_MS, MESSAGE_STATES, nextPoll } from './outcome.ts'
import type { IncomingReceipt, ReceiptSink } from './receipt-sink.ts'
import { type AttemptNow, adopt, applyFault, attemptById, attemptBySid, moveForward, settleCall } from './record.ts'
import { type DeliverDeps, todayOf } from './settings.ts'
import { Together } from './together.ts'
import { verdictOf } from './twilio/errors.ts'

const PAGE = 500
/** A receipt whose attempt never turned up is left alone after this: it belongs to another program or to a lost database. */
const ORPHAN_MS = 48 * 3_600_000

type Stored = {
  id: number
  kind: ReceiptKind
  sid: string
  status: string
  error_code: number | null
  attempt_id: number | null
  received_at: number
}

/** Where webhooks and the poller put what the carrier tells: stored durably, once, and merged soon after. */
export function receiptSink(deps: DeliverDeps, wake: () => void = () => undefined): ReceiptSink {
  const arrivals = new Together(async (receipts: IncomingReceipt[]) => {
    const ids = await insertReceipts(deps.db, receipts, deps.clock.now())
    const newest = Math.max(...ids.map((id) => id ?? 0))
    if (newest > 0) {
      deps.reach.note('receipts', newest)
      wake()
    }
    return ids
  })
  return { record: async (receipt) => ((await arrivals.add(receipt)) === null ? 'repeated' : 'new') }
}

export async function storeReceipt(db: Db, receipt: IncomingReceipt, now: number): Promise<'new' | 'repeated'> {
  const [id] = await insertReceipts(db, [receipt], now)
  return id === null ? 'repeated' : 'new'
}

/** Their ids; null for one that was there already, or stands before in the list. */
async function insertReceipts(db: Db, received: readonly IncomingReceipt[], now: number): Promise<(number | null)[]> {
  const digests = received.map(digestOf)
  const rows = received.map((receipt, index) => ({
    kind: receipt.kind,
    sid: receipt.sid,
    status: receipt.status,
    error_code: receipt.errorCode,
    attempt_id: receipt.attemptId,
    raw: db.vault.seal(JSON.stringify(receipt.raw), 'receipts.raw'),
    signature: receipt.signature,
    url: receipt.url ?? '',
    digest: digests[index]!,
    received_at: now,
  }))
  const added = await db.write(
    (tx) =>
      tx.insertRows<{ id: number; digest: string }>('receipts', rows, {
        skipKnown: true,
        returning: ['id', 'digest'],
      }),
    { beside: true },
  )
  const ids = new Map(added.map(({ id, digest }) => [digest, id]))
  return digests.map((digest) => {
    const id = ids.get(digest) ?? null
    ids.delete(digest)
    return id
  })
}

/** The same news about the same message is the same receipt, however often and however signed it comes. */
function digestOf(receipt: IncomingReceipt): string {
  const { kind, sid, status, errorCode } = receipt
  return createHash('sha256')
    .update(JSON.stringify([kind, sid, status, errorCode]))
    .digest('base64url')
}

/** Merges what was stored. Returns how many receipts found their attempt. */
export async function applyReceipts(deps: DeliverDeps): Promise<number> {
  let applied = 0
  let after = 0
  for (;;) {
    const { receipts } = deps.db.t
    const page: Stored[] = await deps.db.read
      .select({
        id: receipts.id,
        kind: receipts.kind,
        sid: receipts.sid,
        status: receipts.status,
        error_code: receipts.error_code,
        attempt_id: receipts.attempt_id,
        received_at: receipts.received_at,
      })
      .from(receipts)
      .where(and(isNull(receipts.applied_at), gt(receipts.id, after)))
      .orderBy(asc(receipts.id))
      .limit(PAGE)
    if (page.length === 0) return applied
    after = page.at(-1)!.id
    applied += await deps.db.write((tx) => applyPage(tx, deps, page), { beside: true })
    if (page.length < PAGE) return applied
  }
}

async function applyPage(tx: Tx, deps: DeliverDeps, page: Stored[]): Promise<number> {
  const now = deps.clock.now()
  const done: number[] = []
  let applied = 0
  const mine = await lockUnapplied(tx, page)
  const locked = await lockDeliveries(tx, mine)
  const merged = await mergeGoodNews(tx, mine, { locked, now })
  for (const receipt of mine) {
    if (merged.has(receipt.id) || (await applyOne(tx, deps, receipt, locked, now))) {
      applied += 1
      done.push(receipt.id)
    } else if (isSettledReply(receipt) || now - receipt.received_at > ORPHAN_MS) {
      done.push(receipt.id)
    }
  }
  if (done.length > 0) {
    const { receipts } = tx.t
    await tx
      .update(receipts)
      .set({ applied_at: now })
      .where(sql`${receipts.id} in ${idsIn(tx.engine, done)}`)
  }
  return applied
}

/** Without those that another worker merges at this moment, or has. */
async function lockUnapplied(tx: Tx, page: Stored[]): Promise<Stored[]> {
  const { receipts } = tx.t
  const ids = page.map((receipt) => receipt.id)
  const free = await lockFree(
    tx,
    receipts,
    and(sql`${receipts.id} in ${idsIn(tx.engine, ids)}`, isNull(receipts.applied_at)),
  )
  return page.filter((receipt) => free.has(receipt.id))
}

/** What these receipts are about, all at once, so that two workers never wait for each other. */
async function lockDeliveries(tx: Tx, page: Stored[]): Promise<Set<number>> {
  if (page.length === 0) return new Set()
  const { attempts, deliveries } = tx.t
  const sids = page.map((receipt) => receipt.sid)
  const attemptIds = page.flatMap((receipt) => receipt.attempt_id ?? [])
  // Not one condition or the other: PostgreSQL would go through all attempts.
  const rows = await tx.all<{ id: number }>(sql`
    select delivery_id as id from ${attempts} where sid in ${textsIn(tx.engine, sids)} union
    select delivery_id as id from ${attempts} where id in ${idsIn(tx.engine, attemptIds)}`)
  const ids = rows.map((row) => Number(row.id))
  if (ids.length > 0) await lockRows(tx, deliveries, sql`${deliveries.id} in ${idsIn(tx.engine, ids)}`)
  return new Set(ids)
}

/** Replies were acted on when they came; a tap on "listen" waits for its voice note. */
function isSettledReply(receipt: Stored): boolean {
  return receipt.kind === 'reply' && receipt.status !== 'button:listen'
}

async function applyOne(
  tx: Tx,
  deps: DeliverDeps,
  receipt: Stored,
  locked: Set<number>,
  now: number,
): Promise<boolean> {
  if (receipt.kind === 'reply') return false
  const attempt = await findAttempt(tx, receipt, locked, now)
  if (!attempt) return false
  const when = { now, today: todayOf(deps) }
  if (attempt.channel === 'call') await applyToCall(tx, deps, attempt, receipt, when)
  else await applyToMessage(tx, deps, attempt, receipt, when)
  return true
}

/** By the carrier's id; else by our own id in the callback's URL, which settles an attempt whose answer never came. */
async function findAttempt(tx: Tx, receipt: Stored, locked: Set<number>, now: number): Promise<AttemptNow | undefined> {
  const bySid = await attemptBySid(tx, receipt.sid)
  if (bySid && !locked.has(bySid.deliveryId)) {
    // Its sid was recorded only just now, by another worker.
    await lockRows(tx, tx.t.deliveries, eq(tx.t.deliveries.id, bySid.deliveryId))
    locked.add(bySid.deliveryId)
    return attemptBySid(tx, receipt.sid)
  }
  if (bySid || receipt.attempt_id === null) return bySid
  const byId = await attemptById(tx, receipt.attempt_id)
  if (!byId || byId.sid !== null) return undefined
  await adopt(tx, byId, receipt.sid, now)
  return attemptById(tx, byId.attemptId)
}

async function applyToMessage(
  tx: Tx,
  deps: DeliverDeps,
  attempt: AttemptNow,
  receipt: Stored,
  when: { now: number; today: ReturnType<typeof todayOf> },
): Promise<void> {
  const state = MESSAGE_STATES[receipt.status]
  if (state === undefined) {
    deps.log.error({ receipt: receipt.id, status: receipt.status }, 'unknown message status')
    return
  }
  const told = state === 'delivered' || state === 'read'
  // A late "sent" must not take back the retry that a failure has queued.
  if (state === null || (attempt.ended !== null && !told)) return
  if (state === 'failed' || state === 'undelivered') {
    await tx.update(tx.t.attempts).set({ ended: state }).where(eq(tx.t.attempts.id, attempt.attemptId))
    if (attempt.number !== attempt.attempts || attempt.state === 'delivered' || attempt.state === 'read') return
    await applyFault(tx, deps, attempt, faultOfReceipt(deps, receipt), when)
    return
  }
  await moveForward(tx, attempt, state, when.now)
}

function faultOfReceipt(deps: DeliverDeps, receipt: Stored): CarrierFault {
  const code = receipt.error_code
  if (code === null) return { verdict: 'transient', code: null, httpStatus: null }
  const { verdict, known } = verdictOf(code)
  if (!known) deps.log.error({ receipt: receipt.id, error_code: code }, 'unknown carrier error code')
  return { verdict, code, httpStatus: null }
}

async function applyToCall(
  tx: Tx,
  deps: DeliverDeps,
  attempt: AttemptNow,
  receipt: Stored,
  when: { now: number; today: ReturnType<typeof todayOf> },
): Promise<void> {
  const known = afterCallNews(attempt, receipt.kind, receipt.status)
  if (!known) return
  const { digits, ended, heard, answeredBy } = known
  const seconds = ended === receipt.status ? await secondsIn(tx, receipt.id) : null
  await tx
    .update(tx.t.attempts)
    .set({ digits, ended, heard, answered_by: answeredBy, ...(seconds === null ? {} : { seconds }) })
    .where(eq(tx.t.attempts.id, attempt.attemptId))
  await settleCall(tx, deps, { ...attempt, ...known }, when)
}

/** How long the call took, where the carrier says so with its end. */
async function secondsIn(tx: Tx, receiptId: number): Promise<number | null> {
  const { receipts } = tx.t
  const [row] = await tx.select({ raw: receipts.raw }).from(receipts).where(eq(receipts.id, receiptId))
  const said = row && (JSON.parse(row.raw) as { CallDuration?: string }).CallDuration
  return said && /^\d{1,6}$/.test(said) ? Number(said) : null
}

type CallKnown = Pick<AttemptNow, 'digits' | 'ended' | 'heard' | 'answeredBy'>

const CALL_ENDS = new Set(['completed', 'busy', 'no-answer', 'failed', 'canceled'])

/** What is known of a call after one more piece of news; the pieces may come in any order. Nothing when it says nothing. */
function afterCallNews(attempt: CallKnown, kind: ReceiptKind, status: string): CallKnown | null {
  const { digits, ended, heard, answeredBy } = attempt
  const known = { digits, ended, heard, answeredBy }
  const [what, detail = ''] = status.split(':', 2)
  if (kind === 'key') return { ...known, digits: [...new Set(`${digits ?? ''}${detail}`)].toSorted().join('') }
  if (what === 'answered') return { ...known, answeredBy: detail }
  if (what === 'heard') return { ...known, heard: 1 }
  if (what === 'inbound') return null
  return { ...known, ended: CALL_ENDS.has(status) ? status : ended }
}

/** Asks the carrier about deliveries that have been silent too long. Bounded per call. */
export async function pollSilent(deps: DeliverDeps, limit = 100): Promise<number> {
  const { deliveries, attempts } = deps.db.t
  const now = deps.clock.now()
  const silent = await deps.db.read
    .select({
      id: deliveries.id,
      channel: deliveries.channel,
      sid: deliveries.sid,
      attemptId: attempts.id,
      startedAt: attempts.started_at,
    })
    .from(deliveries)
    .innerJoin(attempts, and(eq(attempts.delivery_id, deliveries.id), eq(attempts.number, deliveries.attempts)))
    .where(
      and(
        // By themselves: else SQLite goes through all that have been accepted, after each of their receipts.
        sql`${deliveries.id} in (
          select id from deliveries where poll_at <= ${now} union all
          select id from deliveries where poll_at > ${now + LONGEST_POLL_MS})`,
        inArray(deliveries.state, ['accepted', 'sent']),
      ),
    )
    .orderBy(asc(deliveries.poll_at))
    .limit(limit)
  let heard = 0
  for (const one of silent) {
    if (one.sid === null) continue
    const kind = one.channel === 'call' ? 'call' : 'message'
    if (!(await postpone(deps, one, now))) continue
    const answer = await deps.carrier.fetch(kind, one.sid)
    if (!answer.ok) {
      deps.log.warn({ delivery: one.id, ...answer.fault }, 'poll failed')
      continue
    }
    const { status, errorCode, seconds, answeredBy } = answer.value
    const raw: Record<string, string> = seconds === null ? {} : { CallDuration: String(seconds) }
    const about = { sid: one.sid, attemptId: one.attemptId, raw, signature: 'poll' }
    if (answeredBy)
      await storeReceipt(deps.db, { kind: 'call', status: `answered:${answeredBy}`, errorCode: null, ...about }, now)
    await storeReceipt(deps.db, { kind, status, errorCode, ...about }, now)
    heard += 1
  }
  if (heard > 0) await applyReceipts(deps)
  return silent.length
}

/** False when another worker asks already. */
async function postpone(
  deps: DeliverDeps,
  one: { id: number; channel: 'sms' | 'call' | 'whatsapp'; startedAt: number },
  now: number,
): Promise<boolean> {
  return deps.db.write(
    async (tx) => {
      const { deliveries } = tx.t
      const mine = await tx
        .update(deliveries)
        .set({ poll_at: nextPoll(one.channel, one.startedAt, now) })
        .where(
          and(
            eq(deliveries.id, one.id),
            or(lte(deliveries.poll_at, now), gt(deliveries.poll_at, now + LONGEST_POLL_MS)),
          ),
        )
        .returning({ id: deliveries.id })
      return mine.length > 0
    },
    { beside: true },
  )
}
