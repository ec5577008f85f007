import { and, count, countDistinct, eq, gte, isNull, lte, ne } from 'drizzle-orm'
import type { Db } from '../db/open.ts'
import { addDays, type CivilDate } from '../lib/civil-date.ts'
import type { Office } from '../lib/office.ts'
import type { Offices } from '../lib/offices.ts'
import { ofArea, personMatches } from './find.ts'
import type { Officer } from './officer.ts'

export type OfficeFigures = {
  code: string
  name: string
  residents: number
  ends14: number
  told: number
  followUps: number
  cases: number
}

/** In which other offices somebody fits these words, and how many: for headquarters, which look for people wherever they are. */
export async function foundElsewhere(
  { db, office, offices, officer }: { db: Db; office: Office; offices: Offices; officer: Pick<Officer, 'regencies'> },
  text: string,
): Promise<{ code: string; name: string; n: number }[]> {
  const { residents } = db.t
  const rows = await db.read
    .select({ code: residents.office_code, n: count() })
    .from(residents)
    .where(
      and(
        ne(residents.office_code, office.code),
        isNull(residents.erased_at),
        ofArea(residents.regency, officer),
        personMatches(db, { text, office, others: offices.all.map(({ code }) => code) }),
      ),
    )
    .groupBy(residents.office_code)
  const found = new Map(rows.map(({ code, n }) => [code, Number(n)]))
  return offices.all.flatMap(({ code, name }) => (found.has(code) ? [{ code, name, n: found.get(code)! }] : []))
}

/** Every office at a glance: five counts, however many offices there are. */
export async function officeFigures(
  { db, offices }: { db: Db; offices: Offices },
  today: CivilDate,
): Promise<OfficeFigures[]> {
  const { residents, permits, notices, cycles, follow_ups, overstay_cases } = db.t
  const byOffice = (rows: { code: string; n: number }[]) => new Map(rows.map(({ code, n }) => [code, Number(n)]))
  const registered = byOffice(
    await db.read
      .select({ code: residents.office_code, n: count() })
      .from(residents)
      .where(isNull(residents.erased_at))
      .groupBy(residents.office_code),
  )
  const ending = byOffice(
    await db.read
      .select({ code: permits.office_code, n: count() })
      .from(permits)
      .where(
        and(eq(permits.is_current, 1), gte(permits.expires_on, today), lte(permits.expires_on, addDays(today, 14))),
      )
      .groupBy(permits.office_code),
  )
  const told = byOffice(
    await db.read
      .select({ code: residents.office_code, n: countDistinct(cycles.resident_id) })
      .from(notices)
      .innerJoin(cycles, eq(cycles.id, notices.cycle_id))
      .innerJoin(residents, eq(residents.id, cycles.resident_id))
      .where(eq(notices.created_on, today))
      .groupBy(residents.office_code),
  )
  const followed = byOffice(
    await db.read
      .select({ code: residents.office_code, n: count() })
      .from(follow_ups)
      .innerJoin(residents, eq(residents.id, follow_ups.resident_id))
      .where(isNull(follow_ups.closed_at))
      .groupBy(residents.office_code),
  )
  const open = byOffice(
    await db.read
      .select({ code: permits.office_code, n: count() })
      .from(overstay_cases)
      .innerJoin(permits, eq(permits.id, overstay_cases.permit_id))
      .where(isNull(overstay_cases.closed_at))
      .groupBy(permits.office_code),
  )
  return offices.all.map(({ code, name }) => ({
    code,
    name,
    residents: registered.get(code) ?? 0,
    ends14: ending.get(code) ?? 0,
    told: told.get(code) ?? 0,
    followUps: followed.get(code) ?? 0,
    cases: open.get(code) ?? 0,
  }))
}
