import { and, eq, inArray, isNull, type SQL } from 'drizzle-orm'
import { inOffices } from '../db/of-office.ts'
import { isMinor, phoneIsSettled } from './attend-rules.ts'
import { TENGGAT } from './case-rules.ts'
import type { OverstayDeps } from './cases.ts'
import { contactsOf } from './contacts.ts'
import { before, behind, pagesOf } from './pages.ts'

/** Closes the open `phone` follow-ups whose cycle is confirmed by now. Returns how many. */
export async function settlePhoneFollowUps(deps: OverstayDeps): Promise<number> {
  const { db, now } = deps
  const { follow_ups } = db.t
  let settled = 0
  for await (const page of openFollowUps(deps)) {
    const ids = await settledIn(deps, page)
    if (ids.length === 0) continue
    const closed = await db.write((tx) =>
      tx
        .update(follow_ups)
        .set({ closed_at: now, closed_by: TENGGAT, outcome: 'confirmed' })
        .where(and(inArray(follow_ups.id, ids), isNull(follow_ups.closed_at)))
        .returning({ id: follow_ups.id }),
    )
    settled += closed.length
  }
  return settled
}

function openFollowUps({ db }: OverstayDeps): AsyncGenerator<SQL> {
  const { follow_ups } = db.t
  return pagesOf(db.read, {
    table: follow_ups,
    columns: [follow_ups.due_on, follow_ups.id],
    from: before(''),
    to: behind('9999'),
    where: isNull(follow_ups.closed_at),
  })
}

async function settledIn({ db, offices, today }: OverstayDeps, page: SQL): Promise<number[]> {
  const { follow_ups, residents } = db.t
  const rows = await db.read
    .select({
      id: follow_ups.id,
      cycle_id: follow_ups.cycle_id,
      cause: follow_ups.cause,
      opened_at: follow_ups.opened_at,
      birth_date: residents.birth_date,
    })
    .from(follow_ups)
    .innerJoin(residents, eq(residents.id, follow_ups.resident_id))
    .where(
      and(isNull(follow_ups.closed_at), page, eq(follow_ups.kind, 'phone'), inOffices(residents.office_code, offices)),
    )
  const contacts = await contactsOf(
    db.read,
    rows.map((row) => row.cycle_id),
  )
  return rows
    .filter((row) =>
      phoneIsSettled({
        cause: row.cause,
        openedAt: row.opened_at,
        contacts: contacts.get(row.cycle_id) ?? [],
        minor: isMinor(row.birth_date, today),
      }),
    )
    .map((row) => row.id)
}
