import { setImmediate as nextTurn, setTimeout } from 'node:timers/promises'
import type { Db } from '../db/open.ts'

/** Requests under way, and when the last of them was answered. */
type Waiting = { open: number; answeredAt: number }

const waiting = new WeakMap<Db, Waiting>()

/** After an answer the browser asks on: for its other files, or the next page. */
const QUIET_MS = 25
const LOOK_EVERY_MS = 5
/** Work that gives way goes on all the same, one step for so long a wait, or it would never be done on a busy day. */
const LONGEST_MS = 500

/** Somebody waits for an answer until what this returns is called. */
export function beginWaiting(db: Db): () => void {
  const here = waitingOn(db)
  here.open += 1
  return () => {
    here.open -= 1
    here.answeredAt = performance.now()
  }
}

/** For long work beside the pages, between two of its steps: whoever waits for a page goes first. */
export async function giveWay(db: Db, longestMs = LONGEST_MS): Promise<void> {
  const here = waitingOn(db)
  const begun = performance.now()
  await nextTurn()
  for (;;) {
    const now = performance.now()
    if (now - begun >= longestMs) return
    if (here.open === 0 && now - here.answeredAt >= QUIET_MS) return
    await setTimeout(LOOK_EVERY_MS)
  }
}

function waitingOn(db: Db): Waiting {
  const known = waiting.get(db)
  if (known) return known
  const here = { open: 0, answeredAt: Number.NEGATIVE_INFINITY }
  waiting.set(db, here)
  return here
}
