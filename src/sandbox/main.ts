import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { type Clock, clockStartingAt, systemClock } from '../lib/clock.ts'
import { lastInstant } from './journal.ts'
import { openSandbox } from './sandbox.ts'

/** Credentials for whoever does not care which; they open nothing but a sandbox. */
const anySid = `AC${'0'.repeat(32)}`
const anyToken = 'sandbox'

/** The sandbox as a process of its own. Prints one line of JSON, `{"url":"http://127.0.0.1:…"}`, and serves until SIGTERM. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '0' },
      host: { type: 'string', default: '127.0.0.1' },
      seed: { type: 'string', default: '1' },
      transcript: { type: 'string' },
      'clock-start': { type: 'string' },
      'account-sid': { type: 'string', default: anySid },
      'auth-token': { type: 'string', default: anyToken },
      behaviour: { type: 'string', default: '{}' },
    },
  })
  const { transcript } = values
  await using sandbox = await openSandbox({
    accountSid: values['account-sid'],
    authToken: values['auth-token'],
    clock: await clockFor(values['clock-start'], transcript),
    listen: { host: values.host, port: Number(values.port) },
    seed: Number(values.seed),
    behaviour: JSON.parse(values.behaviour),
    ...(transcript === undefined ? {} : { transcriptFile: transcript }),
  })
  process.stdout.write(`${JSON.stringify({ url: sandbox.url })}\n`)
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
}

/** Started again with the same arguments, the clock goes on after the last thing that the transcript tells. */
async function clockFor(start: string | undefined, transcript: string | undefined): Promise<Clock> {
  if (start === undefined) return systemClock
  const startsAt = Date.parse(start)
  if (Number.isNaN(startsAt)) throw new RangeError(`--clock-start ${start} is not an ISO instant`)
  const last = transcript === undefined ? undefined : await lastInstant(transcript)
  return clockStartingAt(Math.max(startsAt, last ?? 0))
}

if (import.meta.main) {
  await main()
}
