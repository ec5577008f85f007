import { and, eq, gt, inArray, isNull, lt } from 'drizzle-orm'
import type { Db, Reader, Tx } from '../db/open.ts'

export type Pause = { id: number; scope: string; reason: string; until: number; probes: number }

/** The longest wait between two probes of a carrier that does not answer. */
const LONGEST_MS = 15 * 60_000
/** Of a route or a channel. */
const LONGEST_PAUSE_MS = 6 * 3_600_000

/** Begins a pause or lengthens the one that is there; never shortens one. */
export async function pause(
  tx: Tx,
  {
    scope,
    reason,
    code,
    until,
    now,
  }: { scope: string; reason: string; code: number | null; until: number; now: number },
): Promise<void> {
  const { pauses } = tx.t
  const begun = await tx
    .insert(pauses)
    .values({ scope, reason, error_code: code, since: now, until })
    .onConflictDoNothing()
    .returning({ id: pauses.id })
  if (begun.length > 0) return
  await tx
    .update(pauses)
    .set({ until, reason, error_code: code })
    .where(and(eq(pauses.scope, scope), isNull(pauses.lifted_at), lt(pauses.until, until)))
}

/** What is paused at `now`, and the account pause even when its time is over: only a probe lifts that one. */
export async function livePauses(reader: Reader, now: number): Promise<{ live: Pause[]; ripe: Pause | null }> {
  const { pauses } = reader.t
  const rows = await reader
    .select({ id: pauses.id, scope: pauses.scope, reason: pauses.reason, until: pauses.until, probes: pauses.probes })
    .from(pauses)
    .where(isNull(pauses.lifted_at))
  const account = rows.find((row) => row.scope === 'account')
  return {
    live: rows.filter((row) => row.scope === 'account' || !isOver(row, now)),
    ripe: account && isOver(account, now) ? account : null,
  }
}

/** An end further ahead than any pause lasts was written before the clock was set back. */
function isOver({ scope, until }: Pick<Pause, 'scope' | 'until'>, now: number): boolean {
  const longest = scope === 'account' ? LONGEST_MS : LONGEST_PAUSE_MS
  return until <= now || until > now + longest
}

/** Ends the pauses whose time is over, all but the account's. */
export async function liftExpired(db: Db, now: number): Promise<void> {
  const { pauses } = db.t
  const rows = await db.read
    .select({ id: pauses.id, scope: pauses.scope, until: pauses.until })
    .from(pauses)
    .where(isNull(pauses.lifted_at))
  const over = rows.filter((row) => row.scope !== 'account' && isOver(row, now)).map((row) => row.id)
  if (over.length === 0) return
  await db.write(async (tx) => {
    await tx
      .update(tx.t.pauses)
      .set({ lifted_at: now })
      .where(and(inArray(tx.t.pauses.id, over), isNull(tx.t.pauses.lifted_at)))
  })
}

/** After a probe of a paused account: lifted, or waiting longer. */
export async function afterProbe(db: Db, pauseRow: Pause, works: boolean, now: number): Promise<void> {
  await db.write(async (tx) => {
    const { pauses } = tx.t
    const wait = Math.min(30_000 * 2 ** pauseRow.probes, LONGEST_MS)
    await tx
      .update(pauses)
      .set(works ? { lifted_at: now } : { until: now + wait, probes: pauseRow.probes + 1 })
      .where(and(eq(pauses.id, pauseRow.id), isNull(pauses.lifted_at)))
  })
}

/** Pauses that still hold, for status and console. */
export async function pausesNow(reader: Reader, now: number): Promise<Pause[]> {
  const { pauses } = reader.t
  return reader
    .select({ id: pauses.id, scope: pauses.scope, reason: pauses.reason, until: pauses.until, probes: pauses.probes })
    .from(pauses)
    .where(and(isNull(pauses.lifted_at), gt(pauses.until, now)))
}
