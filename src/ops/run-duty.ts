import type { Db } from '../db/open.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/events.ts'
import { faultText } from '../lib/fault-text.ts'
import type { Duty } from './duties.ts'
import { newestSlot, slotsBetween } from './slot-times.ts'
import { claimSlot, extendSlot, failSlot, finishSlot, type SlotAsk, slotBefore } from './slots.ts'

export type RunDeps = {
  db: Db
  clock: Clock
  log: Log
  /** The name on the slots. */
  worker: string
  /** The planned time of what this process runs at the moment. */
  held: Map<Duty, number>
  /** The planned time of what is known to be finished and need not be asked about again. */
  settled: Map<Duty, number>
}

/** Runs the duty's newest slot unless it is finished or held. False when there was nothing to run; a failed run is true. */
export async function runIfDue(deps: RunDeps, duty: Duty): Promise<boolean> {
  const plannedAt = newestSlot(duty.cron, duty.timeZone, deps.clock.now())
  if (plannedAt === null || deps.settled.get(duty) === plannedAt) return false
  const claim = await claimSlot(deps.db, askFor(deps, duty, plannedAt))
  if (claim === 'done') deps.settled.set(duty, plannedAt)
  if (claim !== 'claimed') return false

  deps.held.set(duty, plannedAt)
  try {
    await runHeld(deps, duty, plannedAt)
  } finally {
    deps.held.delete(duty)
  }
  return true
}

/** Keeps the slots that this process runs; to be called well within every lease. */
export async function extendHeld(deps: RunDeps): Promise<void> {
  for (const [duty, plannedAt] of deps.held) await extendSlot(deps.db, askFor(deps, duty, plannedAt))
}

async function runHeld(deps: RunDeps, duty: Duty, plannedAt: number): Promise<void> {
  const { db, log } = deps
  const ids = { duty: duty.name, planned_at: plannedAt, missed: await missedBefore(deps, duty, plannedAt) }
  const begun = performance.now()
  let result: Record<string, unknown>
  try {
    result = await duty.run(plannedAt)
  } catch (error) {
    const fault = faultText(error)
    const next = await failSlot(db, askFor(deps, duty, plannedAt), fault)
    log.error({ ...ids, fault, next }, 'duty failed')
    return
  }
  const ours = await finishSlot(db, askFor(deps, duty, plannedAt), result)
  log.info({ ...ids, ms: Math.round(performance.now() - begun) }, 'duty done')
  if (ours) deps.settled.set(duty, plannedAt)
  else log.warn(ids, 'duty done after another worker took its slot')
}

/** How many slots between the last one that anybody ran and this one were left out. */
async function missedBefore(deps: RunDeps, duty: Duty, plannedAt: number): Promise<number> {
  const before = await slotBefore(deps.db.read, duty.name, plannedAt)
  return before === null ? 0 : slotsBetween(duty.cron, duty.timeZone, before, plannedAt).length - 1
}

function askFor(deps: RunDeps, duty: Duty, plannedAt: number): SlotAsk {
  return {
    duty: duty.name,
    plannedAt,
    worker: deps.worker,
    now: deps.clock.now(),
    leaseMs: duty.leaseMs,
    steady: duty.rhythm === 'steady',
  }
}
