import { readdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { openApp } from '../../src/app.ts'
import { dutyWork } from '../../src/cli/daemon.ts'
import { drainUntilQuiet } from '../../src/cli/deliver.ts'
import { nextInstant } from '../../src/cli/simulated-day.ts'
import { SteppedClock } from '../../src/lib/clock.ts'
import { openLog } from '../../src/lib/events.ts'
import { dutiesOf } from '../../src/ops/duties.ts'
import { takeInstanceLock } from '../../src/ops/lock.ts'
import { startTicker } from '../../src/ops/ticker.ts'
import { registerWorker } from '../../src/ops/workers.ts'
import { configOf, secretsIn, withoutRates } from '../../test/ground.ts'
import { silentSpeech } from '../../test/silent-speech.ts'
import type { Answer, Order, ProgramGround } from './order.ts'

/**
 * The daemon's parts as a process of its own, whose clock stands still until it is told; its ground is JSON in the first argument.
 * Reads one order a line, answers each with one line. Warnings go to standard error. Ends with its parent.
 */
async function main({ folder, port, sandboxUrl, now }: ProgramGround): Promise<void> {
  const clock = new SteppedClock(now)
  using _lock = takeInstanceLock({
    dataDir: folder,
    holder: { pid: process.pid, command: 'soak', startedAt: clock.now() },
  })
  await using app = await openApp(configOf({ folder, port, carrierUrl: sandboxUrl }), secretsIn({ folder }), {
    clock,
    log: openLog({ level: 'error', destination: 2 }),
    office: withoutRates,
    speech: [silentSpeech()],
  })
  await using delivery = await app.openDelivery()
  await using _officers = await app.openConsole()
  await using worker = await registerWorker({ db: app.db, clock, name: delivery.deps.worker })
  await using ticker = startTicker({
    db: app.db,
    clock,
    log: app.log,
    worker,
    duties: dutiesOf(app.office, dutyWork(app, delivery)),
  })

  const carryOut = async (order: Order): Promise<Answer> => {
    if (order.do === 'import') {
      await app.importFile({ file: order.file, force: true })
      await app.scan()
      await app.overstay()
      await app.attend()
      return {}
    }
    if (order.do === 'measure') return measure()
    clock.set(order.instant)
    await ticker.runDueNow()
    const { taken } = await drainUntilQuiet(delivery, { quietMs: 20 })
    return { next: await nextInstant(app, clock.now()), taken }
  }

  process.stdout.write('{}\n')
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await carryOut(JSON.parse(line) as Order))}\n`)
  }
}

function measure(): Answer {
  globalThis.gc?.()
  const { rss, heapUsed } = process.memoryUsage()
  return { rss, heap: heapUsed, handles: readdirSync('/proc/self/fd').length }
}

await main(JSON.parse(process.argv[2]!) as ProgramGround)
