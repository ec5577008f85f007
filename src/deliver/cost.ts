import { and, desc, eq, inArray, lt } from 'drizzle-orm'
import type { Reader } from '../db/open.ts'
import { type CivilDate, dateAt, instantOf } from '../lib/civil-date.ts'
import { type Channel, type Office, type PricesByPrefix, priceFor } from '../lib/office.ts'

/** What one delivery takes of the carrier; all 0 where it does not apply. */
export type Usage = { segments: number; seconds: number; messages: number }

type Priced = Pick<Office, 'prices'>

/** The prefix that sets the price for `number` on this channel, `+62`; `other` where no listed one fits. */
export function destinationOf(office: Priced, channel: Channel, number: string): string {
  const prices = pricesOf(office, channel)
  for (let length = number.length; length >= 2; length--) {
    if (prices.has(number.slice(0, length))) return number.slice(0, length)
  }
  return 'other'
}

/** In the currency of `prices`; `to` is a number or what `destinationOf` gave. Calls are billed by the begun minute. */
export function costOf(office: Priced, channel: Channel, to: string, usage: Usage): number {
  const price = priceFor(pricesOf(office, channel), to)
  if (channel === 'sms') return usage.segments * price
  if (channel === 'call') return begunMinutes(usage.seconds) * price
  return usage.messages * price
}

export function begunMinutes(seconds: number): number {
  return Math.ceil(seconds / 60)
}

export type Spending = {
  /** First day of the month. */
  since: CivilDate
  cost: number
  attempts: number
  segments: number
  callMinutes: number
  whatsappMessages: number
}

const PAGE = 1_000

/**
 * What the attempts since the first day of this office month have cost, by our own price list. Attempts that the carrier may have
 * taken count; a call that was answered and whose length is not known yet counts `unknownCallSeconds`.
 */
export async function spentThisMonth(
  read: Reader,
  {
    office,
    now,
    unknownCallSeconds = 60,
  }: { office: Priced & Pick<Office, 'timeZone'>; now: number; unknownCallSeconds?: number },
): Promise<Spending> {
  const since = `${dateAt(now, office.timeZone).slice(0, 7)}-01` as CivilDate
  const begins = instantOf(since, '00:00', office.timeZone)
  const spent: Spending = { since, cost: 0, attempts: 0, segments: 0, callMinutes: 0, whatsappMessages: 0 }
  let before = Number.MAX_SAFE_INTEGER
  for (;;) {
    const page = await attemptsBefore(read, before)
    for (const attempt of page) {
      if (attempt.startedAt < begins) continue
      const usage = usageOf(attempt, unknownCallSeconds)
      spent.attempts += 1
      spent.segments += usage.segments
      spent.callMinutes += begunMinutes(usage.seconds)
      spent.whatsappMessages += usage.messages
      spent.cost += costOf(office, attempt.channel, attempt.phone, usage)
    }
    // Newest first: a whole page of older ones means that the rest is older too.
    if (page.length < PAGE || page.every((attempt) => attempt.startedAt < begins)) return spent
    before = page.at(-1)!.id
  }
}

type AttemptRow = Awaited<ReturnType<typeof attemptsBefore>>[number]

function attemptsBefore(read: Reader, before: number) {
  const { attempts, deliveries } = read.t
  return read
    .select({
      id: attempts.id,
      channel: attempts.channel,
      segments: attempts.segments,
      seconds: attempts.seconds,
      ended: attempts.ended,
      startedAt: attempts.started_at,
      phone: deliveries.phone,
    })
    .from(attempts)
    .innerJoin(deliveries, eq(deliveries.id, attempts.delivery_id))
    .where(and(lt(attempts.id, before), inArray(attempts.outcome, ['accepted', 'uncertain'])))
    .orderBy(desc(attempts.id))
    .limit(PAGE)
}

function usageOf(
  attempt: Pick<AttemptRow, 'channel' | 'segments' | 'seconds' | 'ended'>,
  unknownCallSeconds: number,
): Usage {
  if (attempt.channel === 'sms') return { segments: attempt.segments ?? 1, seconds: 0, messages: 0 }
  if (attempt.channel === 'whatsapp') return { segments: 0, seconds: 0, messages: 1 }
  const rang = attempt.ended === null || attempt.ended === 'completed'
  return { segments: 0, seconds: attempt.seconds ?? (rang ? unknownCallSeconds : 0), messages: 0 }
}

function pricesOf({ prices }: Priced, channel: Channel): PricesByPrefix {
  if (channel === 'sms') return prices.smsSegment
  return channel === 'call' ? prices.callMinute : prices.whatsappMessage
}
