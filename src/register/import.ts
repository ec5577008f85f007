import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { basename } from 'node:path'
import { and, eq, inArray } from 'drizzle-orm'
import { refreshStatistics } from '../db/dialect.ts'
import type { Db } from '../db/open.ts'
import type { CivilDate } from '../lib/civil-date.ts'
import { AppError } from '../lib/errors.ts'
import type { Log } from '../lib/events.ts'
import { applyStaged } from './apply.ts'
import { brake } from './brake.ts'
import { compareStaged } from './compare.ts'
import { dropDuplicates } from './duplicates.ts'
import { RegisterFileError } from './fault.ts'
import { type Counted, countsOf, type Ending, type ImportResult, resultOf } from './import-result.ts'
import { clearStaging, type ImportRun, writeStep } from './run.ts'
import { openRegisterFile, type RegisterFile } from './source.ts'
import { stageFile } from './stage.ts'

export type { ImportResult, RejectedRow } from './import-result.ts'

export type ImportDeps = {
  db: Db
  log: Log
  now: number
  today: CivilDate
  officeCode: string
  /** Codes of the other offices of this program. */
  elsewhere?: readonly string[]
  /** `done` of `total` thousandths of the work. Whatever it throws ends the import where it is. */
  progress?: (done: number, total: number) => void
}

/**
 * Brings a register file into the register: rows into `staging`, compared, applied. A file that is refused as a whole is
 * a result with state `refused` and its reason; one that cannot be opened is a RegisterFileError. If it is stopped half
 * way, importing the same file again finishes the work.
 */
export async function importRegister(deps: ImportDeps, options: ImportOptions): Promise<ImportResult> {
  const file = await openRegisterFile(options.file)
  const run = await begin(deps, options, file)
  const result = await deps.db.withRoom(() => carryThrough(run, file, { ...options, progress: deps.progress }))
  deps.log.info(countsOf(result), 'register import ended')
  return result
}

type ImportOptions = { file: string; dryRun?: boolean; force?: boolean }

async function carryThrough(
  run: ImportRun,
  file: RegisterFile,
  options: ImportOptions & { progress: ImportDeps['progress'] },
): Promise<ImportResult> {
  const counted: Counted = {}
  const progress = (thousandths: number): void => options.progress?.(Math.floor(thousandths), 1000)
  try {
    counted.staged = await stageFile(run, file, {
      fileName: basename(options.file),
      read: (bytes) => progress(400 * Math.min(1, bytes / Math.max(1, file.bytes))),
    })
    counted.duplicates = await dropDuplicates(run)
    counted.comparison = await compareStaged(run, counted.staged.present)
    const verdict = brake({ ...counted.comparison, force: options.force === true })
    progress(500)
    if (options.dryRun) {
      return await rehearsed(run, counted, { state: 'dry-run', ...(verdict.stop && { reason: verdict.reason }) })
    }
    if (verdict.stop) return await close(run, counted, { state: 'refused', reason: verdict.reason })
    await writeStep(run, async (tx) => {
      await tx.update(tx.t.imports).set({ state: 'staged' }).where(eq(tx.t.imports.id, run.importId))
    })
    const { added, changed, renewed } = counted.comparison.verdicts
    await applyStaged(run, (people) => progress(500 + (450 * people) / Math.max(people, added + changed + renewed)))
    for (const table of ['residents', 'permits']) await writeStep(run, (tx) => refreshStatistics(tx, table))
    const result = await close(run, counted, { state: 'applied' })
    progress(1000)
    return result
  } catch (error) {
    if (error instanceof RegisterFileError) {
      const refused = { state: 'refused', reason: error.reason, unreadable: true } as const
      return await (options.dryRun ? rehearsed(run, counted, refused) : close(run, counted, refused))
    }
    await abandon(run, error, options.dryRun === true)
    throw error
  }
}

async function begin(deps: ImportDeps, options: ImportOptions, file: RegisterFile): Promise<ImportRun> {
  const { db, officeCode, now, today } = deps
  const digest = await digestOf(options.file)
  const importId = await db.write(async (tx) => {
    const { imports } = tx.t
    if (!options.dryRun) {
      await tx
        .update(imports)
        .set({ state: 'failed', reason: 'interrupted', finished_at: now })
        .where(and(eq(imports.office_code, officeCode), inArray(imports.state, ['staging', 'staged'])))
    }
    const [row] = await tx
      .insert(imports)
      .values({
        office_code: officeCode,
        file_name: basename(options.file),
        file_digest: digest,
        format: file.format,
        state: 'staging',
        forced: options.force ? 1 : 0,
        started_at: now,
        started_on: today,
      })
      .returning({ id: imports.id })
    return row!.id
  })
  await clearStaging(db)
  return { db, importId, officeCode, elsewhere: deps.elsewhere ?? [], now, today }
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) hash.update(chunk)
  return hash.digest('hex')
}

async function rehearsed(run: ImportRun, counted: Counted, ending: Ending): Promise<ImportResult> {
  const result = await resultOf(run, counted, ending)
  await forget(run)
  return result
}

async function close(
  run: ImportRun,
  counted: Counted,
  ending: Ending & { state: 'applied' | 'refused' },
): Promise<ImportResult> {
  const result = await resultOf(run, counted, ending)
  const { rows, added, changed, renewed, unchanged, absent, rejected } = result
  await writeStep(run, async (tx) => {
    const { imports } = tx.t
    await tx
      .update(imports)
      .set({
        ...{ rows, added, changed, renewed, unchanged, absent, rejected },
        state: ending.state,
        reason: ending.reason?.id ?? null,
        finished_at: run.now,
      })
      .where(eq(imports.id, run.importId))
  })
  await clearStaging(run.db)
  return result
}

/** The reason is for people and never holds what a driver says, for that quotes rows. */
async function abandon(run: ImportRun, error: unknown, dryRun: boolean): Promise<void> {
  if (dryRun) return forget(run)
  const reason = error instanceof AppError ? error.message : 'internal error'
  await run.db.write(async (tx) => {
    const { imports } = tx.t
    await tx
      .update(imports)
      .set({ state: 'failed', reason, finished_at: run.now })
      .where(and(eq(imports.id, run.importId), inArray(imports.state, ['staging', 'staged'])))
  })
  await clearStaging(run.db)
}

/** A dry run leaves nothing behind. */
async function forget(run: ImportRun): Promise<void> {
  const { imports, rejects } = run.db.t
  await run.db.write(async (tx) => {
    await tx.update(imports).set({ state: 'failed' }).where(eq(imports.id, run.importId))
  })
  await clearStaging(run.db)
  await run.db.write(async (tx) => {
    await tx.delete(rejects).where(eq(rejects.import_id, run.importId))
    await tx.delete(imports).where(eq(imports.id, run.importId))
  })
}
