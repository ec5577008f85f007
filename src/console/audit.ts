import { createHash } from 'node:crypto'
import { asc, desc, eq, gt } from 'drizzle-orm'
import type { Db, Reader, Tx } from '../db/open.ts'
import { AppError } from '../lib/errors.ts'

export type AuditEntry = {
  /** `what.how`, e.g. `case.close`. */
  action: string
  subject?: { kind: string; id: number | null }
  /** Ids, codes and counts; never a person's data. */
  detail?: string
}

export type AuditVerdict =
  | { ok: true; entries: number; head: string }
  /** `brokenAt`: the first entry that does not follow the one before it; null: entries at the end are missing. */
  | { ok: false; entries: number; brokenAt: number | null; rewritten?: true }

type AuditRow = Db['t']['audit']['$inferSelect']

/** An officer had a delivery sent once more: beside `delivery.retry`, which stands for the asking. The history shows it. */
export const REQUEUED = 'delivery.requeued'
/** What the first entry follows. */
export const AUDIT_START = '0'.repeat(64)
const HEAD = 'audit_head'
const PAGE = 1_000

/**
 * Appends to the chain, in the transaction of what is recorded.
 * @param officerId null: the operator at the command line, or nobody who signed in.
 */
export async function recordAudit(
  tx: Tx,
  entry: AuditEntry & { officerId: number | null; now: number },
): Promise<{ hash: string }> {
  const { meta, audit } = tx.t
  const head = (await lockedHead(tx)) ?? (await firstHead(tx))
  const row = {
    at: entry.now,
    officer_id: entry.officerId,
    action: entry.action,
    subject_kind: entry.subject?.kind ?? null,
    subject_id: entry.subject?.id ?? null,
    detail: entry.detail ?? null,
    prev_hash: head.hash,
  }
  const hash = hashOf(row)
  await tx.insert(audit).values({ ...row, hash })
  await tx.update(meta).set({ value: hash }).where(eq(meta.key, HEAD))
  return { hash }
}

/** An update takes the row's lock before it reads: two workers cannot follow the same entry. */
async function lockedHead(tx: Tx): Promise<{ hash: string } | undefined> {
  const { meta } = tx.t
  const [head] = await tx.update(meta).set({ key: HEAD }).where(eq(meta.key, HEAD)).returning({ hash: meta.value })
  return head
}

async function firstHead(tx: Tx): Promise<{ hash: string }> {
  await tx.insert(tx.t.meta).values({ key: HEAD, value: AUDIT_START }).onConflictDoNothing()
  const head = await lockedHead(tx)
  if (!head) throw new AppError('unavailable', 'the audit has no head to follow')
  return head
}

/** The hash of the newest entry: whoever keeps it elsewhere can tell later that nothing before it was rewritten. */
export async function auditHead(reader: Reader): Promise<string> {
  const { meta } = reader.t
  const [row] = await reader.select({ hash: meta.value }).from(meta).where(eq(meta.key, HEAD))
  return row?.hash ?? AUDIT_START
}

/**
 * Walks the whole chain: whether an entry was changed, put in or taken out.
 * @param kept a hash that was kept elsewhere, e.g. from a digest: `rewritten` when no entry has it any more
 * @param last only about so many of the newest entries, for a quick look
 */
export async function verifyAudit(
  reader: Reader,
  { kept, last }: { kept?: string; last?: number } = {},
): Promise<AuditVerdict> {
  const { audit } = reader.t
  // Entries written while we walk come after the head that we begin with.
  const wanted = new Set([await auditHead(reader), kept ?? AUDIT_START])
  wanted.delete(AUDIT_START)
  let { head, after } = await walkFrom(reader, last)
  let entries = 0
  for (;;) {
    const rows = await reader.select().from(audit).where(gt(audit.id, after)).orderBy(asc(audit.id)).limit(PAGE)
    for (const row of rows) {
      if (row.prev_hash !== head || row.hash !== hashOf(row)) return { ok: false, entries, brokenAt: row.id }
      head = row.hash
      entries += 1
      wanted.delete(head)
      after = row.id
    }
    if (rows.length < PAGE) break
  }
  if (wanted.size === 0) return { ok: true, entries, head }
  const rewritten = kept !== undefined && wanted.size === 1 && wanted.has(kept)
  return { ok: false, entries, brokenAt: null, ...(rewritten ? { rewritten } : {}) }
}

/** Where to begin: at the first entry, or after the one before the last `last`, whose hash is believed. */
async function walkFrom(reader: Reader, last: number | undefined): Promise<{ head: string; after: number }> {
  const { audit } = reader.t
  const [row] =
    last === undefined
      ? []
      : await reader
          .select({ id: audit.id, hash: audit.hash })
          .from(audit)
          .orderBy(desc(audit.id))
          .offset(last)
          .limit(1)
  return row ? { head: row.hash, after: row.id } : { head: AUDIT_START, after: 0 }
}

function hashOf(row: Omit<AuditRow, 'id' | 'hash'>): string {
  const covered = [row.prev_hash, row.at, row.officer_id, row.action, row.subject_kind, row.subject_id, row.detail]
  return createHash('sha256').update(JSON.stringify(covered)).digest('hex')
}
