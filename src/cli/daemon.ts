import type { App, Delivery } from '../app.ts'
import { clearAlarm, raiseAlarm } from '../db/alarms.ts'
import { messageOf } from '../lib/errors.ts'
import { dutiesOf, type DutyWork } from '../ops/duties.ts'
import { sendHeartbeat } from '../ops/heartbeat.ts'
import { startTicker } from '../ops/ticker.ts'
import { registerWorker } from '../ops/workers.ts'
import { holidayListAlarm } from '../scan/working-days.ts'

/** Between two looks at the queue when nothing comes in. */
const IDLE_MS = 1_000
/** Officers' follow-ups are derived at most so often while deliveries flow. */
const ATTEND_EVERY_MS = 60_000
const FAULT_WAIT_MS = 5_000

/**
 * The daemon: both halves side by side until `signal`. The ticker runs duties at their hours; the loop sends what is due and
 * merges what the carrier tells. On the signal nothing new begins, what is in flight gets its outcome on record.
 */
export async function runDaemon(app: App, signal: AbortSignal): Promise<void> {
  await using delivery = await app.openDelivery()
  await using worker = await registerWorker({ db: app.db, clock: app.clock, name: delivery.deps.worker })
  await using _ticker = startTicker({
    db: app.db,
    clock: app.clock,
    log: app.log,
    worker,
    duties: dutiesOf(app.office, dutyWork(app)),
    signal,
  })
  app.log.info({ worker: worker.name, public: delivery.listener.url }, 'started')
  await deliverUntil(app, delivery, signal)
  app.log.info({ worker: worker.name }, 'stopping')
}

function dutyWork(app: App): DutyWork {
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
          : raiseAlarm(tx, { kind: 'holidays', detail: `the holiday list of ${year} is not confirmed in OFFICE_FILE`, now }),
      )
      return { year }
    },
  }
}

async function deliverUntil(app: App, delivery: Delivery, signal: AbortSignal): Promise<void> {
  let attendedAt = Number.NEGATIVE_INFINITY
  let changed = true
  while (!signal.aborted) {
    try {
      const drained = await delivery.dispatcher.drain()
      changed ||= drained.taken > 0
      if (changed && Math.abs(app.clock.now() - attendedAt) >= ATTEND_EVERY_MS) {
        await app.attend()
        attendedAt = app.clock.now()
        changed = false
      }
    } catch (error) {
      // A full disk or a locked database passes; what was not recorded is found by its lease.
      app.log.error({ error: messageOf(error) }, 'delivery round failed')
      await delivery.awaitNews(FAULT_WAIT_MS, signal)
    }
    changed = (await delivery.awaitNews(IDLE_MS, signal)) || changed
  }
}
