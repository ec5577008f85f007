import type { DeliveryState } from '../db/schema.ts'
import type { Channel } from '../lib/office.ts'
import { countryCallingCode, type PhoneNumber } from '../lib/phone.ts'
import type { CarrierFault, Listed } from './carrier.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** Waits between tries of the same channel after a transient fault; when they are used up the next channel takes over. */
const TRANSIENT_WAITS = [15 * MINUTE, HOUR, 4 * HOUR]
/** 30008 says nothing: one more try. */
const ONE_MORE_TRY = new Set([30008, 63023])
const BUSY_WAIT = 30_000
const ROUTE_PAUSE = 6 * HOUR
const ACCOUNT_PAUSE = 5 * MINUTE

export type FaultDecision = {
  /** What becomes of the attempt: `not-sent` did not count as a try. */
  attempt: 'refused' | 'not-sent' | 'uncertain'
  delivery: 'queued' | 'uncertain' | 'exhausted' | 'set_aside'
  reason: string
  /** With `queued`: epoch ms. */
  notBefore?: number
  pause?: { scope: string; until: number }
  /** The number is closed on these channels from now on. */
  dead?: Channel[]
  optOut?: boolean
  /** Another channel is to be tried. */
  next?: boolean
  alarm?: string
}

/**
 * What a fault means for its delivery. `tries` counts earlier attempts of this delivery that the carrier processed.
 * The same table decides for what came back at once and for what a receipt told later.
 */
export function afterFault(input: {
  fault: CarrierFault
  channel: Channel
  to: PhoneNumber
  tries: number
  now: number
}): FaultDecision {
  const { fault, channel, to, tries, now } = input
  const reason = fault.code === null ? fault.verdict : `${fault.verdict}:${fault.code}`
  switch (fault.verdict) {
    case 'uncertain':
      return { attempt: 'uncertain', delivery: 'uncertain', reason }
    case 'busy': {
      const until = now + (fault.retryAfterMs ?? BUSY_WAIT)
      return {
        attempt: 'not-sent',
        delivery: 'queued',
        reason,
        notBefore: until,
        pause: { scope: `channel:${channel}`, until },
      }
    }
    case 'account':
      return {
        attempt: 'not-sent',
        delivery: 'queued',
        reason,
        notBefore: now,
        pause: { scope: 'account', until: now + ACCOUNT_PAUSE },
        alarm: 'account',
      }
    case 'route':
      return {
        attempt: 'refused',
        delivery: 'exhausted',
        reason,
        pause: { scope: routeScope(channel, to), until: now + ROUTE_PAUSE },
        next: true,
        alarm: 'route',
      }
    case 'recipient':
      return { attempt: 'refused', delivery: 'exhausted', reason, dead: ['sms', 'call', 'whatsapp'], next: true }
    case 'channel':
      return { attempt: 'refused', delivery: 'exhausted', reason, dead: [channel], next: true }
    case 'opted-out':
      return { attempt: 'refused', delivery: 'exhausted', reason, optOut: true, next: true }
    case 'defect':
      return { attempt: 'refused', delivery: 'set_aside', reason, alarm: 'defect' }
    case 'transient': {
      const limit = fault.code !== null && ONE_MORE_TRY.has(fault.code) ? 1 : TRANSIENT_WAITS.length
      const wait = tries < limit ? TRANSIENT_WAITS[tries] : undefined
      if (wait === undefined) return { attempt: 'refused', delivery: 'exhausted', reason, next: true }
      return { attempt: 'refused', delivery: 'queued', reason, notBefore: now + wait }
    }
  }
}

/** This channel to this country. */
export function routeScope(channel: Channel, to: PhoneNumber): string {
  return `route:${channel}:${countryCallingCode(to)}`
}

/** How far a state has come; receipts move a delivery only upwards. */
const RANK: Partial<Record<DeliveryState, number>> = {
  queued: 0,
  sending: 0,
  uncertain: 0,
  accepted: 1,
  sent: 2,
  failed: 3,
  undelivered: 3,
  exhausted: 3,
  cancelled: 3,
  set_aside: 3,
  delivered: 4,
  read: 5,
}

/** True when `incoming` is further along than `current`: late, doubled and reordered receipts change nothing. */
export function isForward(current: DeliveryState, incoming: DeliveryState): boolean {
  return RANK[incoming]! > RANK[current]!
}

/** Twilio's message status (api v2010 MessageStatus) as our state; null for those that say nothing new. */
export const MESSAGE_STATES: Readonly<Record<string, DeliveryState | null>> = {
  accepted: 'accepted',
  scheduled: 'accepted',
  queued: 'accepted',
  sending: 'accepted',
  sent: 'sent',
  delivered: 'delivered',
  partially_delivered: 'undelivered',
  undelivered: 'undelivered',
  failed: 'failed',
  canceled: 'failed',
  read: 'read',
  receiving: null,
  received: null,
}

export type CallEnd = {
  /** Twilio's CallStatus. */
  status: string
  answeredBy: string | null
  digits: string | null
  /** The note was played to its end. */
  heard: boolean
  /** It fell into a gap of the database: the carrier knows neither keys nor how much was heard. */
  answersLost?: boolean
}

export type CallOutcome =
  | { state: 'sent' }
  | { state: 'delivered' }
  | {
      state: 'undelivered'
      reason: 'busy' | 'no-answer' | 'machine' | 'hung-up' | 'unknown' | 'failed' | 'cancelled' | 'answers-lost'
    }

/**
 * What a call came to. A key is the only proof of a person; without one a person must have heard the note to its end.
 * `completed` alone means that something picked up (twilio.com/docs/voice/answering-machine-detection).
 * Where the answers are lost, whoever picked up is neither taken for told nor rung again by itself: an officer is to ask.
 */
export function callOutcome(call: CallEnd): CallOutcome {
  if (call.digits !== null && /[12]/.test(call.digits)) return { state: 'delivered' }
  switch (call.status) {
    case 'completed':
      if (call.answersLost && !call.heard && !isMachine(call.answeredBy))
        return { state: 'undelivered', reason: 'answers-lost' }
      if (call.answeredBy === 'human')
        return call.heard ? { state: 'delivered' } : { state: 'undelivered', reason: 'hung-up' }
      if (call.answeredBy === null || call.answeredBy === 'unknown') return { state: 'undelivered', reason: 'unknown' }
      return { state: 'undelivered', reason: 'machine' }
    case 'busy':
      return { state: 'undelivered', reason: 'busy' }
    case 'no-answer':
      return { state: 'undelivered', reason: 'no-answer' }
    case 'failed':
      return { state: 'undelivered', reason: 'failed' }
    case 'canceled':
      return { state: 'undelivered', reason: 'cancelled' }
    default:
      return { state: 'sent' }
  }
}

function isMachine(answeredBy: string | null): boolean {
  return answeredBy !== null && answeredBy !== 'human' && answeredBy !== 'unknown'
}

export type Lookup =
  | { what: 'adopt'; sid: string; status: string; errorCode: number | null }
  | { what: 'ask-again'; at: number }
  | { what: 'send-again' }

export type LookupPatience = {
  /** The carrier may list a message this long after it took it. */
  listingMs: number
  everyMs: number
}

/**
 * What follows from the carrier's list of what went to a number, newest first. Messages are told by the link in their body;
 * calls by the number alone, for there is at most one live call to each. What already belongs to an attempt does not count.
 */
export function afterLookup(input: {
  channel: Channel
  /** The link of the words as attempted; null for calls. */
  link: string | null
  listed: readonly Listed[]
  known: ReadonlySet<string>
  startedAt: number
  now: number
  patience: LookupPatience
}): Lookup {
  const { channel, link, listed, known, startedAt, now, patience } = input
  const match = listed.find(
    (item) => !known.has(item.sid) && (channel === 'call' || (link !== null && item.body.includes(link))),
  )
  if (match) return { what: 'adopt', sid: match.sid, status: match.status, errorCode: match.errorCode }
  // Begun later than now: the clock was set back since, and the wait begins anew.
  const waitedFrom = Math.min(startedAt, now)
  if (now - waitedFrom < patience.listingMs) {
    return { what: 'ask-again', at: Math.min(now + patience.everyMs, waitedFrom + patience.listingMs) }
  }
  return { what: 'send-again' }
}

const FIRST_POLL: Record<Channel, number> = { sms: 10 * MINUTE, whatsapp: 10 * MINUTE, call: 5 * MINUTE }

/** No question is put off for longer: one that lies further ahead was put off before the clock was set back. */
export const LONGEST_POLL_MS = 24 * HOUR

/** When to ask the carrier about a silent delivery: soon, then hourly for a day, then daily for three; null: never again. */
export function nextPoll(channel: Channel, acceptedAt: number, now: number): number | null {
  const age = now - acceptedAt
  if (age < 0) return now + FIRST_POLL[channel]
  if (age < FIRST_POLL[channel]) return acceptedAt + FIRST_POLL[channel]
  if (age < 24 * HOUR) return now + HOUR
  if (age < 96 * HOUR) return now + LONGEST_POLL_MS
  return null
}
