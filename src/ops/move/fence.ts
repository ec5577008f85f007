import { eq, sql } from 'drizzle-orm'
import { MOVED_TO, type MovedTo } from '../../db/moved.ts'
import type { Db, Tx } from '../../db/open.ts'

/**
 * Marks the source, and lets the database itself refuse every new attempt: a worker that was cut off from it, an older
 * program or one that was already running sends nothing, for each attempt is written before the carrier is called.
 */
export async function fenceOff(db: Db, mark: MovedTo): Promise<void> {
  await db.write(async (tx) => {
    const { meta } = tx.t
    const value = JSON.stringify(mark)
    await tx.insert(meta).values({ key: MOVED_TO, value }).onConflictDoUpdate({ target: meta.key, set: { value } })
    for (const statement of FENCE[tx.engine]) await tx.run(sql.raw(statement))
  })
}

/** Everybody may work on it again. */
export async function takeFenceAway(db: Db): Promise<void> {
  await db.write(async (tx: Tx) => {
    const { meta } = tx.t
    await tx.delete(meta).where(eq(meta.key, MOVED_TO))
    for (const statement of NO_FENCE[tx.engine]) await tx.run(sql.raw(statement))
  })
}

const WORDS = 'this database was moved: nothing is sent from it'

const NO_FENCE = {
  sqlite: ['drop trigger if exists tenggat_moved'],
  postgres: ['drop trigger if exists tenggat_moved on attempts', 'drop function if exists tenggat_moved()'],
}

const FENCE = {
  sqlite: [
    ...NO_FENCE.sqlite,
    `create trigger tenggat_moved before insert on attempts begin select raise(abort, '${WORDS}'); end`,
  ],
  postgres: [
    ...NO_FENCE.postgres,
    `create function tenggat_moved() returns trigger language plpgsql as $$ begin raise exception '${WORDS}'; end $$`,
    'create trigger tenggat_moved before insert on attempts for each statement execute function tenggat_moved()',
  ],
}
