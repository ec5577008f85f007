import type { App } from '../app.ts'
import { nextDue } from '../deliver/outbox.ts'
import { nextLookup } from '../deliver/reconcile.ts'
import { CHANNELS } from '../ops/figures.ts'
import { startAt } from '../scan/plan-deliveries.ts'

/** The instant to which a clock that stands still may leap: the next at which something is sent or looked up; null when nothing waits. */
export async function nextInstant(app: App, now: number): Promise<number | null> {
  const starts = CHANNELS.map(async (channel) => {
    const at = await nextDue(app.db.read, channel)
    // What was due before waits for the window.
    return at === null
      ? null
      : Math.min(...app.offices.all.map((office) => startAt(office, channel, Math.max(at, now))))
  })
  const due = [...(await Promise.all(starts)), await nextLookup(app)]
  const later = due.filter((at) => at !== null && at > now) as number[]
  return later.length === 0 ? null : Math.min(...later)
}
