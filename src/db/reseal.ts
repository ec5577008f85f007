import { setImmediate as nextTurn } from 'node:timers/promises'
import { and, asc, eq, getTableColumns, getTableName, gt, inArray, or, type SQL, sql } from 'drizzle-orm'
import type { SQLiteColumn, SQLiteTable } from 'drizzle-orm/sqlite-core'
import type { Db, Reader } from './open.ts'
import type { Tables } from './schema.ts'

/** Other writers wait no longer than one of these takes. */
const PAGE = 200

type SealedTable = {
  table: SQLiteTable
  name: string
  id: SQLiteColumn
  columns: [name: string, column: SQLiteColumn][]
}

/** Every table that has sealed columns, with these. */
export function sealedTables(t: Tables): SealedTable[] {
  return Object.values(t).flatMap((table: SQLiteTable) => {
    const all = Object.entries(getTableColumns(table)) as [string, SQLiteColumn][]
    const columns = all.filter(([, column]) => isSealed(column))
    const id = all.find(([name]) => name === 'id')?.[1]
    return columns.length > 0 && id ? [{ table, name: getTableName(table), id, columns }] : []
  })
}

/**
 * Seals with the current key whatever another key has sealed, in small writes beside all other work. Stopped at any moment
 * and begun again it goes on where it was: each value says which key it needs. Returns rows changed by table.
 */
export async function resealAll(
  db: Db,
  { visit = async () => undefined }: { visit?: (table: string, rows: number) => Promise<unknown> } = {},
): Promise<Record<string, number>> {
  const changed: Record<string, number> = {}
  for (const sealed of sealedTables(db.t)) {
    for (let after = 0; ; ) {
      const ids = await idsWithOtherKeys(db, sealed, { after, limit: PAGE })
      if (ids.length === 0) break
      after = ids.at(-1)!
      const rows = await resealRows(db, sealed, ids)
      changed[sealed.name] = (changed[sealed.name] ?? 0) + rows
      await visit(sealed.name, rows)
      await nextTurn()
    }
  }
  return changed
}

/** Values that the current key did not seal, by `table.column`; empty when no older key is needed for this database. */
export async function sealedByOthers({
  read,
  t,
  vault,
}: Pick<Db, 'read' | 't' | 'vault'>): Promise<Record<string, number>> {
  const found: Record<string, number> = {}
  for (const { table, name, columns } of sealedTables(t)) {
    for (const [columnName, column] of columns) {
      const rows = await countIn(read, table, byOtherKey(column, vault.currentKey()))
      if (rows > 0) found[`${name}.${columnName}`] = rows
    }
  }
  return found
}

async function countIn(read: Reader, table: SQLiteTable, where: SQL): Promise<number> {
  const [row] = await read.select({ rows: sql<number>`count(*)` }).from(table).where(where)
  return Number(row?.rows ?? 0)
}

async function idsWithOtherKeys(
  { read, vault }: Db,
  { table, id, columns }: SealedTable,
  { after, limit }: { after: number; limit: number },
): Promise<number[]> {
  const others = columns.map(([, column]) => byOtherKey(column, vault.currentKey()))
  const rows = await read
    .select({ id })
    .from(table)
    .where(and(gt(id, after), or(...others)))
    .orderBy(asc(id))
    .limit(limit)
  return rows.map((row) => row.id as number)
}

/** What is read is opened, what is written is sealed anew; only columns that need it, so that nothing else is touched. */
async function resealRows(db: Db, { table, id, columns }: SealedTable, ids: number[]): Promise<number> {
  const current = db.vault.currentKey()
  const values = Object.fromEntries(columns)
  const other = Object.fromEntries(
    columns.map(([name, column]) => [
      `other ${name}`,
      sql<number>`case when ${byOtherKey(column, current)} then 1 else 0 end`,
    ]),
  )
  return db.write(async (tx) => {
    const rows: Record<string, unknown>[] = await tx
      .select({ ...values, ...other, 'row id': id })
      .from(table)
      .where(inArray(id, ids))
    for (const row of rows) {
      const due = columns.filter(([name]) => Number(row[`other ${name}`]) === 1)
      if (due.length === 0) continue
      await tx
        .update(table)
        .set(Object.fromEntries(due.map(([name]) => [name, row[name]])))
        .where(eq(id, row['row id']))
    }
    return rows.length
  })
}

/** Null for what is null. Not by the order of texts, which differs between the engines. */
function byOtherKey(column: SQLiteColumn, current: string): SQL {
  const prefix = `${current}.`
  return sql`substr(${column}, 1, ${sql.raw(String(prefix.length))}) <> ${sql.param(prefix)}`
}

/** Its value in the database is another than in the program. */
function isSealed(column: SQLiteColumn): boolean {
  return column.mapToDriverValue('probe') !== 'probe'
}
