import type { Templates } from '../compose/template.ts'
import type { VoiceNotes } from '../compose/voice-notes.ts'
import type { Db } from '../db/open.ts'
import { type CivilDate, dateAt } from '../lib/civil-date.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/events.ts'
import type { Channel, Office } from '../lib/office.ts'
import type { Offices } from '../lib/offices.ts'
import type { Carrier } from './carrier.ts'
import type { LookupPatience } from './outcome.ts'
import type { Reach } from './reach.ts'

/** How long we wait for what. Shorter ones are for tests and the sandbox, whose carrier answers within milliseconds. */
export type Patience = {
  /** A claim not finished by then is uncertain: more than the carrier's timeout. */
  leaseMs: number
  lookup: LookupPatience
}

export const PATIENCE: Patience = { leaseMs: 60_000, lookup: { listingMs: 120_000, everyMs: 20_000 } }

export type DeliverDeps = {
  db: Db
  log: Log
  clock: Clock
  /** The home office, whose rates hold for all. */
  office: Office
  offices: Offices
  templates: Templates
  voiceNotes: VoiceNotes
  /** The same with office, words and voices of another. */
  at(officeCode: string): DeliverDeps
  carrier: Carrier
  /** `https://…` without a slash at the end: links, webhooks, audio. */
  publicBaseUrl: string
  /** This process, on claims and attempts. */
  worker: string
  patience: Patience
  reach: Reach
}

/** An office that publishes a sender of its own sends from it; the home office's stand in the environment. */
export function senderOf(
  { offices }: Pick<DeliverDeps, 'offices'>,
  officeCode: string,
  channel: Channel,
): { from?: string } {
  const sender = offices.of(officeCode).senders[channel]
  return sender === offices.home.senders[channel] ? {} : { from: sender }
}

/** The office's day. While anything may be sent it is the same day in every zone of the country. */
export function todayOf(deps: { clock: Clock; office: Office }): CivilDate {
  return dateAt(deps.clock.now(), deps.office.timeZone)
}
