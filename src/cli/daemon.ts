import { desc, eq } from 'drizzle-orm'
import type { App, Delivery } from '../app.ts'
import { cleanNotes } from '../compose/clean-notes.ts'
import { clearAlarm, raiseAlarm } from '../db/alarms.ts'
import { checkSpending } from '../deliver/budget.ts'
import { faultText } from '../lib/fault-text.ts'
import { type DutyWork, dutiesOf } from '../ops/duties.ts'
import { sendHeartbeat } from '../ops/heartbeat.ts'
import { tellService } from '../ops/service.ts'
import { startTicker } from '../ops/ticker.ts'
import { registerWorker } from '../ops/workers.ts'
import { holidayListAlarm } from '../scan/working-days.ts'
import { costDepsOf } from './forecast.ts'

/** Between two looks at the queue when nothing comes in. */
const IDLE_MS = 1_000
const FAULT_WAIT_MS = 5_000

/**
 * The daemon: both halves side by side until `signal`. The ticker runs duties at their hours; the loop sends what is due and
 * merges what the carrier tells. On the signal nothing new begins, what is in flight gets its outcome on record.
 */
export async function runDaemon(app: App, signal: AbortSignal): Promise<void> {
  await using delivery = await app.openDelivery()
  await using officers = await app.openConsole()
  await using worker = await registerWorker({ db: app.db, clock: app.clock, name: delivery.deps.worker })
  await using _ticker = startTicker({
    db: app.db,
    clock: app.clock,
    log: app.log,
    worker,
    duties: dutiesOf(app.office, dutyWork(app, delivery)),
    signal,
  })
  await using _service = tellService({ env: process.env, log: app.log })
  const stopSending = () => void delivery.dispatcher.stop()
  signal.addEventListener('abort', stopSending, { once: true })
  app.log.info({ worker: worker.name, public: delivery.listener.url, console: officers.url }, 'started')
  await deliverUntil(app, delivery, signal)
  app.log.info({ worker: worker.name }, 'stopping')
}

function dutyWork(app: App, delivery: Delivery): DutyWork {
  return {
    async scan() {
      const result = await app.scan()
      if (app.secrets.heartbeatUrl) await sendHeartbeat({ url: app.secrets.heartbeatUrl, log: app.log })
      return result
    },
    overstay: () => app.overstay(),
    attend: () => app.attend(),
    async holidays() {
      const year = holidayListAlarm(app.office, app.today())
      const now = app.clock.now()
      await app.db.write((tx) =>
        year === null
          ? clearAlarm(tx, { kind: 'holidays', now })
          : raiseAlarm(tx, {
              kind: 'holidays',
              detail: `the holiday list of ${year} is not confirmed in OFFICE_FILE`,
              now,
            }),
      )
      return { year }
    },
    spending: () =>
      checkSpending({ ...costDepsOf(app), db: app.db, clock: app.clock, log: app.log, carrier: delivery.carrier }),
    clean: () => cleanNotes({ db: app.db, dir: delivery.voiceNotes.dir, now: app.clock.now(), today: app.today() }),
  }
}

/** Sends until the signal. What an import by another process brought in is scanned at once. */
async function deliverUntil(app: App, delivery: Delivery, signal: AbortSignal): Promise<void> {
  let scannedImport: number | null = null
  while (!signal.aborted) {
    try {
      const newest = await newestImport(app)
      if (newest !== scannedImport) {
        await app.scan()
        await app.overstay()
        await app.attend()
        scannedImport = newest
      }
      const { taken } = await delivery.dispatcher.drain()
      if (taken > 0) continue
    } catch (error) {
      // A full disk or a locked database passes; what was not recorded is found by its lease.
      app.log.error({ fault: faultText(error) }, 'delivery round failed')
      await delivery.awaitNews(FAULT_WAIT_MS, signal)
    }
    await delivery.awaitNews(IDLE_MS, signal)
  }
}

async function newestImport({ db }: App): Promise<number> {
  const { imports } = db.t
  const [row] = await db.read
    .select({ id: imports.id })
    .from(imports)
    .where(eq(imports.state, 'applied'))
    .orderBy(desc(imports.id))
    .limit(1)
  return row?.id ?? 0
}
