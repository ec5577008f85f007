import { and, desc, eq, gte, inArray, lte } from 'drizzle-orm'
import { inOffices } from '../db/of-office.ts'
import type { Reader } from '../db/open.ts'
import type { Offices } from '../lib/offices.ts'
import type { OverstayDeps } from './cases.ts'
import type { WantedFollowUp } from './follow-ups.ts'
import { before, behind, pagesOf } from './pages.ts'

const dayMs = 24 * 60 * 60 * 1000
/** Replies older than this have been looked at, however long the program was down. */
const lookBackMs = 7 * dayMs
/** A reply belongs to the newest message that its number got before it, within this. */
const conversationMs = 120 * dayMs

/** What people wrote back in their own words. */
export async function* freeTexts(deps: OverstayDeps): AsyncGenerator<WantedFollowUp[]> {
  const { db, log, now } = deps
  const { receipts } = db.t
  const pages = pagesOf(db.read, {
    table: receipts,
    columns: [receipts.applied_at, receipts.id],
    from: before(now - lookBackMs),
    to: behind(Number.MAX_SAFE_INTEGER),
  })
  for await (const page of pages) {
    const texts = await db.read
      .select({ id: receipts.id, raw: receipts.raw, received_at: receipts.received_at })
      .from(receipts)
      .where(and(page, eq(receipts.kind, 'reply'), eq(receipts.status, 'text')))
    const replies = texts.map(({ raw, ...text }) => ({ ...text, ...senderOf(raw, db.vault) }))
    const writers = await writersOf(deps, replies)
    const strangers = replies.filter((reply) => !writers.has(reply.id)).map((reply) => reply.id)
    if (strangers.length > 0) log.info({ receipts: strangers }, 'replies from numbers that nobody has')
    yield [...writers].map(([id, writer]) => ({ ...writer, kind: 'reply', cause: `receipt:${id}` }))
  }
}

/** What a person wrote, of a stored reply; '' when it holds no words. */
export function wordsOf(raw: string): string {
  return formOf(raw).Body ?? ''
}

type Reply = { id: number; received_at: number; phone_index: string; replied_to: string }
type Writer = { resident_id: number; cycle_id: number }

function senderOf(raw: string, vault: { blind(value: string, place: string): string }) {
  const { From = '', OriginalRepliedMessageSid = '' } = formOf(raw)
  return { phone_index: vault.blind(From.replace(/^whatsapp:/, ''), 'phone'), replied_to: OriginalRepliedMessageSid }
}

function formOf(raw: string): Record<string, string> {
  return JSON.parse(raw)
}

/** Of several people told by one message, the first. */
async function writersOf({ db, offices }: OverstayDeps, replies: Reply[]): Promise<Map<number, Writer>> {
  const writers = new Map<number, Writer>()
  if (replies.length === 0) return writers
  const told = await toldOf(db.read, replies)
  const people = await ownersOf(db.read, offices, replies)
  for (const reply of replies) {
    const message =
      told.find((one) => one.sid !== null && one.sid === reply.replied_to && one.phone_index === reply.phone_index) ??
      told.find((one) => one.phone_index === reply.phone_index && one.created_at <= reply.received_at)
    if (message && offices.all.every(({ code }) => code !== message.office_code)) continue
    const writer = message ?? people.find((one) => one.phone_index === reply.phone_index)
    if (writer) writers.set(reply.id, { resident_id: writer.resident_id, cycle_id: writer.cycle_id })
  }
  return writers
}

/** Newest first. */
function toldOf(reader: Reader, replies: Reply[]) {
  const { deliveries, delivery_notices, notices, cycles, permits } = reader.t
  const received = replies.map((reply) => reply.received_at)
  return reader
    .select({
      phone_index: deliveries.phone_index,
      sid: deliveries.sid,
      created_at: deliveries.created_at,
      cycle_id: cycles.id,
      resident_id: cycles.resident_id,
      office_code: permits.office_code,
    })
    .from(deliveries)
    .innerJoin(delivery_notices, eq(delivery_notices.delivery_id, deliveries.id))
    .innerJoin(notices, eq(notices.id, delivery_notices.notice_id))
    .innerJoin(cycles, eq(cycles.id, notices.cycle_id))
    .innerJoin(permits, eq(permits.id, cycles.permit_id))
    .where(
      and(
        inArray(deliveries.phone_index, [...new Set(replies.map((reply) => reply.phone_index))]),
        gte(deliveries.created_at, Math.min(...received) - conversationMs),
        lte(deliveries.created_at, Math.max(...received)),
      ),
    )
    .orderBy(desc(deliveries.id), notices.id)
}

/** Those who have the number now: themselves first, then by their sponsor. */
async function ownersOf(reader: Reader, offices: Offices, replies: Reply[]) {
  const { residents } = reader.t
  const indexes = [...new Set(replies.map((reply) => reply.phone_index))]
  const owned = async (phone_index: typeof residents.phone_index | typeof residents.sponsor_phone_index) =>
    reader
      .select({ resident_id: residents.id, phone_index })
      .from(residents)
      .where(and(inArray(phone_index, indexes), inOffices(residents.office_code, offices)))
      .orderBy(residents.id)
  const rows = [...(await owned(residents.phone_index)), ...(await owned(residents.sponsor_phone_index))]
  return rows.map((row) => ({ ...row, cycle_id: 0 }))
}
