import type { PhoneNumber } from '../lib/phone.ts'

/**
 * What a carrier's error means for the delivery:
 * `recipient` this number will never work; `channel` this channel will not reach this number, take the next;
 * `route` this channel to this country or from this sender pauses, take the next; `transient` later, a bounded number of times;
 * `busy` not processed, later, as often as it takes; `account` everything pauses and stays due; `opted-out` the number
 * said stop on this channel; `uncertain` nobody knows whether it was processed; `defect` ours.
 */
export type Verdict =
  | 'recipient'
  | 'channel'
  | 'route'
  | 'transient'
  | 'busy'
  | 'account'
  | 'opted-out'
  | 'uncertain'
  | 'defect'

export type Outgoing = {
  to: PhoneNumber
  /** Instead of the sender that the carrier was opened with. */
  from?: string
  statusCallback: string
} & (
  | { kind: 'sms'; body: string; validitySeconds: number }
  | { kind: 'whatsapp'; contentSid: string; variables: Record<string, string>; validitySeconds: number }
  | { kind: 'whatsapp-audio'; mediaUrl: string }
  | { kind: 'call'; url: string }
)

export type CarrierFault = {
  verdict: Verdict
  /** The carrier's own code; null when nothing of the kind was answered. */
  code: number | null
  httpStatus: number | null
  /** Only with `busy`: the carrier's own wish. */
  retryAfterMs?: number
}

export type Sent = { ok: true; sid: string; status: string } | { ok: false; fault: CarrierFault }

/** A message or call as the carrier lists it. `body` is empty for calls. */
export type Listed = {
  sid: string
  status: string
  errorCode: number | null
  body: string
  /** Epoch ms. */
  createdAt: number
}

export type Answered<Value> = { ok: true; value: Value } | { ok: false; fault: CarrierFault }

/** A call as it ended, where the carrier says so. */
export type Fetched = { status: string; errorCode: number | null; seconds: number | null; answeredBy: string | null }

/** `skewMs` is the carrier's clock minus ours, to the second; null where it says nothing. */
export type Probed = { balance: number | null; currency: string | null; skewMs: number | null }

/** The outside world of deliver/: one adapter (twilio/), pointed at the carrier or at the sandbox. Never throws for what a carrier may answer. */
export type Carrier = AsyncDisposable & {
  /** One request, never repeated by itself. */
  send(message: Outgoing): Promise<Sent>
  /** What went to `to` since `since` (epoch ms), newest first. Lists by number alone: dates and sender can still be empty. */
  list(
    kind: 'message' | 'call',
    to: PhoneNumber | `whatsapp:${PhoneNumber}`,
    since: number,
  ): Promise<Answered<Listed[]>>
  fetch(kind: 'message' | 'call', sid: string): Promise<Answered<Fetched>>
  /** Blots out the text that the carrier keeps of a message; `gone` where it has none of this id any more. */
  redact(sid: string): Promise<Answered<'redacted' | 'gone'>>
  /** A harmless request that shows whether the account works. */
  probe(): Promise<Answered<Probed>>
  /** Whether the account may call from this number: bought there, or verified as the office's own. */
  owns(number: string): Promise<Answered<boolean>>
}
