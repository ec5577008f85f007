import { and, asc, eq, gt, inArray } from 'drizzle-orm'
import type { Db, Tx } from '../../db/open.ts'
import { eraseFromDeliveries, ownNumbers, repliesFrom } from '../../deliver/erase.ts'
import type { CivilDate } from '../../lib/civil-date.ts'
import { eraseFromCases } from '../../overstay/erase.ts'
import { eraseFromRegister } from '../../register/erase.ts'
import { issuedBy } from '../../scan/candidates.ts'
import { NO_STAGE, permitMark } from '../../scan/told-marks.ts'
import { personFacts } from './facts.ts'
import { type Rule, recordErasure, TENGGAT } from './record.ts'
import { countsAsBornOn, type Keep, type PersonFacts } from './rules.ts'

export type EraseDeps = { db: Db; officeCode: string; now: number; today: CivilDate }

export type Erasing = {
  residentId: number
  rule: Extract<Rule, 'residents' | 'request'>
  basis: string
  by?: string
  /** Asked again inside the transaction: why the person is kept after all. */
  keep: (facts: PersonFacts) => Keep | null
  /** Beside the erasure, in its transaction. */
  alongside?: (tx: Tx) => Promise<unknown>
}

export type Erased = { rows: Record<string, number> } | { kept: Keep }

/**
 * Takes everything that tells of one person out of every table, in one transaction. What is left is counted in the figures of
 * past years: dates, kinds, states. Marks of what was told stay, so that a later import of the same permit tells nobody again.
 * Null where there is no such resident.
 */
export async function erasePerson(deps: EraseDeps, erasing: Erasing): Promise<Erased | null> {
  const { db, officeCode, now, today } = deps
  const { residentId, rule, basis, by = TENGGAT, keep, alongside } = erasing
  const replies = await repliesFrom(db.read, await ownNumbers(db.read, residentId))
  return db.write(async (tx) => {
    const facts = await personFacts(tx, { residentId, officeCode, today })
    if (!facts) return null
    const kept = keep(facts)
    if (kept) return { kept }
    const permits = await permitsOf(tx, residentId)
    await leaveMarks(tx, { db, now }, permits)
    const countsAs = countsAsBornOn(
      await birthDateOf(tx, residentId),
      permits.flatMap(({ expiresOn, cycles }) => [expiresOn, ...cycles.map((cycle) => cycle.expiresOn)]),
    )
    const counted = [
      await eraseFromDeliveries(tx, { residentId, replies: replies.map(({ id }) => id), now }),
      await eraseFromCases(tx, { residentId, by, now, today }),
      await eraseFromRegister(tx, { residentId, countsAsBornOn: countsAs, now }),
    ]
    const rows: Record<string, number> = Object.assign({}, ...counted)
    if (await isEmptySkeleton(tx, permits, deps)) await removeSkeleton(tx, residentId)
    await recordErasure(tx, { rule, basis, rows, residentId, by, now })
    await alongside?.(tx)
    return { rows }
  })
}

type ErasedPermit = {
  id: number
  issuedBy: string
  /** Of the resident's office, which may list the permit as its own from now on. */
  officeCode: string
  permitNo: string
  expiresOn: CivilDate
  cycles: { id: number; expiresOn: CivilDate }[]
}

async function permitsOf(tx: Tx, residentId: number): Promise<ErasedPermit[]> {
  const { permits, cycles } = tx.t
  const rows = await tx
    .select({
      id: permits.id,
      issuedBy: issuedBy(permits),
      officeCode: permits.office_code,
      permitNo: permits.permit_no,
      expiresOn: permits.expires_on,
    })
    .from(permits)
    .where(eq(permits.resident_id, residentId))
    .orderBy(asc(permits.id))
  const theirs = await tx
    .select({ id: cycles.id, permitId: cycles.permit_id, expiresOn: cycles.expires_on })
    .from(cycles)
    .where(
      inArray(
        cycles.permit_id,
        rows.map(({ id }) => id),
      ),
    )
  return rows.map((permit) => ({ ...permit, cycles: theirs.filter(({ permitId }) => permitId === permit.id) }))
}

/** One for each stage that somebody was told, or one behind all stages: the permit is known all the same. */
async function leaveMarks(
  tx: Tx,
  { db, now }: Pick<EraseDeps, 'db' | 'now'>,
  permits: readonly ErasedPermit[],
): Promise<void> {
  const { told_marks } = tx.t
  for (const { permitNo, expiresOn, cycles, ...offices } of permits) {
    const lists = [...new Set([offices.issuedBy, offices.officeCode])]
    const marks = lists.map((issuedBy) => permitMark(db.vault, { issuedBy, permitNo }))
    const known = cycles.some((cycle) => cycle.expiresOn === expiresOn) ? cycles : [...cycles, { id: 0, expiresOn }]
    for (const cycle of known) {
      const stages = await toldStages(tx, cycle.id)
      const caseClosed = (await hasCase(tx, cycle.id)) ? 1 : 0
      const told = stages.length > 0 ? stages : [NO_STAGE]
      const rows = marks.flatMap((permit_mark) =>
        told.map((stage) => ({ permit_mark, expires_on: cycle.expiresOn, stage, case_closed: caseClosed, at: now })),
      )
      await tx.insert(told_marks).values(rows).onConflictDoNothing()
    }
  }
}

async function toldStages(tx: Tx, cycleId: number): Promise<number[]> {
  const { notices, delivery_notices, deliveries } = tx.t
  const rows = await tx
    .selectDistinct({ stage: notices.stage })
    .from(notices)
    .innerJoin(delivery_notices, eq(delivery_notices.notice_id, notices.id))
    .innerJoin(deliveries, eq(deliveries.id, delivery_notices.delivery_id))
    .where(and(eq(notices.cycle_id, cycleId), gt(deliveries.attempts, 0)))
  return rows.map(({ stage }) => stage)
}

async function hasCase(tx: Tx, cycleId: number): Promise<boolean> {
  const { overstay_cases } = tx.t
  return (await tx.$count(overstay_cases, eq(overstay_cases.cycle_id, cycleId))) > 0
}

/** Somebody who was erased before, came in again by a file, and of whom nothing has happened since: counted already. */
async function isEmptySkeleton(tx: Tx, permits: readonly ErasedPermit[], { db, now }: EraseDeps): Promise<boolean> {
  const { told_marks } = tx.t
  if (permits.length === 0 || permits.some(({ cycles }) => cycles.length > 0)) return false
  const marks = permits.map((permit) => permitMark(db.vault, permit))
  const rows = await tx
    .select({ mark: told_marks.permit_mark, at: told_marks.at })
    .from(told_marks)
    .where(inArray(told_marks.permit_mark, marks))
  const before = new Set(rows.filter(({ at }) => at < now).map(({ mark }) => mark))
  return marks.every((mark) => before.has(mark))
}

async function removeSkeleton(tx: Tx, residentId: number): Promise<void> {
  const { residents, permits, holds, follow_ups, transfers } = tx.t
  await tx.delete(transfers).where(eq(transfers.resident_id, residentId))
  await tx.delete(follow_ups).where(eq(follow_ups.resident_id, residentId))
  await tx.delete(holds).where(eq(holds.resident_id, residentId))
  await tx.delete(permits).where(eq(permits.resident_id, residentId))
  await tx.delete(residents).where(eq(residents.id, residentId))
}

async function birthDateOf(tx: Tx, residentId: number): Promise<CivilDate | null> {
  const { residents } = tx.t
  const [row] = await tx.select({ on: residents.birth_date }).from(residents).where(eq(residents.id, residentId))
  return row?.on ?? null
}
