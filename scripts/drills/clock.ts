import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inArray } from 'drizzle-orm'
import { SCHEDULE } from '../../src/ops/duties.ts'
import { STARTS_AT } from '../chaos/ground.ts'
import { pause, until } from '../chaos/wait.ts'
import { command, positive, tellFigures } from '../command.ts'
import type { DrillDaemon } from './daemon-process.ts'
import { openStage, type Stage } from './stage.ts'

const USAGE = `node scripts/drills/clock.ts [--residents N] [--rate N] [--seed N] [--json]

The host's clock leaps by an hour and by a day, both ways, while the daemon sends and the carrier loses answers; the carrier's own
clock is right all the time. Once the daemon dies just before its clock is set back a day, with messages under way. Exits 0 when
nobody was told twice, never told or wrongly marked, nothing was stuck, and no day's work was done twice.
`

const HOUR = 3_600_000
const DAY = 24 * HOUR
/** Half past eleven: an hour back is still in the window. */
const BEGINS_AT = STARTS_AT + 3 * HOUR
/** A lease of four seconds, then the carrier's list after ten (scripts/chaos/ground.ts), and as much again. */
const SETTLES_WITHIN_MS = 30_000
const FAULTS = [
  { kind: 'cut', when: 'after', rate: 0.08, on: 'create' },
  { kind: 'cut', when: 'before', rate: 0.04, on: 'create' },
] as const

export async function leapingClock(options: { residents: number; perSecond: number; seed: number }) {
  const { residents, perSecond, seed } = options
  using stack = new DisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'tenggat-clock-'))
  stack.defer(() => rmSync(folder, { recursive: true }))
  await using stage = await openStage({ folder, residents, seed, perSecond, startsAt: BEGINS_AT })
  await stage.sandbox.faults([...FAULTS])
  const part = (share: number) => residents * 0.9 * share

  const first = stage.start()
  await stage.untilMessages(first, part(0.1))
  first.leap(HOUR)
  await stage.untilMessages(first, part(0.25))
  first.leap(-HOUR)
  await stage.untilMessages(first, part(0.4))
  await first.kill()

  const second = stage.start({ startsAt: stage.now() - DAY })
  const settledAfter = await untilSettled(stage, second)
  second.leap(DAY)
  await stage.untilMessages(second, part(0.6))
  second.leap(DAY)
  await stage.untilMessages(second, part(0.75))
  // Long enough for the duties of that day to begin.
  await pause(6_000)
  second.leap(-DAY)
  await stage.untilThrough(second)
  await pause(6_000)
  const stillAlive = second.alive() && first.errors() + second.errors() === ''
  const exitCode = await second.stop()
  return {
    residents,
    ...(await stage.judge()),
    still_alive: stillAlive,
    exit_code: exitCode,
    settled_a_day_back_ms: settledAfter,
    duties_twice: dutiesTwice([first, second]),
  }
}

/** How long it takes, the clock having been set back a day, until nothing is under way or unknown any more. */
async function untilSettled({ app }: Stage, daemon: DrillDaemon): Promise<number> {
  const begun = performance.now()
  const { deliveries } = app.db.t
  await daemon.consoleUrl()
  await until(async () => {
    const open = await app.db.read.$count(deliveries, inArray(deliveries.state, ['sending', 'uncertain']))
    return open === 0
  }, SETTLES_WITHIN_MS)
  return Math.round(performance.now() - begun)
}

function dutiesTwice(daemons: readonly DrillDaemon[]): string[] {
  const dated = new Set<unknown>(SCHEDULE.flatMap(({ name, rhythm }) => (rhythm === 'dated' ? [name] : [])))
  const done = daemons
    .flatMap(({ log }) => log)
    .filter(({ msg, duty }) => msg === 'duty done' && dated.has(duty))
    .map(({ duty, planned_at }) => `${duty} ${planned_at}`)
  return done.filter((one, index) => done.indexOf(one) < index)
}

if (import.meta.main) {
  await command({
    usage: USAGE,
    options: {
      residents: { type: 'string', default: '500' },
      rate: { type: 'string', default: '20' },
      seed: { type: 'string', default: '1' },
    },
    async run(values, output) {
      const result = await leapingClock({
        residents: positive('--residents', values.residents),
        perSecond: positive('--rate', values.rate),
        seed: positive('--seed', values.seed),
      })
      tellFigures(output, result)
      const faults = result.told_twice + result.never_told + result.wrongly_marked + result.duties_twice.length
      return faults === 0 && result.still_alive && result.exit_code === 0 ? 0 : 1
    },
  })
}
