import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { runDaemon } from '../../src/cli/daemon.ts'
import { clockStartingAt } from '../../src/lib/clock.ts'
import { openLog } from '../../src/lib/events.ts'
import { takeInstanceLock } from '../../src/ops/lock.ts'
import { type Ground, openGround } from './ground.ts'

const WARN = 40
/** What the log says when the daemon listens, and when its first message is out. */
const awaited = ['started', 'attempted']

/**
 * The daemon as a process of its own, to be killed; its ground is JSON in the first argument. Says `loaded`, waits for a line with the
 * instant (epoch ms) that its clock begins with (so the time to load modules is no part of its life), and says `started` and
 * `attempted`. Ends on SIGTERM or with its parent.
 */
async function main(ground: Ground): Promise<void> {
  const stopping = new AbortController()
  process.on('SIGTERM', () => stopping.abort())
  const lines = createInterface({ input: process.stdin })
  process.stdout.write('loaded\n')
  const [startsAt] = (await once(lines, 'line')) as [string]
  lines.on('close', () => stopping.abort())

  const clock = clockStartingAt(Number(startsAt))
  using _lock = ground.worker
    ? undefined
    : takeInstanceLock({
        dataDir: ground.folder,
        holder: { pid: process.pid, command: 'chaos', startedAt: clock.now() },
      })
  await using app = await openGround(ground, { clock, log: openLog({ level: 'info', destination: { write: passOn } }) })
  await runDaemon(app, stopping.signal)
  lines.close()
}

/** Warnings and errors to standard error; how far it has come, to the parent. */
function passOn(line: string): void {
  const { level, msg } = JSON.parse(line) as { level: number; msg: string }
  if (level >= WARN) process.stderr.write(line)
  if (awaited[0] === msg) process.stdout.write(`${awaited.shift()}\n`)
}

await main(JSON.parse(process.argv[2]!) as Ground)
