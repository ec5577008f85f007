import { and, eq, inArray, isNotNull, isNull, min } from 'drizzle-orm'
import type { App } from '../../src/app.ts'
import { windowAt } from '../../src/lib/window.ts'
import { startAt } from '../../src/scan/plan-deliveries.ts'

/** Something is being sent, unknown, or due at `now`. A call that waits for another one to the same phone is not due. */
export async function isUnderWay({ db, office }: App, now: number): Promise<boolean> {
  const { deliveries } = db.t
  const open = await db.read
    .select({
      state: deliveries.state,
      channel: deliveries.channel,
      at: deliveries.not_before,
      phone: deliveries.phone_index,
    })
    .from(deliveries)
    .where(inArray(deliveries.state, ['sending', 'uncertain', 'queued', 'accepted', 'sent']))
  const ringing = new Set(
    open.filter((row) => row.channel === 'call' && row.state !== 'queued').map((row) => row.phone),
  )
  const isDue = (row: (typeof open)[number]) =>
    row.at <= now && windowAt(office, row.channel, now).mayStart && !(row.channel === 'call' && ringing.has(row.phone))
  return open.some(
    (row) => row.state === 'sending' || row.state === 'uncertain' || (row.state === 'queued' && isDue(row)),
  )
}

/** The next instant at which anything happens by itself; what is overdue, in a second. Null when nothing waits any more. */
export async function nextInstant({ db, office }: App, now: number): Promise<number | null> {
  const { deliveries, attempts } = db.t
  const queued = await db.read
    .selectDistinct({ channel: deliveries.channel, at: deliveries.not_before })
    .from(deliveries)
    .where(eq(deliveries.state, 'queued'))
  const [lease] = await db.read
    .select({ at: min(deliveries.lease_until) })
    .from(deliveries)
    .where(eq(deliveries.state, 'sending'))
  const [poll] = await db.read
    .select({ at: min(deliveries.poll_at) })
    .from(deliveries)
    .where(and(inArray(deliveries.state, ['accepted', 'sent']), isNotNull(deliveries.poll_at)))
  const [lookup] = await db.read
    .select({ at: min(attempts.lookup_at) })
    .from(attempts)
    .where(and(eq(attempts.outcome, 'uncertain'), isNull(attempts.sid)))
  const instants = [
    ...queued.map(({ channel, at }) => startAt(office, channel, Math.max(now, at))),
    ...[lease?.at, poll?.at, lookup?.at].flatMap((at) => at ?? []),
  ]
  return instants.length === 0 ? null : Math.max(now + 1_000, Math.min(...instants))
}
