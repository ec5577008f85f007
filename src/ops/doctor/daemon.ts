import { desc } from 'drizzle-orm'
import type { Reader } from '../../db/open.ts'
import { type DutyFigures, dutyFigures } from '../figures.ts'
import type { Holder } from '../lock.ts'
import { listWorkers } from '../workers.ts'
import { fault, type Trouble, warn } from './finding.ts'

export type Worker = { alive: boolean; seenAt: number; stoppedAt: number | null }

/** `newest`: the process that began last; undefined when none ever did. Instants are epoch ms. */
export type Life = { holder: Holder | 'unknown' | null; anyAlive: boolean; newest: Worker | undefined }

export async function lookAtLife(
  reader: Reader,
  { now, holder }: { now: number; holder: Life['holder'] },
): Promise<Life> {
  const workers = await listWorkers(reader, { now })
  const [first] = workers
  return {
    holder,
    anyAlive: workers.some(({ alive }) => alive),
    newest: first && { alive: first.alive, seenAt: first.seen_at, stoppedAt: first.stopped_at },
  }
}

export function judgeLife({ holder, anyAlive, newest }: Life, at: (instant: number) => string): Trouble[] {
  if (anyAlive) return []
  const start = 'Start it: systemctl start tenggat (or npm start), and look at its last words: journalctl -u tenggat'
  if (holder !== null && holder !== 'unknown' && holder.command !== 'start') return []
  if (holder !== null) {
    const who = holder === 'unknown' ? 'A process' : `Process ${holder.pid}`
    const since = newest ? ` since ${at(newest.seenAt)}` : ''
    return [
      fault(
        `${who} holds the data folder but has given no sign of life${since}.`,
        'If it does not come to itself within minutes, restart it: systemctl restart tenggat',
      ),
    ]
  }
  if (newest === undefined) return [warn('The daemon has not run yet.', start)]
  if (newest.stoppedAt !== null) return [warn(`The daemon was stopped at ${at(newest.stoppedAt)}.`, start)]
  return [fault(`The daemon has not run since ${at(newest.seenAt)}, and nobody stopped it.`, start)]
}

/** A day and what a scan may be late. */
const SILENT_MS = 26 * 3_600_000

/**
 * `lastFailure`: what the newest slot of a duty said, as recorded. A duty that has no slot yet is no news; a scan that was done and
 * not again is.
 */
export function judgeDuties(
  duties: readonly (DutyFigures & { lastFailure: string | null })[],
  { now, at }: { now: number; at: (instant: number) => string },
): Trouble[] {
  const troubles: Trouble[] = []
  const scan = duties.find(({ duty }) => duty === 'scan')
  if (scan && scan.lastFinishedAt !== null && now - scan.lastFinishedAt > SILENT_MS) {
    troubles.push(
      fault(
        `Nothing ran since ${at(scan.lastFinishedAt)}: no scan has looked who must be told.`,
        'Start the daemon; its first scan catches up on what is still due.',
      ),
    )
  }
  for (const { duty, failedTries, lastFailure } of duties) {
    if (failedTries === 0 || lastFailure === null) continue
    troubles.push(
      fault(
        `The duty ${duty} has failed ${failedTries === 1 ? 'once' : `${failedTries} times`}: ${lastFailure}.`,
        'Mend what it says; it is tried again by itself.',
      ),
    )
  }
  return troubles
}

export async function lookAtDuties(reader: Reader, names: readonly string[]) {
  const { slots } = reader.t
  const figures = await dutyFigures(reader, names)
  const rows = await reader
    .select({ duty: slots.duty, result: slots.result })
    .from(slots)
    .orderBy(desc(slots.planned_at))
    .limit(1_000)
  return figures.map((one) => ({
    ...one,
    lastFailure: one.failedTries > 0 ? (rows.find(({ duty }) => duty === one.duty)?.result ?? null) : null,
  }))
}
