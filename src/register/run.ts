import { and, eq, inArray, max, min, type SQL, sql } from 'drizzle-orm'
import { idsIn } from '../db/dialect.ts'
import type { Db, Tx } from '../db/open.ts'
import type { CivilDate } from '../lib/civil-date.ts'
import { AppError } from '../lib/errors.ts'

/** One import under way: its row in `imports` and its rows in `staging`. */
export type ImportRun = {
  db: Db
  importId: number
  officeCode: string
  /** The other offices of this program; one of them may have somebody whom the file names. */
  elsewhere: readonly string[]
  now: number
  today: CivilDate
}

/** So many staging rows per transaction: other writers wait no longer than one of these takes. */
const ROWS_PER_WRITE = 20_000

/**
 * A write of an import that is still under way. Whoever begins a newer import of the same office ends this one,
 * so two never change the register in turns.
 * @throws AppError `conflict` when this import was ended
 */
export function writeStep<Result>(run: ImportRun, work: (tx: Tx) => Promise<Result>): Promise<Result> {
  return run.db.write(async (tx) => {
    const { imports } = tx.t
    const open = await tx
      .update(imports)
      .set({ finished_at: null })
      .where(and(eq(imports.id, run.importId), inArray(imports.state, ['staging', 'staged'])))
      .returning({ id: imports.id })
    if (open.length === 0) {
      throw new AppError('conflict', `import ${run.importId} was ended by a newer import of office ${run.officeCode}`)
    }
    return work(tx)
  })
}

/** Runs `work` over this import's staging rows in bounded transactions; `mine` is the condition that selects them. */
export async function eachRange(run: ImportRun, work: (tx: Tx, mine: SQL) => Promise<unknown>): Promise<void> {
  const { staging } = run.db.t
  const [bounds] = await run.db.read
    .select({ first: min(staging.id), last: max(staging.id) })
    .from(staging)
    .where(eq(staging.import_id, run.importId))
  if (!bounds || bounds.first === null || bounds.last === null) return
  for (let from = bounds.first; from <= bounds.last; from += ROWS_PER_WRITE) {
    const to = from + ROWS_PER_WRITE - 1
    // The plus sign makes SQLite take the range of ids and not, each time, an index of the whole import.
    const mine = sql`+staging.import_id = ${run.importId} and staging.id between ${from} and ${to}`
    await writeStep(run, (tx) => work(tx, mine))
  }
}

/** Staging rows of imports that are over: copies of personal data that nobody needs any more. */
export async function clearStaging(db: Db): Promise<void> {
  const { staging, imports } = db.t
  for (;;) {
    const over = await db.read
      .select({ id: staging.id })
      .from(staging)
      .innerJoin(imports, eq(imports.id, staging.import_id))
      .where(inArray(imports.state, ['applied', 'refused', 'failed']))
      .limit(ROWS_PER_WRITE)
    if (over.length === 0) return
    const ids = over.map((row) => row.id)
    await db.write(async (tx) => {
      await tx.delete(staging).where(sql`${staging.id} in ${idsIn(tx.engine, ids)}`)
    })
  }
}
