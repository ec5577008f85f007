import { asc, eq, inArray, or } from 'drizzle-orm'
import type { Db } from '../../db/open.ts'
import { ownNumbers, repliesFrom } from '../../deliver/erase.ts'
import type { CivilDate } from '../../lib/civil-date.ts'
import type { Office } from '../../lib/office.ts'
import { correctionHistory } from '../../register/corrections.ts'
import type { Officer } from '../officer.ts'
import { type ResidentFile, residentFile } from '../residents-query.ts'
import { type Look, looksAt } from './subjects.ts'

export type PersonScope = { db: Db; office: Office; today: CivilDate; officer: Pick<Officer, 'regencies'> }

type T = Db['t']
type Row<Name extends keyof T> = T[Name]['$inferSelect']

/** Everything on record about one person, opened: for the person, never for a log. */
export type PersonRecord = {
  resident: ResidentFile['resident']
  permits: Row<'permits'>[]
  holds: Row<'holds'>[]
  corrections: Awaited<ReturnType<typeof correctionHistory>>
  /** From office to office. */
  transfers: Row<'transfers'>[]
  /** The files that brought the person in and that named them last. */
  imports: { id: number; file_name: string; started_on: CivilDate }[]
  cycles: (Row<'cycles'> & {
    notices: (Row<'notices'> & { deliveries: PersonDelivery[] })[]
    acknowledgements: Row<'acknowledgements'>[]
  })[]
  cases: (Row<'overstay_cases'> & { events: Row<'case_events'>[] })[]
  follow_ups: Row<'follow_ups'>[]
  /** The person's own messages. */
  replies: { id: number; at: number; status: string; parameters: Readonly<Record<string, string>> }[]
  opt_outs: Omit<Row<'opt_outs'>, 'phone_index'>[]
  dead_numbers: Omit<Row<'dead_numbers'>, 'phone_index'>[]
  erasures: Row<'erasures'>[]
  looked_at: Look[]
}

export type PersonDelivery = Omit<Row<'deliveries'>, 'attempts' | 'phone_index' | 'token_hash'> & {
  role: string
  attempts: (Omit<Row<'attempts'>, 'words'> & {
    words: unknown
    receipts: { id: number; kind: string; status: string; received_at: number; parameters: unknown }[]
  })[]
}

/** @throws AppError `not-found`, also for who is not of the officer's area. */
export async function personRecord(scope: PersonScope, residentId: number): Promise<PersonRecord> {
  const { read, t, vault } = scope.db
  const { resident } = await residentFile(scope, residentId)
  const of = <Table extends 'permits' | 'holds' | 'transfers' | 'follow_ups' | 'overstay_cases' | 'cycles'>(
    name: Table,
  ) =>
    read
      .select()
      .from(t[name])
      .where(eq(t[name].resident_id, residentId))
      .orderBy(asc(t[name].id)) as unknown as Promise<Row<Table>[]>
  const cycles = await of('cycles')
  const cases = await of('overstay_cases')
  const { case_events, imports, opt_outs, dead_numbers, erasures } = t
  const events = await read
    .select()
    .from(case_events)
    .where(
      inArray(
        case_events.case_id,
        cases.map(({ id }) => id),
      ),
    )
    .orderBy(asc(case_events.id))
  const phones = [resident.phone, resident.sponsor_phone].flatMap((phone) => phone ?? [])
  const indexes = phones.map((phone) => vault.blind(phone, 'phone'))
  const named = [resident.first_import_id, resident.last_import_id].flatMap((id) => id ?? [])
  const replies = await repliesFrom(read, await ownNumbers(read, residentId))
  return {
    resident,
    permits: await of('permits'),
    holds: await of('holds'),
    corrections: await correctionHistory(read, residentId),
    transfers: await of('transfers'),
    imports: await read
      .select({ id: imports.id, file_name: imports.file_name, started_on: imports.started_on })
      .from(imports)
      .where(inArray(imports.id, named))
      .orderBy(asc(imports.id)),
    cycles: await withTellings(scope.db, cycles),
    cases: cases.map((one) => ({ ...one, events: events.filter(({ case_id }) => case_id === one.id) })),
    follow_ups: await of('follow_ups'),
    replies: replies.map(({ id, at, status, raw }) => ({ id, at, status, parameters: JSON.parse(raw) })),
    opt_outs: (await read.select().from(opt_outs).where(inArray(opt_outs.phone_index, indexes))).map(
      ({ phone_index: _, ...one }) => one,
    ),
    dead_numbers: (await read.select().from(dead_numbers).where(inArray(dead_numbers.phone_index, indexes))).map(
      ({ phone_index: _, ...one }) => one,
    ),
    erasures: await read.select().from(erasures).where(eq(erasures.resident_id, residentId)).orderBy(asc(erasures.id)),
    looked_at: await looksAt(read, residentId),
  }
}

async function withTellings({ read, t }: Db, cycles: Row<'cycles'>[]): Promise<PersonRecord['cycles']> {
  const { notices, delivery_notices, deliveries, acknowledgements } = t
  const cycleIds = cycles.map(({ id }) => id)
  const noticed = await read.select().from(notices).where(inArray(notices.cycle_id, cycleIds)).orderBy(asc(notices.id))
  const answers = await read
    .select()
    .from(acknowledgements)
    .where(inArray(acknowledgements.cycle_id, cycleIds))
    .orderBy(asc(acknowledgements.id))
  const sent = await read
    .select({ noticeId: delivery_notices.notice_id, role: delivery_notices.role, delivery: deliveries })
    .from(delivery_notices)
    .innerJoin(deliveries, eq(deliveries.id, delivery_notices.delivery_id))
    .where(
      inArray(
        delivery_notices.notice_id,
        noticed.map(({ id }) => id),
      ),
    )
    .orderBy(asc(deliveries.id))
  const attempts = await attemptsOf({ read, t }, [...new Set(sent.map(({ delivery }) => delivery.id))])
  const deliveriesFor = (noticeId: number): PersonDelivery[] =>
    sent
      .filter((one) => one.noticeId === noticeId)
      .map(({ role, delivery: { phone_index: _, token_hash: __, ...delivery } }) => ({
        ...delivery,
        role,
        attempts: attempts.get(delivery.id) ?? [],
      }))
  return cycles.map((cycle) => ({
    ...cycle,
    notices: noticed
      .filter(({ cycle_id }) => cycle_id === cycle.id)
      .map((notice) => ({ ...notice, deliveries: deliveriesFor(notice.id) })),
    acknowledgements: answers.filter(({ cycle_id }) => cycle_id === cycle.id),
  }))
}

async function attemptsOf(
  { read, t }: Pick<Db, 'read' | 't'>,
  deliveryIds: number[],
): Promise<Map<number, PersonDelivery['attempts']>> {
  const { attempts, receipts } = t
  const rows = await read
    .select()
    .from(attempts)
    .where(inArray(attempts.delivery_id, deliveryIds))
    .orderBy(asc(attempts.id))
  const told = await read
    .select()
    .from(receipts)
    .where(
      or(
        inArray(
          receipts.sid,
          rows.flatMap(({ sid }) => sid ?? []),
        ),
        inArray(
          receipts.attempt_id,
          rows.map(({ id }) => id),
        ),
      ),
    )
    .orderBy(asc(receipts.id))
  const full = rows.map(({ words, ...attempt }) => ({
    ...attempt,
    words: words === null ? null : readable(words),
    receipts: told
      .filter(({ sid, attempt_id }) => (attempt.sid !== null && sid === attempt.sid) || attempt_id === attempt.id)
      .map(({ id, kind, status, received_at, raw }) => ({ id, kind, status, received_at, parameters: readable(raw) })),
  }))
  return Map.groupBy(full, ({ delivery_id }) => delivery_id)
}

/** JSON as it was stored, or the text where it is none. */
function readable(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return text
    throw error
  }
}
