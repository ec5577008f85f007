import { clearAlarm, openAlarms, raiseAlarm } from '../db/alarms.ts'
import type { Db } from '../db/open.ts'
import { type StorageFault, storageFault, type TroubleKind } from '../db/trouble.ts'
import { utcText } from '../lib/civil-date.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/events.ts'
import { lookAtSpace, SPACE_LIMITS } from './doctor/disk.ts'

/** Nothing new is begun below this: what is under way, and what the carrier tells of it, must still find room. */
export const RESERVE_BYTES = 8_000_000
const LOW_BYTES = SPACE_LIMITS.faultBytes

/** Keeps an eye on what the database lies on. Alarms `disk` and `database`. */
export type StorageWatch = {
  /** Before each round: raises and ends alarms. False while nothing can be written; then it is to be asked again soon. */
  look(): Promise<boolean>
  /** Whether there is room for something new. */
  mayBegin(): Promise<boolean>
  /** What has failed elsewhere: a sound that could not be written lies on a disk, too. */
  met(error: unknown): void
  /** What keeps the daemon from its work at the moment. */
  trouble(): TroubleKind | null
}

/**
 * The worst of one kind since its alarm was raised. `from`: epoch ms; `last`: when any of it was seen, real ms; `told`: an alarm says
 * so; `shut`: nothing could be written meanwhile.
 */
type Trouble = { grade: Grade; says: string; from: number; last: number; told: boolean; shut: boolean }

const GRADES = ['low', 'short', 'fault', 'shut'] as const
type Grade = (typeof GRADES)[number]

/** An alarm stays open for a while after its trouble: somebody is to see it. */
const CLEAR_AFTER_MS = 10 * 60_000
const SPACE_FRESH_MS = 1_000
const LOG_EVERY_MS = 60_000

/**
 * `folder`: of the database; null where it is not on this machine. What cannot be written while it lasts, the alarm among it, is
 * written as soon as it can be, and tells since when. `free`: the bytes that are left.
 */
export function openStorageWatch(deps: {
  db: Db
  clock: Clock
  log: Log
  folder: string | null
  free?: (folder: string) => Promise<number>
  clearAfterMs?: number
  freshMs?: number
}): StorageWatch {
  const { db, clock, log, folder, free = freeBytesOf, clearAfterMs = CLEAR_AFTER_MS, freshMs = SPACE_FRESH_MS } = deps
  const troubles = new Map<TroubleKind, Trouble>()
  let known = false
  let left = { bytes: Number.POSITIVE_INFINITY, at: Number.NEGATIVE_INFINITY }
  let loggedAt = Number.NEGATIVE_INFINITY
  let shut = false

  function meet(kind: TroubleKind, grade: Grade, says: string): void {
    const last = performance.now()
    const before = troubles.get(kind)
    const isShut = grade === 'shut'
    if (before && (before.shut || (!isShut && GRADES.indexOf(grade) <= GRADES.indexOf(before.grade)))) {
      troubles.set(kind, { ...before, last })
      return
    }
    troubles.set(kind, { grade, says, from: clock.now(), last, told: false, shut: isShut })
  }

  /** Alarms that a run before this one has left open. */
  async function remember(): Promise<void> {
    for (const { kind, detail, raised_at } of await openAlarms(db.read)) {
      if (kind !== 'disk' && kind !== 'database') continue
      const last = performance.now()
      troubles.set(kind, { grade: 'low', says: detail, from: raised_at, last, told: true, shut: false })
    }
    known = true
  }

  async function bytesLeft(): Promise<number> {
    if (folder !== null && performance.now() - left.at >= freshMs)
      left = { bytes: await free(folder), at: performance.now() }
    return left.bytes
  }

  async function tell(): Promise<void> {
    const now = clock.now()
    const untold = [...troubles].filter(([, { told }]) => !told)
    const over = [...troubles].filter(([, { last }]) => performance.now() - last >= clearAfterMs).map(([kind]) => kind)
    if (untold.length + over.length === 0) return
    await db.write(async (tx) => {
      for (const [kind, trouble] of untold) await raiseAlarm(tx, { kind, detail: detailOf(trouble, now), now })
      for (const kind of over) await clearAlarm(tx, { kind, now })
    })
    for (const [kind, trouble] of untold) {
      troubles.set(kind, { ...trouble, told: true, shut: false })
      log.error({ alarm: kind, fault: detailOf(trouble, now) }, 'alarm raised')
    }
    for (const kind of over) troubles.delete(kind)
  }

  function complain(fault: StorageFault): void {
    if (performance.now() - loggedAt < LOG_EVERY_MS) return
    loggedAt = performance.now()
    log.error({ fault: fault.message }, 'nothing can be written; it is tried again every few seconds')
  }

  return {
    trouble: () => db.trouble()?.kind ?? (shut || left.bytes < RESERVE_BYTES ? 'disk' : null),
    mayBegin: async () => db.trouble() === null && (await bytesLeft()) >= RESERVE_BYTES,
    met(error) {
      const fault = storageFault(error, folder ?? 'the database')
      if (fault) meet(fault.kind, 'fault', fault.message)
    },
    async look() {
      const [passed, fault] = [db.takeTrouble(), db.trouble()]
      if (passed) meet(passed.kind, 'fault', passed.message)
      if (fault) meet(fault.kind, 'shut', fault.message)
      try {
        if (!known) await remember()
        const bytes = await bytesLeft()
        const short = bytes < RESERVE_BYTES
        if (bytes < LOW_BYTES) meet('disk', short ? 'short' : 'low', shortage(folder!, short))
        await tell()
        shut = false
      } catch (error) {
        const met = storageFault(error, folder ?? 'the database')
        if (!met) throw error
        meet(met.kind, 'shut', met.message)
        complain(met)
        shut = true
      }
      return !shut
    },
  }
}

function shortage(folder: string, short: boolean): string {
  const megabytes = (bytes: number) => Math.round(bytes / 1_000_000)
  return short
    ? `the disk of ${folder} has less than ${megabytes(RESERVE_BYTES)} MB left; nothing new is sent until it has more`
    : `the disk of ${folder} has less than ${megabytes(LOW_BYTES)} MB left`
}

function detailOf({ says, from, shut }: Trouble, now: number): string {
  return shut ? `${says}; nothing could be written from ${utcText(from)} to ${utcText(now)}` : says
}

async function freeBytesOf(folder: string): Promise<number> {
  return (await lookAtSpace(folder)).freeBytes
}
