import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { prepareVoiceNotes } from '../../src/deliver/prepare-voice.ts'
import { NO_SERVER, openPostgresServer } from '../../test/postgres-server.ts'
import { type BenchGround, openBench, openCarrier, register, round } from './ground.ts'

/**
 * Lets one, two, … workers, each a process of its own, drain the same number of due deliveries against a carrier that takes its
 * time, and prints one JSON line each: deliveries per second, and the ratio to the first. Usage:
 * node scripts/bench/drain-workers.ts [--engine postgres|sqlite] [--workers 1,2,4] [--deliveries 20000] [--latency 50]
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      engine: { type: 'string', default: 'postgres' },
      workers: { type: 'string', default: '1,2,4' },
      deliveries: { type: 'string', default: '20000' },
      latency: { type: 'string', default: '50' },
      child: { type: 'string' },
    },
  })
  if (values.child !== undefined) return drain(JSON.parse(values.child) as BenchGround)
  const deliveries = Number(values.deliveries)
  const postgres = values.engine === 'postgres'
  let first: number | undefined
  for (const workers of values.workers.split(',').map(Number)) {
    if (!postgres && workers > 1) throw new Error('SQLite takes one worker')
    const perSecond = await measure({ postgres, workers, deliveries, latencyMs: Number(values.latency) })
    first ??= perSecond
    const result = {
      engine: values.engine,
      workers,
      deliveries,
      latency_ms: Number(values.latency),
      deliveries_per_second: Math.round(perSecond),
      ratio: round(perSecond / first),
    }
    process.stdout.write(`${JSON.stringify(result)}\n`)
  }
}

async function measure(options: {
  postgres: boolean
  workers: number
  deliveries: number
  latencyMs: number
}): Promise<number> {
  await using stack = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'tenggat-drain-'))
  stack.defer(() => rmSync(folder, { recursive: true, force: true }))
  const server = options.postgres ? await openPostgresServer({ durable: true }) : undefined
  if (server === null) throw new Error(NO_SERVER)
  if (server) stack.use(server)
  const carrier = stack.use(await openCarrier({ latencyMs: options.latencyMs }))
  const ground: BenchGround = { folder, carrierUrl: carrier.url, databaseUrl: server?.url }
  await prepare(ground, options.deliveries)

  const children = Array.from({ length: options.workers }, (_, index) =>
    start({ ...ground, dataDir: own(folder, index) }),
  )
  stack.defer(() => {
    for (const { child } of children) child.kill('SIGKILL')
  })
  for (const { lines } of children) await lines.next()
  const begun = performance.now()
  for (const { child } of children) child.stdin!.write('go\n')
  const accepted = await Promise.all(children.map(async ({ lines }) => Number((await lines.next()).value)))
  const seconds = (performance.now() - begun) / 1_000
  const sum = accepted.reduce((total, one) => total + one, 0)
  if (sum !== options.deliveries) throw new Error(`${sum} of ${options.deliveries} were accepted`)
  return sum / seconds
}

async function prepare(ground: BenchGround, deliveries: number): Promise<void> {
  await using app = await openBench(ground)
  await register(app, deliveries)
  await app.scan()
  await using delivery = await app.openDelivery()
  await prepareVoiceNotes(delivery.deps)
}

/** A folder as on a machine of its own; the sounds are everybody's. */
function own(folder: string, index: number): string {
  const dataDir = join(folder, `worker-${index}`)
  mkdirSync(dataDir)
  symlinkSync(join(folder, 'audio'), join(dataDir, 'audio'))
  return dataDir
}

function start(ground: BenchGround): { child: ChildProcess; lines: AsyncIterator<string> } {
  const child = spawn(process.execPath, [import.meta.filename, '--child', JSON.stringify(ground)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  return { child, lines: createInterface({ input: child.stdout! })[Symbol.asyncIterator]() }
}

/** One worker: says that it is ready, waits for the word, drains to the end, says how much the carrier took. */
async function drain(ground: BenchGround): Promise<void> {
  await using app = await openBench(ground)
  await using delivery = await app.openDelivery()
  process.stdout.write('ready\n')
  const lines = createInterface({ input: process.stdin })
  await once(lines, 'line')
  let accepted = 0
  for (;;) {
    const result = await delivery.dispatcher.drain()
    accepted += result.accepted
    if (result.taken === 0) break
  }
  process.stdout.write(`${accepted}\n`)
  lines.close()
}

await main()
