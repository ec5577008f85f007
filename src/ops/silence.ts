import type { Channel } from '../db/schema.ts'

/** What can be seen of the work; instants are epoch ms. */
export type Signs = {
  /** `dueAt`: the newest slot that must be finished by now, its grace being over; `lastGoodAt`: the newest that was. */
  duties: readonly { name: string; dueAt: number | null; lastGoodAt: number | null }[]
  /** `sendableSince`: since when something was due in an open window; null when nothing is, or a pause explains it. */
  queues: readonly { channel: Channel; due: number; sendableSince: number | null; lastTakenAt: number | null }[]
  /** Messages and calls that the carrier took since it last called us, hours ago; `since` the first of them. */
  unheard: { count: number; since: number | null }
  /** When a daemon last said that it lives; null when none ever did. */
  lastSignAt: number | null
}

/** `kind` is an alarm's. */
export type Silence = { kind: `silence:${string}`; detail: string }

const MINUTE = 60_000
/** How late a duty may be finished: the scan of 06:00 by 07:00. */
export const GRACE_MS = { dated: 60 * MINUTE, steady: 30 * MINUTE } as const
const QUEUE_MS = 30 * MINUTE
const SIGN_MS = 5 * MINUTE
/** One message's receipts may be lost on the carrier's side. */
const LEAST_UNHEARD = 2

/** What should have happened by now and did not. Without a daemon that is all there is to say. */
export function silencesIn(signs: Signs, { now }: { now: number }): Silence[] {
  const { lastSignAt } = signs
  if (lastSignAt === null || Math.abs(now - lastSignAt) > SIGN_MS) {
    const since = lastSignAt === null ? 'no daemon has ever run' : `no daemon since ${timeText(lastSignAt)}`
    return [{ kind: 'silence:worker', detail: since }]
  }
  return [...signs.duties.flatMap(silentDuty), ...silentQueues(signs.queues, now), ...silentCarrier(signs.unheard)]
}

function silentDuty({ name, dueAt, lastGoodAt }: Signs['duties'][number]): Silence[] {
  if (dueAt === null || (lastGoodAt !== null && lastGoodAt >= dueAt)) return []
  const last = lastGoodAt === null ? 'never before' : `last good: ${timeText(lastGoodAt)}`
  return [{ kind: `silence:${name}`, detail: `due ${timeText(dueAt)}, ${last}` }]
}

function silentQueues(queues: Signs['queues'], now: number): Silence[] {
  const stuck = queues.filter(
    ({ sendableSince, lastTakenAt }) =>
      sendableSince !== null && now - Math.max(sendableSince, lastTakenAt ?? 0) >= QUEUE_MS,
  )
  if (stuck.length === 0) return []
  const detail = stuck.map(({ channel, due }) => `${channel}: ${due} due`).join(', ')
  return [{ kind: 'silence:deliveries', detail }]
}

function silentCarrier({ count, since }: Signs['unheard']): Silence[] {
  if (count < LEAST_UNHEARD || since === null) return []
  return [{ kind: 'silence:webhooks', detail: `${count} sent since ${timeText(since)}, no receipt` }]
}

function timeText(instant: number): string {
  return Temporal.Instant.fromEpochMilliseconds(instant).toString({ smallestUnit: 'minute' })
}
