import { createHash, type Hash } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { getTableColumns } from 'drizzle-orm'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import type { Db, Reader } from '../../db/open.ts'
import { AppError } from '../../lib/errors.ts'
import { metaOf } from './copy.ts'
import { numberedTables, type Row, rowsAfter } from './pages.ts'

export type TableSum = { rows: number; sha256: string }

/**
 * Reads both databases from the first to the last row and compares each table by count and checksum.
 * @throws AppError `conflict` naming the tables that differ: then the source was written to meanwhile.
 */
export async function compareTables(source: Db, target: Db): Promise<Record<string, TableSum>> {
  const sums: Record<string, TableSum> = {}
  const unlike: string[] = []
  const others = new Map(numberedTables(target.t).map(({ name, table }) => [name, table]))
  for (const { name, table } of numberedTables(source.t)) {
    const [here, there] = await Promise.all([sumOf(source.read, table), sumOf(target.read, others.get(name)!)])
    sums[name] = here
    if (here.sha256 !== there.sha256) unlike.push(`${name} (${here.rows} rows here, ${there.rows} there)`)
  }
  if (unlike.length > 0) {
    throw new AppError(
      'conflict',
      `the two databases differ in ${unlike.join(', ')}: somebody wrote to one of them meanwhile. Give the move up with --undo, empty the target, and begin anew`,
    )
  }
  return sums
}

/** Of the rows' values as they stand in the database, in the order of ids and of the schema's columns: the same bytes on both engines. */
export async function sumOf(reader: Reader, table: SQLiteTable): Promise<TableSum> {
  const columns = Object.keys(getTableColumns(table))
  const hash = createHash('sha256')
  let rows = 0
  for (let after = 0; ; ) {
    const page = await rowsAfter(reader, table, { after, limit: 2_000 })
    if (page.length === 0) return { rows, sha256: hash.digest('hex') }
    for (const row of page) addRow(hash, row, columns)
    rows += page.length
    after = page.at(-1)!.id
    await nextTurn()
  }
}

/** @throws AppError `conflict` when what was copied last differs. */
export async function compareMeta(source: Db, target: Db): Promise<TableSum> {
  const [here, there] = await Promise.all([metaOf(source), metaOf(target)])
  if (JSON.stringify(here) !== JSON.stringify(there)) {
    throw new AppError('conflict', 'the two databases differ in meta: somebody wrote to one of them meanwhile')
  }
  const hash = createHash('sha256').update(JSON.stringify(here))
  return { rows: here.length, sha256: hash.digest('hex') }
}

function addRow(hash: Hash, row: Row, columns: readonly string[]): void {
  hash.update(JSON.stringify(columns.map((column) => row[column])))
  hash.update('\n')
}
