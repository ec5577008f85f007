import { desc, eq, lt } from 'drizzle-orm'
import type { Db, Reader } from '../db/open.ts'
import type { Clock } from '../lib/clock.ts'

/** How often a worker says that it lives. */
export const SEEN_EVERY_MS = 30_000

const SILENT_AFTER_MS = 3 * SEEN_EVERY_MS
const KEEP_MS = 30 * 24 * 3_600_000

/** A process that runs duties and sends. Disposing records that it stopped of its own accord. */
export type Worker = AsyncDisposable & {
  name: string
  seen(): Promise<void>
}

/** `<host>-<pid>-<random>`, in letters that a log and a terminal keep as they are. */
export function workerName({ host, pid, random }: { host: string; pid: number; random: string }): string {
  return `${host.replace(/[^A-Za-z0-9.-]/g, '-')}-${pid}-${random}`
}

/** Enters this process in the list of workers and drops those that were not seen for 30 days. `name` is used once. */
export async function registerWorker({ db, clock, name }: { db: Db; clock: Clock; name: string }): Promise<Worker> {
  const { workers } = db.t
  const change = async (values: { seen_at: number; stopped_at?: number }) => {
    await db.write((tx) => tx.update(workers).set(values).where(eq(workers.name, name)), { beside: true })
  }
  const now = clock.now()
  await db.write(async (tx) => {
    await tx.delete(workers).where(lt(workers.seen_at, now - KEEP_MS))
    await tx.insert(workers).values({ name, started_at: now, seen_at: now })
  })
  return {
    name,
    seen: () => change({ seen_at: clock.now() }),
    [Symbol.asyncDispose]: () => change({ seen_at: clock.now(), stopped_at: clock.now() }),
  }
}

/** Newest first. `alive`: it has not stopped and was seen within the last 90 seconds. */
export async function listWorkers(reader: Reader, { now, limit = 20 }: { now: number; limit?: number }) {
  const { workers } = reader.t
  const rows = await reader
    .select({
      name: workers.name,
      started_at: workers.started_at,
      seen_at: workers.seen_at,
      stopped_at: workers.stopped_at,
    })
    .from(workers)
    .orderBy(desc(workers.id))
    .limit(limit)
  return rows.map((row) => ({ ...row, alive: row.stopped_at === null && now - row.seen_at <= SILENT_AFTER_MS }))
}
