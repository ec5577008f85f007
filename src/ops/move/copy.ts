import { setImmediate as nextTurn } from 'node:timers/promises'
import { notInArray } from 'drizzle-orm'
import { MOVED_FROM, MOVED_TO, type MovedFrom } from '../../db/moved.ts'
import type { Db, Tx } from '../../db/open.ts'
import { AppError } from '../../lib/errors.ts'
import { numberedTables, type Row, rowsAfter } from './pages.ts'

/** Told after each page that is safe in the target. */
export type Progress = (done: { table: string; rows: number }) => void | Promise<void>

/**
 * Copies every numbered table in pages of rising ids, from where `mark` says on. Each page and the mark that it is there are
 * one transaction: begun again after a cut it goes on behind the last page, and none comes twice.
 */
export async function copyTables(source: Db, target: Db, mark: MovedFrom, progress: Progress): Promise<void> {
  const tables = numberedTables(source.t)
  const begin = Math.max(
    0,
    tables.findIndex(({ name }) => name === mark.table),
  )
  const into = new Map(numberedTables(target.t).map(({ name, table }) => [name, table]))
  for (const [index, { name, table, page }] of tables.entries()) {
    if (index < begin) continue
    for (let after = index === begin ? mark.last_id : 0; ; ) {
      const rows = await rowsAfter(source.read, table, { after, limit: page })
      if (rows.length === 0) break
      if (target.engine === 'postgres') refuseNul(rows, name)
      after = rows.at(-1)!.id
      await target.write(async (tx) => {
        await tx.insert(into.get(name)!).values(rows)
        await writeMark(tx, { ...mark, table: name, last_id: after })
      })
      await progress({ table: name, rows: rows.length })
      await nextTurn()
    }
  }
}

/** What is not about this very database: gaps, the head of the audit chain, rates. Few rows, of which the last ones win. */
export async function replaceMeta(tx: Tx, rows: { key: string; value: string }[]): Promise<void> {
  const { meta } = tx.t
  await tx.delete(meta).where(notInArray(meta.key, [MOVED_TO, MOVED_FROM]))
  if (rows.length > 0) await tx.insert(meta).values(rows)
}

/** In bytewise order of keys. */
export async function metaOf({ read, t: { meta } }: Db): Promise<{ key: string; value: string }[]> {
  return read
    .select()
    .from(meta)
    .where(notInArray(meta.key, [MOVED_TO, MOVED_FROM]))
    .orderBy(meta.key)
}

export async function writeMark(tx: Tx, mark: MovedFrom): Promise<void> {
  const { meta } = tx.t
  const value = JSON.stringify(mark)
  await tx.insert(meta).values({ key: MOVED_FROM, value }).onConflictDoUpdate({ target: meta.key, set: { value } })
}

function refuseNul(rows: readonly Row[], table: string): void {
  for (const row of rows) {
    for (const [column, value] of Object.entries(row)) {
      if (typeof value === 'string' && value.includes('\0')) {
        throw new AppError(
          'invalid',
          `${table}, id ${row.id}: ${column} holds a NUL character, which PostgreSQL does not store; import or enter that value anew`,
        )
      }
    }
  }
}
