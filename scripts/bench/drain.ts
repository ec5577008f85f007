import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { type App, openApp } from '../../src/app.ts'
import { addDays, civilDate, instantOf } from '../../src/lib/civil-date.ts'
import { SteppedClock } from '../../src/lib/clock.ts'
import { openLog } from '../../src/lib/events.ts'
import { freePort } from '../../src/lib/free-port.ts'
import { silentSpeech } from '../../test/silent-speech.ts'
import { AUTH_TOKEN, configOf, keysIn, TIME_ZONE, withoutRates } from '../../test/world.ts'

/**
 * Drains many due deliveries against a bare carrier in another process and prints one JSON line: deliveries per second,
 * and resident memory at each tenth of the run. Usage: node scripts/bench/drain.ts [--deliveries 100000]
 */
const TODAY = civilDate('2026-06-01')
/** ITAS at stage 60: one SMS each. */
const EXPIRES = addDays(TODAY, 60)
const CHUNK = 500
const MEGABYTE = 1024 * 1024

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { deliveries: { type: 'string', default: '100000' } } })
  const wanted = Number(values.deliveries)
  await using stack = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'tenggat-drain-'))
  stack.defer(() => rmSync(folder, { recursive: true, force: true }))
  const carrier = stack.use(await openCarrier())
  const clock = new SteppedClock(instantOf(TODAY, '08:30', TIME_ZONE))
  const app = stack.use(
    await openApp(
      configOf({ folder, port: await freePort(), sandboxUrl: carrier.url }),
      { keys: keysIn(folder), twilioAuthToken: AUTH_TOKEN, smtpUrl: undefined, heartbeatUrl: undefined },
      { clock, log: openLog({ level: 'warn', destination: 2 }), office: withoutRates, speech: [silentSpeech()] },
    ),
  )
  note('opened')
  const registered = await timed(() => register(app, wanted))
  note('registered')
  const scanned = await timed(() => app.scan())
  note('scanned')
  const delivery = stack.use(await app.openDelivery())

  const memory: { share: number; rss: number; heap: number }[] = []
  let accepted = 0
  let began: number | undefined
  const { send } = delivery.carrier
  // The carrier port is where each delivery passes once.
  delivery.carrier.send = async (message) => {
    if (began === undefined) note('prepared')
    began ??= performance.now()
    const sent = await send(message)
    accepted += 1
    if (accepted % Math.floor(wanted / 10) === 0) {
      memory.push({ share: accepted / wanted, ...note(String(accepted)) })
    }
    return sent
  }
  const drained = await timed(() => delivery.dispatcher.drain())
  const sending = (performance.now() - (began ?? 0)) / 1_000
  const [first, last] = [memory[0], memory.at(-1)]
  if (!first || !last) throw new Error(`the drain ended early: ${JSON.stringify(drained.result)}`)
  const result = {
    deliveries: wanted,
    accepted: drained.result.accepted,
    register_seconds: round(registered.seconds),
    scan_seconds: round(scanned.seconds),
    prepare_seconds: round(drained.seconds - sending),
    send_seconds: round(sending),
    deliveries_per_second: Math.round(wanted / sending),
    rss_mb_at_10_percent: round(first.rss),
    rss_mb_at_100_percent: round(last.rss),
    rss_growth_percent: round((last.rss / first.rss - 1) * 100),
    heap_mb: memory.map(({ heap }) => Math.round(heap)),
  }
  process.stdout.write(`${JSON.stringify(result)}\n`)
  if (drained.result.accepted !== wanted || result.rss_growth_percent >= 20) process.exitCode = 1
}

async function register(app: App, count: number): Promise<void> {
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

/** Says on standard error how much memory the program holds, in megabytes. */
function note(when: string): { rss: number; heap: number } {
  const { rss, heapUsed, external } = process.memoryUsage()
  const [memory, heap, outside] = [rss, heapUsed, external].map((bytes) => Math.round(bytes / MEGABYTE))
  process.stderr.write(`${when}: rss ${memory} MB, heap ${heap} MB, external ${outside} MB\n`)
  return { rss: rss / MEGABYTE, heap: heapUsed / MEGABYTE }
}

async function openCarrier(): Promise<AsyncDisposable & { url: string }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'carrier-stub.ts')], {
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

async function timed<Result>(work: () => Promise<Result>): Promise<{ result: Result; seconds: number }> {
  const began = performance.now()
  const result = await work()
  return { result, seconds: (performance.now() - began) / 1_000 }
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

await main()
