import { peakRss } from './child.ts'
import { openCarrier } from './ground.ts'
import { type BenchOptions, type Line, lineOf, sizeFor } from './line.ts'
import { millionResidents } from './million.ts'
import { type Running, startBare, startDaemon } from './running.ts'

/** From the command to both listeners ready, with a million residents on record; the median of several. */
export async function startLines(options: BenchOptions): Promise<Line[]> {
  const { folder } = await millionResidents(options)
  const times = sizeFor(options, { full: 9, quick: 2, tiny: 1 })
  await using carrier = await openCarrier()
  // The first ones read their files from the disk, and the program's first one compiles them.
  const first = await once(() => startDaemon(folder, carrier.url))
  await once(startBare)
  const [daemon, bare]: [Started[], Started[]] = [[], []]
  for (let n = 0; n < times; n += 1) {
    bare.push(await once(startBare))
    daemon.push(await once(() => startDaemon(folder, carrier.url)))
  }
  return [
    lineOf({
      name: 'start',
      unit: 's',
      value: median(daemon),
      limit: median(bare),
      better: 'less',
      reach: { atMost: 3 },
      rssMb: Math.max(...daemon.map(({ peakMb }) => peakMb)),
      note: `the first start ${first.seconds.toFixed(2)} s`,
    }),
  ]
}

type Started = { seconds: number; peakMb: number }

async function once(start: () => Promise<Running>): Promise<Started> {
  const running = await start()
  const peakMb = peakRss(running.pid)
  await running.stop()
  return { seconds: running.seconds, peakMb }
}

function median(all: readonly Started[]): number {
  return all.map(({ seconds }) => seconds).toSorted((a, b) => a - b)[Math.floor(all.length / 2)]!
}
