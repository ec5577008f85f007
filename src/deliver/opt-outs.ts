import { and, desc, eq, inArray, isNull, lte } from 'drizzle-orm'
import type { Db, Reader } from '../db/open.ts'
import type { Channel } from '../db/schema.ts'

export type OptOut = {
  phoneIndex: string
  channel: Channel
  via: 'whatsapp' | 'carrier' | 'key' | 'counter'
  /** Epoch ms at which the person said so; older news never overrules newer. */
  at: number
}

const CHUNK = 500

/** Ends one channel for one number. False when it had ended already, or when the number came back after `at`. */
export async function optOut(db: Db, { phoneIndex, channel, via, at }: OptOut): Promise<boolean> {
  return db.write(async (tx) => {
    const { opt_outs } = tx.t
    const [last] = await tx
      .select({ withdrawn_at: opt_outs.withdrawn_at })
      .from(opt_outs)
      .where(and(eq(opt_outs.phone_index, phoneIndex), eq(opt_outs.channel, channel)))
      .orderBy(desc(opt_outs.id))
      .limit(1)
    if (last && (last.withdrawn_at === null || last.withdrawn_at > at)) return false
    const rows = await tx
      .insert(opt_outs)
      .values({ phone_index: phoneIndex, channel, since: at, via })
      .onConflictDoNothing()
      .returning({ id: opt_outs.id })
    return rows.length > 0
  })
}

/** Opens the channel again. False when it was not ended, or was ended after `at`. */
export async function optIn(db: Db, { phoneIndex, channel, at }: Omit<OptOut, 'via'>): Promise<boolean> {
  return db.write(async (tx) => {
    const { opt_outs } = tx.t
    const rows = await tx
      .update(opt_outs)
      .set({ withdrawn_at: at })
      .where(
        and(
          eq(opt_outs.phone_index, phoneIndex),
          eq(opt_outs.channel, channel),
          isNull(opt_outs.withdrawn_at),
          lte(opt_outs.since, at),
        ),
      )
      .returning({ id: opt_outs.id })
    return rows.length > 0
  })
}

/** The channels that these numbers have ended; a number without an entry has ended none. */
export async function optedOut(
  reader: Reader,
  phoneIndexes: readonly string[],
): Promise<ReadonlyMap<string, ReadonlySet<Channel>>> {
  const { opt_outs } = reader.t
  const ended = new Map<string, Set<Channel>>()
  for (let from = 0; from < phoneIndexes.length; from += CHUNK) {
    const rows = await reader
      .select({ phone_index: opt_outs.phone_index, channel: opt_outs.channel })
      .from(opt_outs)
      .where(and(inArray(opt_outs.phone_index, phoneIndexes.slice(from, from + CHUNK)), isNull(opt_outs.withdrawn_at)))
    for (const { phone_index, channel } of rows) {
      ended.set(phone_index, (ended.get(phone_index) ?? new Set<Channel>()).add(channel))
    }
  }
  return ended
}
