import { and, asc, countDistinct, eq } from 'drizzle-orm'
import { type Comparison, LISTED } from './compare.ts'
import type { Reason } from './fault.ts'
import type { ImportRun } from './run.ts'
import type { Staged } from './stage.ts'

/** `column` is '' where the whole row is meant; `value` is masked where it is personal. */
export type RejectedRow = { line: number; column: string; value: string; reason: string; reason_id: string }

/**
 * `rows` are the file's; `added` to `unchanged` count rows too, one permit each. `absent` are residents. In a dry run `reason`
 * says what would stop the import. The lists hold the first thousand; `remarkList` are values that a row went in without.
 * `differs` of them are values that an officer's correction stands against.
 */
export type ImportResult = {
  import_id: number
  state: 'applied' | 'refused' | 'dry-run'
  reason?: string
  reason_id?: string
  /** The file as a whole cannot be read: force would not help. */
  unreadable?: true
  rows: number
  added: number
  changed: number
  renewed: number
  unchanged: number
  absent: number
  rejected: number
  remarks: number
  differs: number
  /** Residents who come from another office of this program. */
  transferred: number
  rejects: RejectedRow[]
  remarkList: RejectedRow[]
  absentList: number[]
}

/** As far as an import came. */
export type Counted = { staged?: Staged; duplicates?: { remarks: number }; comparison?: Comparison }
export type Ending = { state: ImportResult['state']; reason?: Reason; unreadable?: true }

export async function resultOf(run: ImportRun, counted: Counted, ending: Ending): Promise<ImportResult> {
  const { staged, duplicates, comparison } = counted
  const { rejects } = run.db.t
  const rejected = await run.db.read
    .select({ n: countDistinct(rejects.line) })
    .from(rejects)
    .where(and(eq(rejects.import_id, run.importId), eq(rejects.fatal, 1)))
  return {
    import_id: run.importId,
    state: ending.state,
    ...(ending.reason && { reason: ending.reason.en, reason_id: ending.reason.id }),
    ...(ending.unreadable && { unreadable: true }),
    rows: staged?.rows ?? 0,
    ...(comparison?.verdicts ?? { added: 0, changed: 0, renewed: 0, unchanged: 0 }),
    absent: comparison?.absent ?? 0,
    rejected: rejected[0]?.n ?? 0,
    remarks: (staged?.remarks ?? 0) + (duplicates?.remarks ?? 0) + (comparison?.remarks ?? 0),
    differs: comparison?.differs ?? 0,
    transferred: comparison?.transferred ?? 0,
    rejects: await rejectedRows(run, 1),
    remarkList: await rejectedRows(run, 0),
    absentList: comparison?.absentList ?? [],
  }
}

async function rejectedRows(run: ImportRun, fatal: 0 | 1): Promise<RejectedRow[]> {
  const { rejects } = run.db.t
  return run.db.read
    .select({
      line: rejects.line,
      column: rejects.column,
      value: rejects.value,
      reason: rejects.reason,
      reason_id: rejects.reason_id,
    })
    .from(rejects)
    .where(and(eq(rejects.import_id, run.importId), eq(rejects.fatal, fatal)))
    .orderBy(asc(rejects.line), asc(rejects.id))
    .limit(LISTED)
}

export function countsOf(result: ImportResult): Record<string, number | string> {
  const {
    import_id,
    state,
    rows,
    added,
    changed,
    renewed,
    unchanged,
    absent,
    rejected,
    remarks,
    differs,
    transferred,
  } = result
  return { import_id, state, rows, added, changed, renewed, unchanged, absent, rejected, remarks, differs, transferred }
}
