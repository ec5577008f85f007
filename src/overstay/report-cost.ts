import { setImmediate as nextTurn } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import type { Channel } from '../db/schema.ts'
import { begunMinutes, costOf } from '../deliver/cost.ts'
import { phoneLibrary } from '../lib/phone-library.ts'
import { monthsOf, type Period } from './report-period.ts'
import type { Area, ReportScope } from './report-scope.ts'

export type ChannelCost = {
  channel: Channel
  attempts: number
  /** SMS only. */
  segments: number
  /** Begun minutes; calls only. */
  minutes: number
  cost: number
}

/** A call that was answered and whose length is not known yet. */
const UNKNOWN_CALL_SECONDS = 60

/**
 * What the deliveries due in the period have cost, by the office's own price list and the country of each
 * number. Attempts that the carrier may have taken count.
 */
export async function costsOf(scope: ReportScope, area: Area, period: Period): Promise<ChannelCost[]> {
  const costs = new Map<Channel, ChannelCost>()
  for (const days of monthsOf(period)) {
    for (const row of await usageIn(scope, area, days)) {
      const { channel } = row
      const total = costs.get(channel) ?? { channel, attempts: 0, segments: 0, minutes: 0, cost: 0 }
      const [attempts, segments, minutes] = [Number(row.attempts), Number(row.segments), Number(row.minutes)]
      const usage = { segments, seconds: minutes * 60, messages: attempts }
      total.attempts += attempts
      total.segments += segments
      total.minutes += begunMinutes(usage.seconds)
      total.cost += costOf(scope.office, channel, prefixOf(row.country), usage)
      costs.set(channel, total)
    }
    await nextTurn()
  }
  return (['sms', 'call', 'whatsapp'] as const).flatMap((channel) => {
    const one = costs.get(channel)
    return one ? [{ ...one, cost: Math.round(one.cost * 100) / 100 }] : []
  })
}

type Row = { channel: Channel; country: string | null } & Record<'attempts' | 'segments' | 'minutes', number | string>

function usageIn({ read }: ReportScope, area: Area, { from, to }: Period) {
  return read.all<Row>(sql`
    select a.channel, d.phone_country as country, count(*) as attempts,
      sum(case when a.channel = 'sms' then coalesce(a.segments, 1) else 0 end) as segments,
      sum(case when a.channel = 'call' then (coalesce(a.seconds,
        case when a.ended is null or a.ended = 'completed' then ${sql.raw(String(UNKNOWN_CALL_SECONDS))} else 0 end) + 59) / 60
        else 0 end) as minutes
    from deliveries d
    join attempts a on a.delivery_id = d.id
    where d.due_on >= ${from} and d.due_on <= ${to} and a.outcome || '' in ('accepted', 'uncertain') and ${area.tells(sql`d.id`)}
    group by a.channel, d.phone_country`)
}

function prefixOf(country: string | null): string {
  const { getCountryCallingCode, isSupportedCountry } = phoneLibrary()
  return country && isSupportedCountry(country) ? `+${getCountryCallingCode(country)}` : 'other'
}
