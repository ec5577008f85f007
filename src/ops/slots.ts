import { and, asc, desc, eq, gt, isNotNull, isNull, lt, max, ne, or } from 'drizzle-orm'
import { clearAlarm, raiseAlarm } from '../db/alarms.ts'
import type { Db, Reader, Tx } from '../db/open.ts'
import type { Tables } from '../db/schema.ts'

/** How often one slot is tried: by failing, or by a worker that died in the middle. */
export const TRIES = 5

/** A lease that ends this many times its length from now was written before the clock went back: nobody holds it. */
const BELIEVABLE_LEASES = 2
/** The clocks of two workers may differ by this much. */
const SKEW_MS = 60_000
/** A steady duty has a slot each minute; those of two days are kept. */
const STEADY_KEEP_MS = 2 * 24 * 3_600_000
/** A day's work done a day early, by a clock that was a day ahead, stands. */
const FAR_AHEAD_MS = 2 * 24 * 3_600_000

/** Instants and spans in milliseconds. `steady`: as in `Duty`. */
export type SlotAsk = {
  duty: string
  plannedAt: number
  worker: string
  now: number
  leaseMs: number
  steady?: boolean
}

/** `running` also while a failed slot waits for its next try; `done` also when it was given up. */
export type Claim = 'claimed' | 'done' | 'running'

/**
 * Takes a planned run for this worker, which then has to finish, fail or extend it before `leaseMs` is over. One worker
 * at a time runs a duty. Unfinished older slots of the duty are closed: only the newest runs.
 */
export async function claimSlot(db: Db, ask: SlotAsk): Promise<Claim> {
  return db.write(async (tx) => {
    if (ask.steady) await forgetSteadySlots(tx, ask)
    else await forgetFarSlots(tx, ask)
    if (await runsAlready(tx, ask)) return 'running'
    const { slots } = tx.t
    const fresh = await tx
      .insert(slots)
      .values({ duty: ask.duty, planned_at: ask.plannedAt, ...holding(ask) })
      .onConflictDoNothing()
      .returning({ id: slots.id })
    const claim = fresh.length > 0 ? 'claimed' : await claimAgain(tx, ask)
    if (claim === 'claimed') await closeOlder(tx, ask)
    return claim
  })
}

/** Keeps a run that takes long. False when it is no longer this worker's. */
export async function extendSlot(db: Db, ask: SlotAsk): Promise<boolean> {
  return db.write((tx) => settle(tx, ask, { lease_until: ask.now + ask.leaseMs }))
}

/** Records what a good run did and ends the duty's alarm. False when the slot is no longer this worker's. */
export async function finishSlot(db: Db, ask: SlotAsk, result: Record<string, unknown>): Promise<boolean> {
  return db.write(async (tx) => {
    const done = { finished_at: ask.now, failed: 0, result: JSON.stringify(result) }
    const ours = await settle(tx, ask, done)
    if (ours) await clearAlarm(tx, { kind: alarmOf(ask.duty), now: ask.now })
    return ours
  })
}

/**
 * Records a failed run, raises the duty's alarm and leaves the slot to be tried again after `leaseMs`, five times in all.
 * `reason` holds no personal data. `lost`: the slot is no longer this worker's.
 */
export async function failSlot(db: Db, ask: SlotAsk, reason: string): Promise<'again' | 'given-up' | 'lost'> {
  return db.write(async (tx) => {
    const { slots } = tx.t
    const [slot] = await tx.select({ failed: slots.failed }).from(slots).where(heldBy(tx, ask))
    if (!slot) return 'lost'
    const failed = slot.failed + 1
    const givenUp = failed >= TRIES
    await settle(tx, ask, {
      failed,
      result: reason,
      lease_until: ask.now + ask.leaseMs,
      finished_at: givenUp ? ask.now : null,
    })
    await raiseAlarm(tx, { kind: alarmOf(ask.duty), detail: reason, now: ask.now })
    return givenUp ? 'given-up' : 'again'
  })
}

/** The planned time of the duty's last slot before this one: how much was missed. */
export async function slotBefore(reader: Reader, duty: string, plannedAt: number): Promise<number | null> {
  const { slots } = reader.t
  const [row] = await reader
    .select({ planned_at: slots.planned_at })
    .from(slots)
    .where(and(eq(slots.duty, duty), lt(slots.planned_at, plannedAt)))
    .orderBy(desc(slots.planned_at))
    .limit(1)
  return row?.planned_at ?? null
}

/** The newest slot of each duty: what to show of the schedule. */
export async function latestSlots(reader: Reader) {
  const { slots } = reader.t
  const newest = reader
    .select({ duty: slots.duty, planned_at: max(slots.planned_at).as('newest_at') })
    .from(slots)
    .groupBy(slots.duty)
    .as('newest')
  return reader
    .select({
      duty: slots.duty,
      planned_at: slots.planned_at,
      started_at: slots.started_at,
      finished_at: slots.finished_at,
      worker: slots.worker,
      failed: slots.failed,
      result: slots.result,
    })
    .from(slots)
    .innerJoin(newest, and(eq(newest.duty, slots.duty), eq(newest.planned_at, slots.planned_at)))
    .orderBy(asc(slots.duty))
}

type Slot = Tables['slots']['$inferSelect']

/** This slot or another one of the duty: a result is written only when a run has ended. */
async function runsAlready(tx: Tx, ask: SlotAsk): Promise<boolean> {
  const { slots } = tx.t
  const running = await tx
    .select({ lease_until: slots.lease_until })
    .from(slots)
    .where(and(eq(slots.duty, ask.duty), isNull(slots.finished_at), isNull(slots.result)))
  return running.some((slot) => isHeld(slot, ask))
}

async function claimAgain(tx: Tx, ask: SlotAsk): Promise<Claim> {
  const { slots } = tx.t
  const [slot] = await tx
    .select()
    .from(slots)
    .where(and(eq(slots.duty, ask.duty), eq(slots.planned_at, ask.plannedAt)))
  if (!slot || slot.finished_at !== null) return 'done'
  if (isHeld(slot, ask)) return 'running'

  const died = slot.result === null
  const reason = slot.result ?? `worker ${slot.worker} did not come to an end`
  const failed = slot.failed + (died ? 1 : 0)
  const givenUp = failed >= TRIES
  const taken = await tx
    .update(slots)
    .set(givenUp ? { failed, result: reason, finished_at: ask.now } : { failed, result: null, ...holding(ask) })
    .where(and(eq(slots.id, slot.id), eq(slots.lease_until, slot.lease_until), isNull(slots.finished_at)))
    .returning({ id: slots.id })
  if (taken.length === 0) return 'running'
  if (died) await raiseAlarm(tx, { kind: alarmOf(ask.duty), detail: reason, now: ask.now })
  return givenUp ? 'done' : 'claimed'
}

async function closeOlder(tx: Tx, ask: SlotAsk): Promise<void> {
  const { slots } = tx.t
  const older = and(eq(slots.duty, ask.duty), lt(slots.planned_at, ask.plannedAt), isNull(slots.finished_at))
  const overtaken = { finished_at: ask.now, failed: 1, result: 'overtaken by a newer slot' }
  await tx
    .update(slots)
    .set(overtaken)
    .where(and(older, isNull(slots.result)))
  await tx.update(slots).set({ finished_at: ask.now }).where(older)
}

/** Slots that lie ahead were recorded before the clock went back: that time comes again, and so must the duty. */
async function forgetSteadySlots(tx: Tx, ask: SlotAsk): Promise<void> {
  const { slots } = tx.t
  const bygone = or(lt(slots.planned_at, ask.now - STEADY_KEEP_MS), gt(slots.planned_at, ask.now + SKEW_MS))
  const others = and(eq(slots.duty, ask.duty), ne(slots.planned_at, ask.plannedAt))
  await tx.delete(slots).where(and(others, isNotNull(slots.finished_at), bygone))
}

/** A clock that was set days ahead has left slots of days that are still to come: their work will have to be done. */
async function forgetFarSlots(tx: Tx, ask: SlotAsk): Promise<void> {
  const { slots } = tx.t
  const far = and(eq(slots.duty, ask.duty), gt(slots.planned_at, ask.now + FAR_AHEAD_MS))
  await tx.delete(slots).where(and(far, isNotNull(slots.finished_at)))
}

async function settle(tx: Tx, ask: SlotAsk, change: Partial<Slot>): Promise<boolean> {
  const { slots } = tx.t
  const rows = await tx.update(slots).set(change).where(heldBy(tx, ask)).returning({ id: slots.id })
  return rows.length > 0
}

function heldBy(tx: Tx, ask: SlotAsk) {
  const { slots } = tx.t
  const slot = and(eq(slots.duty, ask.duty), eq(slots.planned_at, ask.plannedAt))
  return and(slot, eq(slots.worker, ask.worker), isNull(slots.finished_at))
}

function holding(ask: SlotAsk) {
  return { worker: ask.worker, started_at: ask.now, lease_until: ask.now + ask.leaseMs }
}

function isHeld(slot: Pick<Slot, 'lease_until'>, ask: SlotAsk): boolean {
  return slot.lease_until > ask.now && slot.lease_until <= ask.now + BELIEVABLE_LEASES * ask.leaseMs
}

function alarmOf(duty: string): string {
  return `duty:${duty}`
}
