import { and, eq, exists, inArray, isNull, not, or, sql } from 'drizzle-orm'
import type { Reader } from '../db/open.ts'
import type { Channel } from '../db/schema.ts'
import type { CivilDate } from '../lib/civil-date.ts'
import { cyclesWithNotices, dueCycles, hasFollowUp } from './attend-cycles.ts'
import { isMinor, phoneCauses } from './attend-rules.ts'
import type { OverstayDeps } from './cases.ts'
import { contactsOf } from './contacts.ts'
import type { WantedFollowUp } from './follow-ups.ts'

/** Whoever could not be told or is not known to have been, and numbers that the carrier says will never work. */
export async function* phonesToAttend(deps: OverstayDeps): AsyncGenerator<WantedFollowUp[]> {
  const { db, today } = deps
  for await (const page of cyclesWithNotices(deps)) {
    const cycles = await dueCycles(db.read, deps, and(page, mayWantPhone(db.read)))
    yield await wantedOf(db.read, cycles, today)
  }
}

type Cycle = Awaited<ReturnType<typeof dueCycles>>[number]

/** Leaves out, by SQL alone, most of those who were told; the rules look at the rest. */
function mayWantPhone(reader: Reader) {
  const { cycles, residents, notices, delivery_notices, deliveries, opt_outs, follow_ups } = reader.t
  const told = reader
    .select({ one: sql`1` })
    .from(notices)
    .innerJoin(delivery_notices, eq(delivery_notices.notice_id, notices.id))
    .innerJoin(deliveries, eq(deliveries.id, delivery_notices.delivery_id))
    .where(
      and(
        eq(notices.cycle_id, cycles.id),
        eq(delivery_notices.role, 'resident'),
        inArray(deliveries.state, ['delivered', 'read']),
      ),
    )
  const optedOut = reader
    .select({ one: sql`1` })
    .from(opt_outs)
    .where(and(eq(opt_outs.phone_index, residents.phone_index), isNull(opt_outs.withdrawn_at)))
  return and(not(hasFollowUp(reader, 'phone', isNull(follow_ups.closed_at))), or(not(exists(told)), exists(optedOut)))
}

async function wantedOf(reader: Reader, cycles: Cycle[], today: CivilDate): Promise<WantedFollowUp[]> {
  if (cycles.length === 0) return []
  const ids = cycles.map((cycle) => cycle.id)
  const notices = await noticesOf(reader, ids)
  const deliveries = await deliveriesOf(
    reader,
    [...notices.values()].map(({ newest }) => newest.id),
  )
  const contacts = await contactsOf(reader, ids)
  const people = cycles.map((cycle) => ({ cycle, person: whoIsTold(cycle, today) }))
  const closed = await closedChannels(
    reader,
    people.flatMap(({ person }) => person.phone_index ?? []),
  )

  return people.flatMap(({ cycle, person }): WantedFollowUp[] => {
    const { newest, firstOn } = notices.get(cycle.id)!
    const sent = (deliveries.get(newest.id) ?? []).filter(({ role }) => role === person.role)
    const index = person.phone_index
    const causes = phoneCauses({
      today,
      expiresOn: cycle.expires_on,
      phone:
        index === null
          ? null
          : {
              line: person.line,
              optedOut: closed.optedOut.get(index) ?? [],
              dead: closed.dead.get(index) ?? [],
              whatsapp: person.whatsapp,
            },
      firstNoticeOn: firstOn,
      newestNotice: { stage: newest.stage, deliveries: sent.map(({ state }) => state) },
      contacts: contacts.get(cycle.id) ?? [],
      minor: person.role === 'sponsor',
    })
    const { resident_id } = cycle
    const refused = sent.some((delivery) => delivery.refused && delivery.phone_index === index)
    return [
      ...causes.map((cause) => ({ resident_id, kind: 'phone' as const, cycle_id: cycle.id, cause })),
      ...(refused ? [{ resident_id, kind: 'number' as const, cycle_id: 0, cause: `number:${index}` }] : []),
    ]
  })
}

/** The sponsor for a minor, else the resident. */
function whoIsTold(cycle: Cycle, today: CivilDate) {
  if (isMinor(cycle.birth_date, today)) {
    return {
      role: 'sponsor',
      phone_index: cycle.sponsor_phone_index,
      line: cycle.sponsor_phone_line,
      whatsapp: false,
    } as const
  }
  const whatsapp = cycle.whatsapp_opt_in_on !== null
  return { role: 'resident', phone_index: cycle.phone_index, line: cycle.phone_line, whatsapp } as const
}

type Notices = { newest: { id: number; stage: number }; firstOn: CivilDate }

async function noticesOf(reader: Reader, cycleIds: number[]): Promise<Map<number, Notices>> {
  const { notices } = reader.t
  const rows = await reader
    .select({ id: notices.id, cycle_id: notices.cycle_id, stage: notices.stage, created_on: notices.created_on })
    .from(notices)
    .where(inArray(notices.cycle_id, cycleIds))
    .orderBy(notices.cycle_id, notices.stage)
  const found = new Map<number, Notices>()
  for (const { id, cycle_id, stage, created_on } of rows) {
    const known = found.get(cycle_id)
    if (!known) found.set(cycle_id, { newest: { id, stage }, firstOn: created_on })
    else if (created_on < known.firstOn) known.firstOn = created_on
  }
  return found
}

async function deliveriesOf(reader: Reader, noticeIds: number[]) {
  const { delivery_notices, deliveries, attempts } = reader.t
  const neverWorks = and(eq(attempts.delivery_id, deliveries.id), eq(attempts.verdict, 'recipient'))
  const rows = await reader
    .selectDistinct({
      notice_id: delivery_notices.notice_id,
      delivery_id: deliveries.id,
      role: delivery_notices.role,
      state: deliveries.state,
      phone_index: deliveries.phone_index,
      verdict: attempts.verdict,
    })
    .from(delivery_notices)
    .innerJoin(deliveries, eq(deliveries.id, delivery_notices.delivery_id))
    .leftJoin(attempts, neverWorks)
    .where(inArray(delivery_notices.notice_id, noticeIds))
  return grouped(
    rows.map((row) => ({ ...row, refused: row.verdict !== null })),
    (row) => row.notice_id,
    (row) => row,
  )
}

async function closedChannels(reader: Reader, phoneIndexes: string[]) {
  if (phoneIndexes.length === 0) return { optedOut: new Map<string, Channel[]>(), dead: new Map<string, Channel[]>() }
  const { opt_outs, dead_numbers } = reader.t
  const optedOut = await reader
    .select({ phone_index: opt_outs.phone_index, channel: opt_outs.channel })
    .from(opt_outs)
    .where(and(inArray(opt_outs.phone_index, phoneIndexes), isNull(opt_outs.withdrawn_at)))
  const dead = await reader
    .select({ phone_index: dead_numbers.phone_index, channel: dead_numbers.channel })
    .from(dead_numbers)
    .where(inArray(dead_numbers.phone_index, phoneIndexes))
  const byPhone = (rows: typeof optedOut) =>
    grouped(
      rows,
      (row) => row.phone_index,
      (row) => row.channel,
    )
  return { optedOut: byPhone(optedOut), dead: byPhone(dead) }
}

function grouped<Row, Key, Value>(rows: Row[], key: (row: Row) => Key, value: (row: Row) => Value): Map<Key, Value[]> {
  const groups = new Map<Key, Value[]>()
  for (const row of rows) {
    const group = groups.get(key(row))
    if (group) group.push(value(row))
    else groups.set(key(row), [value(row)])
  }
  return groups
}
