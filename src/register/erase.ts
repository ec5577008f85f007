import { eq, sql } from 'drizzle-orm'
import type { Tx } from '../db/open.ts'
import type { CivilDate } from '../lib/civil-date.ts'

/** In place of the name, wherever something of an erased person is still counted or linked to. */
export const ERASED_NAME = '(dihapus)'

/**
 * Takes the person out of what is left of a resident: nationality, area and the dates of the permits, which past years' figures
 * are counted from. `countsAsBornOn` tells those figures who was a child then, and is nobody's birthday. Returns rows by table.
 */
export async function eraseFromRegister(
  tx: Tx,
  { residentId, countsAsBornOn, now }: { residentId: number; countsAsBornOn: CivilDate | null; now: number },
): Promise<Record<string, number>> {
  const { residents, permits, holds, corrections } = tx.t
  const one = eq(residents.id, residentId)
  const [former] = await tx
    .select({ phone: residents.phone_index, sponsor: residents.sponsor_phone_index })
    .from(residents)
    .where(one)
  await tx
    .update(residents)
    .set({
      ...NOBODY,
      full_name: ERASED_NAME,
      birth_date: countsAsBornOn,
      register_digest: '',
      updated_at: now,
      erased_at: now,
    })
    .where(one)
  await tx
    .update(residents)
    .set({ identity_doubt: null })
    .where(eq(residents.identity_doubt, `same-person:${residentId}`))
  const cleared = await tx
    .update(permits)
    .set({
      permit_no: sql`'erased:' || ${permits.id}`,
      index_code: null,
      is_current: 0,
      register_digest: '',
      updated_at: now,
    })
    .where(eq(permits.resident_id, residentId))
    .returning({ id: permits.id })
  const unnoted = await tx
    .update(holds)
    .set({ note: null })
    .where(eq(holds.resident_id, residentId))
    .returning({ id: holds.id })
  const removed = await tx
    .delete(corrections)
    .where(eq(corrections.resident_id, residentId))
    .returning({ id: corrections.id })
  for (const index of [former?.phone, former?.sponsor]) if (index) await forgetDeadNumber(tx, index)
  return { residents: 1, permits: cleared.length, holds: unnoted.length, corrections: removed.length }
}

/** A number that nobody has any more. That its owner does not want to be called or written to is kept. */
async function forgetDeadNumber(tx: Tx, phoneIndex: string): Promise<void> {
  const { dead_numbers } = tx.t
  await tx.run(sql`
    delete from ${dead_numbers} where phone_index = ${phoneIndex}
      and not exists (select 1 from residents r where r.phone_index = ${phoneIndex} or r.sponsor_phone_index = ${phoneIndex})`)
}

const NOBODY = {
  register_no: null,
  passport_no: null,
  passport_index: null,
  sex: null,
  phone: null,
  phone_index: null,
  phone_country: null,
  phone_line: null,
  whatsapp_opt_in_on: null,
  language: null,
  chosen_language: null,
  address: null,
  district: null,
  purpose: null,
  sponsor_name: null,
  sponsor_phone: null,
  sponsor_phone_index: null,
  sponsor_phone_country: null,
  sponsor_phone_line: null,
  identity_doubt: null,
} as const
