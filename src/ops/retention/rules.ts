import type { HoldReason } from '../../db/schema.ts'
import { addDays, type CivilDate, dateAt, daysBetween, instantOf } from '../../lib/civil-date.ts'

/** What the register, the cases and the queue say of one person. Instants in epoch ms. */
export type PersonFacts = {
  erased: boolean
  /** The latest end of any permit; null without one. */
  lastEnd: CivilDate | null
  /** The current permit's end. */
  currentEnd: CivilDate | null
  /** The latest thing that was done: a case closed, a hold or correction made or ended, a follow-up closed, an answer. */
  lastDone: number
  openCases: number
  openFollowUps: number
  /** Reasons of the holds that are in force. */
  heldFor: readonly HoldReason[]
  /** Deliveries that the carrier has at this moment, or may have. */
  inFlight: number
  /** The newest applied file still lists the person. */
  listed: boolean
}

export type Keep = 'erased' | 'permit' | 'recent' | 'case' | 'follow-up' | 'hold' | 'in-flight' | 'listed'

/** Who is gone for good: a hold for one of these is no reason to keep anything. */
const GONE: readonly HoldReason[] = ['left', 'died', 'naturalised']

/**
 * Why a person's data is kept, or null when the rule `residents` says that it goes: `days` after the last permit ended and after
 * the last thing that was done, with nothing open, and off the office's own list. Whoever stays although held (a refugee, a
 * diplomat) is kept: without the hold the next import would open a case.
 */
export function whyKept(
  facts: PersonFacts,
  { today, days, timeZone }: { today: CivilDate; days: number; timeZone: string },
): Keep | null {
  if (facts.erased) return 'erased'
  if (facts.lastEnd !== null && daysBetween(facts.lastEnd, today) <= days) return 'permit'
  if (daysBetween(dateAt(facts.lastDone, timeZone), today) <= days) return 'recent'
  if (facts.openCases > 0) return 'case'
  if (facts.openFollowUps > 0) return 'follow-up'
  if (facts.heldFor.some((reason) => !GONE.includes(reason))) return 'hold'
  if (facts.inFlight > 0) return 'in-flight'
  return facts.listed ? 'listed' : null
}

/** Why a request to erase cannot be granted; null when it can. `force` only for what an officer may decide. */
export function whyRefused(
  facts: PersonFacts,
  { today, force }: { today: CivilDate; force: boolean },
): Extract<Keep, 'erased' | 'permit' | 'case' | 'in-flight'> | null {
  if (facts.erased) return 'erased'
  if (facts.inFlight > 0) return 'in-flight'
  if (force) return null
  if (facts.openCases > 0) return 'case'
  return facts.currentEnd !== null && facts.currentEnd >= today ? 'permit' : null
}

/** What was done before this instant is older than `days` whole days of the office. */
export function olderThan({ today, days, timeZone }: { today: CivilDate; days: number; timeZone: string }): number {
  return instantOf(addDays(today, -days), '00:00', timeZone)
}

/**
 * Until when messages may be blotted out at the carrier. Older than the office keeps their words, and than the oldest backup: after
 * a restore our own messages are known by their words alone. `oldestBackup` is null where none is kept here or the engine has tools of
 * its own; then what the office's policy would keep counts.
 */
export function mayRedactBefore(input: {
  today: CivilDate
  messages: number
  backup: { daily: number; weekly: number }
  oldestBackup: number | null
  timeZone: string
}): number {
  const { today, messages, backup, oldestBackup, timeZone } = input
  const kept = Math.max(backup.daily, 7 * (backup.weekly + 1))
  const byPolicy = olderThan({ today, days: Math.max(messages, kept), timeZone })
  return oldestBackup === null ? byPolicy : Math.min(byPolicy, oldestBackup)
}

/**
 * In place of a birth date: a day that makes the figures of past years see a child on exactly the days on which there was one.
 * It is reckoned from the permits, and is nobody's birthday. Null where there was none, or nothing was known.
 */
export function countsAsBornOn(birthDate: CivilDate | null, ends: readonly CivilDate[]): CivilDate | null {
  if (birthDate === null) return null
  const asChild = ends.filter((end) => birthDate > eighteenYearsBefore(end)).toSorted()
  const last = asChild.at(-1)
  return last === undefined ? null : addDays(eighteenYearsBefore(last), 1)
}

/** By text, as the figures do: of 29 February they make the 29th of any year. */
function eighteenYearsBefore(date: CivilDate): CivilDate {
  const before = Temporal.PlainDate.from(date).subtract({ years: 18 })
  return before.toString() as CivilDate
}
