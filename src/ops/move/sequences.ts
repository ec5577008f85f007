import { sql } from 'drizzle-orm'
import type { Db, Reader, Tx } from '../../db/open.ts'
import { numberedTables } from './pages.ts'

/** By table, the newest id that it ever gave out, whether or not its row is still there. */
export async function newestIds({ read, t }: Db): Promise<Map<string, number>> {
  const newest = new Map<string, number>()
  for (const { name } of numberedTables(t)) newest.set(name, await newestId(read, name))
  return newest
}

/** From now on each table gives out the ids behind these: none that a callback or a person may still name is given out twice. */
export async function continueBehind(tx: Tx, newest: ReadonlyMap<string, number>): Promise<void> {
  for (const [name, id] of newest) {
    if (id === 0) continue
    if (tx.engine === 'postgres') {
      await tx.run(sql`select setval(pg_get_serial_sequence(${name}, 'id'), cast(${id} as bigint))`)
    } else {
      await tx.run(sql`delete from sqlite_sequence where name = ${name}`)
      await tx.run(sql`insert into sqlite_sequence (name, seq) values (${name}, ${id})`)
    }
  }
}

async function newestId(read: Reader, name: string): Promise<number> {
  const [row] = await read.all<{ id: number | null }>(
    read.engine === 'postgres'
      ? sql`select pg_sequence_last_value(pg_get_serial_sequence(${name}, 'id')::regclass) as id`
      : sql`select seq as id from sqlite_sequence where name = ${name}`,
  )
  return Number(row?.id ?? 0)
}
