import { statSync } from 'node:fs'
import type { Registry } from 'prom-client'
import type { Probes } from '../console/deps.ts'
import type { Reader } from '../db/open.ts'
import type { Dispatcher } from '../deliver/dispatcher.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/events.ts'
import { faultText } from '../lib/fault-text.ts'
import type { Office } from '../lib/office.ts'
import type { PublicCounts } from '../public/deps.ts'
import { lookAtSpace } from './doctor/disk.ts'
import { CHANNELS, type Figures, readFigures } from './figures.ts'

export type MetricsSources = {
  reader: Reader
  clock: Clock
  log: Log
  office: Office
  version: string
  /** Names of the duties that should run. */
  duties: readonly string[]
  dataDir: string
  /** Null where the database is not a file. */
  databaseFile: string | null
  counts: ProcessCounts
}

/** Since the program started. */
export type ProcessCounts = {
  attempts: Dispatcher['counts']
  speech: Readonly<{ syntheses: number; characters: number; faults: number }>
  web: Readonly<PublicCounts>
}

export type Metrics = Probes['metrics'] & Disposable

/** Of the text format that every scraper reads. */
const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** Prefixed with `tenggat_`; a counter's name ends with `_total`. */
type Metric = { name: string; help: string; rows: Row[] }
type Row = [labels: Readonly<Record<string, string>>, value: number]

/**
 * What /metrics says: what the database holds, asked at each scrape; what this process counted; and prom-client's own of the
 * process, from the first scrape on. Labels are duties, channels, states and codes; never anything of a person. While the
 * database does not answer, `tenggat_database_up` is 0 and what it holds is left out.
 */
export function openMetrics(sources: MetricsSources): Metrics {
  let process: Registry | undefined
  let underway: Promise<string> | undefined

  const scrape = async () => {
    const { collectDefaultMetrics, Registry } = await import('prom-client')
    if (process === undefined) {
      process = new Registry()
      collectDefaultMetrics({ register: process })
    }
    const figures = await figuresOf(sources)
    const ours = await registryOf([
      ...ofProgram(sources.version, figures !== null),
      ...(await ofDisk(sources)),
      ...ofProcess(sources.counts),
      ...(figures === null ? [] : ofFigures(figures)),
    ])
    return Registry.merge([ours, process]).metrics()
  }
  return {
    contentType: CONTENT_TYPE,
    // Whoever asks meanwhile shares the answer.
    render: () => {
      underway ??= scrape().finally(() => {
        underway = undefined
      })
      return underway
    },
    [Symbol.dispose]: () => process?.clear(),
  }
}

async function figuresOf({ reader, office, clock, duties, log }: MetricsSources): Promise<Figures | null> {
  try {
    return await readFigures(reader, { office, now: clock.now(), duties })
  } catch (error) {
    log.error({ fault: faultText(error) }, 'metrics without the database')
    return null
  }
}

async function registryOf(metrics: readonly Metric[]): Promise<Registry> {
  const { Counter, Gauge, Registry } = await import('prom-client')
  const registry = new Registry()
  for (const { name, help, rows } of metrics) {
    const labelNames = [...new Set(rows.flatMap(([labels]) => Object.keys(labels)))]
    const settings = { name: `tenggat_${name}`, help, labelNames, registers: [registry] }
    if (name.endsWith('_total')) {
      const counter = new Counter(settings)
      for (const [labels, value] of rows) counter.inc(labels, value)
    } else {
      const gauge = new Gauge(settings)
      for (const [labels, value] of rows) gauge.set(labels, value)
    }
  }
  return registry
}

function ofProgram(version: string, databaseUp: boolean): Metric[] {
  return [
    { name: 'info', help: 'Always 1; the version is its label', rows: [[{ version }, 1]] },
    one('database_up', '1 when the database answered this scrape, else 0', databaseUp ? 1 : 0),
  ]
}

async function ofDisk({ dataDir, databaseFile }: MetricsSources): Promise<Metric[]> {
  const { freeBytes } = await lookAtSpace(dataDir)
  const free = one('disk_free_bytes', 'Space left for the data folder', freeBytes)
  if (databaseFile === null) return [free]
  const bytes = [databaseFile, `${databaseFile}-wal`].reduce((sum, file) => sum + bytesOf(file), 0)
  return [free, one('database_bytes', 'Size of the database file with its write-ahead log', bytes)]
}

function ofProcess({ attempts, speech, web }: ProcessCounts): Metric[] {
  return [
    {
      name: 'attempts_total',
      help: 'Requests to send, by what the carrier answered, since the start',
      rows: CHANNELS.flatMap((channel) =>
        Object.entries(attempts[channel]).map(([outcome, count]): Row => [{ channel, outcome }, count]),
      ),
    },
    {
      name: 'receipts_total',
      help: 'Receipts that came by webhook, since the start',
      rows: [
        [{ result: 'stored' }, web.receipts],
        [{ result: 'repeated' }, web.repeated],
      ],
    },
    one('webhooks_forged_total', 'Webhooks refused for want of a good signature, since the start', web.forged),
    one('public_requests_total', 'Requests to the public listener, since the start', web.requests),
    one('public_errors_total', 'Public requests that failed by our own fault, since the start', web.errors),
    one('speech_syntheses_total', 'Voice notes spoken, since the start', speech.syntheses),
    one('speech_characters_total', 'Characters spoken by an engine, since the start', speech.characters),
    one('speech_faults_total', 'Failures of an engine, since the start', speech.faults),
    one(
      'speech_reminders_total',
      'Calls and WhatsApp messages accepted by the carrier, since the start',
      attempts.call.accepted + attempts.whatsapp.accepted,
    ),
  ]
}

function ofFigures(figures: Figures): Metric[] {
  const { duties, queues, deliveries, faults } = figures
  return [
    {
      name: 'duty_last_finished_timestamp_seconds',
      help: 'When the duty last ended well; 0: never',
      rows: duties.map(({ duty, lastFinishedAt }) => [{ duty }, seconds(lastFinishedAt)]),
    },
    {
      name: 'duty_last_failure_timestamp_seconds',
      help: 'When the last try on record that failed began; 0: none',
      rows: duties.map(({ duty, lastFailureAt }) => [{ duty }, seconds(lastFailureAt)]),
    },
    {
      name: 'duty_failed_tries',
      help: "Failed tries of the duty's newest slot",
      rows: duties.map(({ duty, failedTries }) => [{ duty }, failedTries]),
    },
    {
      name: 'queue_deliveries',
      help: 'Deliveries in the queue, due or not',
      rows: queues.map(({ channel, queued }) => [{ channel }, queued]),
    },
    {
      name: 'queue_due_deliveries',
      help: 'Deliveries in the queue whose time has come',
      rows: queues.map(({ channel, due }) => [{ channel }, due]),
    },
    {
      name: 'queue_oldest_due_age_seconds',
      help: 'How long the oldest due delivery has waited since the sending window opened; 0 outside the window',
      rows: queues.map(({ channel, oldestDueMs }) => [{ channel }, oldestDueMs / 1_000]),
    },
    {
      name: 'deliveries',
      help: 'Deliveries on record',
      rows: deliveries.map(({ channel, state, count }) => [{ channel, state }, count]),
    },
    {
      name: 'attempt_faults_total',
      help: 'Attempts on record that ended with an error of the carrier',
      rows: faults.map(({ channel, errorClass, count }) => [{ channel, error_class: errorClass }, count]),
    },
    one('receipts_waiting', 'Receipts stored and not yet merged', figures.receiptsWaiting),
    one(
      'receipt_last_timestamp_seconds',
      'When the newest receipt was stored; 0: never',
      seconds(figures.lastReceiptAt),
    ),
    one(
      'webhook_last_signed_timestamp_seconds',
      'When the carrier last called with a good signature; 0: never',
      seconds(figures.lastWebhookAt),
    ),
    { name: 'alarms_open', help: 'Open alarms', rows: figures.alarms.map((alarm) => [{ alarm }, 1]) },
    { name: 'pauses', help: 'Pauses in force', rows: figures.pauses.map((scope) => [{ scope }, 1]) },
    one('workers_alive', 'Processes that gave a sign of life in the last 90 seconds', figures.workersAlive),
    {
      name: 'overstay_cases_open',
      help: 'Open overstay cases',
      rows: figures.cases.map(({ level, count }) => [{ level }, count]),
    },
  ]
}

function one(name: string, help: string, value: number): Metric {
  return { name, help, rows: [[{}, value]] }
}

function seconds(instant: number | null): number {
  return (instant ?? 0) / 1_000
}

function bytesOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}
