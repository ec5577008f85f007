import { and, eq, gt, isNotNull, max } from 'drizzle-orm'
import { readMeta, writeMeta } from '../db/meta.ts'
import type { Db } from '../db/open.ts'
import type { Log } from '../lib/events.ts'
import { faultText } from '../lib/fault-text.ts'

const TIMEOUT_MS = 10_000
/** A scan of the day before is no sign of life today. */
const STALE_MS = 24 * 3_600_000
/** In `meta`: the planned time of the last scan that the watcher heard of. */
const TOLD = 'heartbeat_scan'

export type HeartbeatDeps = { db: Db; log: Log; url: string }

/** Tells the watcher of the scan that was planned at that instant (epoch ms), and remembers that it heard. */
export async function tellOfScan({ db, log, url }: HeartbeatDeps, plannedAt: number): Promise<void> {
  if ((await sendHeartbeat({ url, log })) === 'failed') return
  await db.write((tx) => writeMeta(tx, TOLD, String(plannedAt)))
}

/** Tells the watcher of today's scan if it has not heard: it would raise a false alarm about a network that was away for a minute. */
export async function tellAgain(deps: HeartbeatDeps, now: number): Promise<void> {
  const { read, t } = deps.db
  const { slots } = t
  const good = and(eq(slots.duty, 'scan'), eq(slots.failed, 0), isNotNull(slots.finished_at))
  const [scan] = await read
    .select({ at: max(slots.planned_at) })
    .from(slots)
    .where(and(good, gt(slots.planned_at, now - STALE_MS)))
  if (!scan?.at) return
  if ((await readMeta(read, TOLD)) !== String(scan.at)) await tellOfScan(deps, scan.at)
}

/**
 * Tells a watcher outside that the work was done: it raises the alarm when this call stays away. A failure is logged and
 * nothing more. Only the host is ever logged: whoever knows the whole address can pretend that we are alive.
 */
export async function sendHeartbeat({
  url,
  log,
  timeoutMs = TIMEOUT_MS,
}: {
  url: string
  log: Log
  timeoutMs?: number
}): Promise<'sent' | 'failed'> {
  const host = URL.parse(url)?.host ?? 'not an address'
  // Once a day: all of undici would stay in memory from the start.
  const { request } = await import('undici')
  try {
    const { statusCode, body } = await request(url, { signal: AbortSignal.timeout(timeoutMs) })
    await body.dump()
    if (statusCode < 300) return 'sent'
    log.warn({ host, status: statusCode }, 'heartbeat refused')
  } catch (error) {
    log.warn({ host, fault: faultText(error) }, 'heartbeat failed')
  }
  return 'failed'
}
