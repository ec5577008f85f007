import { join, parse } from 'node:path'
import pino, { type DestinationStream, type LogFn, type Logger, type LoggerOptions } from 'pino'
import { faultText } from './fault-text.ts'

/** Structured logs: ids, counts and codes only. A value that names or reaches a person never goes in. */
export type Log = Logger

/** JSON lines to `destination`, standard output by default; `2` is standard error. */
export function openLog(options: { level: string; destination?: DestinationStream | 2 }): Log {
  const destination = options.destination === 2 ? surviving(pino.destination(2)) : options.destination
  const settings: LoggerOptions = {
    level: options.level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: REDACTED,
    serializers: { err: unsaid, error: unsaid },
    hooks: { logMethod: withoutErrors },
  }
  return destination ? pino(settings, destination) : pino(settings)
}

/**
 * JSON lines to a file that begins anew each day: `tenggat.log` becomes `tenggat.2026-12-06.1.log` and so on, the last 14 are
 * kept. Only for the daemon: two processes would rotate each other's file away.
 */
export async function openDailyLog(options: { level: string; file: string }): Promise<Log> {
  const { default: roll } = await import('pino-roll')
  const { dir, name, ext } = parse(options.file)
  const destination = await roll({
    file: join(dir, name),
    extension: ext || '.log',
    frequency: 'daily',
    dateFormat: 'yyyy-MM-dd',
    limit: { count: KEPT_DAYS, removeOtherLogFiles: true },
    mkdir: true,
    mode: 0o600,
    // The last lines before a crash are the ones that matter.
    sync: true,
  })
  const told = tellOfFailures(options.file)
  return openLog({ level: options.level, destination: surviving(destination, told) })
}

/** A disk without room for the log must not end the program: what could not be written waits for the next line. */
function surviving<Stream extends NodeJS.EventEmitter>(
  stream: Stream,
  onFailure: (error: NodeJS.ErrnoException) => void = () => undefined,
): Stream {
  stream.on('error', onFailure)
  return stream
}

/** To whoever reads standard error, once an hour: the log itself cannot say it. */
function tellOfFailures(file: string): (error: NodeJS.ErrnoException) => void {
  let toldAt = Number.NEGATIVE_INFINITY
  return ({ code }) => {
    if (performance.now() - toldAt < FAILURE_EVERY_MS) return
    toldAt = performance.now()
    process.stderr.write(`LOG_FILE ${file} cannot be written (${code}); what is to be logged waits in memory\n`)
  }
}

function unsaid(value: unknown): unknown {
  return value instanceof Error ? faultText(value) : value
}

/** pino would take an error's message for the line's own; it can hold a person's data. */
function withoutErrors(this: Logger, args: Parameters<LogFn>, method: LogFn): void {
  const [first, ...rest]: unknown[] = args
  const safe = first instanceof Error ? [{ fault: faultText(first) }, ...rest] : args
  method.apply(this, safe as Parameters<LogFn>)
}

const KEPT_DAYS = 14
const FAILURE_EVERY_MS = 3_600_000

export const silentLog: Log = pino({ level: 'silent' })

/** A second fence: these keys are blotted out should anyone log an object that has them. */
const REDACTED = [
  'phone',
  'to',
  'from',
  'body',
  'words',
  'full_name',
  'passport_no',
  'address',
  'raw',
  'token',
  'link',
].flatMap((key) => [key, `*.${key}`])
