import { and, asc, eq, isNull, sql } from 'drizzle-orm'
import type { Reader, Tx } from './open.ts'

/** Something that the operator must know: one open row per kind, counted when it happens again. `detail` holds no personal data. */
export async function raiseAlarm(
  tx: Tx,
  { kind, detail, now }: { kind: string; detail: string; now: number },
): Promise<void> {
  const { alarms } = tx.t
  const again = await tx
    .update(alarms)
    .set({ detail, last_at: now, times: sql`${alarms.times} + 1` })
    .where(and(eq(alarms.kind, kind), isNull(alarms.cleared_at)))
    .returning({ id: alarms.id })
  if (again.length > 0) return
  // Another write may raise the first one at the same time: then it counts once.
  await tx.insert(alarms).values({ kind, detail, raised_at: now, last_at: now }).onConflictDoNothing()
}

export async function clearAlarm(tx: Tx, { kind, now }: { kind: string; now: number }): Promise<void> {
  const { alarms } = tx.t
  await tx
    .update(alarms)
    .set({ cleared_at: now })
    .where(and(eq(alarms.kind, kind), isNull(alarms.cleared_at)))
}

export async function openAlarms(reader: Reader) {
  const { alarms } = reader.t
  return reader
    .select({
      kind: alarms.kind,
      detail: alarms.detail,
      raised_at: alarms.raised_at,
      last_at: alarms.last_at,
      times: alarms.times,
    })
    .from(alarms)
    .where(isNull(alarms.cleared_at))
    .orderBy(asc(alarms.raised_at))
}
