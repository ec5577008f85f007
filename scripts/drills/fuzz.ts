import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { AppError } from '../../src/lib/errors.ts'
import { seeded } from '../chaos/weather.ts'
import { command, positive } from '../command.ts'
import { consoleTarget } from './fuzz/console.ts'
import { drawsFrom } from './fuzz/grammar.ts'
import { publicTarget } from './fuzz/public.ts'
import { closeConnections, send } from './fuzz/send.ts'

export type FuzzFault = { number: number; what: string; fault: string }

export type FuzzFigures = {
  listener: 'console' | 'public'
  seed: number
  requests: number
  /** By the first digit of the answer. */
  answers: Record<string, number>
  /** Kinds of requests, and those of them that were not only refused. */
  kinds: number
  reached: number
  slowest_ms: number
  /** After a collection, at a quarter and at the end. */
  heap_mib: [number, number]
  rss_mib: [number, number]
  error_lines: number
  faults: FuzzFault[]
}

const ANSWERED_WITHIN_MS = 5_000
/** What the audit and the register in memory may grow by; a leak of 10 kB a request would be ten times that. */
const MAY_GROW_MIB = 15

/** Shoots so many requests at one listener, one after the other, each as the seed has it. */
export async function fuzz({
  listener,
  requests,
  seed,
}: {
  listener: 'console' | 'public'
  requests: number
  seed: number
}): Promise<FuzzFigures> {
  const draw = drawsFrom(seeded(seed))
  await using target = await (listener === 'console' ? consoleTarget(draw) : publicTarget(draw))
  const faults: FuzzFault[] = []
  const answers: Record<string, number> = {}
  const kinds = new Map<string, boolean>()
  let slowest = 0
  let early = memory()
  for (let number = 1; number <= requests; number++) {
    const shot = target.next()
    const errorsBefore = target.errors.length
    const begins = performance.now()
    const answer = await send(target.url, shot, ANSWERED_WITHIN_MS)
    slowest = Math.max(slowest, performance.now() - begins)
    const kind = typeof answer === 'string' ? answer : `${Math.floor(answer.status / 100)}xx`
    answers[kind] = (answers[kind] ?? 0) + 1
    kinds.set(shot.what, kinds.get(shot.what) === true || (typeof answer !== 'string' && answer.status < 400))
    const fault =
      typeof answer === 'string' ? answer : answer.status >= 500 ? `${answer.status}` : target.judge(shot, answer)
    if (fault !== null) faults.push({ number, what: shot.what, fault })
    for (const line of target.errors.slice(errorsBefore)) faults.push({ number, what: shot.what, fault: line })
    await target.tend(shot)
    if (number === Math.floor(requests / 4)) early = memory()
  }
  const late = memory()
  closeConnections()
  if (late.heap > early.heap + MAY_GROW_MIB)
    faults.push({ number: requests, what: 'memory', fault: `grew from ${early.heap} to ${late.heap} MiB` })
  return {
    listener,
    seed,
    requests,
    answers,
    kinds: kinds.size,
    reached: [...kinds.values()].filter(Boolean).length,
    slowest_ms: Math.round(slowest),
    heap_mib: [early.heap, late.heap],
    rss_mib: [early.rss, late.rss],
    error_lines: target.errors.length,
    faults,
  }
}

function memory(): { heap: number; rss: number } {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  const { heapUsed, rss } = process.memoryUsage()
  const mib = (bytes: number) => Math.round(bytes / 1024 / 1024)
  return { heap: mib(heapUsed), rss: mib(rss) }
}

const USAGE = `node scripts/drills/fuzz.ts --listener console|public [--requests N] [--seed N] [--json]

Shoots requests made by a grammar of routes, fields, values and headers at one listener with some data behind it. Exits 0 when
each was answered within ${ANSWERED_WITHIN_MS / 1000} seconds and with less than 500, no error was logged, nothing leaked and memory stayed
flat. A fault is found again by its number: the same seed with --requests up to it.
`

if (import.meta.main) {
  await command({
    usage: USAGE,
    options: {
      listener: { type: 'string', default: '' },
      requests: { type: 'string', default: '10000' },
      seed: { type: 'string', default: '1' },
    },
    async run({ listener, requests, seed }, output) {
      if (listener !== 'console' && listener !== 'public')
        throw new AppError('usage', `--listener ${listener}: console or public is needed`)
      const figures = await fuzz({
        listener,
        requests: positive('--requests', requests),
        seed: positive('--seed', seed),
      })
      const { faults, ...counts } = figures
      output.line(JSON.stringify(counts))
      for (const { number, what, fault } of faults.slice(0, 50)) output.line(`request ${number}, ${what}: ${fault}`)
      output.result({ ...counts, faults })
      return faults.length === 0 ? 0 : 1
    },
  })
}
