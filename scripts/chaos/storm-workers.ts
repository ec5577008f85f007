import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { type Db, openSqlite } from '../../src/db/open.ts'
import { openPostgres } from '../../src/db/open-postgres.ts'
import { openVault } from '../../src/db/seal.ts'
import { AppError } from '../../src/lib/errors.ts'
import { silentLog } from '../../src/lib/events.ts'
import { freePort } from '../../src/lib/free-port.ts'
import { keysIn } from '../../test/ground.ts'
import { databaseUrl, NO_SERVER, openPostgresServer, type PostgresServer } from '../../test/postgres-server.ts'
import { openTcpProxy, type TcpProxy } from '../../test/tcp-proxy.ts'
import { type Ground, openGround, STARTS_AT } from './ground.ts'
import { peopleOf, residentRows, standingFaults } from './people.ts'
import { type DaemonProcess, loadDaemon, startSandbox } from './processes.ts'
import { settle } from './settle.ts'
import { firstWord, importRows, KILLS_PER_MINUTE, KILLS_PER_PORTION, type StormOptions, type World } from './storm.ts'
import { pause } from './wait.ts'
import { seeded, weather } from './weather.ts'

/** So many of a worker's misfortunes are its line to the database, and not its death. */
const LINE_SHARE = 0.35
/** Longer than a lease: the others must take over while it is away. */
const LONGEST_SILENCE_MS = 7_000
const BETWEEN_MS = 1_600
const STOPPED_SHARE = 0.1
const WEATHER_LASTS_MS = 4_000
/** After so many kills the server itself dies and comes back. */
const KILLS_PER_CRASH = 20

export type WorkersWorld = World & { server: PostgresServer; lines: readonly TcpProxy[] }

/**
 * As `storm`, with several daemons on one PostgreSQL server behind one address. Any of them is killed or stopped, or its line
 * to the database breaks or goes silent in the middle of its work; now and then the server crashes. The end is copied to `tenggat.db`.
 */
export async function stormWorkers(options: StormOptions & { workers: number }): Promise<void> {
  const { folder, seed, minutes, residents, tell } = options
  await using stack = new AsyncDisposableStack()
  const opened = await openPostgresServer()
  if (!opened) throw new AppError('usage', NO_SERVER)
  const server = stack.use(opened)
  const rows = residentRows(residents)
  const begun = performance.now()
  const now = () => Math.floor(STARTS_AT + performance.now() - begun)
  const sandbox = stack.use(await startSandbox({ folder, seed, clockStart: STARTS_AT }))
  const random = seeded(seed)
  const listenPorts = await Promise.all(Array.from({ length: options.workers }, () => freePort()))
  const balancer = stack.use(await openTcpProxy({ targets: () => shuffled(listenPorts, Math.random) }))
  mkdirSync(join(folder, 'audio'))
  const lines: TcpProxy[] = []
  const common = {
    folder,
    port: balancer.port,
    sandboxUrl: sandbox.url,
    perSecond: Math.ceil(residents / (minutes * KILLS_PER_MINUTE)),
  }
  const grounds: Ground[] = []
  for (const [index, listenPort] of listenPorts.entries()) {
    const line = stack.use(await openTcpProxy({ targets: () => [server.port] }))
    lines.push(line)
    const dataDir = dataFolder(folder, `worker-${index}`)
    const url = new URL(databaseUrl(server.url, 'postgres'))
    url.port = String(line.port)
    grounds.push({ ...common, worker: { databaseUrl: url.href, dataDir, listenPort } })
  }
  const own = { databaseUrl: server.url, dataDir: dataFolder(folder, 'observer'), listenPort: await freePort() }
  await sandbox.people(peopleOf(rows))
  const world: WorkersWorld = {
    ground: { ...common, worker: own },
    workers: grounds,
    sandbox,
    seed,
    rows,
    now,
    random,
    tell,
    server,
    lines,
  }
  await strikeAgainAndAgain(world, minutes)
  for (const line of lines) line.pass()
  await sandbox.faults(standingFaults(rows))
  tell('the faults are over; the daemons finish')
  await settle(world)
  await copyToFile(folder, server.url)
}

async function strikeAgainAndAgain(world: WorkersWorld, minutes: number): Promise<void> {
  const { ground, workers, lines, server, sandbox, rows, now, random, tell } = world
  const wanted = Math.ceil(minutes * KILLS_PER_MINUTE)
  const size = Math.ceil((rows.length * KILLS_PER_PORTION) / wanted)
  await using app = await openGround(ground, { clock: { now }, log: silentLog })
  let come = size
  await importRows(app, ground, rows.slice(0, come))
  await firstWord(world)

  const daemons: DaemonProcess[] = []
  for (const worker of workers) {
    const daemon = loadDaemon(worker)
    daemons.push(daemon)
    await daemon.begin(now())
  }
  const lineBack: Promise<void>[] = workers.map(() => Promise.resolve())
  const ends = now() + minutes * 60_000
  let kills = 0
  let cuts = 0
  let crashes = 0
  let fairUntil = 0
  try {
    while (now() < ends || kills < wanted || come < rows.length) {
      if (now() >= fairUntil) {
        await sandbox.faults([...weather(random), ...standingFaults(rows)])
        fairUntil = now() + WEATHER_LASTS_MS
      }
      if (come < rows.length && kills >= (come / size) * KILLS_PER_PORTION) {
        await importRows(app, ground, rows.slice(come, come + size))
        come += size
      }
      if (kills >= (crashes + 1) * KILLS_PER_CRASH && kills < wanted) {
        await server.stop(random() < 0.5 ? 'immediate' : 'fast')
        await pause(random() * 2_000)
        await server.start()
        crashes += 1
      }
      await pause(random() * BETWEEN_MS)
      const victim = Math.floor(random() * workers.length)
      const daemon = daemons[victim]!
      if (!daemon.alive()) throw new Error('a daemon ended by itself; see daemon.log')
      const lot = random()
      if (lot < LINE_SHARE) {
        const line = lines[victim]!
        await lineBack[victim]
        lineBack[victim] = silence(line, random() < 0.5 ? 'cut' : 'hold', random() * LONGEST_SILENCE_MS)
        cuts += 1
        continue
      }
      await daemon.started()
      if (lot > 1 - STOPPED_SHARE) {
        await lineBack[victim]
        await daemon.stop()
      } else {
        await daemon.kill()
        kills += 1
        if (kills % 10 === 0) tell(`${kills} kills, ${cuts} cut lines, ${crashes} crashes of the server`)
      }
      const next = loadDaemon(workers[victim]!)
      daemons[victim] = next
      await next.begin(now())
    }
    await Promise.all(lineBack)
  } finally {
    await Promise.all(daemons.map((daemon) => daemon.kill()))
  }
}

async function silence(line: TcpProxy, how: 'cut' | 'hold', milliseconds: number): Promise<void> {
  line[how]()
  await pause(milliseconds)
  line.pass()
}

/** Its own folder, as on a machine of its own; the sounds as on a disk that all of them see. */
function dataFolder(folder: string, name: string): string {
  const dataDir = join(folder, name)
  mkdirSync(dataDir)
  symlinkSync(join(folder, 'audio'), join(dataDir, 'audio'))
  return dataDir
}

/** So that the end can be judged by the same eyes, and again later. */
export async function copyToFile(folder: string, url: string): Promise<void> {
  const vault = openVault(keysIn(folder), folder)
  await using from = await openPostgres({ url, vault, migrate: false })
  await using to = await openSqlite({ file: join(folder, 'tenggat.db'), vault })
  for (const name of Object.keys(from.t) as (keyof Db['t'])[]) {
    const rows = await from.read.select().from(from.t[name])
    for (let at = 0; at < rows.length; at += 200) {
      await to.write((tx) => tx.insert(tx.t[name]).values(rows.slice(at, at + 200) as never))
    }
  }
}

function shuffled<Item>(items: readonly Item[], random: () => number): Item[] {
  return items
    .map((item) => ({ item, place: random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ item }) => item)
}
