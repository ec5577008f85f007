import type { App, Delivery } from '../app.ts'
import type { DrainResult } from '../deliver/dispatcher.ts'
import { looksUntil } from '../deliver/outbox.ts'
import { deliveriesByState } from './counts.ts'
import type { ExitCode, Output } from './output.ts'

/** How long `deliver` waits for receipts after the last one. */
const QUIET_MS = 5_000
/** After a restore or a power cut the carrier's list must be complete before anything is looked up in it. */
const LONGEST_LOOK_MS = 10 * 60_000

/** `deliver`: drains what is due now, with the public listener open meanwhile. */
export async function deliverCommand(app: App, output: Output, signal: AbortSignal): Promise<ExitCode> {
  await using delivery = await app.openDelivery()
  const drained = await drainToTheEnd(app, delivery, { output, signal })
  await app.attend()
  const deliveries = await deliveriesByState(app.db.read)
  output.line(
    `attempts ${drained.attempts}: accepted ${drained.accepted}, refused ${drained.refused}, uncertain ${drained.uncertain}`,
  )
  output.result({ ...drained, deliveries })
  return drained.refused > 0 ? 3 : 0
}

/** `run`: scan, then deliver, once. */
export async function runCommand(app: App, output: Output, signal: AbortSignal): Promise<ExitCode> {
  const scanned = await app.scan()
  const overstay = await app.overstay()
  await using delivery = await app.openDelivery()
  const drained = await drainToTheEnd(app, delivery, { output, signal })
  const follow_ups = await app.attend()
  const deliveries = await deliveriesByState(app.db.read)
  output.line(`notices ${scanned.notices_new}, attempts ${drained.attempts}, cases opened ${overstay.opened}`)
  output.result({ ...scanned, overstay, follow_ups, ...drained, deliveries })
  return drained.refused > 0 ? 3 : 0
}

/** Also waits for what is to be looked up at the carrier before it is sent. */
async function drainToTheEnd(
  app: App,
  delivery: Delivery,
  { output, signal }: { output: Output; signal: AbortSignal },
): Promise<DrainResult> {
  const total = await drainUntilQuiet(delivery, { signal, quietMs: QUIET_MS })
  const ends = app.clock.now() + LONGEST_LOOK_MS
  for (let said = false; ; said = true) {
    const now = app.clock.now()
    const at = await looksUntil(app.db.read)
    if (at === null || at <= now || at > ends || signal.aborted) return total
    if (!said)
      output.line(`looking what the carrier has sent: ${Math.ceil((at - now) / 1_000)} s until its list is complete`)
    await delivery.awaitNews(at - now, signal)
    add(total, await drainUntilQuiet(delivery, { signal, quietMs: QUIET_MS }))
  }
}

/** Drains again and again until nothing more is due and no receipt has come for `quietMs`. */
export async function drainUntilQuiet(
  delivery: Delivery,
  options: { signal?: AbortSignal; quietMs: number },
): Promise<DrainResult> {
  const total: DrainResult = { attempts: 0, accepted: 0, refused: 0, uncertain: 0, taken: 0 }
  for (;;) {
    const drained = await delivery.dispatcher.drain()
    add(total, drained)
    if (options.signal?.aborted) return total
    if (drained.taken > 0) continue
    const heard = await delivery.awaitNews(options.quietMs, options.signal)
    if (!heard) return total
  }
}

function add(total: DrainResult, drained: DrainResult): void {
  for (const key of Object.keys(total) as (keyof DrainResult)[]) total[key] += drained[key]
}
