import { setImmediate } from 'node:timers/promises'
import { and, type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import type { SQLiteColumn, SQLiteTable } from 'drizzle-orm/sqlite-core'
import type { Reader } from '../db/open.ts'

/** Rows looked at in one go; also what one transaction writes at most, so it stays far below the engines' parameter limits. */
export const PAGE = 1000

/** The last two columns of an index: what it is ordered by, and the row's id. */
export type Key = readonly [at: string | number, id: number]

/** Before and behind every key that begins so. */
export const before = (at: string | number): Key => [at, 0]
export const behind = (at: string | number): Key => [at, Number.MAX_SAFE_INTEGER]

/**
 * Walks a large index in bounded pages: each is a condition on `columns`. `where` holds the columns of the index that
 * stand before them. Other work of the process gets its turn between two pages.
 */
export async function* pagesOf(
  reader: Reader,
  walk: {
    table: SQLiteTable
    columns: readonly [at: SQLiteColumn, id: SQLiteColumn]
    from: Key
    to: Key
    where?: SQL | undefined
  },
): AsyncGenerator<SQL> {
  const { table, columns, to, where } = walk
  const [at, id] = columns
  for (let after = walk.from; ; ) {
    const [end] = await reader
      .select({ at, id })
      .from(table)
      .where(and(where, between(columns, after, to)))
      .orderBy(at, id)
      .limit(1)
      .offset(PAGE - 1)
    const upTo: Key = end ? [end.at as string | number, end.id as number] : to
    yield between(columns, after, upTo)
    if (!end) return
    after = upTo
    await setImmediate()
  }
}

/** For lists that run upwards and downwards: what comes after the last row shown. */
export function isAfter(columns: readonly SQLWrapper[], key: Key): SQL {
  return sql`${tuple(columns)} > ${tuple(key)}`
}

export function isBefore(columns: readonly SQLWrapper[], key: Key): SQL {
  return sql`${tuple(columns)} < ${tuple(key)}`
}

/** A fixed number of items at a time. */
export function* chunks<Item>(items: readonly Item[], size = PAGE): Generator<Item[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size)
}

// The only bounds of a page: beside plain ones on the same column SQLite takes those, and walks from the first page on.
function between(columns: readonly SQLWrapper[], after: Key, upTo: Key): SQL {
  return sql`${tuple(columns)} > ${tuple(after)} and ${tuple(columns)} <= ${tuple(upTo)}`
}

function tuple(parts: readonly (SQLWrapper | string | number)[]): SQL {
  return sql`(${sql.join(
    parts.map((part) => sql`${part}`),
    sql`, `,
  )})`
}
