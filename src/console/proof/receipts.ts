import { and, asc, between, eq, inArray, or } from 'drizzle-orm'
import type { Db } from '../../db/open.ts'
import type { ReceiptKind } from '../../db/schema.ts'
import { ERASED_RECEIPT } from '../../deliver/erase.ts'
import { isSigned, POLLED, type TimelineDelivery } from '../delivery-history-query.ts'

/** One receipt as it came. */
export type ProofReceipt = {
  id: number
  /** Its place in the annex, from 1. */
  number: number
  sid: string
  kind: ReceiptKind
  status: string
  errorCode: number | null
  at: number
  /** The value of X-Twilio-Signature; null where there is none. */
  signature: string | null
  /** We asked the carrier ourselves. */
  polled: boolean
  /** What the signature covers beside the parameters; null where it was not kept. */
  url: string | null
  /** Null once they were erased. */
  parameters: Readonly<Record<string, string>> | null
}

type Told = { at: number; status: string }

/** An answer is recorded in the same request as its receipt. */
const SAME_REQUEST_MS = 10_000

/** All receipts of these deliveries, and the messages with which people answered (`told`), in the order in which they came. */
export async function proofReceipts(
  db: Db,
  { deliveries, told }: { deliveries: readonly TimelineDelivery[]; told: readonly Told[] },
): Promise<ProofReceipt[]> {
  const { receipts } = db.t
  const ids = deliveries.flatMap(({ attempts }) => attempts.flatMap((attempt) => attempt.receipts.map(({ id }) => id)))
  const replies = await repliesOf(db, { told, phones: new Set(deliveries.map(({ phone }) => phone as string)) })
  const wanted = [...new Set([...ids, ...replies])]
  if (wanted.length === 0) return []
  const rows = await db.read
    .select()
    .from(receipts)
    .where(inArray(receipts.id, wanted))
    .orderBy(asc(receipts.received_at), asc(receipts.id))
  return rows.map(({ id, sid, kind, status, error_code, received_at, signature, url, raw }, at) => ({
    id,
    number: at + 1,
    sid,
    kind,
    status,
    errorCode: error_code,
    at: received_at,
    signature: isSigned(signature) ? signature : null,
    polled: signature === POLLED,
    url: url === '' || url === ERASED_RECEIPT ? null : url,
    parameters: parametersIn(raw),
  }))
}

/**
 * What goes into the PDF as a file, for whoever verifies the signatures again: HMAC-SHA1 with the account's auth token over the address
 * and the parameters, sorted by name (https://www.twilio.com/docs/usage/webhooks/webhooks-security).
 */
export function receiptsFile(receipts: readonly ProofReceipt[]): Uint8Array {
  const rows = receipts.map(({ number, sid, kind, status, at, polled, url, signature, parameters }) => ({
    number,
    sid,
    kind,
    status,
    received_at: new Date(at).toISOString(),
    polled,
    url,
    x_twilio_signature: signature,
    parameters,
  }))
  return Buffer.from(`${JSON.stringify({ receipts: rows }, null, 2)}\n`)
}

/** By time and sender: a message of a person's own belongs to no attempt. */
async function repliesOf(
  db: Db,
  { told, phones }: { told: readonly Told[]; phones: ReadonlySet<string> },
): Promise<number[]> {
  if (told.length === 0) return []
  const { receipts } = db.t
  const near = told.map(({ at, status }) =>
    and(eq(receipts.status, status), between(receipts.received_at, at - SAME_REQUEST_MS, at + SAME_REQUEST_MS)),
  )
  const rows = await db.read
    .select({ id: receipts.id, raw: receipts.raw })
    .from(receipts)
    .where(and(eq(receipts.kind, 'reply'), or(...near)))
  const isTheirs = (raw: string) => phones.has((parametersIn(raw)?.From ?? '').replace(/^whatsapp:/, ''))
  return rows.filter(({ raw }) => isTheirs(raw)).map(({ id }) => id)
}

function parametersIn(raw: string): Record<string, string> | null {
  if (raw === '') return null
  const parameters = JSON.parse(raw) as Record<string, string>
  return Object.keys(parameters).length === 0 ? null : parameters
}
