import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type App, type Delivery, type Overrides, openApp } from '../src/app.ts'
import { drainUntilQuiet } from '../src/cli/deliver.ts'
import { nextInstant } from '../src/cli/simulated-day.ts'
import type { Config, Secrets } from '../src/config.ts'
import { testDatabase } from '../src/db/testing.ts'
import type { Patience } from '../src/deliver/settings.ts'
import { civilDate, instantOf } from '../src/lib/civil-date.ts'
import { SteppedClock } from '../src/lib/clock.ts'
import { silentLog } from '../src/lib/events.ts'
import { freePort } from '../src/lib/free-port.ts'
import type { Office } from '../src/lib/office.ts'
import type { Person } from '../src/sandbox/people.ts'
import { openSandbox, type Sandbox } from '../src/sandbox/sandbox.ts'
import { ACCOUNT_SID, AUTH_TOKEN, configOf, secretsIn, TIME_ZONE, withoutRates } from './ground.ts'
import { shortHum } from './silent-speech.ts'

/** The whole program against the embedded carrier, with a clock that stands still until it is moved. */
export type World = AsyncDisposable & {
  folder: string
  clock: SteppedClock
  sandbox: Sandbox
  app: App
  delivery: Delivery
  /** Moves the clock to `time` (HH:MM) on `date`, office time. */
  at(date: string, time: string): void
  /** Imports these rows as a CSV file. */
  register(rows: readonly Row[], options?: { force?: boolean }): ReturnType<App['importFile']>
  /** Sends everything that is due at this instant, to the last receipt. */
  deliver(): Promise<void>
  /** A whole office day: the scan at 06:00, then every instant at which something is due until 17:00. */
  day(date: string): Promise<void>
}

export type Row = Partial<Record<(typeof COLUMNS)[number], string>> & { permit_no: string; expires_on: string }

const COLUMNS = [
  'register_no',
  'full_name',
  'nationality',
  'passport_no',
  'birth_date',
  'phone',
  'whatsapp_opt_in_on',
  'language',
  'address',
  'regency',
  'sponsor_name',
  'sponsor_phone',
  'permit_no',
  'permit_kind',
  'issued_on',
  'expires_on',
] as const

export async function openWorld(
  options: {
    today?: string
    people?: (number: string) => Person
    office?: (office: Office) => Office
    patience?: Patience
    overrides?: Overrides
    config?: Partial<Config>
    /** Writes the office files into the folder and returns OFFICE_FILE. */
    officesIn?: (folder: string) => string
    secrets?: Partial<Secrets>
    behaviour?: Parameters<typeof openSandbox>[0]['behaviour']
  } = {},
): Promise<World> {
  await using stack = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'tenggat-world-'))
  stack.defer(() => rmSync(folder, { recursive: true, force: true }))
  const clock = new SteppedClock(instantOf(civilDate(options.today ?? '2026-06-01'), '06:00', TIME_ZONE))
  const port = await freePort()
  const base = `http://127.0.0.1:${port}`
  const sandbox = stack.use(
    await openSandbox({
      accountSid: ACCOUNT_SID,
      authToken: options.secrets?.twilioAuthToken ?? AUTH_TOKEN,
      clock,
      pace: { callbackDelayMs: 0 },
      people: options.people ?? (() => ({ answers: 'human', presses: ['1'] })),
      behaviour: {
        messageUrl: `${base}/twilio/message`,
        voiceUrl: `${base}/twilio/call/inbound`,
        ...options.behaviour,
      },
    }),
  )
  const { url: databaseUrl } = stack.use(await testDatabase())
  const app = stack.use(
    await openApp(
      {
        ...configOf({ folder, port, carrierUrl: sandbox.url, databaseUrl }),
        ...(options.officesIn ? { officeFile: options.officesIn(folder) } : {}),
        ...options.config,
      },
      { ...secretsIn({ folder, databaseUrl }), ...options.secrets },
      {
        clock,
        log: silentLog,
        office: (office) => (options.office ?? ((same) => same))(withoutRates(office)),
        patience: options.patience ?? { leaseMs: 60_000, lookup: { listingMs: 0, everyMs: 1_000 } },
        random: countingRandom(),
        speech: [shortHum()],
        ...options.overrides,
      },
    ),
  )
  const delivery = stack.use(await app.openDelivery())
  const opened = stack.move()

  const world: World = {
    folder,
    clock,
    sandbox,
    app,
    delivery,
    at(date, time) {
      clock.set(instantOf(civilDate(date), time, TIME_ZONE))
    },
    register(rows, { force = false } = {}) {
      const file = join(folder, 'register.csv')
      writeFileSync(file, csv(rows))
      return app.importFile({ file, force })
    },
    deliver: () => deliverDue(world),
    async day(date) {
      world.at(date, '06:00')
      await app.scan()
      await app.overstay()
      await deliverUntil(world, instantOf(civilDate(date), '17:00', TIME_ZONE))
      await app.attend()
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
  return world
}

type Sending = Pick<World, 'app' | 'delivery' | 'sandbox' | 'clock'>

async function deliverDue({ delivery, sandbox }: Pick<Sending, 'delivery' | 'sandbox'>): Promise<void> {
  for (;;) {
    const first = await drainUntilQuiet(delivery, { quietMs: 0 })
    await sandbox.idle()
    const second = await drainUntilQuiet(delivery, { quietMs: 0 })
    if (first.taken + second.taken === 0) return
  }
}

/** Sends what is due now and, moving the clock from one instant to the next, whatever falls due before `ends` (epoch ms). */
export async function deliverUntil({ app, delivery, sandbox, clock }: Sending, ends: number): Promise<void> {
  for (;;) {
    await deliverDue({ delivery, sandbox })
    const next = await nextInstant(app, clock.now())
    if (next === null || next >= ends) return
    clock.set(next)
  }
}

/** The database is a file in the folder unless `databaseUrl` says where it is; that one belongs into the secrets too. */
export function csv(rows: readonly Row[]): string {
  const cell = (text: string | undefined) => `"${(text ?? '').replaceAll('"', '""')}"`
  return [COLUMNS.join(','), ...rows.map((row) => COLUMNS.map((column) => cell(row[column])).join(','))].join('\n')
}

/** References that are the same in every run: a transcript can be compared. */
function countingRandom(): () => number {
  let seed = 1
  return () => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed / 2_147_483_647
  }
}
