import { dirname } from 'node:path'
import type { App, Delivery } from '../app.ts'
import { cleanSessions } from '../console/sessions.ts'
import { forgetUploads } from '../console/uploads.ts'
import { clearAlarm, raiseAlarm } from '../db/alarms.ts'
import { systemClock } from '../lib/clock.ts'
import { faultText } from '../lib/fault-text.ts'
import { lazily } from '../lib/lazily.ts'
import { type DutyWork, dutiesOf } from '../ops/duties.ts'
import { tellService } from '../ops/service.ts'
import { openWatch } from '../ops/silence-signs.ts'
import { openStorageWatch, type StorageWatch } from '../ops/storage.ts'
import { startTicker, type Ticker } from '../ops/ticker.ts'
import { registerWorker } from '../ops/workers.ts'
import { registerMark } from '../register/mark.ts'
import { holidayListAlarm } from '../scan/working-days.ts'
import { openProbes } from './probes.ts'

/** Between two looks at whether anything was written, by whomever. */
const IDLE_MS = 1_000
/** Between two rounds while nothing is written: what only waits for its time, as a try that is due again or a window that opens. */
const ROUND_MS = 5_000
const FAULT_WAIT_MS = 5_000

/**
 * The daemon: both halves side by side until `signal`. The ticker runs duties at their hours; the loop sends what is due and
 * merges what the carrier tells. On the signal nothing new begins, what is in flight gets its outcome on record.
 */
export async function runDaemon(app: App, signal: AbortSignal): Promise<void> {
  await using delivery = await app.openDelivery()
  const ticking: { ticker?: Ticker } = {}
  const { databaseFile } = app.config
  const storage = openStorageWatch({ ...app, folder: databaseFile === undefined ? null : dirname(databaseFile) })
  const tickIdleMs = () => ticking.ticker?.idleMs() ?? null
  using probes = await openProbes(app, delivery, tickIdleMs, storage.trouble)
  await using officers = await app.openConsole(probes)
  await using worker = await registerWorker({ db: app.db, clock: app.clock, name: delivery.deps.worker })
  await using ticker = startTicker({
    db: app.db,
    clock: app.clock,
    log: app.log,
    worker,
    duties: dutiesOf(app.office, dutyWork(app, delivery)),
    signal,
  })
  ticking.ticker = ticker
  await using _service = tellService({ env: process.env, log: app.log })
  const stopSending = () => void delivery.dispatcher.stop()
  signal.addEventListener('abort', stopSending, { once: true })
  app.log.info({ worker: worker.name, public: delivery.listener.url, console: officers.url }, 'started')
  await deliverUntil(app, { delivery, storage, signal })
  app.log.info({ worker: worker.name }, 'stopping')
}

/** What a duty needs is loaded when it is due. */
export function dutyWork(app: App, delivery: Delivery): DutyWork {
  const watch = openWatch(app)
  const { heartbeatUrl: url, smtpUrl } = app.secrets
  const mayMail = smtpUrl !== undefined
  const mail = lazily(async () => (await import('./mail-duties.ts')).mailDuties(app))
  const heartbeat = url === undefined ? null : { db: app.db, log: app.log, url }
  return {
    digest: async (plannedAt) => (mayMail ? (await mail()).digest(plannedAt) : { digest: 'off' }),
    mail: async (plannedAt) => (mayMail ? (await mail()).mail(plannedAt) : { alarms: 'off' }),
    async scan(plannedAt) {
      const result = await app.scan()
      if (heartbeat) await (await import('../ops/heartbeat.ts')).tellOfScan(heartbeat, plannedAt)
      return result
    },
    async watch() {
      const now = app.clock.now()
      if (heartbeat) await (await import('../ops/heartbeat.ts')).tellAgain(heartbeat, now)
      const uploads = await forgetUploads(delivery.voiceNotes.dir, systemClock.now())
      return { silent: await watch(now), uploads }
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
    async spending() {
      const [{ checkSpending }, { costDepsOf }] = await Promise.all([
        import('../deliver/budget.ts'),
        import('./forecast.ts'),
      ])
      const { db, clock, log } = app
      return checkSpending({ ...costDepsOf(app), db, clock, log, carrier: delivery.carrier })
    },
    async clean() {
      const { audioDuty } = await import('./retention-duty.ts')
      const now = app.clock.now()
      const notes = await audioDuty(app, delivery)
      return { ...notes, sessions: await cleanSessions(app.db, now) }
    },
    retention: async () => (await import('./retention-duty.ts')).retentionDuty(app, delivery),
    backup: async () => (await import('./backup-apart.ts')).backupDuty(app),
  }
}

/** Sends until the signal. What an import, perhaps of another process, or an officer's correction brought in is scanned at once. */
async function deliverUntil(
  app: App,
  { delivery, storage, signal }: { delivery: Delivery; storage: StorageWatch; signal: AbortSignal },
): Promise<void> {
  let scanned: string | null = null
  let rested: { version: number | null; at: number } | null = null
  let news = false
  while (!signal.aborted) {
    try {
      if (!(await storage.look())) {
        await delivery.awaitNews(FAULT_WAIT_MS, signal)
        continue
      }
      // Before the round: what is written while it runs is found by the next one.
      const version = app.db.version()
      if (!news && mayRest(rested, version)) {
        news = await delivery.awaitNews(IDLE_MS, signal)
        continue
      }
      rested = null
      const mark = await registerMark(app.db.read)
      if (mark !== scanned) {
        await app.scan()
        await app.overstay()
        await app.attend()
        scanned = mark
      }
      const { taken } = await delivery.dispatcher.drain({ mayBegin: storage.mayBegin })
      if (taken > 0) continue
      rested = { version, at: performance.now() }
    } catch (error) {
      // A full disk or a locked database passes; what was not recorded is found by its lease.
      storage.met(error)
      app.log.error({ fault: faultText(error) }, 'delivery round failed')
      await delivery.awaitNews(FAULT_WAIT_MS, signal)
    }
    news = await delivery.awaitNews(IDLE_MS, signal)
  }
}

/** True while a round would find what the last one found, which left nothing to do. */
function mayRest(rested: { version: number | null; at: number } | null, version: number | null): boolean {
  return version !== null && rested?.version === version && performance.now() - rested.at < ROUND_MS
}
