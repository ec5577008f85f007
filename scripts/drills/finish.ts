import { eq } from 'drizzle-orm'
import { drainUntilQuiet } from '../../src/cli/deliver.ts'
import type { Db } from '../../src/db/open.ts'
import { FOUND } from '../../src/deliver/record.ts'
import { SteppedClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/events.ts'
import { freePort } from '../../src/lib/free-port.ts'
import { lastInstant } from '../../src/sandbox/journal.ts'
import { openSandbox } from '../../src/sandbox/sandbox.ts'
import { ACCOUNT_SID, AUTH_TOKEN } from '../../test/ground.ts'
import type { Row } from '../../test/world.ts'
import { nextInstant } from '../chaos/due.ts'
import { openGround, STARTS_AT } from '../chaos/ground.ts'
import { peopleOf, standingFaults } from '../chaos/people.ts'
import { transcriptIn } from '../chaos/processes.ts'
import { importRows } from '../chaos/storm.ts'

const MINUTE = 60_000
/** The last tries of calls and messages are over by then, and no further stage is due. */
const LASTS_MS = 6 * 24 * 60 * MINUTE

export type Finished = {
  /** What was found at the carrier, of what the database had lost. */
  found: number
}

/**
 * Starts the program again in a folder that a dead one has left, against the carrier's own memory (transcript.jsonl), and
 * lets six days pass: whatever is due, looked up, asked about or tried again. `rows`: the register comes once more, as an
 * operator would bring it after a loss.
 */
export async function finish(
  folder: string,
  { rows, seed, again = false }: { rows: readonly Row[]; seed: number; again?: boolean },
): Promise<Finished> {
  const transcriptFile = transcriptIn(folder)
  const begins = Math.max(STARTS_AT, (await lastInstant(transcriptFile)) ?? 0) + MINUTE
  const clock = new SteppedClock(begins)
  const people = peopleOf(rows)
  await using sandbox = await openSandbox({
    accountSid: ACCOUNT_SID,
    authToken: AUTH_TOKEN,
    clock,
    seed,
    transcriptFile,
    pace: { callbackDelayMs: 0 },
    people: (number) => people[number] ?? { answers: 'no-answer' },
  })
  sandbox.faults.set(standingFaults(rows))
  const ground = { folder, port: await freePort(), sandboxUrl: sandbox.url, perSecond: 10_000 }
  await using app = await openGround(ground, { clock, log: silentLog })
  await using delivery = await app.openDelivery()
  if (again) await importRows(app, ground, rows)
  for (let scanned: string | null = null; ; ) {
    if (app.today() !== scanned) await app.scan()
    scanned = app.today()
    await drainUntilQuiet(delivery, { quietMs: 0 })
    await sandbox.idle()
    await drainUntilQuiet(delivery, { quietMs: 0 })
    const next = await nextInstant(app, clock.now())
    if (next === null || next > begins + LASTS_MS) break
    clock.set(next)
  }
  return { found: await foundIn(app.db) }
}

async function foundIn({ read, t }: Db): Promise<number> {
  return read.$count(t.attempts, eq(t.attempts.worker, FOUND))
}
