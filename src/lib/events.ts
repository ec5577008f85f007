import pino, { type DestinationStream, type Logger } from 'pino'

/** Structured logs: ids, counts and codes only. A value that names or reaches a person never goes in. */
export type Log = Logger

/** JSON lines to `destination`, standard output by default; `2` is standard error. */
export function openLog(options: { level: string; destination?: DestinationStream | 2 }): Log {
  const destination = options.destination === 2 ? pino.destination(2) : options.destination
  const settings = { level: options.level, base: null, timestamp: pino.stdTimeFunctions.isoTime, redact: REDACTED }
  return destination ? pino(settings, destination) : pino(settings)
}

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
