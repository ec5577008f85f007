import { and, eq, inArray, isNull, or, sql } from 'drizzle-orm'
import { idsIn } from '../db/dialect.ts'
import type { Tx } from '../db/open.ts'
import { currentPermit } from './current.ts'
import { liftHold, setHold } from './holds.ts'

/** Kinds that the foreign ministry issues and looks after: no notices, no case. */
const MINISTRY_KINDS: ReadonlySet<string> = new Set(['DIPLOMATIK', 'DINAS'])

/** After these residents' permits changed: which one is current, whether that is in doubt, whether it holds them. */
export async function settlePermits(tx: Tx, settled: { residentIds: number[]; now: number }): Promise<void> {
  const { permits } = tx.t
  const rows = await tx
    .select({
      id: permits.id,
      residentId: permits.resident_id,
      permit_no: permits.permit_no,
      kind: permits.kind,
      issued_on: permits.issued_on,
      expires_on: permits.expires_on,
      is_current: permits.is_current,
    })
    .from(permits)
    .where(sql`${permits.resident_id} in ${idsIn(tx.engine, settled.residentIds)}`)
  const current = [...Map.groupBy(rows, (row) => row.residentId).values()].map((theirs) => currentPermit(theirs)!)
  const currentIds = new Set(current.map(({ permit }) => permit.id))

  const ended = rows.filter((row) => row.is_current === 1 && !currentIds.has(row.id))
  const begun = rows.filter((row) => row.is_current === 0 && currentIds.has(row.id))
  await mark(tx, { ids: ended.map((row) => row.id), is_current: 0, now: settled.now })
  await mark(tx, { ids: begun.map((row) => row.id), is_current: 1, now: settled.now })

  const doubtful = current.filter(({ conflict }) => conflict).map(({ permit }) => permit.residentId)
  await doubtPermits(tx, { ...settled, doubtful })
  const ministry = current
    .filter(({ permit }) => MINISTRY_KINDS.has(permit.kind))
    .map(({ permit }) => permit.residentId)
  await holdMinistryKinds(tx, { ...settled, ministry })
}

async function mark(tx: Tx, change: { ids: number[]; is_current: 0 | 1; now: number }): Promise<void> {
  if (change.ids.length === 0) return
  const { permits } = tx.t
  await tx
    .update(permits)
    .set({ is_current: change.is_current, updated_at: change.now })
    .where(sql`${permits.id} in ${idsIn(tx.engine, change.ids)}`)
}

/** A doubt whether this is the same person as another one weighs more, and stays. */
async function doubtPermits(tx: Tx, change: { residentIds: number[]; doubtful: number[]; now: number }): Promise<void> {
  const { residents } = tx.t
  const doubtful = new Set(change.doubtful)
  const people = await tx
    .select({ id: residents.id, doubt: residents.identity_doubt })
    .from(residents)
    .where(
      and(
        sql`${residents.id} in ${idsIn(tx.engine, change.residentIds)}`,
        or(
          eq(residents.identity_doubt, 'permits'),
          and(isNull(residents.identity_doubt), sql`${residents.id} in ${idsIn(tx.engine, change.doubtful)}`),
        ),
      ),
    )
  const raise = people.filter(({ id, doubt }) => doubtful.has(id) && doubt === null)
  const clear = people.filter(({ id, doubt }) => !doubtful.has(id) && doubt !== null)
  for (const [rows, doubt] of [[raise, 'permits'] as const, [clear, null] as const]) {
    if (rows.length === 0) continue
    await tx
      .update(residents)
      .set({ identity_doubt: doubt, updated_at: change.now })
      .where(
        inArray(
          residents.id,
          rows.map(({ id }) => id),
        ),
      )
  }
}

/**
 * Once: a hold that an officer lifted is not set again. One that the import set ends with the kind, so that a wrong or a
 * former kind silences nobody for good.
 */
async function holdMinistryKinds(
  tx: Tx,
  change: { residentIds: number[]; ministry: number[]; now: number },
): Promise<void> {
  const { holds } = tx.t
  const known = await tx
    .select({
      id: holds.id,
      residentId: holds.resident_id,
      setBy: holds.set_by,
      liftedBy: holds.lifted_by,
      liftedAt: holds.lifted_at,
    })
    .from(holds)
    .where(and(sql`${holds.resident_id} in ${idsIn(tx.engine, change.residentIds)}`, eq(holds.reason, 'diplomatic')))
  const settledAlready = new Set(
    known
      .filter(({ setBy, liftedBy, liftedAt }) => liftedAt === null || (setBy === IMPORT && liftedBy !== IMPORT))
      .map(({ residentId }) => residentId),
  )
  const ministry = new Set(change.ministry)
  for (const residentId of ministry) {
    if (settledAlready.has(residentId)) continue
    await setHold(tx, { residentId, reason: 'diplomatic', setBy: IMPORT, now: change.now })
  }
  for (const { id, residentId, setBy, liftedAt } of known) {
    if (setBy !== IMPORT || liftedAt !== null || ministry.has(residentId)) continue
    await liftHold(tx, { id, liftedBy: IMPORT, now: change.now })
  }
}

/** Who sets and lifts holds that follow from the register itself. */
const IMPORT = 'import'
