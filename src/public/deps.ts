import type { Templates } from '../compose/template.ts'
import type { VoiceNotes } from '../compose/voice-notes.ts'
import type { Db } from '../db/open.ts'
import type { Answer } from '../db/schema.ts'
import type { ReceiptSink } from '../deliver/receipt-sink.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/events.ts'
import type { Office } from '../lib/office.ts'
import type { Offices } from '../lib/offices.ts'
import type { WebPatience } from '../lib/web-server.ts'

/** What a resident did in a message: a button, stop or start, or words of their own. */
export type Inbound = {
  messageSid: string
  channel: 'whatsapp' | 'sms'
  did: Answer | 'listen' | 'optout' | 'optin' | 'text'
  /** The delivery that was answered, where one is known. */
  deliveryId: number | null
  /** Blind index of the number. */
  phoneIndex: string
}

export type PublicDeps = {
  db: Db
  log: Log
  clock: Clock
  /** The home office, for whoever cannot be told to belong to another. */
  office: Office
  offices: Offices
  templates: Templates
  /** The same with office, words and voices of another. */
  at(officeCode: string): PublicDeps
  /** https://host[/path], as the carrier and the residents reach us. */
  publicBaseUrl: string
  twilioAuthToken: string
  accountSid: string
  /** Holds `<content_key>.mp3` and `.ogg`. */
  audioDir: string
  /** Addresses or networks of reverse proxies whose X-Forwarded-For is believed. */
  trustedProxies: readonly string[]
  receipts: ReceiptSink
  /** Finds what was recorded: sentences of a call, and a page's note in another language than its delivery's. Nothing is made here. */
  voiceNotes: Pick<VoiceNotes, 'find'>
  /** Called once for each new message, after it was stored; should only write rows. */
  onInbound?: (inbound: Inbound) => Promise<void>
  /** From one address, over all pages and audio; 600 by default. */
  requestsPerMinute?: number
  /** So long a webhook waits for a database that is held up, before it is answered 503; 10 seconds by default. */
  webhookMs?: number
  /** With slow clients. */
  patience?: WebPatience
}

/** Since the listener was opened; for metrics. */
export type PublicCounts = { requests: number; forged: number; receipts: number; repeated: number; errors: number }

/** `publicBaseUrl` plus an absolute path of ours. */
export function publicUrl({ publicBaseUrl }: Pick<PublicDeps, 'publicBaseUrl'>, path: string): string {
  return publicBaseUrl.replace(/\/+$/, '') + path
}
