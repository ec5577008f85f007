import { and, desc, eq, inArray, isNull } from 'drizzle-orm'
import type { Reader, Tx } from '../db/open.ts'
import type { Tables } from '../db/schema.ts'
import type { Vault } from '../db/seal.ts'
import { AppError } from '../lib/errors.ts'
import { type CorrectedField, columnsOfPhone, readCorrection } from './correction-values.ts'
import type { Reason } from './fault.ts'
import { shownValue } from './mask.ts'

export { CORRECTED_FIELDS, type CorrectedField } from './correction-values.ts'

export type Correction = {
  id: number
  residentId: number
  field: CorrectedField
  /** Empty: the number is nobody's, and none is known. */
  value: string
  /** What the newest file says; null: nothing. Once ended, what it said then. */
  registerValue: string | null
  /** What it took the place of: the number in force then; for a language, the resident's own choice. */
  formerValue: string | null
  reason: string
  madeBy: string
  madeAt: number
  endedAt: number | null
  /** An officer, `register` when a file caught up, or `resident` who chose a language since. */
  endedBy: string | null
}

/** Who ends corrections beside officers. */
export const BY_REGISTER = 'register'
export const BY_RESIDENT = 'resident'

/**
 * Puts an officer's value in the register's place, until a file says the same or somebody ends it. One that was in force
 * ends; one that says what the register says is recorded and over at once.
 * @param change.value as typed; for a phone '' says that the number is nobody's and none is known
 * @param change.seen the correction that the officer saw in force, or null
 * @throws AppError `invalid` for a value that an import would not take whole, for one that stands already and without a
 * reason; `conflict`, naming who, when another correction is in force than the one seen; `not-found`
 */
export async function correctResident(
  tx: Tx,
  change: {
    vault: Vault
    residentId: number
    field: CorrectedField
    value: string
    reason: string
    seen: number | null
    by: string
    now: number
  },
): Promise<{ id: number; value: string; inForce: boolean }> {
  const { vault, field, by, now } = change
  const { corrections } = tx.t
  const reason = change.reason.trim()
  if (reason === '') throw new AppError('invalid', 'alasan koreksi: wajib diisi')
  const resident = await lockResident(tx, change.residentId, now)
  const reading = readCorrection(field, change.value, resident.nationality)
  if ('fault' in reading) throw refused(field, change.value, reading.fault)
  const { value } = reading

  const live = await liveOf(tx, resident.id, field)
  if ((live?.id ?? null) !== change.seen) throw await conflict(tx, field, live, change.seen)
  const own = field === 'language' ? resident.chosen_language : null
  if (value === (own ?? resident[field] ?? '')) throw refused(field, change.value, stands)

  const registerValue = live ? live.registerValue : resident[field]
  const inForce = value !== (registerValue ?? '')
  if (live) await end(tx, live.id, by, now)
  const [row] = await tx
    .insert(corrections)
    .values({
      resident_id: resident.id,
      field,
      value,
      register_value: registerValue,
      former_value: field === 'language' ? (live ? live.formerValue : own) : resident[field],
      reason,
      made_by: by,
      made_at: now,
      ...(inForce ? {} : { ended_at: now, ended_by: BY_REGISTER }),
    })
    .returning({ id: corrections.id })
  await standsNow(
    tx,
    resident.id,
    field === 'language' ? { chosen_language: inForce ? value : null } : columnsOfPhone(vault, field, value),
  )
  return { id: row!.id, value, inForce }
}

/**
 * Back to what the register says; of a language, to what the resident had chosen before.
 * @throws AppError `not-found`; `conflict` when it is over already, naming who ended it
 */
export async function endCorrection(
  tx: Tx,
  ending: { vault: Vault; id: number; residentId: number; by: string; now: number },
): Promise<Correction> {
  const { corrections } = tx.t
  await lockResident(tx, ending.residentId, ending.now)
  const [row] = await tx.select().from(corrections).where(eq(corrections.id, ending.id))
  if (row?.resident_id !== ending.residentId) throw new AppError('not-found', `tidak ada koreksi ${ending.id}`)
  const correction = correctionOf(row)
  if (correction.endedAt !== null) throw isOver(correction)
  await end(tx, correction.id, ending.by, ending.now)
  const { field, registerValue, formerValue } = correction
  await standsNow(
    tx,
    ending.residentId,
    field === 'language' ? { chosen_language: formerValue } : columnsOfPhone(ending.vault, field, registerValue ?? ''),
  )
  return { ...correction, endedAt: ending.now, endedBy: ending.by }
}

/** What is in force for these residents, by resident id; who has none is not in the map. */
export async function liveCorrections(
  reader: Reader,
  residentIds: readonly number[],
): Promise<Map<number, Correction[]>> {
  if (residentIds.length === 0) return new Map()
  const { corrections } = reader.t
  const rows = await reader
    .select()
    .from(corrections)
    .where(and(inArray(corrections.resident_id, [...residentIds]), isNull(corrections.ended_at)))
  return Map.groupBy(rows.map(correctionOf), (correction) => correction.residentId)
}

/** All of a resident, the newest first. */
export async function correctionHistory(reader: Reader, residentId: number): Promise<Correction[]> {
  const { corrections } = reader.t
  const rows = await reader
    .select()
    .from(corrections)
    .where(eq(corrections.resident_id, residentId))
    .orderBy(desc(corrections.id))
  return rows.map(correctionOf)
}

const labels: Record<CorrectedField, string> = {
  phone: 'telepon',
  sponsor_phone: 'telepon penjamin',
  language: 'bahasa',
}

const stands: Reason = { id: 'sudah tercatat begitu', en: 'stands so already' }

/** Whoever has the row decides: an import that is under way waits here, or made this wait. */
async function lockResident(tx: Tx, residentId: number, now: number) {
  const { residents } = tx.t
  const [row] = await tx.update(residents).set({ updated_at: now }).where(eq(residents.id, residentId)).returning({
    id: residents.id,
    nationality: residents.nationality,
    phone: residents.phone,
    sponsor_phone: residents.sponsor_phone,
    language: residents.language,
    chosen_language: residents.chosen_language,
  })
  if (!row) throw new AppError('not-found', `tidak ada WNA nomor ${residentId}`)
  return row
}

async function liveOf(tx: Tx, residentId: number, field: CorrectedField): Promise<Correction | undefined> {
  return (await liveCorrections(tx, [residentId])).get(residentId)?.find((one) => one.field === field)
}

async function end(tx: Tx, id: number, by: string, now: number): Promise<void> {
  const { corrections } = tx.t
  await tx.update(corrections).set({ ended_at: now, ended_by: by }).where(eq(corrections.id, id))
}

async function standsNow(
  tx: Tx,
  residentId: number,
  columns: Partial<Tables['residents']['$inferInsert']>,
): Promise<void> {
  const { residents } = tx.t
  await tx.update(residents).set(columns).where(eq(residents.id, residentId))
}

function refused(field: CorrectedField, text: string, reason: Reason): AppError {
  const shown = text.trim() === '' ? '' : ` "${shownValue(field, text.trim())}"`
  const allowed = field === 'language' ? '' : '; contoh: 0812-3456-7890 atau +60 12-345 6789'
  return new AppError('invalid', `${labels[field]}${shown}: ${reason.id}${reason === stands ? '' : allowed}`)
}

async function conflict(
  tx: Tx,
  field: CorrectedField,
  live: Correction | undefined,
  seen: number | null,
): Promise<AppError> {
  if (live) return new AppError('conflict', `${labels[field]} ini sudah dibetulkan oleh ${live.madeBy}; periksa lagi`)
  const { corrections } = tx.t
  const [row] = await tx
    .select()
    .from(corrections)
    .where(eq(corrections.id, seen ?? 0))
  return row ? isOver(correctionOf(row)) : new AppError('not-found', `tidak ada koreksi ${seen}`)
}

function isOver({ field, endedBy }: Correction): AppError {
  const who =
    endedBy === BY_REGISTER
      ? 'register, yang kini memuat nilai yang sama'
      : endedBy === BY_RESIDENT
        ? 'WNA itu sendiri, yang memilih bahasanya'
        : endedBy
  return new AppError('conflict', `koreksi ${labels[field]} ini sudah diakhiri oleh ${who}; periksa lagi`)
}

function correctionOf(row: Tables['corrections']['$inferSelect']): Correction {
  return {
    id: row.id,
    residentId: row.resident_id,
    field: row.field,
    value: row.value,
    registerValue: row.register_value,
    formerValue: row.former_value,
    reason: row.reason,
    madeBy: row.made_by,
    madeAt: row.made_at,
    endedAt: row.ended_at,
    endedBy: row.ended_by,
  }
}
