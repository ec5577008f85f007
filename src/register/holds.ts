import { and, asc, eq, inArray, isNull, sql } from 'drizzle-orm'
import type { Reader, Tx } from '../db/open.ts'
import type { HoldReason } from '../db/schema.ts'
import type { CivilDate } from '../lib/civil-date.ts'

export type Hold = {
  id: number
  residentId: number
  reason: HoldReason
  note: string | null
  setBy: string
  setAt: number
  /** Last day of the hold; null: until lifted. */
  untilOn: CivilDate | null
  liftedAt: number | null
}

/** Whether any of a resident's holds is live on `today`. */
export function isHeld(holds: readonly Pick<Hold, 'untilOn' | 'liftedAt'>[], today: CivilDate): boolean {
  return holds.some(({ untilOn, liftedAt }) => liftedAt === null && (untilOn === null || today <= untilOn))
}

/** Records why a resident gets no notices and no case. An unlifted hold for the same reason is lifted: one is enough. */
export async function setHold(
  tx: Tx,
  hold: {
    residentId: number
    reason: HoldReason
    note?: string | null
    setBy: string
    untilOn?: CivilDate | null
    now: number
  },
): Promise<{ id: number }> {
  const { holds } = tx.t
  await tx
    .update(holds)
    .set({ lifted_by: hold.setBy, lifted_at: hold.now })
    .where(and(eq(holds.resident_id, hold.residentId), eq(holds.reason, hold.reason), isNull(holds.lifted_at)))
  const [row] = await tx
    .insert(holds)
    .values({
      resident_id: hold.residentId,
      reason: hold.reason,
      note: hold.note ?? null,
      set_by: hold.setBy,
      set_at: hold.now,
      until_on: hold.untilOn ?? null,
    })
    .returning({ id: holds.id })
  return row!
}

/** False where there is no such hold or it was lifted before. */
export async function liftHold(tx: Tx, hold: { id: number; liftedBy: string; now: number }): Promise<boolean> {
  const { holds } = tx.t
  const lifted = await tx
    .update(holds)
    .set({ lifted_by: hold.liftedBy, lifted_at: hold.now })
    .where(and(eq(holds.id, hold.id), isNull(holds.lifted_at)))
    .returning({ id: holds.id })
  return lifted.length > 0
}

const PAGE = 1000

/** The holds that are live on `today`, by resident id; who has none is not in the map. */
export async function liveHolds(
  reader: Reader,
  residentIds: readonly number[],
  today: CivilDate,
): Promise<Map<number, Hold[]>> {
  const { holds } = reader.t
  const live = new Map<number, Hold[]>()
  for (let from = 0; from < residentIds.length; from += PAGE) {
    const rows = await reader
      .select({
        id: holds.id,
        residentId: holds.resident_id,
        reason: holds.reason,
        note: holds.note,
        setBy: holds.set_by,
        setAt: holds.set_at,
        untilOn: holds.until_on,
        liftedAt: holds.lifted_at,
      })
      .from(holds)
      // By their people: the plus keeps SQLite from reading everybody's live holds.
      .where(and(inArray(holds.resident_id, residentIds.slice(from, from + PAGE)), sql`+${holds.lifted_at} is null`))
      .orderBy(asc(holds.id))
    for (const hold of rows.filter((row) => isHeld([row], today))) {
      live.set(hold.residentId, [...(live.get(hold.residentId) ?? []), hold])
    }
  }
  return live
}
