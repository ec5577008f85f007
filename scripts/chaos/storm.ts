import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { App } from '../../src/app.ts'
import { silentLog } from '../../src/lib/events.ts'
import { freePort } from '../../src/lib/free-port.ts'
import { readTranscript } from '../../src/sandbox/journal.ts'
import { csv, type Row } from '../../test/world.ts'
import { type Ground, openGround, STARTS_AT } from './ground.ts'
import { peopleOf, residentRows, standingFaults } from './people.ts'
import { loadDaemon, type SandboxProcess, startSandbox, transcriptIn } from './processes.ts'
import { settle } from './settle.ts'
import { pause, until } from './wait.ts'
import { seeded, weather } from './weather.ts'

export type StormOptions = {
  /** Empty; what is left in it at the end can be judged again. */
  folder: string
  seed: number
  minutes: number
  residents: number
  tell: (line: string) => void
}

export const KILLS_PER_MINUTE = 50
/** The register comes in bit by bit, so that there is work at every kill. */
export const KILLS_PER_PORTION = 4
/** So long at most after the moment that was waited for. */
const LONGEST_LIFE_MS = 800
/** So many die after their first message is out, unless there is nothing to send; the others between start and that. */
const SENDING_SHARE = 0.75
const IDLE_LIFE_MS = 3_000
/** So many ends are orderly ones. */
const STOPPED_SHARE = 0.1
/** So many are killed while they start: too early to be counted. */
const EARLY_SHARE = 0.1
const WEATHER_LASTS_MS = 4_000
const FIRST_WORD_MS = 120_000

/**
 * Imports a register, portion by portion, and lets the daemon tell everybody while it is killed at random moments and the
 * carrier has faults; then ends the faults and the kills, and lets it finish. Kills and faults come from the seed; what
 * they hit depends on the machine.
 */
export async function storm({ folder, seed, minutes, residents, tell }: StormOptions): Promise<void> {
  await using stack = new AsyncDisposableStack()
  const rows = residentRows(residents)
  const begun = performance.now()
  const now = () => Math.floor(STARTS_AT + performance.now() - begun)
  const sandbox = stack.use(await startSandbox({ folder, seed, clockStart: STARTS_AT }))
  const perSecond = Math.ceil(residents / (minutes * KILLS_PER_MINUTE))
  const ground: Ground = { folder, port: await freePort(), sandboxUrl: sandbox.url, perSecond }
  await sandbox.people(peopleOf(rows))

  const world: World = { ground, workers: [ground], sandbox, seed, rows, now, random: seeded(seed), tell }
  await killAgainAndAgain(world, minutes)
  await sandbox.faults(standingFaults(rows))
  tell('the faults are over; the daemon finishes')
  await settle(world)
  rmSync(join(folder, 'cache'), { recursive: true, force: true })
}

export type World = {
  /** To look at the database with. */
  ground: Ground
  /** Each daemon's own. */
  workers: readonly Ground[]
  sandbox: SandboxProcess
  seed: number
  rows: ReturnType<typeof residentRows>
  now: () => number
  random: () => number
  tell: (line: string) => void
}

async function killAgainAndAgain(world: World, minutes: number): Promise<void> {
  const { ground, sandbox, rows, now, random, tell } = world
  const wanted = Math.ceil(minutes * KILLS_PER_MINUTE)
  const size = Math.ceil((rows.length * KILLS_PER_PORTION) / wanted)
  await using app = await openGround(ground, { clock: { now }, log: silentLog })
  let come = size
  await importRows(app, ground, rows.slice(0, come))
  const ends = now() + minutes * 60_000
  await firstWord(world)

  let spare = loadDaemon(ground)
  let kills = 0
  let fairUntil = 0
  let importing: Promise<void> | undefined
  try {
    while (now() < ends || kills < wanted || come < rows.length) {
      if (now() >= fairUntil) {
        await sandbox.faults([...weather(random), ...standingFaults(rows)])
        fairUntil = now() + WEATHER_LASTS_MS
      }
      const daemon = spare
      await daemon.begin(now())
      spare = loadDaemon(ground)
      if (come < rows.length && kills >= (come / size) * KILLS_PER_PORTION) {
        importing = importRows(app, ground, rows.slice(come, come + size))
        come += size
      }
      const lot = random()
      const early = lot < EARLY_SHARE
      if (!early) await Promise.all([daemon.started(), spare.loaded()])
      if (lot > 1 - SENDING_SHARE) await Promise.race([daemon.sending(), pause(IDLE_LIFE_MS)])
      await pause(random() ** 2 * LONGEST_LIFE_MS)
      if (!daemon.alive()) throw new Error('the daemon ended by itself; see daemon.log')
      const orderly = !early && random() < STOPPED_SHARE
      if (orderly) await daemon.stop()
      else await daemon.kill()
      await importing
      if (!early && !orderly) kills += 1
      if (!early && !orderly && kills % 10 === 0) tell(`${kills} kills`)
    }
  } finally {
    await spare.kill()
  }
}

/** As the import command does beside a daemon, which scans when it sees it. */
export async function importRows(app: App, { folder }: Pick<Ground, 'folder'>, rows: readonly Row[]): Promise<void> {
  const file = join(folder, 'register.csv')
  writeFileSync(file, csv(rows))
  await app.importFile({ file, force: true })
}

/** The first daemon may live until it rings somebody: making the voice notes takes longer than most lives. */
export async function firstWord({ workers: [ground], now }: World): Promise<void> {
  await using daemon = loadDaemon({ ...ground!, perSecond: 1 })
  await daemon.begin(now())
  const hasRung = async () => (await readTranscript(transcriptIn(ground!.folder))).some(({ kind }) => kind === 'call')
  await until(hasRung, FIRST_WORD_MS)
  await daemon.kill()
}
