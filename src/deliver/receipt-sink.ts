import type { ReceiptKind } from '../db/schema.ts'

/**
 * One thing the carrier told us, as it came. `status` is the carrier's own for kinds `message` and `call`; besides, for `call`
 * `answered:<AnsweredBy>`, `heard` (the note ran to its end) and `inbound` (somebody rang us); for `key` `key:<digit>`; for
 * `reply` `button:<word>`, `optout`, `optin` or `text`.
 */
export type IncomingReceipt = {
  kind: ReceiptKind
  sid: string
  status: string
  errorCode: number | null
  /** From our own callback URL; null where the carrier came by itself. */
  attemptId: number | null
  /** All form fields. Personal: the sink seals them. */
  raw: Readonly<Record<string, string>>
  signature: string
  /** Our address as the carrier called it: the signature covers it. Absent where we asked ourselves. */
  url?: string
}

/** Where webhooks put what they are told. When `record` has returned, the receipt outlives a power cut. */
export type ReceiptSink = { record(receipt: IncomingReceipt): Promise<'new' | 'repeated'> }
