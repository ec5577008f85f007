import { type App, openApp } from '../../src/app.ts'
import type { Config, Secrets } from '../../src/config.ts'
import type { Patience } from '../../src/deliver/settings.ts'
import { addDays, civilDate, instantOf } from '../../src/lib/civil-date.ts'
import type { Clock } from '../../src/lib/clock.ts'
import type { Log } from '../../src/lib/events.ts'
import type { Office } from '../../src/lib/office.ts'
import { configOf, secretsIn, TIME_ZONE } from '../../test/ground.ts'
import { silentSpeech } from '../../test/silent-speech.ts'

/** Where everybody's permit ends in fourteen days. A Tuesday. */
export const TODAY = civilDate('2026-06-02')
export const EXPIRES_ON = addDays(TODAY, 14)
/** Epoch ms. */
export const STARTS_AT = instantOf(TODAY, '08:30', TIME_ZONE)

/** The carrier may answer so late ... */
export const LONGEST_LATENCY_MS = 2_000
/** ... and list what it took so much later. */
export const LONGEST_LISTING_DELAY_MS = 1_000
/**
 * The same proportions as in production, within a run of a minute: lease > half a lease + timeout, and look-ups go on
 * for longer than half a lease + latency + listing delay.
 */
const patience: Patience = { leaseMs: 4_000, lookup: { listingMs: 10_000, everyMs: 500 } }
const CARRIER_TIMEOUT_MS = 1_500

export type Ground = {
  folder: string
  /** Where the carrier calls back. */
  port: number
  sandboxUrl: string
  perSecond: number
  /** One of several, on a PostgreSQL database that they share. */
  worker?: Worker
}

export type Worker = {
  databaseUrl: string
  /** Where it keeps what is its own; the sounds are everybody's. */
  dataDir: string
  /** What it listens on: `port` is that of the balancer before all of them. */
  listenPort: number
}

/** The whole program in `folder`; what it sends goes to the sandbox alone. */
export function openGround(
  { folder, port, sandboxUrl, perSecond, worker }: Ground,
  parts: { clock: Clock; log: Log },
): Promise<App> {
  const base = configOf({ folder, port, carrierUrl: sandboxUrl, databaseUrl: worker?.databaseUrl })
  const twilio = { ...base.twilio, timeoutMs: CARRIER_TIMEOUT_MS }
  const config: Config = worker
    ? { ...base, twilio, dataDir: worker.dataDir, publicListen: { host: '127.0.0.1', port: worker.listenPort } }
    : { ...base, twilio }
  const secrets: Secrets = secretsIn({ folder, databaseUrl: worker?.databaseUrl })
  return openApp(config, secrets, {
    ...parts,
    patience,
    speech: [silentSpeech()],
    office: (office) => allAtOnce(office, perSecond),
  })
}

/** Calls are due with the messages. They begin half as fast: each fetches several documents and sounds. */
function allAtOnce(office: Office, perSecond: number): Office {
  const rate = { perSecond, concurrency: 20 }
  const callRate = { perSecond: Math.ceil(perSecond / 2), concurrency: 20 }
  return {
    ...office,
    callAfterSmsMinutes: 0,
    window: { ...office.window, call: { ...office.window.call, from: office.window.sms.from } },
    rates: { sms: rate, call: callRate, whatsapp: rate },
  }
}
