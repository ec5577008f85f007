import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { App, Delivery } from '../app.ts'
import { PROJECT_DIR } from '../config.ts'
import type { Probes } from '../console/deps.ts'
import type { TroubleKind } from '../db/trouble.ts'
import { SCHEDULE } from '../ops/duties.ts'
import { notReady } from '../ops/readiness.ts'

/** `tickIdleMs`: real milliseconds since the ticker's last look at what is due; null before the first. `trouble`: of disk or database. */
export async function openProbes(
  app: App,
  delivery: Delivery,
  tickIdleMs: () => number | null,
  trouble: () => TroubleKind | null = () => null,
): Promise<Probes & Disposable> {
  const { openMetrics } = await import('../ops/metrics.ts')
  const metrics = openMetrics({
    reader: app.db.read,
    clock: app.clock,
    log: app.log,
    office: app.office,
    version: programVersion(),
    duties: SCHEDULE.map(({ name }) => name),
    dataDir: app.config.dataDir,
    databaseFile: app.config.databaseFile ?? null,
    counts: {
      attempts: delivery.dispatcher.counts,
      speech: delivery.voiceNotes.counts,
      web: delivery.listener.counts,
    },
  })
  return {
    metrics,
    notReady: () =>
      notReady({
        reader: app.db.read,
        listening: delivery.listener.listening(),
        tickIdleMs: tickIdleMs(),
        trouble: trouble(),
      }),
    [Symbol.dispose]: () => metrics[Symbol.dispose](),
  }
}

function programVersion(): string {
  const { version } = JSON.parse(readFileSync(join(PROJECT_DIR, 'package.json'), 'utf8')) as { version: string }
  return version
}
