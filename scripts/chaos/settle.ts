import { and, count, inArray, isNotNull, isNull, lte, min } from 'drizzle-orm'
import type { App } from '../../src/app.ts'
import { SteppedClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/events.ts'
import { windowAt } from '../../src/lib/window.ts'
import { startAt } from '../../src/scan/plan-deliveries.ts'
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

/** Nothing is under way, due, unread or to be asked about at `now`. A call that waits for another one to the same phone is not due. */
async function isQuiet({ db, office }: App, now: number): Promise<boolean> {
  const { deliveries, receipts } = db.t
  const open = await db.read
    .select({
      state: deliveries.state,
      channel: deliveries.channel,
      at: deliveries.not_before,
      phone: deliveries.phone_index,
    })
    .from(deliveries)
    .where(inArray(deliveries.state, ['sending', 'uncertain', 'queued', 'accepted', 'sent']))
  const ringing = new Set(
    open.filter((row) => row.channel === 'call' && row.state !== 'queued').map((row) => row.phone),
  )
  const isDue = (row: (typeof open)[number]) =>
    row.at <= now && windowAt(office, row.channel, now).mayStart && !(row.channel === 'call' && ringing.has(row.phone))
  if (
    open.some((row) => row.state === 'sending' || row.state === 'uncertain' || (row.state === 'queued' && isDue(row)))
  )
    return false
  const [unread] = await db.read
    .select({ rows: count() })
    .from(receipts)
    .where(and(isNull(receipts.applied_at), inArray(receipts.kind, ['message', 'call', 'key'])))
  const [silent] = await db.read.select({ rows: count() }).from(deliveries).where(lte(deliveries.poll_at, now))
  return unread!.rows + silent!.rows === 0
}

async function nextInstant({ db, office }: App, now: number): Promise<number | null> {
  const { deliveries } = db.t
  const queued = await db.read
    .selectDistinct({ channel: deliveries.channel, at: deliveries.not_before })
    .from(deliveries)
    .where(inArray(deliveries.state, ['queued']))
  const [poll] = await db.read
    .select({ at: min(deliveries.poll_at) })
    .from(deliveries)
    .where(isNotNull(deliveries.poll_at))
  const instants = queued.map((row) => startAt(office, row.channel, Math.max(now, row.at)))
  if (poll?.at) instants.push(poll.at)
  return instants.length === 0 ? null : Math.min(...instants)
}
