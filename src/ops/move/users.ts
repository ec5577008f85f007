import { setTimeout as pause } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import type { Db } from '../../db/open.ts'
import { AppError } from '../../lib/errors.ts'
import { listWorkers } from '../workers.ts'

const GRACE_TRIES = 5
const GRACE_MS = 200

/**
 * That no daemon and no command has a connection to this PostgreSQL database, but the one that calls itself `self`.
 * @throws AppError `conflict` naming them.
 */
export async function refuseUsed(
  db: Db,
  { shown, self, now }: { shown: string; self: string; now: number },
): Promise<void> {
  if (db.engine === 'sqlite') return
  const alive = (await listWorkers(db.read, { now })).filter((worker) => worker.alive)
  if (alive.length > 0) {
    const names = alive.map(
      ({ name, seen_at }) => `${name}, seen ${Math.max(0, Math.round((now - seen_at) / 1_000))} s ago`,
    )
    throw new AppError(
      'conflict',
      `${shown} is in use by ${names.join('; ')}: stop them first. One that was killed counts as gone after 90 s`,
    )
  }
  const others = await othersOn(db, self)
  if (others.length === 0) return
  const from = [...new Set(others.map(({ host }) => host ?? 'this machine'))]
  throw new AppError(
    'conflict',
    `${shown} is in use: ${others.length} connections of Tenggat, from ${from.join(', ')}; stop every daemon and command first`,
  )
}

/** The server lists a connection a moment longer than it lives. */
async function othersOn({ read }: Db, self: string): Promise<{ host: string | null }[]> {
  for (let tries = 1; ; tries += 1) {
    const others = await read.all<{ host: string | null }>(
      sql`select host(client_addr) as host from pg_stat_activity
        where datname = current_database() and application_name like 'tenggat%' and application_name <> ${self}`,
    )
    if (others.length === 0 || tries === GRACE_TRIES) return others
    await pause(GRACE_MS)
  }
}
