import { and, eq, inArray, isNull } from 'drizzle-orm'
import type { AttendDeps } from './attend.ts'
import { isMinor, phoneIsSettled } from './attend-rules.ts'
import { TENGGAT } from './case-rules.ts'
import { contactsOf } from './contacts.ts'
import { inRange, type KeyRange, keyRanges, PAGE } from './pages.ts'

/** Closes the open `phone` follow-ups whose cycle is confirmed by now. Returns how many. */
export async function settlePhoneFollowUps(deps: AttendDeps): Promise<number> {
  const { db, now } = deps
  const { follow_ups } = db.t
  let settled = 0
  for await (const range of openPhoneFollowUps(deps)) {
    const ids = await settledIn(deps, range)
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

function openPhoneFollowUps({ db }: AttendDeps): AsyncGenerator<KeyRange> {
  const { follow_ups } = db.t
  return keyRanges(async (after) => {
    const [row] = await db.read
      .select({ due_on: follow_ups.due_on, id: follow_ups.id })
      .from(follow_ups)
      .where(and(isNull(follow_ups.closed_at), inRange([follow_ups.due_on, follow_ups.id], { after, upTo: null })))
      .orderBy(follow_ups.due_on, follow_ups.id)
      .limit(1)
      .offset(PAGE - 1)
    return row && [row.due_on, row.id]
  })
}

async function settledIn({ db, office, today }: AttendDeps, range: KeyRange): Promise<number[]> {
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
      and(
        isNull(follow_ups.closed_at),
        inRange([follow_ups.due_on, follow_ups.id], range),
        eq(follow_ups.kind, 'phone'),
        eq(residents.office_code, office.code),
      ),
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
