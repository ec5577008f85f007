import { type CivilDate, daysBetween } from '../lib/civil-date.ts'
import type { Level, Office } from '../lib/office.ts'

/** From the first on; an office decides from which day each one holds. */
export const LEVELS = ['verify', 'summon', 'field-check', 'over-60'] as const satisfies readonly Level[]

/** Days beyond the last lawful day, which is `expiresOn` itself: the day after is 1; zero or less is lawful. */
export function overstayDays(expiresOn: CivilDate, today: CivilDate): number {
  return daysBetween(expiresOn, today)
}

/** The level a case has by its days; an officer may have set a higher one. `days` begins with 1. */
export function levelAt(office: Office, days: number): Level {
  const level = office.levels.findLast(({ from }) => from <= days)
  if (!level) throw new RangeError(`no overstay has ${days} days`)
  return level.name
}

/** Art. 78 of UU 6/2011 names "less than" and "more than" 60 days; exactly 60 is for an officer to judge. */
export function isExactlySixty(days: number): boolean {
  return days === 60
}

export type EstimatedFee = { amount: number; currency: string; basis: string; wording: 'perkiraan' }

/** Days x the amount in the office's policy; for officers only, always shown with its basis and "perkiraan". */
export function estimatedFee(office: Office, days: number): EstimatedFee {
  const { perDay, currency, basis } = office.fee
  return { amount: Math.max(days, 0) * perDay, currency, basis, wording: 'perkiraan' }
}
