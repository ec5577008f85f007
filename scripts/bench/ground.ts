import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type App, openApp } from '../../src/app.ts'
import { type Config, PROJECT_DIR } from '../../src/config.ts'
import { newKeyFile } from '../../src/db/seal.ts'
import { addDays, type CivilDate, civilDate, instantOf } from '../../src/lib/civil-date.ts'
import { SteppedClock } from '../../src/lib/clock.ts'
import { openLog } from '../../src/lib/events.ts'
import { freePort } from '../../src/lib/free-port.ts'
import type { Office } from '../../src/lib/office.ts'
import { silentSpeech } from '../../test/silent-speech.ts'

export const TODAY = civilDate('2026-06-01')
export const TIME_ZONE = 'Asia/Jakarta'
/** What the sandbox takes when nothing else is said. */
export const ACCOUNT_SID = `AC${'0'.repeat(32)}`
export const AUTH_TOKEN = 'sandbox'
/** ITAS at stage 60: one SMS each. */
const EXPIRES = addDays(TODAY, 60)
const CHUNK = 500

export type BenchGround = {
  folder: string
  /** Default: none that answers. */
  carrierUrl?: string
  /** On PostgreSQL. */
  databaseUrl?: string | undefined
  /** Default: the folder. */
  dataDir?: string
  /** Messages under way at once; default 20. */
  concurrency?: number
}

/** The whole program, without rates, at half past eight on TODAY. Nothing of the tests and of the sandbox is loaded with it. */
export async function openBench(ground: BenchGround): Promise<App> {
  const { folder, databaseUrl } = ground
  return openApp(
    configOf({ ...ground, port: await freePort() }),
    {
      keys: keysIn(folder),
      databaseUrl,
      twilioAuthToken: AUTH_TOKEN,
      smtpUrl: undefined,
      heartbeatUrl: undefined,
    },
    {
      clock: new SteppedClock(morning(TODAY)),
      log: openLog({ level: 'warn', destination: 2 }),
      office: (office) => withoutRates(office, ground.concurrency ?? 20),
      speech: [silentSpeech()],
    },
  )
}

export function morning(date: CivilDate): number {
  return instantOf(date, '08:30', TIME_ZONE)
}

function configOf({ folder, carrierUrl, databaseUrl, dataDir, port }: BenchGround & { port: number }): Config {
  return {
    databaseFile: databaseUrl === undefined ? join(folder, 'tenggat.db') : undefined,
    dataDir: dataDir ?? folder,
    officeFile: join(PROJECT_DIR, 'templates', 'office.yaml'),
    templatesDir: join(PROJECT_DIR, 'templates'),
    secretKeyFile: join(folder, 'secret.key'),
    consoleListen: { host: '127.0.0.1', port: 0 },
    consoleBaseUrl: undefined,
    consoleTls: undefined,
    publicListen: { host: '127.0.0.1', port },
    publicBaseUrl: `http://127.0.0.1:${port}`,
    trustedProxies: [],
    twilio: {
      accountSid: ACCOUNT_SID,
      apiBaseUrl: carrierUrl ?? 'http://127.0.0.1:1',
      smsFrom: 'IMIGRASI',
      callFrom: '+62342000001',
      whatsappFrom: '+62342000002',
      messagingServiceSid: undefined,
    },
    speech: 'espeak',
    googleCredentialsFile: undefined,
    googleEndpoint: undefined,
    digestTo: [],
    alarmTo: [],
    heartbeat: false,
    logLevel: 'silent',
    logFile: undefined,
  }
}

export function keysIn(folder: string): string {
  const file = join(folder, 'secret.key')
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    writeFileSync(file, newKeyFile('bench'), { mode: 0o600 })
    return readFileSync(file, 'utf8')
  }
}

function withoutRates(office: Office, concurrency: number): Office {
  const fast = { perSecond: 100_000, concurrency }
  return { ...office, rates: { sms: fast, call: fast, whatsapp: fast } }
}
/** So many residents who are all due today, written past the import. */
export async function register(app: App, count: number): Promise<void> {
  const { vault } = app.db
  const now = app.clock.now()
  for (let from = 0; from < count; from += CHUNK) {
    const numbers = Array.from({ length: Math.min(CHUNK, count - from) }, (_, index) => from + index)
    await app.db.write(async (tx) => {
      const rows = await tx
        .insert(tx.t.residents)
        .values(
          numbers.map((number) => {
            const phone = `+62812${String(number).padStart(8, '0')}`
            return {
              office_code: app.office.code,
              register_no: `R${number}`,
              full_name: `Resident ${number}`,
              nationality: ['TH', 'TW', 'MY', 'DE', 'JP', 'US', 'CN', 'KR'][number % 8]!,
              phone,
              phone_index: vault.blind(phone, 'phone'),
              phone_country: 'ID',
              phone_line: 'mobile' as const,
              register_digest: '',
              created_at: now,
              updated_at: now,
            }
          }),
        )
        .returning({ id: tx.t.residents.id })
      await tx.insert(tx.t.permits).values(
        rows.map(({ id }) => ({
          resident_id: id,
          office_code: app.office.code,
          permit_no: `P${String(id).padStart(7, '0')}`,
          kind: 'ITAS',
          expires_on: EXPIRES,
          is_current: 1,
          register_digest: '',
          known_since: TODAY,
          created_at: now,
          updated_at: now,
        })),
      )
    })
  }
}

/** A bare carrier in a process of its own, which answers so many milliseconds late. */
export async function openCarrier({ latencyMs = 0 } = {}): Promise<AsyncDisposable & { url: string }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'carrier-stub.ts'), String(latencyMs)], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string]
  const { url } = JSON.parse(line) as { url: string }
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      if (child.exitCode === null) await once(child, 'exit')
    },
  }
}

export async function timed<Result>(work: () => Promise<Result>): Promise<{ result: Result; seconds: number }> {
  const began = performance.now()
  const result = await work()
  return { result, seconds: (performance.now() - began) / 1_000 }
}

export function round(value: number): number {
  return Math.round(value * 10) / 10
}
