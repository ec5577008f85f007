import { join, parse } from 'node:path'
import pino, { type DestinationStream, type Logger } from 'pino'

/** Structured logs: ids, counts and codes only. A value that names or reaches a person never goes in. */
export type Log = Logger

/** JSON lines to `destination`, standard output by default; `2` is standard error. */
export function openLog(options: { level: string; destination?: DestinationStream | 2 }): Log {
  const destination = options.destination === 2 ? pino.destination(2) : options.destination
  const settings = { level: options.level, base: null, timestamp: pino.stdTimeFunctions.isoTime, redact: REDACTED }
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
  return openLog({ level: options.level, destination })
}

const KEPT_DAYS = 14

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
