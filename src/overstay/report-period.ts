import { addDays, type CivilDate, civilDate, daysBetween, instantOf } from '../lib/civil-date.ts'

/** Both days belong to it. */
export type Period = { from: CivilDate; to: CivilDate }

export type PeriodFault =
  | { fault: 'missing' }
  | { fault: 'not-a-date'; text: string }
  | { fault: 'backwards' }
  | { fault: 'too-long'; years: number }

/** Long enough for an office's five-year plan. */
const MOST_YEARS = 5

/** Reads the two days a person gave; neither is this year. */
export function readPeriod(
  given: { from?: string | null | undefined; to?: string | null | undefined },
  today: CivilDate,
): Period | PeriodFault {
  if (!given.from && !given.to) return yearPeriod(Number(today.slice(0, 4)))
  if (!given.from || !given.to) return { fault: 'missing' }
  const [from, to] = [dateIn(given.from), dateIn(given.to)]
  if (from === null) return { fault: 'not-a-date', text: given.from }
  if (to === null) return { fault: 'not-a-date', text: given.to }
  if (from > to) return { fault: 'backwards' }
  if (daysBetween(from, to) > MOST_YEARS * 366) return { fault: 'too-long', years: MOST_YEARS }
  return { from, to }
}

export function yearPeriod(year: number): Period {
  const text = String(year).padStart(4, '0')
  return { from: civilDate(`${text}-01-01`), to: civilDate(`${text}-12-31`) }
}

/** `quarter` 1 to 4. */
export function quarterPeriod(year: number, quarter: number): Period {
  const from = Temporal.PlainDate.from({ year, month: quarter * 3 - 2, day: 1 })
  const to = from.add({ months: 3 }).subtract({ days: 1 })
  return { from: civilDate(from.toString()), to: civilDate(to.toString()) }
}

/** The parts of a period that lie in one calendar month each; `month` is `YYYY-MM`. */
export function monthsOf({ from, to }: Period): (Period & { month: string })[] {
  const parts = []
  for (let begin = from; begin <= to; ) {
    const month = begin.slice(0, 7)
    const next = Temporal.PlainDate.from(`${month}-01`).add({ months: 1 }).toString()
    const last = addDays(civilDate(next), -1)
    parts.push({ month, from: begin, to: last < to ? last : to })
    begin = civilDate(next)
  }
  return parts
}

/** From the first day's beginning to the last one's end, which is no part of it any more: epoch ms. */
export function instantsOf({ from, to }: Period, timeZone: string): { begins: number; ends: number } {
  return { begins: instantOf(from, '00:00', timeZone), ends: instantOf(addDays(to, 1), '00:00', timeZone) }
}

/** The days of a period that are over; null where none is. */
export function endedPart({ from, to }: Period, today: CivilDate): Period | null {
  const yesterday = addDays(today, -1)
  if (from > yesterday) return null
  return { from, to: to < yesterday ? to : yesterday }
}

/** Null for what is no date, or none of a time an office could ask for. */
export function dateIn(text: string): CivilDate | null {
  try {
    const date = civilDate(text.trim())
    return date >= '1900' && date < '2200' ? date : null
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}
