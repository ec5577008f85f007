import type { HoldReason, Level } from '../db/schema.ts'
import type { CivilDate } from '../lib/civil-date.ts'
import type { Office } from '../lib/office.ts'
import { isExactlySixty, levelAt, overstayDays } from './levels.ts'

export const CASE_OUTCOMES = [
  'renewed',
  'applied-before-expiry',
  'left',
  'paid-and-left',
  'detained',
  'deported',
  'entry-ban',
  'died',
  'naturalised',
  'data-error',
] as const
export type CaseOutcome = (typeof CASE_OUTCOMES)[number]

/** How an officer spoke with somebody; `sponsor` is the sponsor, all others the resident. */
export const CONTACT_CHANNELS = ['phone', 'visit', 'counter', 'letter', 'message', 'sponsor'] as const
export type ContactChannel = (typeof CONTACT_CHANNELS)[number]

/** Whose hand moved a case when no officer did. */
export const TENGGAT = 'tenggat'

/**
 * Why a case may be closed. `renewed` a newer permit, or this one with a later end; `corrected` this one now ends
 * earlier, a case of its own; `not-current` no permit of the resident is current; `held:…` a live hold.
 */
export type Proposal = 'renewed' | 'corrected' | 'not-current' | `held:${HoldReason}`

export type Opening = { level: Level; knownLate: boolean; day60: boolean }

/** How the case of a permit that has ended begins. `knownSince` is the day this `expiresOn` came in. */
export function openingOf(input: {
  office: Office
  expiresOn: CivilDate
  knownSince: CivilDate
  today: CivilDate
}): Opening {
  const days = overstayDays(input.expiresOn, input.today)
  const knownLate = input.knownSince > input.expiresOn
  return { level: levelAt(input.office, knownLate ? 1 : days), knownLate, day60: isExactlySixty(days) }
}

export function proposalFor(input: {
  expiresOn: CivilDate
  /** The case's own permit as it is now. */
  permit: { isCurrent: boolean; expiresOn: CivilDate }
  /** Another permit of the resident is the current one. */
  otherIsCurrent: boolean
  hold: HoldReason | null
}): Proposal | null {
  const { expiresOn, permit } = input
  if (!permit.isCurrent) return input.otherIsCurrent ? 'renewed' : 'not-current'
  if (permit.expiresOn !== expiresOn) return permit.expiresOn > expiresOn ? 'renewed' : 'corrected'
  return input.hold === null ? null : `held:${input.hold}`
}

/** What an officer will most likely answer to a proposal; null where nothing can be guessed. */
export function suggestedOutcome(proposal: string | null): CaseOutcome | null {
  return suggestions[proposal ?? ''] ?? null
}

export type CaseFacts = {
  expiresOn: CivilDate
  level: Level
  knownLate: boolean
  /** An officer recorded a contact or raised the level: somebody is known to be here still. */
  officerSaw: boolean
  day60Flagged: boolean
  /** What stands in the case's row. */
  proposed: string | null
  /** What `proposalFor` says today. */
  proposal: Proposal | null
}

export type CaseStep =
  | { kind: 'proposed'; proposal: Proposal }
  | { kind: 'withdrawn'; was: string }
  | { kind: 'day-60' }
  /** `skipped`: levels whose days went by while nothing ran. */
  | { kind: 'escalated'; level: Level; skipped: Level[] }

/**
 * What today makes of an open case. A case that may be closed does not rise meanwhile. One whose permit had ended
 * before it came in stays at its level until an officer saw the resident, then goes by days as any other. No level
 * is ever lowered, and day 60 is flagged on that day alone: afterwards the law names the days again.
 */
export function reviewCase(input: { office: Office; today: CivilDate; facts: CaseFacts }): CaseStep[] {
  const { office, today, facts } = input
  const steps: CaseStep[] = []
  if (facts.proposal !== null) {
    return facts.proposal === facts.proposed ? steps : [{ kind: 'proposed', proposal: facts.proposal }]
  }
  if (facts.proposed !== null) steps.push({ kind: 'withdrawn', was: facts.proposed })

  const days = overstayDays(facts.expiresOn, today)
  if (days < 1) return steps
  if (isExactlySixty(days) && !facts.day60Flagged) steps.push({ kind: 'day-60' })
  if (facts.knownLate && !facts.officerSaw) return steps

  const level = levelAt(office, days)
  const above = levelsAbove(office, facts.level)
  if (above.includes(level)) steps.push({ kind: 'escalated', level, skipped: above.slice(0, above.indexOf(level)) })
  return steps
}

/** Lowest first. */
export function levelsAbove(office: Office, level: Level): Level[] {
  return office.levels.slice(office.levels.findIndex(({ name }) => name === level) + 1).map(({ name }) => name)
}

/** An officer's contact as one text of a case event. */
export function contactText(channel: ContactChannel, what: string): string {
  return `${channel}: ${what}`
}

/** The inverse of `contactText`; a text without a channel is a phone call. */
export function readContact(text: string): { channel: ContactChannel; what: string } {
  const channel = CONTACT_CHANNELS.find((name) => text.startsWith(`${name}: `))
  return channel ? { channel, what: text.slice(channel.length + 2) } : { channel: 'phone', what: text }
}

const suggestions: Record<string, CaseOutcome> = {
  renewed: 'renewed',
  corrected: 'data-error',
  'held:applied': 'applied-before-expiry',
  'held:left': 'left',
  'held:refugee': 'data-error',
  'held:diplomatic': 'data-error',
  'held:died': 'died',
  'held:naturalised': 'naturalised',
}
