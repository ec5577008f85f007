import { and, eq, exists, gt, isNotNull, isNull, not, or, type SQL, sql } from 'drizzle-orm'
import { inOffices } from '../db/of-office.ts'
import type { Reader } from '../db/open.ts'
import { addDays, dateAt } from '../lib/civil-date.ts'
import { isWrongNumber, minorsBornAfter } from './attend-rules.ts'
import type { OverstayDeps } from './cases.ts'
import type { WantedFollowUp } from './follow-ups.ts'
import { before, behind, pagesOf } from './pages.ts'
import { isHeld } from './standing.ts'

/** Numbers dead at the carrier that a resident still has; the sponsor's where he is the one to be told. */
export async function* wrongNumbers(deps: OverstayDeps): AsyncGenerator<WantedFollowUp[]> {
  const { db, offices, today } = deps
  const { dead_numbers, residents, follow_ups } = db.t
  const opened = db.read
    .select({ one: sql`1` })
    .from(follow_ups)
    .where(
      and(
        eq(follow_ups.resident_id, residents.id),
        eq(follow_ups.kind, 'number'),
        sql`${follow_ups.cause} = 'number:' || ${dead_numbers.phone_index}`,
      ),
    )
  const sponsorIsTold = or(isNull(residents.phone_index), gt(residents.birth_date, minorsBornAfter(today)))
  const owners = [
    { line: residents.phone_line, has: eq(residents.phone_index, dead_numbers.phone_index) },
    {
      line: residents.sponsor_phone_line,
      has: and(eq(residents.sponsor_phone_index, dead_numbers.phone_index), sponsorIsTold),
    },
  ]
  for await (const page of byId(db.read, dead_numbers)) {
    for (const { line, has } of owners) {
      const rows = await db.read
        .select({
          resident_id: residents.id,
          line,
          channel: dead_numbers.channel,
          phone_index: dead_numbers.phone_index,
        })
        .from(dead_numbers)
        .crossJoin(residents)
        .where(and(page, has, inOffices(residents.office_code, offices), not(exists(opened))))
      yield rows.filter(isWrongNumber).map((row) => ({
        resident_id: row.resident_id,
        kind: 'number',
        cycle_id: 0,
        cause: `number:${row.phone_index}`,
      }))
    }
  }
}

/** Where the register cannot say who somebody is, or which permit counts. */
export async function* identityDoubts({ db, offices }: OverstayDeps): AsyncGenerator<WantedFollowUp[]> {
  const { residents } = db.t
  for await (const page of byId(db.read, residents)) {
    const rows = await db.read
      .select({ resident_id: residents.id, doubt: residents.identity_doubt })
      .from(residents)
      .where(and(page, isNotNull(residents.identity_doubt), inOffices(residents.office_code, offices)))
    yield rows.map(({ resident_id, doubt }) => ({ resident_id, kind: 'identity', cycle_id: 0, cause: doubt ?? '' }))
  }
}

/** Holds whose last day has passed and that nobody lifted, while the same permit still counts. */
export async function* endedHolds(deps: OverstayDeps): AsyncGenerator<WantedFollowUp[]> {
  const { db, offices, today } = deps
  const { holds, permits, follow_ups } = db.t
  const pages = pagesOf(db.read, {
    table: holds,
    columns: [holds.until_on, holds.id],
    from: before(''),
    to: behind(addDays(today, -1)),
    where: isNull(holds.lifted_at),
  })
  const opened = db.read
    .select({ one: sql`1` })
    .from(follow_ups)
    .where(
      and(
        eq(follow_ups.resident_id, holds.resident_id),
        eq(follow_ups.kind, 'hold-ended'),
        sql`${follow_ups.cause} = 'hold:' || ${holds.id}`,
      ),
    )
  for await (const page of pages) {
    const rows = await db.read
      .select({ id: holds.id, resident_id: holds.resident_id, set_at: holds.set_at, known_since: permits.known_since })
      .from(holds)
      .innerJoin(permits, and(eq(permits.resident_id, holds.resident_id), eq(permits.is_current, 1)))
      .where(
        and(
          isNull(holds.lifted_at),
          page,
          inOffices(permits.office_code, offices),
          not(exists(opened)),
          not(isHeld(db.read, permits.resident_id, today)),
        ),
      )
    yield rows
      // A permit that came in after the hold was set is the renewal that the hold was waiting for.
      .filter((row) => row.known_since <= dateAt(row.set_at, offices.all[0]!.timeZone))
      .map(({ id, resident_id }) => ({ resident_id, kind: 'hold-ended', cycle_id: 0, cause: `hold:${id}` }))
  }
}

function byId(reader: Reader, table: Reader['t']['residents'] | Reader['t']['dead_numbers']): AsyncGenerator<SQL> {
  const columns = [table.id, table.id] as const
  return pagesOf(reader, { table, columns, from: before(0), to: behind(Number.MAX_SAFE_INTEGER) })
}
