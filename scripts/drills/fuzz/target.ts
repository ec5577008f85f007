import { Writable } from 'node:stream'
import { type Log, openLog } from '../../../src/lib/events.ts'
import type { Answer, Shot } from './send.ts'

/** What a listener is shot at with, and what else there is to watch. */
export type Target = AsyncDisposable & {
  url: string
  /** Lines that were logged as errors. */
  errors: string[]
  /** The next request; the same for the same draws, whatever was answered. */
  next(): Shot
  /** What is wrong with an answer beyond its status, or null. */
  judge(shot: Shot, answer: Answer): string | null
  /** After an answer: sessions that it ended are begun anew. */
  tend(shot: Shot): Promise<void>
}

/** Whoever holds the account's token but sends no id or status is no carrier: that is an error, and said to be one. */
const EXPECTED = /"event":"webhook\.unreadable"/

/** A log that keeps the lines of errors that should not be, and nothing else. */
export function openErrorLog(): { log: Log; errors: string[] } {
  const errors: string[] = []
  const destination = new Writable({
    write(line: Buffer, _encoding, done) {
      if (!EXPECTED.test(line.toString())) errors.push(line.toString().trim())
      done()
    },
  })
  return { log: openLog({ level: 'error', destination }), errors }
}

/** What no answer may show, whatever was sent. */
export function leakIn({ headers, text }: Answer): string | null {
  if (headers['x-injected'] !== undefined) return 'a header was injected'
  if (/evil\.example/.test(String(headers.location ?? '').split('?')[0]!)) return 'it leads to another site'
  if (/<script>alert|<img src=x/.test(text) && /text\/html/.test(String(headers['content-type'])))
    return 'markup was not escaped'
  if (/\bat .*\.ts:\d+|SqliteError|syntax error at|node_modules/.test(text)) return 'it shows the inside of the program'
  if (headers['x-content-type-options'] !== 'nosniff') return 'it may be sniffed'
  if (!String(headers['content-security-policy']).includes("frame-ancestors 'none'")) return 'it may be framed'
  return null
}
