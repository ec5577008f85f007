import { setImmediate } from 'node:timers/promises'
import { and, type SQL, type SQLWrapper, sql } from 'drizzle-orm'

/** Rows looked at in one go; also what one transaction writes at most, so it stays far below the engines' parameter limits. */
export const PAGE = 1000

/** The values of an index's last columns, the row's id at the end. */
export type Key = readonly (string | number)[]
/** After `after`, up to and including `upTo`; null is open. */
export type KeyRange = { after: Key | null; upTo: Key | null }

/**
 * Walks a large index in bounded ranges. `pageEnd` gives the key of the last row of the page that begins after `after`,
 * or undefined when fewer rows than a page remain. Other work of the process gets its turn between two ranges.
 */
export async function* keyRanges(pageEnd: (after: Key | null) => Promise<Key | undefined>): AsyncGenerator<KeyRange> {
  for (let after: Key | null = null; ; ) {
    const upTo: Key | null = (await pageEnd(after)) ?? null
    yield { after, upTo }
    if (upTo === null) return
    after = upTo
    await setImmediate()
  }
}

/** The condition that `columns` lie in the range; both engines compare rows of values left to right. */
export function inRange(columns: readonly SQLWrapper[], { after, upTo }: KeyRange): SQL | undefined {
  const left = tuple(columns)
  return and(
    after === null ? undefined : sql`${left} > ${tuple(after)}`,
    upTo === null ? undefined : sql`${left} <= ${tuple(upTo)}`,
  )
}

/** For lists that run downwards. */
export function isBefore(columns: readonly SQLWrapper[], key: Key): SQL {
  return sql`${tuple(columns)} < ${tuple(key)}`
}

/** A fixed number of items at a time. */
export function* chunks<Item>(items: readonly Item[], size = PAGE): Generator<Item[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size)
}

function tuple(parts: readonly (SQLWrapper | string | number)[]): SQL {
  return sql`(${sql.join(
    parts.map((part) => sql`${part}`),
    sql`, `,
  )})`
}
