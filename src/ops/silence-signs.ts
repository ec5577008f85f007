import { and, desc, eq, isNotNull, lte, max, min } from 'drizzle-orm'
import { clearAlarm, openAlarms, raiseAlarm } from '../db/alarms.ts'
import type { Db, Reader } from '../db/open.ts'
import type { Channel } from '../db/schema.ts'
import { livePauses } from '../deliver/pauses.ts'
import type { Office } from '../lib/office.ts'
import { SCHEDULE } from './duties.ts'
import { CHANNELS, lastWebhookAt, sendableSince } from './figures.ts'
import { GRACE_MS, type Signs, type Silence, silencesIn } from './silence.ts'
import { newestSlot } from './slot-times.ts'
import { listWorkers } from './workers.ts'

const HOUR = 3_600_000
/** A carrier's receipts come within seconds; a phone that is off delays only the last of them. */
const RECEIPT_MS = 3 * HOUR
const UNHEARD_LOOK_BACK_MS = 48 * HOUR
const UNHEARD_LOOK_BACK_ROWS = 500

export type WatchDeps = { db: Pick<Db, 'read'>; office: Office; now: number }

/** What should have happened by now and did not: for the daemon's own watch, and for commands when there is no daemon. */
export async function findSilences(deps: WatchDeps): Promise<Silence[]> {
  return silencesIn(await readSigns(deps), { now: deps.now })
}

/**
 * The daemon's own watch: raises and clears the alarms `silence:…`, and gives the kinds found. Only what two looks in a row
 * find is raised: after a start, a suspended night or a leap of the clock the work catches up beside the first. Each is
 * counted once, however long it lasts.
 */
export function openWatch(deps: { db: Db; office: Office }): (now: number) => Promise<string[]> {
  let suspected = new Set<string>()
  return async (now) => {
    const { db } = deps
    const signs = await readSigns({ ...deps, now })
    // Whoever runs this lives, whatever its last sign was.
    const found = silencesIn({ ...signs, lastSignAt: now }, { now })
    const kinds = new Set<string>(found.map(({ kind }) => kind))
    const alarms = await openAlarms(db.read)
    const open = new Set(alarms.map(({ kind }) => kind).filter((kind) => kind.startsWith('silence:')))
    const raised = found.filter(({ kind }) => suspected.has(kind) && !open.has(kind))
    const over = [...open].filter((kind) => !kinds.has(kind))
    suspected = kinds
    if (raised.length + over.length > 0) {
      await db.write(async (tx) => {
        for (const { kind, detail } of raised) await raiseAlarm(tx, { kind, detail, now })
        for (const kind of over) await clearAlarm(tx, { kind, now })
      })
    }
    return [...kinds]
  }
}

async function readSigns({ db: { read }, office, now }: WatchDeps): Promise<Signs> {
  return {
    duties: await dutySigns(read, { office, now }),
    queues: await queueSigns(read, { office, now }),
    unheard: await unheardSince(read, { last: await lastWebhookAt(read), now }),
    lastSignAt: await lastSign(read, now),
  }
}

async function dutySigns(read: Reader, { office, now }: { office: Office; now: number }): Promise<Signs['duties']> {
  const { slots } = read.t
  const good = await read
    .select({ duty: slots.duty, at: max(slots.planned_at) })
    .from(slots)
    .where(and(isNotNull(slots.finished_at), eq(slots.failed, 0)))
    .groupBy(slots.duty)
  const lastGood = new Map(good.map(({ duty, at }) => [duty, at]))
  return SCHEDULE.map(({ name, cron, rhythm }) => ({
    name,
    dueAt: newestSlot(cron, office.timeZone, now - GRACE_MS[rhythm]),
    lastGoodAt: lastGood.get(name) ?? null,
  }))
}

async function queueSigns(read: Reader, { office, now }: { office: Office; now: number }): Promise<Signs['queues']> {
  const { live } = await livePauses(read, now)
  const paused = new Set(live.map(({ scope }) => scope))
  const signs: Signs['queues'][number][] = []
  for (const channel of CHANNELS) {
    const explained = paused.has('account') || paused.has(`channel:${channel}`)
    signs.push({ channel, ...(await queueSign(read, { office, now, channel, explained })) })
  }
  return signs
}

async function queueSign(
  read: Reader,
  { office, now, channel, explained }: { office: Office; now: number; channel: Channel; explained: boolean },
): Promise<Omit<Signs['queues'][number], 'channel'>> {
  const { deliveries, attempts } = read.t
  const due = and(eq(deliveries.state, 'queued'), eq(deliveries.channel, channel), lte(deliveries.not_before, now))
  const [row] = await read
    .select({ oldest: min(deliveries.not_before) })
    .from(deliveries)
    .where(due)
  const oldest = row?.oldest ?? null
  const since = oldest === null || explained ? null : sendableSince(office, { channel, oldest, now })
  if (since === null) return { due: 0, sendableSince: null, lastTakenAt: null }
  const [last] = await read
    .select({ at: attempts.started_at })
    .from(attempts)
    .where(eq(attempts.channel, channel))
    .orderBy(desc(attempts.id))
    .limit(1)
  return {
    due: await read.$count(deliveries, due),
    sendableSince: since,
    lastTakenAt: last?.at ?? null,
  }
}

/** Of the newest attempts: what we ask the carrier ourselves is no sign that it can reach us. */
async function unheardSince(
  read: Reader,
  { last, now }: { last: number | null; now: number },
): Promise<Signs['unheard']> {
  const { attempts } = read.t
  const rows = await read
    .select({ at: attempts.started_at, outcome: attempts.outcome })
    .from(attempts)
    .orderBy(desc(attempts.id))
    .limit(UNHEARD_LOOK_BACK_ROWS)
  const from = Math.max(last ?? 0, now - UNHEARD_LOOK_BACK_MS)
  const unheard = rows.filter(({ at, outcome }) => outcome === 'accepted' && at > from && at <= now - RECEIPT_MS)
  return { count: unheard.length, since: unheard.at(-1)?.at ?? null }
}

/** Of a daemon that was stopped in good order: the moment it stopped, if no other runs. */
async function lastSign(read: Reader, now: number): Promise<number | null> {
  const workers = await listWorkers(read, { now })
  const alive = workers.find((worker) => worker.alive)
  return alive ? now : (workers[0]?.seen_at ?? null)
}
