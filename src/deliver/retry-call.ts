import { addDays, dateAt, instantOf, timeAt } from '../lib/civil-date.ts'
import type { Office } from '../lib/office.ts'

const MAX_CALLS = 3
/** Hours of the day to try, in the order in which they differ most from the hour that failed. */
const HOURS = ['09:30', '16:00', '12:15', '14:30'] as const

/** When to ring again after a busy, unanswered or cut call: another hour of another day; null when it was tried enough. */
export function retryCallAt(input: { office: Office; startedAt: number; tries: number; now: number }): number | null {
  const { office, startedAt, tries, now } = input
  if (tries >= MAX_CALLS) return null
  const failedAt = minutes(timeAt(startedAt, office.timeZone))
  const farthest = HOURS.filter((hour) => hour >= office.window.call.from && hour < office.window.call.to).toSorted(
    (a, b) => Math.abs(minutes(b) - failedAt) - Math.abs(minutes(a) - failedAt),
  )
  const hour = farthest[0] ?? office.window.call.from
  return instantOf(addDays(dateAt(now, office.timeZone), 1), hour, office.timeZone)
}

function minutes(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5))
}
