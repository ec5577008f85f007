import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import type { Db } from '../../db/open.ts'

/** Of each table. */
const ROWS = 50

/**
 * Opens the first rows of every table as the program itself reads them, sealed values too.
 * @throws AppError `config` where SECRET_KEY_FILE lacks a key that they were sealed with.
 */
export async function readAll(db: Db): Promise<number> {
  let rows = 0
  for (const table of Object.values(db.t) as SQLiteTable[]) {
    rows += (await db.read.select().from(table).limit(ROWS)).length
  }
  return rows
}
