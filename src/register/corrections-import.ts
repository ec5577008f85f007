import { and, asc, eq, exists, gt, inArray, isNull, ne, or, sql } from 'drizzle-orm'
import type { Reader, Tx } from '../db/open.ts'
import { type CorrectedField, columnsOfPhone } from './correction-values.ts'
import { BY_REGISTER, type Correction, liveCorrections } from './corrections.ts'
import type { Reason } from './fault.ts'
import type { Field } from './headers.ts'
import { shownValue } from './mask.ts'
import { type ImportRun, writeStep } from './run.ts'

// Everything here goes by the corrections, of which there are few, and never by the rows of the file.

const PAGE = 500

/**
 * A file without a phone column took the phones over from the register. Where an officer corrected one, the row must hold
 * what the register says, not the correction: else the correction would seem to come from the file.
 */
export async function undoCorrectedFill(run: ImportRun, present: ReadonlySet<Field>): Promise<void> {
  const { staging } = run.db.t
  for await (const { live } of eachLivePage(run)) {
    await writeStep(run, async (tx) => {
      for (const { residentId, field, registerValue } of live) {
        if (field === 'language' || present.has(field)) continue
        await tx
          .update(staging)
          .set(columnsOfPhone(run.db.vault, field, registerValue ?? ''))
          .where(and(eq(staging.import_id, run.importId), eq(staging.resident_id, residentId)))
      }
    })
  }
}

/** Remarks on each value of the file that an officer's correction stands against. Returns how many there are. */
export async function remarkCorrected(run: ImportRun, present: ReadonlySet<Field>): Promise<number> {
  let told = 0
  for await (const { live, rows } of eachLivePage(run)) {
    const remarks = live.flatMap(({ residentId, field, value }) => {
      const row = rows.get(residentId)
      if (!row || !present.has(field) || saidOf(row, field) === value) return []
      return [
        {
          import_id: run.importId,
          line: row.line,
          column: field,
          value: shownValue(field, saidOf(row, field)),
          reason: corrected.en,
          reason_id: corrected.id,
          fatal: 0,
        },
      ]
    })
    if (remarks.length === 0) continue
    await writeStep(run, (tx) => tx.insert(tx.t.rejects).values(remarks))
    told += remarks.length
  }
  return told
}

/**
 * After these residents' rows went in: what officers corrected stands again, and ends where the file says the same by now.
 * In the transaction of the rows, so that no wrong number is ever to be seen.
 */
export async function keepCorrections(tx: Tx, run: ImportRun, residentIds: readonly number[]): Promise<void> {
  const live = [...(await liveCorrections(tx, residentIds)).values()].flat()
  if (live.length === 0) return
  const { corrections, residents } = tx.t
  const rows = await rowsOf(tx, run, live)
  for (const { id, residentId, field, value, registerValue } of live) {
    const row = rows.get(residentId)
    if (!row) continue
    const said = saidOf(row, field)
    const caughtUp = said === value
    if (said !== (registerValue ?? '')) {
      const over = caughtUp ? { ended_at: run.now, ended_by: BY_REGISTER } : {}
      await tx
        .update(corrections)
        .set({ register_value: said === '' ? null : said, ...over })
        .where(eq(corrections.id, id))
    }
    if (field === 'language' && !caughtUp) continue
    const stands = field === 'language' ? { chosen_language: null } : columnsOfPhone(run.db.vault, field, value)
    await tx.update(residents).set(stands).where(eq(residents.id, residentId))
  }
}

const corrected: Reason = {
  id: 'berbeda dari yang dibetulkan petugas; koreksi petugas yang dipakai',
  en: 'differs from what an officer corrected; the correction counts',
}

type SaidRow = { line: number; phone: string | null; sponsor_phone: string | null; language: string | null }

function saidOf(row: SaidRow, field: CorrectedField): string {
  return row[field] ?? ''
}

/** Whom the file brings from another office. */
function isComing(run: ImportRun) {
  if (run.elsewhere.length === 0) return undefined
  const { corrections, staging } = run.db.t
  const rows = run.db.read
    .select({ one: sql`1` })
    .from(staging)
    .where(and(eq(staging.import_id, run.importId), eq(staging.resident_id, corrections.resident_id)))
  return exists(rows)
}

/** The corrections in force of this office, and what the file says of those people. */
async function* eachLivePage(run: ImportRun): AsyncGenerator<{ live: Correction[]; rows: Map<number, SaidRow> }> {
  const { corrections, residents } = run.db.t
  for (let after = 0; ; ) {
    const people = await run.db.read
      .selectDistinct({ id: corrections.resident_id })
      .from(corrections)
      .innerJoin(residents, eq(residents.id, corrections.resident_id))
      .where(
        and(
          isNull(corrections.ended_at),
          gt(corrections.resident_id, after),
          or(eq(residents.office_code, run.officeCode), isComing(run)),
        ),
      )
      .orderBy(asc(corrections.resident_id))
      .limit(PAGE)
    if (people.length === 0) return
    after = people.at(-1)!.id
    const live = [
      ...(
        await liveCorrections(
          run.db.read,
          people.map(({ id }) => id),
        )
      ).values(),
    ].flat()
    yield { live, rows: await rowsOf(run.db.read, run, live) }
  }
}

/** The row that speaks for each of these people, where the file has one. */
async function rowsOf(reader: Reader, run: ImportRun, live: readonly Correction[]): Promise<Map<number, SaidRow>> {
  const { staging } = reader.t
  const rows = await reader
    .select({
      residentId: staging.resident_id,
      line: staging.line,
      phone: staging.phone,
      sponsor_phone: staging.sponsor_phone,
      language: staging.language,
    })
    .from(staging)
    .where(
      and(
        eq(staging.import_id, run.importId),
        inArray(staging.resident_id, [...new Set(live.map((one) => one.residentId))]),
        ne(staging.resident_digest, ''),
      ),
    )
  return new Map(rows.map((row) => [row.residentId!, row]))
}
