import { migrationState } from '../db/migrations.ts'
import type { Reader } from '../db/open.ts'
import type { TroubleKind } from '../db/trouble.ts'

/** Four ticks: a duty or a long import may hold one up. */
const TICK_SILENCE_MS = 20_000

/** What keeps the daemon from its work, in one word each. The database was reached when this returns. */
export async function notReady({
  reader,
  listening,
  tickIdleMs,
  trouble = null,
}: {
  reader: Reader
  /** The public listener takes connections. */
  listening: boolean
  /** Real milliseconds since the last look at what is due; null before the first. */
  tickIdleMs: number | null
  /** Why nothing can be written, or nothing new is begun. */
  trouble?: TroubleKind | null
}): Promise<string[]> {
  const { waiting, foreign } = await migrationState(reader)
  return [
    trouble ?? '',
    waiting.length + foreign.length > 0 ? 'migrations' : '',
    listening ? '' : 'listener',
    tickIdleMs !== null && tickIdleMs <= TICK_SILENCE_MS ? '' : 'tick',
  ].filter((word) => word !== '')
}
