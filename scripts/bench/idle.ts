import { setTimeout } from 'node:timers/promises'
import { peakRss } from './child.ts'
import { openCarrier } from './ground.ts'
import { type BenchOptions, type Line, sizeFor } from './line.ts'
import { demoResidents, millionResidents } from './million.ts'
import { cpuSeconds, type Running, residentMb, startBare, startDaemon } from './running.ts'

const MOST_MB = 130
const MOST_PERCENT = 0.5
/** The duties that it had missed are done when it has used no more than this for some seconds. */
const QUIET_PERCENT = 2
const QUIET_WITHIN_SECONDS = 150

type Rest = { mb: number; percent: number; peakMb: number }

/** What the daemon takes when there is nothing to do, with a million residents on record. */
export async function idleLines(options: BenchOptions): Promise<Line[]> {
  const { folder } = await millionResidents(options)
  const seconds = sizeFor(options, { full: 60, quick: 2, tiny: 1 })
  const quietSeconds = sizeFor(options, { full: 3, quick: 1, tiny: 1 })
  await using carrier = await openCarrier()
  const bare = await atRest(await startBare(), { seconds, quietSeconds })
  // The first start after an upgrade compiles the program.
  await atRest(await startDaemon((await demoResidents(options)).folder, carrier.url), { seconds: 1, quietSeconds })
  const daemon = await atRest(await startDaemon(folder, carrier.url), { seconds, quietSeconds })
  return [
    {
      name: 'idle, memory',
      unit: 'MB',
      value: Math.round(daemon.mb),
      limit: Math.round(bare.mb),
      ratio: Math.round((daemon.mb / bare.mb) * 100) / 100,
      reach: `RSS <= ${MOST_MB} MB`,
      reached: daemon.mb <= MOST_MB,
      rss_mb: Math.round(daemon.peakMb),
      note: "after a day's duties, the backup too",
    },
    {
      name: 'idle, processor',
      unit: '% of one core',
      value: Math.round(daemon.percent * 100) / 100,
      limit: Math.round(bare.percent * 100) / 100,
      // Both are about nothing: their quotient would say less.
      ratio: Math.round((daemon.percent / MOST_PERCENT) * 100) / 100,
      reach: `CPU < ${MOST_PERCENT} %`,
      reached: daemon.percent < MOST_PERCENT,
      rss_mb: Math.round(daemon.peakMb),
      note: `over ${seconds} s; the ratio is to what is allowed`,
    },
  ]
}

async function atRest(
  running: Running,
  { seconds, quietSeconds }: { seconds: number; quietSeconds: number },
): Promise<Rest> {
  const { pid } = running
  const until = performance.now() + QUIET_WITHIN_SECONDS * 1_000
  while ((await busy(pid, quietSeconds)) > QUIET_PERCENT) {
    if (performance.now() > until) throw new Error(`not at rest after ${QUIET_WITHIN_SECONDS} s`)
  }
  const percent = await busy(pid, seconds)
  const rest = { mb: residentMb(pid), percent, peakMb: peakRss(pid) }
  await running.stop()
  return rest
}

/** Percent of one core over the next seconds. */
async function busy(pid: number, seconds: number): Promise<number> {
  const [before, begun] = [cpuSeconds(pid), performance.now()]
  await setTimeout(seconds * 1_000)
  return ((cpuSeconds(pid) - before) / (performance.now() - begun)) * 100_000
}
