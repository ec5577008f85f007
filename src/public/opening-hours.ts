import type { Office } from '../lib/office.ts'

export type OpeningHours = { days: string; times: string }

/** One line for each run of weekdays with the same hours, in the words of a language, with Latin digits. */
export function openingHours({ hours }: Pick<Office, 'hours'>, language: string): OpeningHours[] {
  const names = new Intl.DateTimeFormat(`${language}-u-ca-gregory-nu-latn`, { weekday: 'long', timeZone: 'UTC' })
  // 1 January 2024 was a Monday.
  const nameOf = (weekday: number) => names.format(Date.UTC(2024, 0, weekday))
  return runsOf(hours).map(({ first, last, times }) => ({
    days: first === last ? nameOf(first) : `${nameOf(first)} – ${nameOf(last)}`,
    times,
  }))
}

type Run = { first: number; last: number; times: string }

function runsOf(hours: Office['hours']): Run[] {
  const runs: Run[] = []
  for (const weekday of [1, 2, 3, 4, 5, 6, 7]) {
    const spans = hours.filter((span) => span.weekday === weekday).sort((a, b) => (a.from < b.from ? -1 : 1))
    if (spans.length === 0) continue
    const times = spans.map(({ from, to }) => `${from}–${to}`).join(', ')
    const run = runs.at(-1)
    if (run?.times === times && run.last === weekday - 1) run.last = weekday
    else runs.push({ first: weekday, last: weekday, times })
  }
  return runs
}
