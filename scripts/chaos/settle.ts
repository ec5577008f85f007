import { and, inArray, isNull, lte } from 'drizzle-orm'
import type { App } from '../../src/app.ts'
import { SteppedClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/events.ts'
import { isUnderWay, nextInstant } from './due.ts'
import { openGround, STARTS_AT } from './ground.ts'
import { peopleOf, standingFaults } from './people.ts'
import { loadDaemon, type SandboxProcess, startSandbox } from './processes.ts'
import type { World } from './storm.ts'
import { until } from './wait.ts'

const DAY_MS = 24 * 3_600_000
/** The last tries of calls and messages are over by then, and no further stage is due. */
const DAYS = 6
/** What is due within this time is waited for together. */
const TOGETHER_MS = 20 * 60_000
const QUIET_WITHIN_MS = 180_000

/**
 * Lets the daemon finish: until nothing is due, then the clocks of both go ahead to what is due next (tries after a failure,
 * questions about silent deliveries, calls on another day), and so on until nothing waits any more.
 */
export async function settle(world: World): Promise<void> {
  const { ground, workers, tell } = world
  await using app = await openGround(ground, { clock: new SteppedClock(STARTS_AT), log: silentLog })
  await using stack = new AsyncDisposableStack()
  const ends = STARTS_AT + DAYS * DAY_MS
  let { sandbox } = world
  for (let leap = 0; ; ) {
    const now = () => world.now() + leap
    await using daemons = new AsyncDisposableStack()
    // Together they finish what is under way; for what comes days later one is enough.
    const all = workers.slice(0, leap === 0 ? undefined : 1).map((worker) => daemons.use(loadDaemon(worker)))
    for (const daemon of all) await daemon.begin(now())
    await until(async () => {
      if (!all.every((daemon) => daemon.alive())) throw new Error('a daemon ended by itself; see daemon.log')
      await sandbox.idle()
      return isQuiet(app, now())
    }, QUIET_WITHIN_MS)
    await Promise.all(all.map((daemon) => daemon.stop()))
    const next = await nextInstant(app, now())
    if (next === null || next > ends) return
    leap += Math.max(0, next - now()) + TOGETHER_MS
    tell(
      `on to ${Temporal.Instant.fromEpochMilliseconds(now()).toZonedDateTimeISO(app.office.timeZone).toString({ smallestUnit: 'minute', offset: 'never', timeZoneName: 'never' })}`,
    )
    await sandbox.stop()
    sandbox = stack.use(await laterSandbox(world, sandbox, now()))
  }
}

/** The same carrier at a later time: it knows all that it knew. */
async function laterSandbox(
  { ground, seed, rows }: World,
  { url }: SandboxProcess,
  now: number,
): Promise<SandboxProcess> {
  const port = Number(new URL(url).port)
  const sandbox = await startSandbox({ folder: ground.folder, seed, clockStart: now, port })
  await sandbox.people(peopleOf(rows))
  await sandbox.faults(standingFaults(rows))
  return sandbox
}

/** Nothing is under way, due, unread or to be asked about at `now`. */
async function isQuiet(app: App, now: number): Promise<boolean> {
  if (await isUnderWay(app, now)) return false
  const { deliveries, receipts } = app.db.t
  const messages = inArray(receipts.kind, ['message', 'call', 'key'])
  const unread = await app.db.read.$count(receipts, and(isNull(receipts.applied_at), messages))
  const silent = await app.db.read.$count(deliveries, lte(deliveries.poll_at, now))
  return unread + silent === 0
}
