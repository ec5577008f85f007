import { createInterface } from 'node:readline'
import { endOnCrash } from '../../src/cli/crash.ts'
import { runDaemon } from '../../src/cli/daemon.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { openLog } from '../../src/lib/events.ts'
import { takeInstanceLock } from '../../src/ops/lock.ts'
import { type Ground, openGround } from '../chaos/ground.ts'
import { takeHostClock } from './host-clock.ts'

/** As JSON in the first argument. */
export type Orders = Omit<Ground, 'worker'> & { startsAt: number }

/**
 * The daemon as a process of its own on a host that others meddle with: it begins at once, logs to standard output, and each line of
 * standard input is so many milliseconds by which the host's clock leaps, or a defect: `fail`, with words that nobody may read. Ends on SIGTERM or with its parent.
 */
async function main({ startsAt, ...ground }: Orders): Promise<void> {
  endOnCrash()
  const host = takeHostClock(startsAt)
  const stopping = new AbortController()
  process.on('SIGTERM', () => stopping.abort())
  const lines = createInterface({ input: process.stdin })
  lines.on('line', (line) => {
    const [what, words] = line.split(' ')
    if (what === 'fail') void Promise.reject(new Error(words))
    else host.leap(Number(line))
  })
  lines.on('close', () => stopping.abort())
  const clock = systemClock
  using _lock = takeInstanceLock({
    dataDir: ground.folder,
    holder: { pid: process.pid, command: 'drill', startedAt: clock.now() },
  })
  const log = openLog({ level: 'info', destination: process.stdout })
  await using app = await openGround(ground, { clock, log })
  await runDaemon(app, stopping.signal)
  lines.close()
}

await main(JSON.parse(process.argv[2]!) as Orders)
