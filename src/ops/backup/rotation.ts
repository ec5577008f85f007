import { addDays, type CivilDate, dateAt, weekday } from '../../lib/civil-date.ts'

export type KeepPolicy = { daily: number; weekly: number }

type Made = { name: string; madeAt: number }

/**
 * Which backups are no longer kept: all but the newest of each of the last `daily` days and `weekly` weeks (from Monday) that
 * have one. Days without a backup do not count, so a server that was off for a month loses none. The newest always stays.
 */
export function expired(
  backups: readonly Made[],
  { keep, timeZone }: { keep: KeepPolicy; timeZone: string },
): string[] {
  const newestFirst = backups.toSorted((a, b) => b.madeAt - a.madeAt || (a.name < b.name ? 1 : -1))
  const kept = new Set([
    ...newestOfEach(newestFirst, keep.daily, ({ madeAt }) => dateAt(madeAt, timeZone)),
    ...newestOfEach(newestFirst, keep.weekly, ({ madeAt }) => mondayOf(dateAt(madeAt, timeZone))),
    ...newestFirst.slice(0, 1),
  ])
  return newestFirst.filter((one) => !kept.has(one)).map(({ name }) => name)
}

function newestOfEach(newestFirst: readonly Made[], periods: number, periodOf: (one: Made) => string): Made[] {
  const newest = new Map<string, Made>()
  for (const one of newestFirst) {
    const period = periodOf(one)
    if (!newest.has(period)) newest.set(period, one)
  }
  return [...newest.values()].slice(0, periods)
}

function mondayOf(date: CivilDate): CivilDate {
  return addDays(date, 1 - weekday(date))
}
