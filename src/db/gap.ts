import { eq, type SQL, sql } from 'drizzle-orm'
import type { Reader, Tx } from './open.ts'

/**
 * A stretch of time (epoch ms) of which the database has lost what happened, or may have: after a restore, after a power
 * cut. What was sent then is known to the carrier alone.
 */
export type Gap = { from: number; until: number }

const KEY = 'gap'
/** Gaps that follow one another so closely count as one: what a stage began in the first may still be to be told in the second. */
const TOGETHER_MS = 100 * 24 * 3_600_000
/** No id that was given out in the gap is given out again: the carrier's callbacks name attempts by it. */
const ROOM = 1_000_000

export async function readGap(reader: Reader): Promise<Gap | null> {
  const { meta } = reader.t
  const [row] = await reader.select({ value: meta.value }).from(meta).where(eq(meta.key, KEY))
  return row ? (JSON.parse(row.value) as Gap) : null
}

/** From now on, what may have been sent in this gap is looked up at the carrier before it is sent. */
export async function recordGap(tx: Tx, gap: Gap): Promise<void> {
  const before = await readGap(tx)
  const from = before && gap.until - before.until < TOGETHER_MS ? Math.min(before.from, gap.from) : gap.from
  // A machine without power may come back with its clock in the past: the gap is not over before it began.
  const value = JSON.stringify({ from, until: Math.max(gap.from, gap.until) } satisfies Gap)
  const { meta } = tx.t
  await tx.insert(meta).values({ key: KEY, value }).onConflictDoUpdate({ target: meta.key, set: { value } })
  for (const statement of leaveRoom(tx)) await tx.run(statement)
}

/** The newest id that this table has given out, whether or not its row is still there; 0 for none. */
export async function lastId(reader: Reader, table: 'attempts' | 'receipts'): Promise<number> {
  const [row] = await reader.all<{ id: number | string | null }>(
    reader.engine === 'postgres'
      ? sql`select pg_sequence_last_value(pg_get_serial_sequence(${table}, 'id')::regclass) as id`
      : sql`select seq as id from sqlite_sequence where name = ${table}`,
  )
  return Number(row?.id ?? 0)
}

function leaveRoom({ engine }: Tx): SQL[] {
  if (engine === 'postgres') {
    return [
      sql`select setval(pg_get_serial_sequence('attempts', 'id'), nextval(pg_get_serial_sequence('attempts', 'id')) + ${sql.raw(String(ROOM - 1))})`,
    ]
  }
  return [
    sql`insert into sqlite_sequence (name, seq) select 'attempts', 0 where not exists (select 1 from sqlite_sequence where name = 'attempts')`,
    sql`update sqlite_sequence set seq = seq + ${ROOM} where name = 'attempts'`,
  ]
}
