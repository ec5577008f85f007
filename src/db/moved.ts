import { inArray } from 'drizzle-orm'
import { utcText } from '../lib/civil-date.ts'
import { AppError } from '../lib/errors.ts'
import type { Reader } from './open.ts'

/** Rows of `meta` that belong to this database alone and are never copied into another. */
export const MOVED_TO = 'moved_to'
export const MOVED_FROM = 'moved_from'

/** Addresses are without user and password. `at`: epoch ms at which the move began. */
export type MovedTo = { move: string; to: string; state: 'moving' | 'moved'; at: number }
export type MovedFrom = {
  move: string
  from: string
  state: 'arriving' | 'arrived'
  at: number
  /** How far the copying is: this table, up to this id. */
  table: string
  last_id: number
}

export async function readMoves(reader: Reader): Promise<{ to: MovedTo | null; from: MovedFrom | null }> {
  const { meta } = reader.t
  const rows = await reader
    .select()
    .from(meta)
    .where(inArray(meta.key, [MOVED_TO, MOVED_FROM]))
  const textOf = (key: string) => rows.find((row) => row.key === key)?.value
  const [to, from] = [textOf(MOVED_TO), textOf(MOVED_FROM)]
  return {
    to: to === undefined ? null : (JSON.parse(to) as MovedTo),
    from: from === undefined ? null : (JSON.parse(from) as MovedFrom),
  }
}

/** Why nobody may work on this database, for it or its other half is the one that goes on; null when it is free. */
export async function whyMoved(reader: Reader): Promise<string | null> {
  const { to, from } = await readMoves(reader)
  if (to?.state === 'moved') {
    return `this database was moved to ${to.to} on ${utcText(to.at)} and only that one goes on, so that nobody is told twice: set DATABASE_URL to it. If nothing was ever started on it, "tenggat move --undo --from" with the address of this one takes the mark away (docs/operation.md)`
  }
  if (to) {
    return `this database is being moved to ${to.to} since ${utcText(to.at)}: let that command finish, run it again if it was broken off, or give the move up with "tenggat move --undo --from" and the address of this one`
  }
  if (from?.state === 'arriving') {
    return `this database is not yet whole: the move from ${from.from}, begun ${utcText(from.at)}, has not finished. Run it again`
  }
  return null
}

/** @throws AppError `conflict` for a database that was moved away, or is still on its way here. */
export async function refuseMoved(reader: Reader): Promise<void> {
  const why = await whyMoved(reader)
  if (why !== null) throw new AppError('conflict', why)
}
