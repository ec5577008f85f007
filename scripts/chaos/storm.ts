import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { App } from '../../src/app.ts'
import { SteppedClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/events.ts'
import { readTranscript } from '../../src/sandbox/journal.ts'
import { csv, freePort } from '../../test/world.ts'
import { type Ground, openGround, STARTS_AT } from './ground.ts'
import { peopleOf, residentRows, standingFaults } from './people.ts'
import { type DaemonProcess, loadDaemon, type SandboxProcess, startSandbox, transcriptIn } from './processes.ts'
import { settle } from './settle.ts'
import { seeded, weather } from './weather.ts'

export type StormOptions = {
  /** Empty; what is left in it at the end can be judged again. */
  folder: string
  seed: number
  minutes: number
  residents: number
  tell: (line: string) => void
}

const KILLS_PER_MINUTE = 50
/** After the daemon works and the next one is ready to take over. */
const SHORTEST_LIFE_MS = 20
const LONGEST_LIFE_MS = 1_200
/** So many ends are orderly ones. */
const STOPPED_SHARE = 0.1
/** So many are killed while they start: too early to be counted. */
const EARLY_SHARE = 0.15
const WEATHER_LASTS_MS = 4_000
const FIRST_WORD_MS = 120_000

/**
 * Imports a register, and lets the daemon tell everybody while it is killed at random moments and the carrier has
 * faults; then ends the faults and the kills, and lets it finish. Kills and faults come from the seed; what they hit
 * depends on the machine.
 */
export async function storm({ folder, seed, minutes, residents, tell }: StormOptions): Promise<void> {
  await using stack = new AsyncDisposableStack()
  const random = seeded(seed)
  const rows = residentRows(residents)
  const begun = performance.now()
  const now = () => Math.floor(STARTS_AT + performance.now() - begun)
  const perSecond = Math.max(1, Math.ceil(residents / (minutes * 40)))
  const ground: Ground = { folder, port: await freePort(), sandboxUrl: '', perSecond }
  const sandbox = stack.use(await startSandbox({ folder, seed, clockStart: STARTS_AT }))
  ground.sandboxUrl = sandbox.url
  await sandbox.people(peopleOf(rows))
  await register(ground, csv(rows))
  tell(`${residents} residents registered`)

  const world: World = { ground, sandbox, seed, rows, now, random, tell }
  await killAgainAndAgain(world, minutes)
  await sandbox.faults(standingFaults(rows))
  tell('the faults are over; the daemon finishes')
  await settle(world)
}

export type World = {
  ground: Ground
  sandbox: SandboxProcess
  seed: number
  rows: ReturnType<typeof residentRows>
  now: () => number
  random: () => number
  tell: (line: string) => void
}

/** Imports and scans, before the first daemon. */
export async function register(ground: Ground, text: string): Promise<void> {
  const file = join(ground.folder, 'register.csv')
  writeFileSync(file, text)
  await using app: App = await openGround(ground, { clock: new SteppedClock(STARTS_AT), log: silentLog })
  await app.importFile({ file })
  await app.scan()
}

async function killAgainAndAgain(world: World, minutes: number): Promise<void> {
  const { ground, sandbox, rows, now, random, tell } = world
  const ends = now() + minutes * 60_000
  let spare = loadDaemon(ground)
  let kills = 0
  let fairUntil = 0
  try {
    await firstWord(world, spare)
    await spare.kill()
    spare = loadDaemon(ground)
    while (now() < ends || kills < minutes * KILLS_PER_MINUTE) {
      if (now() >= fairUntil) {
        await sandbox.faults([...weather(random), ...standingFaults(rows)])
        fairUntil = now() + WEATHER_LASTS_MS
      }
      const daemon = spare
      await daemon.begin(now())
      spare = loadDaemon(ground)
      const early = random() < EARLY_SHARE
      if (!early) await Promise.all([daemon.started(), spare.loaded()])
      await pause(SHORTEST_LIFE_MS + random() ** 2 * (LONGEST_LIFE_MS - SHORTEST_LIFE_MS))
      if (!daemon.alive()) throw new Error('the daemon ended by itself; see daemon.log')
      const orderly = !early && random() < STOPPED_SHARE
      if (orderly) await daemon.stop()
      else await daemon.kill()
      if (!early && !orderly) kills += 1
      if (!early && kills % 10 === 0) tell(`${kills} kills`)
    }
  } finally {
    await spare.kill()
  }
}

/** The first daemon may live until it rings somebody: making the voice notes takes longer than most lives. */
async function firstWord({ ground, now }: World, daemon: DaemonProcess): Promise<void> {
  await daemon.begin(now())
  await until(
    async () => (await readTranscript(transcriptIn(ground.folder))).some(({ kind }) => kind === 'call'),
    FIRST_WORD_MS,
  )
}

/** Asks every 100 ms. Throws when it does not come true in time. */
export async function until(holds: () => Promise<boolean>, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`waited ${withinMs} ms in vain`)
    await pause(100)
  }
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
