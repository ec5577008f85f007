import type { Answer, Channel, DeliveryState, FollowUpKind, Line } from '../db/schema.ts'
import { type CivilDate, daysBetween } from '../lib/civil-date.ts'
import { isClosed } from '../scan/channels.ts'
import type { Contact } from './contacts.ts'

/** In the order in which they are tried: the first that this cycle never had is the one opened. */
export type PhoneCause = 'opted-out' | 'no-phone' | 'unreachable' | 'unconfirmed'

/** Days before expiry by which everybody must be confirmed, or an officer takes over. */
const confirmedBy = 7
/** So near the end, nobody waits a day for a receipt. */
const noTimeLeft = 1

export type PhoneFacts = {
  today: CivilDate
  expiresOn: CivilDate
  /** Of the one who is to be told: the resident, or for a minor the sponsor. Null: there is none. */
  phone: { line: Line | null; optedOut: readonly Channel[]; dead: readonly Channel[]; whatsapp: boolean } | null
  firstNoticeOn: CivilDate
  newestNotice: { stage: number; deliveries: readonly DeliveryState[] }
  /** Everything of this cycle, of anybody. */
  contacts: readonly Contact[]
  minor: boolean
}

/**
 * Why an officer must find a way to reach this resident; empty when nobody need. The cycle has a notice, its permit is
 * current and not held.
 */
export function phoneCauses(facts: PhoneFacts): PhoneCause[] {
  const { phone, newestNotice } = facts
  const causes: PhoneCause[] = []
  const untold = newestNotice.deliveries.length === 0
  // Opted in, and yet nothing went out by it: there is no approved template in this language.
  const whatsapp = phone?.whatsapp === true && !untold
  const dead = { line: phone?.line ?? null, closed: phone?.dead ?? [], whatsapp }
  const shut = { ...dead, closed: [...dead.closed, ...(phone?.optedOut ?? [])] }
  const optedOutOfAll = phone !== null && isClosed(shut) && !isClosed(dead)
  if (optedOutOfAll && !wasSpokenWith(facts)) causes.push('opted-out')
  if (isConfirmed(facts)) return causes

  if (untold && (phone === null || isClosed(dead))) causes.push('no-phone')
  const sent = newestNotice.deliveries.filter((state) => state !== 'cancelled')
  if (sent.length > 0 && sent.every((state) => unsuccessful.includes(state))) causes.push('unreachable')
  if (isUnconfirmed(facts)) causes.push('unconfirmed')
  return causes
}

/** What confirms a cycle: for the sponsor only what he got counts for him, unless he stands in for a minor. */
export function isConfirmed({ contacts, minor }: { contacts: readonly Contact[]; minor: boolean }): boolean {
  return contacts.some((contact) => contact.confirms && (minor || contact.role === 'resident'))
}

/**
 * An open `phone` follow-up has nothing left to do. Who opted out of everything after a message had arrived must have
 * been spoken with, or confirmed anew.
 */
export function phoneIsSettled(input: {
  cause: string
  openedAt: number
  contacts: readonly Contact[]
  minor: boolean
}): boolean {
  if (input.cause !== 'opted-out' || wasSpokenWith(input)) return isConfirmed(input)
  return isConfirmed({ ...input, contacts: input.contacts.filter(({ at }) => at > input.openedAt) })
}

/** A number that must be asked for anew. A landline takes no SMS and not everybody has WhatsApp: neither is a wrong number. */
export function isWrongNumber(dead: { channel: Channel; line: Line | null }): boolean {
  if (dead.channel === 'whatsapp') return false
  return dead.channel === 'call' || dead.line !== 'fixed'
}

/** Whether an answer wants an officer. One that asks for help does, whatever became of the permit. */
export function answerWantsOfficer(input: {
  answer: Answer
  answeredOn: CivilDate
  expiresOn: CivilDate
  /** The cycle's permit is current and nobody has set a hold. */
  pending: boolean
}): boolean {
  if (input.answer === 'help') return true
  if (!input.pending || input.answer === 'understood') return false
  return input.answer === 'leaving' || input.answeredOn <= input.expiresOn
}

/** Under 18 the sponsor stands in. Unknown counts as grown up. */
export function isMinor(birthDate: CivilDate | null, today: CivilDate): boolean {
  return birthDate !== null && birthDate > minorsBornAfter(today)
}

/** Who was born on 29 February comes of age on 1 March. */
export function minorsBornAfter(today: CivilDate): CivilDate {
  return Temporal.PlainDate.from(today).subtract({ years: 18 }).toString() as CivilDate
}

/** What an officer may say came of it. `confirmed` is the program's own; `reached` counts as confirmed. */
export const FOLLOW_UP_OUTCOMES: Record<FollowUpKind, readonly string[]> = {
  phone: ['reached', 'not-reached', 'number-corrected', 'no-action'],
  number: ['number-corrected', 'no-other-number', 'no-action'],
  identity: ['same-person', 'different-people', 'data-corrected', 'no-action'],
  kind: ['policy-extended', 'data-corrected', 'no-action'],
  answer: ['hold-set', 'advised', 'no-action'],
  reply: ['answered', 'no-action'],
  'hold-ended': ['hold-extended', 'hold-lifted', 'no-action'],
}

const unsuccessful: readonly DeliveryState[] = ['failed', 'undelivered', 'exhausted', 'set_aside']

function isUnconfirmed({ today, expiresOn, firstNoticeOn, newestNotice }: PhoneFacts): boolean {
  const daysLeft = daysBetween(today, expiresOn)
  if (newestNotice.stage > confirmedBy && daysLeft > confirmedBy) return false
  return firstNoticeOn < today || daysLeft <= noTimeLeft
}

function wasSpokenWith(facts: { contacts: readonly Contact[]; minor: boolean }): boolean {
  return isConfirmed({ ...facts, contacts: facts.contacts.filter(({ kind }) => kind !== 'delivery') })
}
