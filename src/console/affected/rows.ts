import { and, eq, gte, inArray, isNotNull, lt, max, min, ne, type SQLWrapper } from 'drizzle-orm'
import type { Db } from '../../db/open.ts'
import { type Span, type Touches, touch } from './audited.ts'
import type { Deed, Kind } from './touches.ts'

type Found = { residentId: number | null; by?: string | null; first: number | null; last: number | null }

/** What the rows themselves say was done in this span, whether or not the chain has it: by the program, by files, at the terminal. */
export async function touchesInRows(
  db: Db,
  people: Map<number, Touches>,
  { begins, ends, officer }: Span & { officer: string | null },
): Promise<void> {
  const { t, read } = db
  const within = (column: SQLWrapper) => and(gte(column, begins), lt(column, ends))
  const by = (column: SQLWrapper) => (officer === null ? undefined : eq(column, officer))
  const note = (deed: Deed, kinds: readonly Kind[], who: string | null, rows: readonly Found[]) => {
    for (const row of rows) {
      if (row.residentId === null || row.first === null || row.last === null) continue
      const names = [row.by ?? who].flatMap((name) => name ?? [])
      touch(people, row.residentId, {
        deed,
        kinds,
        certain: true,
        first: Number(row.first),
        last: Number(row.last),
        by: names,
      })
    }
  }
  const { holds, corrections, case_events, overstay_cases, residents, permits, erasures } = t
  for (const [at, who] of [
    [holds.set_at, holds.set_by],
    [holds.lifted_at, holds.lifted_by],
  ] as const) {
    note(
      'changed',
      ['case'],
      null,
      await read
        .select({ residentId: holds.resident_id, by: who, first: min(at), last: max(at) })
        .from(holds)
        .where(and(within(at), by(who)))
        .groupBy(holds.resident_id, who),
    )
  }
  for (const [at, who] of [
    [corrections.made_at, corrections.made_by],
    [corrections.ended_at, corrections.ended_by],
  ] as const) {
    note(
      'changed',
      ['contact'],
      null,
      await read
        .select({ residentId: corrections.resident_id, by: who, first: min(at), last: max(at) })
        .from(corrections)
        .where(and(within(at), by(who)))
        .groupBy(corrections.resident_id, who),
    )
  }
  note(
    'changed',
    ['case'],
    null,
    await read
      .select({
        residentId: overstay_cases.resident_id,
        by: case_events.by,
        first: min(case_events.at),
        last: max(case_events.at),
      })
      .from(case_events)
      .innerJoin(overstay_cases, eq(overstay_cases.id, case_events.case_id))
      .where(and(within(case_events.at), by(case_events.by)))
      .groupBy(overstay_cases.resident_id, case_events.by),
  )
  note(
    'erased',
    ['identity', 'passport', 'contact', 'permit', 'messages', 'case'],
    null,
    await read
      .select({ residentId: erasures.resident_id, by: erasures.by, first: min(erasures.at), last: max(erasures.at) })
      .from(erasures)
      .where(and(within(erasures.at), isNotNull(erasures.resident_id), by(erasures.by)))
      .groupBy(erasures.resident_id, erasures.by),
  )
  if (officer !== null) return
  // An import writes the instant at which it began.
  const imported = read.select({ at: t.imports.started_at }).from(t.imports)
  for (const table of [residents, permits]) {
    const id = table === residents ? residents.id : permits.resident_id
    note(
      'imported',
      ['identity', 'passport', 'contact', 'permit'],
      'import',
      await read
        .select({ residentId: id, first: min(table.updated_at), last: max(table.updated_at) })
        .from(table)
        .where(and(within(table.updated_at), inArray(table.updated_at, imported)))
        .groupBy(id),
    )
  }
  note('sent', ['contact', 'messages'], 'tenggat', await sentIn(db, within))
}

/** Numbers and words that went to the carrier. */
async function sentIn({ t, read }: Db, within: (column: SQLWrapper) => ReturnType<typeof and>): Promise<Found[]> {
  const { attempts, delivery_notices, notices, cycles } = t
  return read
    .select({ residentId: cycles.resident_id, first: min(attempts.started_at), last: max(attempts.started_at) })
    .from(attempts)
    .innerJoin(delivery_notices, eq(delivery_notices.delivery_id, attempts.delivery_id))
    .innerJoin(notices, eq(notices.id, delivery_notices.notice_id))
    .innerJoin(cycles, eq(cycles.id, notices.cycle_id))
    .where(and(within(attempts.started_at), ne(attempts.outcome, 'not-sent')))
    .groupBy(cycles.resident_id)
}

/** When the overstay list left the house in a mail: epoch ms. */
export async function digestsIn({ t, read }: Db, { begins, ends }: Span): Promise<number[]> {
  const { mails } = t
  const rows = await read
    .select({ at: mails.started_at })
    .from(mails)
    .where(
      and(
        eq(mails.kind, 'digest'),
        inArray(mails.state, ['sent', 'uncertain', 'sending']),
        gte(mails.started_at, begins),
        lt(mails.started_at, ends),
      ),
    )
  return rows.map(({ at }) => at)
}

export type Contact = {
  id: number
  name: string
  nationality: string
  regency: string | null
  phone: string | null
  address: string | null
  sponsorName: string | null
  sponsorPhone: string | null
  createdAt: number
  erased: boolean
}
