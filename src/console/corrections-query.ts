import { and, asc, eq, inArray, isNull } from 'drizzle-orm'
import { ofOffice } from '../db/of-office.ts'
import type { Reader } from '../db/open.ts'
import type { CorrectedField } from '../register/corrections.ts'
import { ofArea } from './find.ts'
import type { Scope } from './residents-query.ts'

/** What the office must change in its own register, so that it says what an officer found out. */
export type Difference = {
  register_no: string | null
  name: string
  nationality: string
  permit_no: string | null
  field: CorrectedField
  register_value: string | null
  value: string
  reason: string
  made_by: string
  made_at: number
}

/** Every correction in force in the officer's area, by name. */
export async function differences({ db, office, officer }: Scope): Promise<Difference[]> {
  const { corrections, residents, permits } = db.t
  return db.read
    .select({
      register_no: residents.register_no,
      name: residents.full_name,
      nationality: residents.nationality,
      permit_no: permits.permit_no,
      field: corrections.field,
      register_value: corrections.register_value,
      value: corrections.value,
      reason: corrections.reason,
      made_by: corrections.made_by,
      made_at: corrections.made_at,
    })
    .from(corrections)
    .innerJoin(residents, eq(residents.id, corrections.resident_id))
    .leftJoin(permits, and(eq(permits.resident_id, residents.id), eq(permits.is_current, 1)))
    .where(
      and(isNull(corrections.ended_at), ofOffice(residents.office_code, office), ofArea(residents.regency, officer)),
    )
    .orderBy(asc(residents.full_name), asc(corrections.id))
}

/** The ids of those residents whose data an officer corrected and the register still has otherwise. */
export function differing(reader: Reader) {
  const { corrections } = reader.t
  return reader.select({ id: corrections.resident_id }).from(corrections).where(isNull(corrections.ended_at))
}

/** Those of these residents who differ. */
export async function differingAmong(reader: Reader, residentIds: readonly number[]): Promise<Set<number>> {
  if (residentIds.length === 0) return new Set()
  const { corrections } = reader.t
  const rows = await reader
    .select({ id: corrections.resident_id })
    .from(corrections)
    .where(and(inArray(corrections.resident_id, [...residentIds]), isNull(corrections.ended_at)))
  return new Set(rows.map(({ id }) => id))
}
