import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { openChild, runChild } from './child.ts'
import type { Sent } from './dispatch.ts'
import { type BenchOptions, type Line, lineOf, sizeFor } from './line.ts'

const LATENCY_MS = 100
/** What an office may ask for at most. */
const PARALLEL = 100

/** Messages to a carrier that takes its time, with an empty history and with one of many years. */
export async function slowLines(options: BenchOptions): Promise<Line[]> {
  const messages = sizeFor(options, { full: 10_000, quick: 1_500, tiny: 100 })
  const history = sizeFor(options, { full: 100_000, quick: 5_000, tiny: 100 })
  const floor = ((messages / PARALLEL) * LATENCY_MS) / 1_000
  const young = await drain(options, { messages, history: 0 })
  const old = await drain(options, { messages, history })
  const line = (name: string, { seconds, rss_mb: rssMb }: typeof young, besides: { say: string; holds: boolean }[]) =>
    lineOf({
      name,
      unit: 's',
      value: seconds,
      limit: floor,
      better: 'less',
      reach: { atLeast: 0.77, rssMb: 190, besides },
      rssMb,
      note: `${messages} SMS, the carrier answers after ${LATENCY_MS} ms, ${PARALLEL} at once`,
    })
  return [
    line('slow carrier', young, []),
    line(`slow carrier, ${history} old deliveries`, old, [
      { say: 'within 10% of the line above', holds: old.seconds <= young.seconds * 1.1 },
    ]),
  ]
}

async function drain(
  options: BenchOptions,
  task: { messages: number; history: number },
): Promise<Sent & { rss_mb: number }> {
  const folder = join(options.folder, 'slow')
  mkdirSync(folder, { recursive: true })
  await using carrier = openChild('carrier-stub.ts', LATENCY_MS)
  const { url: carrierUrl } = await carrier.next<{ url: string }>()
  const whole = { folder, ...task, carrierUrl, parallel: PARALLEL, receipts: false }
  await runChild('dispatch-child.ts', { what: 'prepare', ...whole })
  const sent = await runChild<Sent>('dispatch-child.ts', { what: 'program', ...whole })
  rmSync(folder, { recursive: true })
  return sent
}
