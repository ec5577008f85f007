import { setTimeout as pause } from 'node:timers/promises'
import { and, asc, eq, gt, isNotNull, lt, ne } from 'drizzle-orm'
import { readMeta, writeMeta } from '../../db/meta.ts'
import type { Db } from '../../db/open.ts'
import type { DeliveryState } from '../../db/schema.ts'
import type { Carrier } from '../../deliver/carrier.ts'
import type { Log } from '../../lib/events.ts'
import { recordErasure } from './record.ts'

export type CarrierDeps = { db: Db; carrier: Pick<Carrier, 'redact'>; log: Log; now: number }

/** How far it has come: the attempt after which the next one is due. */
const CURSOR = 'redacted_until'
const PAGE = 50
/** The rest is done the next night. */
const MOST_A_NIGHT = 2_000
const EVERY_MS = 200
/** Whoever looks for these at the carrier needs their words: all behind the first one wait for it. */
const NEEDED: DeliveryState[] = ['queued', 'sending', 'uncertain']

/**
 * Blots the texts out that the carrier keeps of messages begun before `before` (epoch ms), in the order in which they were made. Ends
 * at the first answer that is none: the next night goes on there. One that the carrier does not have any more counts as done.
 */
export async function redactAtCarrier(
  deps: CarrierDeps,
  { before, everyMs = EVERY_MS, most = MOST_A_NIGHT }: { before: number; everyMs?: number; most?: number },
): Promise<{ redacted: number; refused: number; unanswered: boolean }> {
  const total = { redacted: 0, refused: 0, unanswered: false }
  while (total.redacted + total.refused < most) {
    const page = await due(deps.db, before)
    if (page.length === 0) break
    let redacted = 0
    let reached: number | null = null
    for (const { id, sid } of page) {
      const answer = await deps.carrier.redact(sid)
      if (!answer.ok && answer.fault.httpStatus !== 400) {
        deps.log.warn({ attempt: id, ...answer.fault }, 'redaction without an answer')
        total.unanswered = true
        break
      }
      if (answer.ok) redacted += 1
      else {
        deps.log.error({ attempt: id, ...answer.fault }, 'redaction refused')
        total.refused += 1
      }
      reached = id
      await pause(everyMs)
    }
    total.redacted += redacted
    if (reached !== null) await reach(deps, { reached, redacted, before })
    if (total.unanswered) break
  }
  return total
}

async function due(db: Db, before: number): Promise<{ id: number; sid: string }[]> {
  const { attempts, deliveries } = db.t
  const rows = await db.read
    .select({ id: attempts.id, sid: attempts.sid, state: deliveries.state })
    .from(attempts)
    .innerJoin(deliveries, eq(deliveries.id, attempts.delivery_id))
    .where(
      and(
        gt(attempts.id, Number((await readMeta(db.read, CURSOR)) ?? 0)),
        ne(attempts.channel, 'call'),
        isNotNull(attempts.sid),
        lt(attempts.started_at, before),
      ),
    )
    .orderBy(asc(attempts.id))
    .limit(PAGE)
  const needed = rows.findIndex(({ state }) => NEEDED.includes(state))
  return rows.slice(0, needed < 0 ? rows.length : needed).map(({ id, sid }) => ({ id, sid: sid! }))
}

async function reach(
  { db, now }: CarrierDeps,
  { reached, redacted, before }: { reached: number; redacted: number; before: number },
): Promise<void> {
  const basis = `begun before ${Temporal.Instant.fromEpochMilliseconds(before).toString()}`
  await db.write(async (tx) => {
    await writeMeta(tx, CURSOR, String(reached))
    await recordErasure(tx, { rule: 'carrier', basis, rows: { attempts: redacted }, now })
  })
}
