import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type App, openApp } from '../../src/app.ts'
import { addDays, type CivilDate, civilDate, instantOf } from '../../src/lib/civil-date.ts'
import { SteppedClock } from '../../src/lib/clock.ts'
import { openLog } from '../../src/lib/events.ts'
import { freePort } from '../../src/lib/free-port.ts'
import { configOf, secretsIn, TIME_ZONE, withoutRates } from '../../test/ground.ts'
import { silentSpeech } from '../../test/silent-speech.ts'

export const TODAY = civilDate('2026-06-01')
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
    { ...configOf({ ...ground, port: await freePort() }), ...(ground.dataDir && { dataDir: ground.dataDir }) },
    secretsIn({ folder, databaseUrl }),
    {
      clock: new SteppedClock(morning(TODAY)),
      log: openLog({ level: 'warn', destination: 2 }),
      office: (office) => withoutRates(office, ground),
      speech: [silentSpeech()],
    },
  )
}

export function morning(date: CivilDate): number {
  return instantOf(date, '08:30', TIME_ZONE)
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
