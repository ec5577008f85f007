import { and, eq, gt, inArray, sql } from 'drizzle-orm'
import type { Reader } from '../db/open.ts'
import type { Channel, DeliveryState, Role } from '../db/schema.ts'
import { readContact } from './case-rules.ts'

/** One thing that was tried in a cycle, or came of it. */
export type Contact = {
  at: number
  role: Role
  /** `sms`, `call`, `whatsapp`; for an answer `key`, `page`, `whatsapp`, `counter`; for an officer's contact its channel. */
  channel: string
  /** The delivery's state, the answer, or the officer's words. */
  what: string
  /** The officer, where there was one. */
  by: string | null
  kind: 'delivery' | 'answer' | 'officer'
  /** Somebody certainly got it: see design, "confirmed". */
  confirms: boolean
}

/** Oldest first. A few queries for all `cycleIds` together; a cycle in which nothing was tried is absent. */
export async function contactsOf(reader: Reader, cycleIds: readonly number[]): Promise<Map<number, Contact[]>> {
  const found = new Map<number, Contact[]>()
  if (cycleIds.length === 0) return found
  const ids = [...new Set(cycleIds)]
  const rows = [
    ...(await triedDeliveries(reader, ids)),
    ...(await answers(reader, ids)),
    ...(await officersContacts(reader, ids)),
    ...(await reachedByPhone(reader, ids)),
  ]
  for (const { cycle_id, ...contact } of rows.sort((a, b) => a.at - b.at)) {
    const list = found.get(cycle_id)
    if (list) list.push(contact)
    else found.set(cycle_id, [contact])
  }
  return found
}

/** A call that a machine answered is never `delivered`; an SMS that is only `sent` may have gone nowhere. */
export function confirms(channel: Channel, state: DeliveryState): boolean {
  return state === 'delivered' || (state === 'read' && channel !== 'call')
}

type Row = Contact & { cycle_id: number }

async function triedDeliveries(reader: Reader, cycleIds: number[]): Promise<Row[]> {
  const { notices, delivery_notices, deliveries } = reader.t
  const rows = await reader
    .select({
      cycle_id: notices.cycle_id,
      role: delivery_notices.role,
      channel: deliveries.channel,
      state: deliveries.state,
      at: deliveries.state_since,
    })
    .from(notices)
    .innerJoin(delivery_notices, eq(delivery_notices.notice_id, notices.id))
    .innerJoin(deliveries, eq(deliveries.id, delivery_notices.delivery_id))
    .where(and(inArray(notices.cycle_id, cycleIds), gt(deliveries.attempts, 0)))
  return rows.map(({ state, ...row }) => ({
    ...row,
    what: state,
    by: null,
    kind: 'delivery',
    confirms: confirms(row.channel, state),
  }))
}

async function answers(reader: Reader, cycleIds: number[]): Promise<Row[]> {
  const { acknowledgements } = reader.t
  const rows = await reader
    .select({
      cycle_id: acknowledgements.cycle_id,
      role: acknowledgements.role,
      channel: acknowledgements.via,
      what: acknowledgements.answer,
      by: acknowledgements.officer,
      at: acknowledgements.at,
    })
    .from(acknowledgements)
    .where(inArray(acknowledgements.cycle_id, cycleIds))
  return rows.map((row) => ({ ...row, kind: 'answer', confirms: true }))
}

async function officersContacts(reader: Reader, cycleIds: number[]): Promise<Row[]> {
  const { overstay_cases, case_events } = reader.t
  const rows = await reader
    .select({ cycle_id: overstay_cases.cycle_id, text: case_events.text, by: case_events.by, at: case_events.at })
    .from(overstay_cases)
    .innerJoin(case_events, eq(case_events.case_id, overstay_cases.id))
    // By the cases: with the kind as it is SQLite reads all contacts that there ever were.
    .where(and(inArray(overstay_cases.cycle_id, cycleIds), sql`${case_events.kind} || '' = 'contact'`))
  return rows.map(({ text, ...row }) => {
    const { channel, what } = readContact(text ?? '')
    return {
      ...row,
      role: channel === 'sponsor' ? 'sponsor' : 'resident',
      channel,
      what,
      kind: 'officer',
      confirms: true,
    }
  })
}

/** Before there is a case, an officer's call is recorded as the outcome of the follow-up. */
async function reachedByPhone(reader: Reader, cycleIds: number[]): Promise<Row[]> {
  const { cycles, follow_ups } = reader.t
  const rows = await reader
    .select({ cycle_id: cycles.id, by: follow_ups.closed_by, at: follow_ups.closed_at })
    .from(cycles)
    .innerJoin(
      follow_ups,
      and(
        eq(follow_ups.resident_id, cycles.resident_id),
        eq(follow_ups.kind, 'phone'),
        eq(follow_ups.cycle_id, cycles.id),
        eq(follow_ups.outcome, 'reached'),
      ),
    )
    .where(inArray(cycles.id, cycleIds))
  return rows.map((row) => ({
    ...row,
    at: row.at ?? 0,
    role: 'resident',
    channel: 'phone',
    what: 'reached',
    kind: 'officer',
    confirms: true,
  }))
}
