import { and, eq, gt, gte, inArray, isNull, ne, or, sql } from 'drizzle-orm'
import { type Gap, readGap } from '../db/gap.ts'
import type { Tx } from '../db/open.ts'
import { type CivilDate, instantOf } from '../lib/civil-date.ts'
import type { Channel } from '../lib/office.ts'
import { mayBeLost, stageBegins } from '../scan/lost.ts'
import type { Listed } from './carrier.ts'
import type { NoticeFactsRow } from './facts.ts'
import type { Claimed } from './outbox.ts'
import { giveBack, knownSids } from './record.ts'
import { recordLost } from './record-lost.ts'
import type { DeliverDeps } from './settings.ts'

/** The carrier's clock and ours may differ by this much. */
const SKEW_MS = 5 * 60_000
/** And by this much if ours was wrong: a message is told by its link, so looking further back finds nothing wrong. */
const WRONG_CLOCK_MS = 26 * 3_600_000

/** A queued delivery that waits until the carrier's list is complete. */
export const LOOK_UP = 'look-up'

/** What a delivery is to be looked for by before it is sent. Epoch ms. */
export type LookBack = Gap & {
  /** Its stage had not begun before. */
  begunAt: number
  /** So many other calls to the same number wait for a look as well. */
  others: number
}

/**
 * Of deliveries that are about to be sent, those that may have been sent in a gap of the database. Each is looked up once:
 * what was attempted since is no longer among them.
 */
export async function lookBacks(
  tx: Tx,
  deps: DeliverDeps,
  rows: readonly { id: number; channel: Channel; phone_index: string }[],
  notices: ReadonlyMap<number, readonly NoticeFactsRow[]>,
): Promise<Map<number, LookBack>> {
  const gap = await readGap(tx)
  if (!gap) return new Map()
  const { timeZone } = deps.office
  const lost = rows.flatMap((row) => {
    const due = (notices.get(row.id) ?? []).map(({ stage, cycleExpiresOn }) => ({ stage, expiresOn: cycleExpiresOn }))
    const begun = due.filter((one) => mayBeLost(one, gap, timeZone)).map(stageBegins)
    return begun.length === 0 ? [] : [{ row, begunOn: begun.toSorted()[0]! }]
  })
  const seen = await lookedUp(
    tx,
    lost.map(({ row }) => row.id),
    gap,
  )
  const backs = new Map<number, LookBack>()
  for (const { row, begunOn } of lost) {
    if (seen.has(row.id)) continue
    const others = row.channel === 'call' ? await otherCalls(tx, row) : 0
    backs.set(row.id, { ...gap, begunAt: startOf(begunOn, timeZone), others })
  }
  return backs
}

/**
 * Asks the carrier whether this delivery went out in the gap. True: nothing did, and it may be sent. False: what was found is
 * on record, or nobody knows and it is asked again.
 */
export async function isNew(deps: DeliverDeps, claimed: Claimed, back: LookBack): Promise<boolean> {
  const { channel, to, words } = claimed
  const address = channel === 'whatsapp' ? (`whatsapp:${to}` as const) : to
  const answer =
    channel === 'call'
      ? await deps.carrier.list('call', address, back.from - SKEW_MS)
      : await deps.carrier.list('message', address, back.from - WRONG_CLOCK_MS)
  const now = deps.clock.now()
  if (!answer.ok) {
    deps.log.warn({ attempt: claimed.attemptId, ...answer.fault }, 'look-up failed')
    const notBefore = now + Math.max(deps.patience.lookup.everyMs, answer.fault.retryAfterMs ?? 0)
    await deps.db.write((tx) => giveBack(tx, claimed, now, { notBefore, reason: LOOK_UP }))
    return false
  }
  return deps.db.write(async (tx) => {
    const known = await knownSids(
      tx,
      answer.value.map(({ sid }) => sid),
    )
    const found = lostAmong({
      channel,
      path: words.channel === 'call' ? null : pathOf(words.link),
      listed: answer.value,
      known,
      back,
    })
    deps.log.info({ delivery: claimed.deliveryId, attempt: claimed.attemptId, found: found.length }, 'looked back')
    if (found.length === 0) return true
    await recordLost(tx, claimed, found, now)
    return false
  })
}

/**
 * What the carrier took for this delivery in the gap, oldest first. A message is told by the path of its link, which is the
 * same for ever, whatever the office's domain. A call has no link: it is told by number and time, and where several
 * deliveries wait for a look at the same number, each takes the oldest that is left, in the order in which they were made.
 */
export function lostAmong(input: {
  channel: Channel
  /** `/n/<token>`; null for calls. */
  path: string | null
  listed: readonly Listed[]
  known: ReadonlySet<string>
  back: LookBack
}): Listed[] {
  const { channel, path, listed, known, back } = input
  const oldestFirst = listed.filter(({ sid }) => !known.has(sid)).toSorted((a, b) => a.createdAt - b.createdAt)
  if (channel !== 'call') return path === null ? [] : oldestFirst.filter(({ body }) => body.includes(path))
  const from = Math.max(back.from - SKEW_MS, back.begunAt)
  const calls = oldestFirst.filter(({ createdAt }) => createdAt >= from && createdAt <= back.until + SKEW_MS)
  return back.others > 0 ? calls.slice(0, 1) : calls
}

function pathOf(link: string): string {
  return link.slice(link.lastIndexOf('/n/'))
}

/** Those that were attempted or found after the gap. */
async function lookedUp(tx: Tx, ids: number[], gap: Gap): Promise<Set<number>> {
  if (ids.length === 0) return new Set()
  const { attempts } = tx.t
  const rows = await tx
    .selectDistinct({ id: attempts.delivery_id })
    .from(attempts)
    .where(
      and(
        inArray(attempts.delivery_id, ids),
        gt(attempts.number, 0),
        ne(attempts.outcome, 'not-sent'),
        or(isNull(attempts.finished_at), gte(attempts.finished_at, gap.until)),
      ),
    )
  return new Set(rows.map(({ id }) => id))
}

/** Only those that were never looked at or sent: of the others the calls are on record. */
async function otherCalls(tx: Tx, row: { id: number; phone_index: string }): Promise<number> {
  const { deliveries } = tx.t
  const [found] = await tx
    .select({ calls: sql<number>`count(*)` })
    .from(deliveries)
    .where(
      and(
        eq(deliveries.phone_index, row.phone_index),
        eq(deliveries.channel, 'call'),
        eq(deliveries.state, 'queued'),
        eq(deliveries.attempts, 0),
        ne(deliveries.id, row.id),
      ),
    )
  return Number(found!.calls)
}

function startOf(date: CivilDate, timeZone: string): number {
  return instantOf(date, '00:00', timeZone)
}
