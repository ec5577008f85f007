import { asc, getTableColumns, getTableName, gt, sql } from 'drizzle-orm'
import type { SQLiteColumn, SQLiteTable } from 'drizzle-orm/sqlite-core'
import type { Reader } from '../../db/open.ts'
import type { Tables } from '../../db/schema.ts'

export type Row = Record<string, unknown> & { id: number }

/** SQLite takes 32,766 values with one statement, PostgreSQL 65,535. */
const MOST_VALUES = 30_000
const MOST_ROWS = 1_000

/** Every table whose rows have an id, in the order of the schema: whatever a row refers to stands in a table before it. */
export function numberedTables(t: Tables): { name: string; table: SQLiteTable; page: number }[] {
  return (Object.values(t) as SQLiteTable[])
    .filter((table) => idOf(table) !== undefined)
    .map((table) => {
      const columns = Object.keys(getTableColumns(table)).length
      return { name: getTableName(table), table, page: Math.min(MOST_ROWS, Math.floor(MOST_VALUES / columns)) }
    })
}

/** The next rows by id; empty at the end. */
export async function rowsAfter(
  reader: Reader,
  table: SQLiteTable,
  { after, limit }: { after: number; limit: number },
): Promise<Row[]> {
  const id = idOf(table)!
  const rows = await reader.select().from(table).where(gt(id, after)).orderBy(asc(id)).limit(limit)
  return rows as Row[]
}

export async function countOf(reader: Reader, table: SQLiteTable): Promise<number> {
  const [row] = await reader.select({ rows: sql<number>`count(*)` }).from(table)
  return Number(row?.rows ?? 0)
}

function idOf(table: SQLiteTable): SQLiteColumn | undefined {
  return (getTableColumns(table) as Record<string, SQLiteColumn>).id
}
