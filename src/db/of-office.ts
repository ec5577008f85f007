import { inArray, type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import type { Office } from '../lib/office.ts'
import type { Offices } from '../lib/offices.ts'

// As filters only: SQLite, which keeps no statistics here, would otherwise walk everything the office has by an index that
// begins with its code rather than the page that is asked for.

/** Rows of this office. */
export function ofOffice(column: SQLWrapper, office: Pick<Office, 'code'>): SQL {
  return sql`${column} || '' = ${office.code}`
}

/** Rows of these offices; undefined where there are no others. */
export function inOffices(column: SQLWrapper, offices: Offices): SQL | undefined {
  if (offices.whole) return undefined
  return inArray(
    sql`${column} || ''`,
    offices.all.map(({ code }) => code),
  )
}
