import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openBench, openCarrier, register, round, timed } from './ground.ts'

/**
 * Drains many due deliveries against a bare carrier in another process and prints one JSON line: deliveries per second,
 * and resident memory at each tenth of the run. Usage: node scripts/bench/drain.ts [--deliveries 100000]
 */
const MEGABYTE = 1024 * 1024

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { deliveries: { type: 'string', default: '100000' } } })
  const wanted = Number(values.deliveries)
  await using stack = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'tenggat-drain-'))
  stack.defer(() => rmSync(folder, { recursive: true, force: true }))
  const carrier = stack.use(await openCarrier())
  const app = stack.use(await openBench({ folder, carrierUrl: carrier.url }))
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

/** Says on standard error how much memory the program holds, in megabytes. */
function note(when: string): { rss: number; heap: number } {
  const { rss, heapUsed, external } = process.memoryUsage()
  const [memory, heap, outside] = [rss, heapUsed, external].map((bytes) => Math.round(bytes / MEGABYTE))
  process.stderr.write(`${when}: rss ${memory} MB, heap ${heap} MB, external ${outside} MB\n`)
  return { rss: rss / MEGABYTE, heap: heapUsed / MEGABYTE }
}

await main()
