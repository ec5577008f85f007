import { and, asc, eq, gt, gte, inArray, isNotNull, lt, lte, or, sql } from 'drizzle-orm'
import type { Tx } from '../db/open.ts'
import type { Tables } from '../db/schema.ts'
import { afterLookup } from './outcome.ts'
import { adopt, attemptById, knownSids } from './record.ts'
import type { DeliverDeps } from './settings.ts'
import type { Words } from './words.ts'

/**
 * The carrier's clock goes by the world's, and ours may have been a day and an hour ahead of it. A message is told by its link and
 * a call by an id that no attempt has, so looking further back finds nothing wrong.
 */
const LOOK_BACK_MS = 26 * 3_600_000
/** A lease that ends this many times its length from now was written before the clock was set back: nobody holds it. */
export const BELIEVABLE_LEASES = 2

/** Claims whose lease ran out without an outcome: nobody knows whether they were sent. */
export async function recoverLeases(deps: DeliverDeps): Promise<number> {
  const now = deps.clock.now()
  const ranOut = ({ deliveries }: Tables) =>
    and(
      eq(deliveries.state, 'sending'),
      or(lt(deliveries.lease_until, now), gt(deliveries.lease_until, now + BELIEVABLE_LEASES * deps.patience.leaseMs)),
    )
  if ((await deps.db.read.$count(deps.db.t.deliveries, ranOut(deps.db.t))) === 0) return 0
  return deps.db.write(async (tx) => {
    const { deliveries, attempts } = tx.t
    const rows = await tx
      .update(deliveries)
      .set({ state: 'uncertain', reason: 'lease', lease_until: null, worker: null, state_since: now })
      .where(ranOut(tx.t))
      .returning({ id: deliveries.id })
    if (rows.length === 0) return 0
    await tx
      .update(attempts)
      .set({ outcome: 'uncertain', lookup_at: now })
      .where(
        and(
          inArray(
            attempts.delivery_id,
            rows.map((row) => row.id),
          ),
          eq(attempts.outcome, 'pending'),
        ),
      )
    deps.log.warn({ deliveries: rows.map((row) => row.id) }, 'leases ran out')
    return rows.length
  })
}

/** Asks the carrier what became of uncertain attempts, and adopts or queues them again. Bounded per call. */
export async function reconcile(
  deps: DeliverDeps,
  limit = 100,
): Promise<{ adopted: number; again: number; waiting: number }> {
  const { attempts, deliveries } = deps.db.t
  const result = { adopted: 0, again: 0, waiting: 0 }
  const uncertain = await deps.db.read
    .select({
      attemptId: attempts.id,
      channel: attempts.channel,
      words: attempts.words,
      startedAt: attempts.started_at,
      phone: deliveries.phone,
    })
    .from(attempts)
    .innerJoin(deliveries, eq(deliveries.id, attempts.delivery_id))
    .where(and(eq(attempts.outcome, 'uncertain'), lookUpDue(deps)))
    .orderBy(asc(attempts.lookup_at), asc(attempts.id))
    .limit(limit)
  for (const one of uncertain) {
    const kind = one.channel === 'call' ? 'call' : 'message'
    const to = one.channel === 'whatsapp' ? (`whatsapp:${one.phone}` as const) : one.phone
    // The list is as old as the question: an answer that was long under way knows nothing of what came in between.
    const now = deps.clock.now()
    const answer = await deps.carrier.list(kind, to, one.startedAt - LOOK_BACK_MS)
    if (!answer.ok) {
      deps.log.warn({ attempt: one.attemptId, ...answer.fault }, 'look-up failed')
      await deps.db.write((tx) => askAgain(tx, one.attemptId, { at: now + deps.patience.lookup.everyMs, now }))
      result.waiting += 1
      continue
    }
    const what = await deps.db.write(async (tx) => {
      const attempt = await attemptById(tx, one.attemptId)
      if (attempt?.outcome !== 'uncertain') return 'settled'
      const lookup = afterLookup({
        channel: one.channel,
        link: linkIn(one.words),
        listed: answer.value,
        known: await knownSids(
          tx,
          answer.value.map((item) => item.sid),
        ),
        startedAt: one.startedAt,
        now,
        patience: deps.patience.lookup,
      })
      if (lookup.what === 'adopt') await adopt(tx, attempt, lookup.sid, now)
      if (lookup.what === 'ask-again') await askAgain(tx, one.attemptId, { at: lookup.at, now })
      if (lookup.what === 'send-again') await sendAgain(tx, one.attemptId, attempt.deliveryId, attempt.number, now)
      return lookup.what
    })
    if (what === 'adopt') result.adopted += 1
    if (what === 'send-again') result.again += 1
    if (what === 'ask-again') result.waiting += 1
    deps.log.info({ attempt: one.attemptId, what }, 'uncertain attempt looked up')
  }
  return result
}

/** The next instant at which an uncertain attempt is to be looked up, or null. */
export async function nextLookup(deps: Pick<DeliverDeps, 'db'>): Promise<number | null> {
  const { attempts } = deps.db.t
  const [row] = await deps.db.read
    .select({ at: attempts.lookup_at })
    .from(attempts)
    .where(and(eq(attempts.outcome, 'uncertain'), isNotNull(attempts.lookup_at), gte(attempts.lookup_at, 0)))
    .orderBy(asc(attempts.lookup_at))
    .limit(1)
  return row?.at ?? null
}

function linkIn(words: string | null): string | null {
  if (words === null) return null
  const parsed = JSON.parse(words) as Words
  return parsed.channel === 'call' ? null : parsed.link
}

/** Also what was put off for longer than anything is: that was before the clock was set back. */
function lookUpDue({ db, clock, patience }: DeliverDeps) {
  const { attempts } = db.t
  const now = clock.now()
  const longest = Math.max(patience.lookup.everyMs, patience.lookup.listingMs)
  return or(lte(attempts.lookup_at, now), gt(attempts.lookup_at, now + 2 * longest))
}

/** Nothing began later than now: where the record says so, the clock was set back, and the wait for the carrier's list begins anew. */
async function askAgain(tx: Tx, attemptId: number, { at, now }: { at: number; now: number }): Promise<void> {
  const { attempts } = tx.t
  await tx
    .update(attempts)
    .set({
      lookup_at: at,
      started_at: sql`case when ${attempts.started_at} > ${now} then ${now} else ${attempts.started_at} end`,
    })
    .where(eq(attempts.id, attemptId))
}

/** The carrier never took it: the attempt was no try, and the delivery is due again. */
async function sendAgain(tx: Tx, attemptId: number, deliveryId: number, number: number, now: number): Promise<void> {
  const { attempts, deliveries } = tx.t
  await tx
    .update(attempts)
    .set({ outcome: 'not-sent', finished_at: now, lookup_at: null })
    .where(eq(attempts.id, attemptId))
  await tx
    .update(deliveries)
    .set({ state: 'queued', reason: 'not-sent', not_before: now, state_since: now, lease_until: null, worker: null })
    .where(and(eq(deliveries.id, deliveryId), eq(deliveries.state, 'uncertain'), eq(deliveries.attempts, number)))
}
