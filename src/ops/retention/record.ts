import type { Tx } from '../../db/open.ts'

/** The rules of `retention` in OFFICE_FILE, `staging` for what an import left, `carrier` for texts kept at the carrier, `request`. */
export type Rule = 'messages' | 'receipts' | 'cases' | 'residents' | 'audio' | 'staging' | 'carrier' | 'request'

/** Whose hand erased when no person did. */
export const TENGGAT = 'tenggat'

/** Writes down what was erased: counts by table, never what it was. Tables without rows are left out. */
export async function recordErasure(
  tx: Tx,
  erasure: {
    rule: Rule
    /** The rule's days, or the request's own reason. */
    basis: string
    rows: Readonly<Record<string, number>>
    residentId?: number
    by?: string
    now: number
  },
): Promise<void> {
  const { rule, basis, rows, residentId = null, by = TENGGAT, now } = erasure
  const entries = Object.entries(rows).filter(([, count]) => count > 0)
  if (entries.length === 0) return
  await tx
    .insert(tx.t.erasures)
    .values(
      entries.map(([table, count]) => ({ at: now, rule, basis, table, rows: count, resident_id: residentId, by })),
    )
}
