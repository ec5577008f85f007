import type { CaseOutcome } from './case-rules.ts'

/**
 * What is known of one cycle whose last lawful day is over. "In time" is on or before that day; every telling and every
 * answer that counts came by then, too.
 */
export type CycleFacts = {
  /** Confirmed to the resident, or to the sponsor of a child. */
  told: boolean
  /** Confirmed to the sponsor of somebody who is no child. */
  sponsorTold: boolean
  /** The carrier has had at least one message or call. */
  attempted: boolean
  /** A notice fell due. */
  noticed: boolean
  /** It was taken back before anything was sent: renewed or held meanwhile. */
  withdrawn: boolean
  /** First came in when the permit had already ended. */
  knownLate: boolean
  /** A newer permit, by its `issued_on`; where that is missing, by the day it came in. */
  successor: 'none' | 'in-time' | 'later'
  /** It was issued before the first notice that was confirmed. */
  successorBeforeTold: boolean
  /** The same permit with a later end, by the day that came in. */
  extended: 'no' | 'in-time' | 'later'
  /** The same permit now ends earlier: this cycle was a mistake in the register. */
  corrected: boolean
  /** A hold in force on the last lawful day. */
  held: 'no' | 'applied' | 'left' | 'other'
  case: 'none' | 'open' | CaseOutcome
}

export const CONTACTS = ['told', 'sponsor', 'attempted', 'unreached', 'missed', 'not-due', 'known-late'] as const
/**
 * `unreached` nothing could be sent; `missed` no notice was made, as while the program did not run; `not-due` none had to
 * be sent: renewed, left or held before.
 */
export type ContactState = (typeof CONTACTS)[number]

export const OUTCOMES = ['renewed', 'left', 'renewed-later', 'left-later', 'overstayed', 'open', 'not-counted'] as const
/** `renewed` and `left` in time; `…-later` not shown to be in time; `open` nothing newer is known and no officer has decided. */
export type Outcome = (typeof OUTCOMES)[number]

/** A part of a whole; `share` is null, not 0, where the whole is nobody. */
export type Share = { count: number; of: number; share: number | null }

export function shareOf(count: number, of: number): Share {
  return { count, of, share: of === 0 ? null : Math.round((count / of) * 10_000) / 10_000 }
}

export function contactOf(facts: CycleFacts): ContactState {
  if (facts.told) return 'told'
  if (facts.sponsorTold) return 'sponsor'
  if (facts.attempted) return 'attempted'
  const excused = isInTime(outcomeOf(facts)) || outcomeOf(facts) === 'not-counted'
  if (facts.noticed) return facts.withdrawn && excused ? 'not-due' : 'unreached'
  if (facts.knownLate) return 'known-late'
  return excused ? 'not-due' : 'missed'
}

/** What an officer found out weighs more than the register's dates, and those more than a hold. */
export function outcomeOf(facts: CycleFacts): Outcome {
  const { held, successor, extended } = facts
  if (facts.corrected) return 'not-counted'
  const found = byOfficer[facts.case]
  if (found) return found
  if (successor === 'in-time' || extended === 'in-time') return 'renewed'
  // The morning after the end opens a case: where none ever was, the new end was known by then.
  if (extended === 'later' && facts.case === 'none') return 'renewed'
  if (held === 'applied' && (facts.case === 'none' || facts.case === 'renewed')) return 'renewed'
  if (held === 'left' && (facts.case === 'none' || facts.case === 'left')) return 'left'
  if (facts.case === 'renewed' || successor === 'later' || extended === 'later') return 'renewed-later'
  if (facts.case === 'left') return 'left-later'
  return held === 'other' && facts.case === 'none' ? 'not-counted' : 'open'
}

export function isInTime(outcome: Outcome): boolean {
  return outcome === 'renewed' || outcome === 'left'
}

/**
 * Whether a cycle belongs to the whole of a share: not who died, became a citizen, was held for another reason or was a
 * mistake, and not who had renewed before anybody told them, for telling them changed nothing.
 */
export function isCounted(facts: CycleFacts): boolean {
  const outcome = outcomeOf(facts)
  return outcome !== 'not-counted' && !isRenewedBeforeTold(facts)
}

export function isRenewedBeforeTold(facts: CycleFacts): boolean {
  return facts.successorBeforeTold && contactOf(facts) === 'told' && outcomeOf(facts) === 'renewed'
}

const byOfficer: Partial<Record<CycleFacts['case'], Outcome>> = {
  'applied-before-expiry': 'renewed',
  'paid-and-left': 'overstayed',
  detained: 'overstayed',
  deported: 'overstayed',
  'entry-ban': 'overstayed',
  died: 'not-counted',
  naturalised: 'not-counted',
  'data-error': 'not-counted',
}
