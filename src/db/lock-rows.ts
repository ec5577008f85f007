import { type SQL, sql } from 'drizzle-orm'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import { type EngineName, skipLocked } from './dialect.ts'
import type { Tx } from './open.ts'

type Keyed = SQLiteTable & { id: unknown }

/**
 * Makes others wait that lock the same rows, until this write ends; what is read afterwards holds. Needed in writes that run
 * `beside` others. Rows are taken in one order, or two writes could wait for each other.
 */
export async function lockRows(tx: Tx, table: Keyed, where: SQL | undefined): Promise<void> {
  if (aloneOn(tx.engine)) return
  await tx.all(sql`select ${table.id} from ${table} where ${where} order by ${table.id} for update`)
}

/** Those of the rows that no other write has locked; they are this one's until it ends. */
export async function lockFree(tx: Tx, table: Keyed, where: SQL | undefined): Promise<Set<number>> {
  const rows = await tx.all<{ id: number }>(
    sql`select ${table.id} as id from ${table} where ${where} order by ${table.id}${skipLocked(tx.engine)}`,
  )
  return new Set(rows.map((row) => Number(row.id)))
}

/** SQLite has one writer. */
function aloneOn(engine: EngineName): boolean {
  return engine === 'sqlite'
}
