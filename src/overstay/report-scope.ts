import { type SQL, sql } from 'drizzle-orm'
import type { Reader } from '../db/open.ts'
import type { CivilDate } from '../lib/civil-date.ts'
import type { Office } from '../lib/office.ts'

/** Whose figures, and as of which day. */
export type ReportScope = {
  read: Reader
  office: Office
  today: CivilDate
  /** Only residents of these, and of no known one; null: the whole office. */
  regencies: readonly string[] | null
}

/** The residents of a scope, as conditions of a query. */
export type Area = {
  /** On `residents r` of the query. */
  here: SQL
  /** On a column that holds a resident's id; costs nothing where everybody in the database belongs to the scope. */
  has(residentId: SQL): SQL
  /** On a column that holds a delivery's id: it tells of at least one of them. */
  tells(deliveryId: SQL): SQL
}

export async function areaOf({ read, office, regencies }: ReportScope): Promise<Area> {
  const everybody = sql`1 = 1`
  // As a filter only, as `ofOffice` does.
  const here = sql`r.office_code || '' = ${office.code} and ${regencies === null ? everybody : within(regencies)}`
  const elsewhere = sql`select r.id from residents r where r.office_code <> ${office.code} limit 1`
  if (regencies === null && (await read.all(elsewhere)).length === 0) {
    return { here: everybody, has: () => everybody, tells: () => everybody }
  }
  return {
    here,
    has: (residentId) => sql`exists (select 1 from residents r where r.id = ${residentId} and ${here})`,
    tells: (deliveryId) => sql`exists (
      select 1 from delivery_notices dn
      join notices n on n.id = dn.notice_id join cycles c on c.id = n.cycle_id join residents r on r.id = c.resident_id
      where dn.delivery_id = ${deliveryId} and ${here})`,
  }
}

function within(regencies: readonly string[]): SQL {
  if (regencies.length === 0) return sql`r.regency is null`
  const list = sql.join(
    regencies.map((one) => sql`${one}`),
    sql`, `,
  )
  return sql`(r.regency is null or r.regency in (${list}))`
}
