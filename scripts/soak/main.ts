import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import Database from 'better-sqlite3'
import type { ExitCode, Output } from '../../src/cli/output.ts'
import { addDays, civilDate, instantOf } from '../../src/lib/civil-date.ts'
import { SteppedClock } from '../../src/lib/clock.ts'
import { freePort } from '../../src/lib/free-port.ts'
import { countByPhoneAndLink, openSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts'
import { ACCOUNT_SID, AUTH_TOKEN, TIME_ZONE } from '../../test/ground.ts'
import { csv } from '../../test/world.ts'
import { seeded, weather } from '../chaos/weather.ts'
import { command, positive } from '../command.ts'
import { chartOf } from './chart.ts'
import { type DayFigures, unexplainedGrowth } from './figures.ts'
import { type RunningProgram, startProgram } from './running-program.ts'
import { registerOn } from './town.ts'

const USAGE = `npm run soak -- [--days N] [--residents N] [--seed N] [--svg FILE] [--keep] [--json]

Lives through that many days (60) in minutes: each day a register file, duties, deliveries, receipts, faults of the carrier, and
every few days a kill at a random moment. Prints what each day leaves behind, and exits 1 on growth that the data does not
explain, or when somebody got one message twice. --keep leaves its folder in place.
`
const STARTS_ON = civilDate('2026-02-02')
/** Hours at which the program looks at its clock besides those at which something is due. */
const HOURS = ['03:05', '06:20', '07:00', '08:00'] as const
const IMPORT_AT = '07:00'
const WINDOW_ENDS = '17:00'
const KILL_SHARE = 0.2
const MEGABYTE = 1024 * 1024

type Options = { days: number; residents: number; seed: number; svg: string | undefined; keep: boolean }

async function soak({ days: count, residents, seed, svg, keep }: Options, output: Output): Promise<ExitCode> {
  await using stack = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'tenggat-soak-'))
  if (!keep) stack.defer(() => rmSync(folder, { recursive: true, force: true }))
  else output.line(folder)
  const clock = new SteppedClock(instantOf(STARTS_ON, '00:00', TIME_ZONE))
  const sandbox = stack.use(
    await openSandbox({ accountSid: ACCOUNT_SID, authToken: AUTH_TOKEN, clock, pace: { callbackDelayMs: 0 } }),
  )
  const port = await freePort()
  sandbox.configure({ messageUrl: `http://127.0.0.1:${port}/twilio/message` })
  const life = new Soak({
    folder,
    port,
    clock,
    sandbox,
    residents,
    random: seeded(seed),
  })
  stack.defer(() => life.end())

  const days: DayFigures[] = []
  output.line(HEADER)
  for (let day = 1; day <= count; day += 1) {
    days.push(await life.live(day))
    output.line(lineOf(days.at(-1)!))
  }
  if (svg !== undefined) writeFileSync(resolve(svg), chartOf(days))
  const growth = unexplainedGrowth(days)
  const twice = sandbox.transcript().length === 0 ? Number.NaN : toldTwice(sandbox)
  for (const fault of growth) output.line(`unexplained  ${fault}`)
  output.line(`told twice   ${twice}`)
  output.result({ days, growth, told_twice: twice })
  return growth.length === 0 && twice === 0 ? 0 : 1
}

type Parts = {
  folder: string
  port: number
  clock: SteppedClock
  sandbox: Sandbox
  residents: number
  random: () => number
}

class Soak {
  readonly #parts: Parts
  #program: RunningProgram | undefined
  #restarts = 0

  constructor(parts: Parts) {
    this.#parts = parts
  }

  async live(day: number): Promise<DayFigures> {
    const { clock, sandbox, folder, residents, random } = this.#parts
    const date = addDays(STARTS_ON, day - 1)
    const instant = (time: string) => instantOf(date, time, TIME_ZONE)
    // Delays are in real time; they would only make the run long.
    sandbox.faults.set(weather(random).filter(({ kind }) => kind !== 'latency' && kind !== 'delay-callback'))
    const killAt = random() < KILL_SHARE ? Math.floor(random() * 8) : -1
    let steps = 0
    let next: number | null = null
    for (const time of HOURS) {
      next = await this.#step(instant(time), steps++ === killAt)
      if (time !== IMPORT_AT) continue
      const file = join(folder, 'register.csv')
      writeFileSync(file, csv(registerOn({ residents, startsOn: STARTS_ON }, day)))
      await this.#ask({ do: 'import', file })
    }
    // Receipts and look-ups go on after the last message of the day.
    while (next !== null && next < instant(WINDOW_ENDS)) next = await this.#step(next, steps++ === killAt)
    sandbox.faults.set([])
    await this.#step(instant('18:00'), false)
    await this.#step(instant('23:30'), false)
    clock.set(instant('23:30'))
    return await this.#figures(day)
  }

  async end(): Promise<void> {
    await this.#program?.kill()
  }

  /** Everything due at that instant, until nobody has anything more to say. */
  async #step(instant: number, killed: boolean): Promise<number | null> {
    const { clock, sandbox, random } = this.#parts
    clock.set(instant)
    const order = { do: 'at', instant } as const
    if (killed) {
      const asked = this.#ask(order).catch((error: unknown) => error)
      await new Promise((resolve) => setTimeout(resolve, random() * 400))
      await this.#program!.kill()
      await asked
      this.#program = undefined
      this.#restarts += 1
    }
    for (;;) {
      const { next, taken } = await this.#ask(order)
      await sandbox.idle()
      if (taken === 0) return next ?? null
    }
  }

  async #ask(order: Parameters<RunningProgram['ask']>[0]) {
    const { folder, port, sandbox, clock } = this.#parts
    this.#program ??= await startProgram({ folder, port, sandboxUrl: sandbox.url, now: clock.now() })
    return this.#program.ask(order)
  }

  async #figures(day: number): Promise<DayFigures> {
    const { folder } = this.#parts
    const { rss = 0, heap = 0, handles = 0 } = await this.#ask({ do: 'measure' })
    const { rows, deliveries, voice_notes } = countRows(folder)
    const audio = filesIn(join(folder, 'audio'))
    return {
      day,
      rss_mb: rss / MEGABYTE,
      heap_mb: heap / MEGABYTE,
      handles,
      database_mb: sizeOf(join(folder, 'tenggat.db')) / MEGABYTE,
      wal_mb: sizeOf(join(folder, 'tenggat.db-wal')) / MEGABYTE,
      rows,
      deliveries,
      audio_mb: audio.bytes / MEGABYTE,
      audio_files: audio.files,
      voice_notes,
      restarts: this.#restarts,
    }
  }
}

/** By a connection that only reads: one that writes would empty the write-ahead log when it closes. */
function countRows(folder: string): { rows: number; deliveries: number; voice_notes: number } {
  const client = new Database(join(folder, 'tenggat.db'), { readonly: true })
  try {
    const tables = client.prepare("select name from sqlite_master where type = 'table'").pluck().all() as string[]
    const count = (table: string) => client.prepare(`select count(*) from "${table}"`).pluck().get() as number
    const rows = tables.reduce((sum, table) => sum + count(table), 0)
    return { rows, deliveries: count('deliveries'), voice_notes: count('voice_notes') }
  } finally {
    client.close()
  }
}

function toldTwice(sandbox: Sandbox): number {
  const messages = sandbox.transcript().filter(({ kind }) => kind !== 'call')
  return [...countByPhoneAndLink(messages).values()].filter((count) => count > 1).length
}

function filesIn(folder: string): { files: number; bytes: number } {
  if (!existsSync(folder)) return { files: 0, bytes: 0 }
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile())
  return { files: files.length, bytes: files.reduce((sum, one) => sum + sizeOf(join(one.parentPath, one.name)), 0) }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}

const HEADER = 'day  memory  heap  handles  database   wal     rows  deliveries  audio  notes  restarts'

function lineOf(day: DayFigures): string {
  const cell = (value: number, width: number, digits = 0) => value.toFixed(digits).padStart(width)
  return [
    cell(day.day, 3),
    cell(day.rss_mb, 7),
    cell(day.heap_mb, 5),
    cell(day.handles, 8),
    cell(day.database_mb, 9, 1),
    cell(day.wal_mb, 5, 1),
    cell(day.rows, 8),
    cell(day.deliveries, 11),
    cell(day.audio_mb, 6, 1),
    cell(day.voice_notes, 6),
    cell(day.restarts, 9),
  ].join(' ')
}

await command({
  usage: USAGE,
  options: {
    days: { type: 'string', default: '60' },
    residents: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
    svg: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
  run: ({ days, residents, seed, svg, keep }, output) =>
    soak(
      {
        days: positive('--days', days),
        residents: positive('--residents', residents),
        seed: positive('--seed', seed),
        svg,
        keep,
      },
      output,
    ),
})
