import { and, asc, count, eq, gt, inArray } from 'drizzle-orm'
import type { Reason } from './fault.ts'
import { mask } from './mask.ts'
import { type ImportRun, writeStep } from './run.ts'

export type SamePermitRow = {
  id: number
  line: number
  permit_no: string
  register_no: string | null
  passport_index: string | null
  nationality: string
  resident_digest: string
  permit_digest: string
}

export type DroppedRow = { row: SamePermitRow; fatal: boolean; reason: Reason | null }

/**
 * Rows of one file with one permit number, by line: of one person's the last counts, another person's is rejected and
 * names the first line. A row that only says the same again is dropped without a word.
 */
export function settleSamePermit(rows: readonly SamePermitRow[]): DroppedRow[] {
  const [first, ...others] = rows
  const dropped: DroppedRow[] = []
  let kept = first!
  for (const row of others) {
    if (!samePerson(kept, row)) {
      dropped.push({ row, fatal: true, reason: otherPerson(first!.line) })
    } else if (row.resident_digest === kept.resident_digest && row.permit_digest === kept.permit_digest) {
      dropped.push({ row, fatal: false, reason: null })
    } else {
      dropped.push({ row: kept, fatal: false, reason: laterRow(row.line) })
      kept = row
    }
  }
  return dropped
}

const PAGE = 500

/** Leaves one staging row per permit number; returns how many rows were rejected and how many replaced. */
export async function dropDuplicates(run: ImportRun): Promise<{ rejected: number; remarks: number }> {
  const { staging, rejects } = run.db.t
  const counts = { rejected: 0, remarks: 0 }
  let after = ''
  for (;;) {
    const twice = await run.db.read
      .select({ permit_no: staging.permit_no, times: count() })
      .from(staging)
      .where(and(eq(staging.import_id, run.importId), gt(staging.permit_no, after)))
      .groupBy(staging.permit_no)
      .having(({ times }) => gt(times, 1))
      .orderBy(asc(staging.permit_no))
      .limit(PAGE)
    if (twice.length === 0) return counts
    after = twice.at(-1)!.permit_no
    const dropped = (
      await samePermitRows(
        run,
        twice.map((row) => row.permit_no),
      )
    ).flatMap(settleSamePermit)
    const told = dropped.filter((drop) => drop.reason !== null)
    await writeStep(run, async (tx) => {
      for (let from = 0; from < dropped.length; from += PAGE) {
        const ids = dropped.slice(from, from + PAGE).map((drop) => drop.row.id)
        await tx.delete(staging).where(inArray(staging.id, ids))
      }
      for (let from = 0; from < told.length; from += PAGE) {
        await tx.insert(rejects).values(
          told.slice(from, from + PAGE).map(({ row, fatal, reason }) => ({
            import_id: run.importId,
            line: row.line,
            column: 'permit_no',
            value: mask(row.permit_no),
            reason: reason!.en,
            reason_id: reason!.id,
            fatal: fatal ? 1 : 0,
          })),
        )
      }
    })
    counts.rejected += told.filter((drop) => drop.fatal).length
    counts.remarks += told.filter((drop) => !drop.fatal).length
  }
}

async function samePermitRows(run: ImportRun, permitNos: string[]): Promise<SamePermitRow[][]> {
  const { staging } = run.db.t
  const rows: SamePermitRow[] = await run.db.read
    .select({
      id: staging.id,
      line: staging.line,
      permit_no: staging.permit_no,
      register_no: staging.register_no,
      passport_index: staging.passport_index,
      nationality: staging.nationality,
      resident_digest: staging.resident_digest,
      permit_digest: staging.permit_digest,
    })
    .from(staging)
    .where(and(eq(staging.import_id, run.importId), inArray(staging.permit_no, permitNos)))
    .orderBy(asc(staging.line), asc(staging.id))
  return [...Map.groupBy(rows, (row) => row.permit_no).values()]
}

function samePerson(a: SamePermitRow, b: SamePermitRow): boolean {
  if (a.register_no !== null && b.register_no !== null) return a.register_no === b.register_no
  return a.passport_index !== null && a.passport_index === b.passport_index && a.nationality === b.nationality
}

function otherPerson(line: number): Reason {
  return {
    id: `nomor izin ini sudah ada di baris ${line} untuk orang lain`,
    en: `stands in line ${line} already, for another person`,
  }
}

function laterRow(line: number): Reason {
  return {
    id: `izin ini ada lagi di baris ${line} dengan isi lain; baris ${line} yang dipakai`,
    en: `stands again in line ${line} with other values; line ${line} counts`,
  }
}
