import { setImmediate as nextTurn } from 'node:timers/promises'
import { and, desc, eq, gt, isNotNull, isNull, lte, max, min, sql } from 'drizzle-orm'
import { openAlarms } from '../db/alarms.ts'
import type { Reader } from '../db/open.ts'
import type { Channel, DeliveryState, Level, ReceiptKind } from '../db/schema.ts'
import { pausesNow } from '../deliver/pauses.ts'
import { dateAt, instantOf } from '../lib/civil-date.ts'
import type { Office } from '../lib/office.ts'
import { windowAt } from '../lib/window.ts'
import { LEVELS } from '../overstay/levels.ts'
import { listWorkers } from './workers.ts'

export const CHANNELS: readonly Channel[] = ['sms', 'whatsapp', 'call']

const STATES = Object.keys({
  queued: 1,
  sending: 1,
  uncertain: 1,
  accepted: 1,
  sent: 1,
  delivered: 1,
  read: 1,
  undelivered: 1,
  failed: 1,
  exhausted: 1,
  cancelled: 1,
  set_aside: 1,
} satisfies Record<DeliveryState, 1>) as DeliveryState[]

const SIGNED: readonly ReceiptKind[] = ['message', 'call', 'key', 'reply']

/** Instants are epoch ms. Counts and codes only. */
export type Figures = {
  duties: DutyFigures[]
  queues: QueueFigures[]
  deliveries: { channel: Channel; state: DeliveryState; count: number }[]
  faults: { channel: Channel; errorClass: string; count: number }[]
  receiptsWaiting: number
  lastReceiptAt: number | null
  lastWebhookAt: number | null
  alarms: string[]
  pauses: string[]
  workersAlive: number
  cases: { level: Level; count: number }[]
}

export type DutyFigures = {
  duty: string
  lastFinishedAt: number | null
  lastFailureAt: number | null
  failedTries: number
}

/** `oldestDueMs`: how long the oldest delivery that might be sent now has waited; 0 outside the window. */
export type QueueFigures = { channel: Channel; queued: number; due: number; oldestDueMs: number }

/**
 * All that /metrics tells from the database, cheap enough for a scrape every few seconds: each query walks an index or a table
 * that stays small, and the loop has its turn between them. A million deliveries are counted in some 60 ms, in 36 ranges of
 * the queue's index of which the largest takes a fifth of that; kept counters would be one more thing to go wrong.
 */
export async function readFigures(
  reader: Reader,
  { office, now, duties }: { office: Office; now: number; duties: readonly string[] },
): Promise<Figures> {
  const newest = await newestReceipt(reader)
  return {
    duties: await dutyFigures(reader, duties),
    queues: await queueFigures(reader, { office, now }),
    deliveries: await countDeliveries(reader),
    faults: await countFaults(reader),
    receiptsWaiting: await reader.$count(reader.t.receipts, isNull(reader.t.receipts.applied_at)),
    lastReceiptAt: newest,
    lastWebhookAt: await lastWebhookAt(reader),
    alarms: (await openAlarms(reader)).map(({ kind }) => kind),
    pauses: (await pausesNow(reader, now)).map(({ scope }) => scope),
    workersAlive: (await listWorkers(reader, { now })).filter(({ alive }) => alive).length,
    cases: await openCases(reader),
  }
}

/** When the carrier last called us with a good signature; what we asked it ourselves does not count. */
export async function lastWebhookAt(reader: Reader): Promise<number | null> {
  const { receipts } = reader.t
  let last: number | null = null
  for (const kind of SIGNED) {
    const [row] = await reader
      .select({ at: receipts.received_at })
      .from(receipts)
      .where(eq(receipts.kind, kind))
      .orderBy(desc(receipts.id))
      .limit(1)
    if (row && row.at > (last ?? 0)) last = row.at
  }
  return last
}

/** For each of `names`, and whatever else has slots. */
export async function dutyFigures(reader: Reader, names: readonly string[]): Promise<DutyFigures[]> {
  const { slots } = reader.t
  const finished = await reader
    .select({ duty: slots.duty, at: max(slots.finished_at) })
    .from(slots)
    .where(and(isNotNull(slots.finished_at), eq(slots.failed, 0)))
    .groupBy(slots.duty)
  const failures = await reader
    .select({ duty: slots.duty, at: max(slots.started_at) })
    .from(slots)
    .where(gt(slots.failed, 0))
    .groupBy(slots.duty)
  const figures: DutyFigures[] = []
  for (const duty of new Set([...names, ...finished.map((row) => row.duty)])) {
    const [newest] = await reader
      .select({ failed: slots.failed })
      .from(slots)
      .where(eq(slots.duty, duty))
      .orderBy(desc(slots.planned_at))
      .limit(1)
    figures.push({
      duty,
      lastFinishedAt: finished.find((row) => row.duty === duty)?.at ?? null,
      lastFailureAt: failures.find((row) => row.duty === duty)?.at ?? null,
      failedTries: newest?.failed ?? 0,
    })
  }
  return figures
}

async function queueFigures(reader: Reader, { office, now }: { office: Office; now: number }): Promise<QueueFigures[]> {
  const { deliveries } = reader.t
  const figures: QueueFigures[] = []
  for (const channel of CHANNELS) {
    const queued = and(eq(deliveries.state, 'queued'), eq(deliveries.channel, channel))
    const [row] = await reader
      .select({ oldest: min(deliveries.not_before) })
      .from(deliveries)
      .where(queued)
    const since = sendableSince(office, { channel, oldest: row?.oldest ?? now, now })
    figures.push({
      channel,
      queued: await reader.$count(deliveries, queued),
      due: await reader.$count(deliveries, and(queued, lte(deliveries.not_before, now))),
      oldestDueMs: since === null ? 0 : Math.max(0, now - since),
    })
    await nextTurn()
  }
  return figures
}

/** Since when today's window has let this through that is due since `oldest`; null while nothing may be begun. Epoch ms. */
export function sendableSince(
  office: Office,
  { channel, oldest, now }: { channel: Channel; oldest: number; now: number },
): number | null {
  if (!windowAt(office, channel, now).mayStart) return null
  return Math.max(oldest, instantOf(dateAt(now, office.timeZone), office.window[channel].from, office.timeZone))
}

async function countDeliveries(reader: Reader): Promise<Figures['deliveries']> {
  const { deliveries } = reader.t
  const counts: Figures['deliveries'] = []
  for (const state of STATES) {
    for (const channel of CHANNELS) {
      const range = and(eq(deliveries.state, state), eq(deliveries.channel, channel))
      counts.push({ channel, state, count: await reader.$count(deliveries, range) })
      await nextTurn()
    }
  }
  return counts
}

/** The index holds only attempts that have a verdict: a few of a hundred. */
async function countFaults(reader: Reader): Promise<Figures['faults']> {
  const { attempts } = reader.t
  const rows = await reader
    .select({ channel: attempts.channel, errorClass: attempts.verdict, count: sql<number>`count(*)` })
    .from(attempts)
    .where(isNotNull(attempts.verdict))
    .groupBy(attempts.verdict, attempts.channel)
  return rows.map((row) => ({ channel: row.channel, errorClass: row.errorClass!, count: Number(row.count) }))
}

async function newestReceipt(reader: Reader): Promise<number | null> {
  const { receipts } = reader.t
  const [row] = await reader.select({ at: receipts.received_at }).from(receipts).orderBy(desc(receipts.id)).limit(1)
  return row?.at ?? null
}

/** By level, those without any too. */
export async function openCases(reader: Reader): Promise<Figures['cases']> {
  const { overstay_cases } = reader.t
  const rows = await reader
    .select({ level: overstay_cases.level, count: sql<number>`count(*)` })
    .from(overstay_cases)
    .where(isNull(overstay_cases.closed_at))
    .groupBy(overstay_cases.level)
  return LEVELS.map((level) => ({ level, count: Number(rows.find((row) => row.level === level)?.count ?? 0) }))
}
