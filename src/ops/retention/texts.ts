import { setImmediate as nextTurn } from 'node:timers/promises'
import { and, eq, exists, inArray, isNotNull, isNull, lt, ne, not, notInArray, type SQL, sql } from 'drizzle-orm'
import type { Db, Reader, Tx } from '../../db/open.ts'
import { ERASED_RECEIPT, eraseReceipts } from '../../deliver/erase.ts'
import { WRITTEN_BY_US } from '../../overstay/erase.ts'
import { clearStaging } from '../../register/run.ts'
import { type Rule, recordErasure } from './record.ts'

const PAGE = 500
/** No import takes so long: whatever is unfinished then was cut off. */
const IMPORT_MS = 24 * 3_600_000

export type TextDeps = { db: Db; now: number }
/** `basis` is what the record says of the rule; what is older than `before` (epoch ms) goes. */
type Aged = { before: number; basis: string }

/** Words of messages, unless a case is open for which they are the evidence. Returns rows. */
export function eraseWords(deps: TextDeps, { before, basis }: Aged): Promise<number> {
  return inPages(deps, {
    rule: 'messages',
    basis,
    table: 'attempts',
    ids: (reader) => {
      const { attempts } = reader.t
      return reader
        .select({ id: attempts.id })
        .from(attempts)
        .where(
          and(
            isNotNull(attempts.words),
            lt(attempts.started_at, before),
            not(isEvidence(reader, sql`${attempts.delivery_id}`)),
          ),
        )
        .limit(PAGE)
    },
    erase: async (tx, ids) => {
      const { attempts } = tx.t
      const rows = await tx
        .update(attempts)
        .set({ words: null })
        .where(inArray(attempts.id, ids))
        .returning({ id: attempts.id })
      return rows.length
    },
  })
}

/** What the carrier sent, people's own messages with it; merged ones only. Returns rows. */
export function eraseOldReceipts(deps: TextDeps, { before, basis }: Aged): Promise<number> {
  return inPages(deps, {
    rule: 'receipts',
    basis,
    table: 'receipts',
    ids: (reader) => {
      const { receipts, attempts } = reader.t
      const evidence = reader
        .select({ one: sql`1` })
        .from(attempts)
        .where(and(eq(attempts.sid, receipts.sid), isEvidence(reader, sql`${attempts.delivery_id}`)))
      return reader
        .select({ id: receipts.id })
        .from(receipts)
        .where(
          and(
            isNotNull(receipts.applied_at),
            lt(receipts.received_at, before),
            ne(receipts.url, ERASED_RECEIPT),
            not(exists(evidence)),
          ),
        )
        .limit(PAGE)
    },
    erase: (tx, ids) => eraseReceipts(tx, { ids }),
  })
}

/** What officers wrote: in cases that were closed, on holds and corrections that are over. Returns rows by table. */
export async function eraseNotes(deps: TextDeps, aged: Aged): Promise<Record<string, number>> {
  const rule = { rule: 'cases', basis: aged.basis } as const
  const { before } = aged
  const events = await inPages(deps, {
    ...rule,
    table: 'case_events',
    ids: (reader) => {
      const { case_events, overstay_cases } = reader.t
      const closed = reader
        .select({ id: overstay_cases.id })
        .from(overstay_cases)
        .where(and(isNotNull(overstay_cases.closed_at), lt(overstay_cases.closed_at, before)))
      return reader
        .select({ id: case_events.id })
        .from(case_events)
        .where(
          and(
            isNotNull(case_events.text),
            notInArray(case_events.kind, [...WRITTEN_BY_US]),
            lt(case_events.at, before),
            inArray(case_events.case_id, closed),
          ),
        )
        .limit(PAGE)
    },
    erase: async (tx, ids) => {
      const { case_events } = tx.t
      await tx.update(case_events).set({ text: null }).where(inArray(case_events.id, ids))
      return ids.length
    },
  })
  const notes = await inPages(deps, {
    ...rule,
    table: 'holds',
    ids: (reader) => {
      const { holds } = reader.t
      return reader
        .select({ id: holds.id })
        .from(holds)
        .where(and(isNotNull(holds.note), isNotNull(holds.lifted_at), lt(holds.lifted_at, before)))
        .limit(PAGE)
    },
    erase: async (tx, ids) => {
      const { holds } = tx.t
      await tx.update(holds).set({ note: null }).where(inArray(holds.id, ids))
      return ids.length
    },
  })
  const corrected = await inPages(deps, {
    ...rule,
    table: 'corrections',
    ids: (reader) => {
      const { corrections } = reader.t
      return reader
        .select({ id: corrections.id })
        .from(corrections)
        .where(and(isNotNull(corrections.ended_at), lt(corrections.ended_at, before)))
        .limit(PAGE)
    },
    erase: async (tx, ids) => {
      const { corrections } = tx.t
      await tx.delete(corrections).where(inArray(corrections.id, ids))
      return ids.length
    },
  })
  return { case_events: events, holds: notes, corrections: corrected }
}

/** What an import that was cut off has left, and masked values of files refused long ago. Returns rows by table. */
export async function eraseLeftovers(deps: TextDeps, aged: Aged): Promise<Record<string, number>> {
  const { db, now } = deps
  const { imports, staging } = db.t
  await db.write(async (tx) => {
    await tx
      .update(imports)
      .set({ state: 'failed', reason: 'interrupted', finished_at: now })
      .where(and(inArray(imports.state, ['staging', 'staged']), lt(imports.started_at, now - IMPORT_MS)))
  })
  const over = db.read
    .select({ id: imports.id })
    .from(imports)
    .where(inArray(imports.state, ['applied', 'refused', 'failed']))
  const left = await db.read.$count(staging, inArray(staging.import_id, over))
  await clearStaging(db)
  if (left > 0) {
    await db.write((tx) => recordErasure(tx, { rule: 'staging', basis: 'import over', rows: { staging: left }, now }))
  }
  const rejects = await inPages(deps, {
    rule: 'staging',
    basis: aged.basis,
    table: 'rejects',
    ids: (reader) => {
      const { rejects } = reader.t
      const old = reader.select({ id: imports.id }).from(imports).where(lt(imports.started_at, aged.before))
      return reader
        .select({ id: rejects.id })
        .from(rejects)
        .where(and(ne(rejects.value, ''), inArray(rejects.import_id, old)))
        .limit(PAGE)
    },
    erase: async (tx, ids) => {
      const { rejects } = tx.t
      await tx.update(rejects).set({ value: '' }).where(inArray(rejects.id, ids))
      return ids.length
    },
  })
  return { staging: left, rejects }
}

/** An open case of somebody whom this delivery told. */
function isEvidence(reader: Reader, deliveryId: SQL): SQL {
  const { delivery_notices, notices, overstay_cases } = reader.t
  return exists(
    reader
      .select({ one: sql`1` })
      .from(delivery_notices)
      .innerJoin(notices, eq(notices.id, delivery_notices.notice_id))
      .innerJoin(overstay_cases, eq(overstay_cases.cycle_id, notices.cycle_id))
      .where(and(eq(delivery_notices.delivery_id, deliveryId), isNull(overstay_cases.closed_at))),
  )
}

/** In bounded writes, each with its record: stopped in the middle, what was erased is on record and the rest is done next time. */
async function inPages(
  { db, now }: TextDeps,
  page: {
    rule: Rule
    basis: string
    table: string
    ids: (reader: Reader) => PromiseLike<{ id: number }[]>
    erase: (tx: Tx, ids: number[]) => Promise<number>
  },
): Promise<number> {
  const { rule, basis, table } = page
  let erased = 0
  for (;;) {
    const due = await page.ids(db.read)
    if (due.length === 0) return erased
    erased += await db.write(async (tx) => {
      const rows = await page.erase(
        tx,
        due.map(({ id }) => id),
      )
      await recordErasure(tx, { rule, basis, rows: { [table]: rows }, now })
      return rows
    })
    await nextTurn()
  }
}
