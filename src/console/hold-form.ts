import type { HoldReason } from '../db/schema.ts'
import type { CivilDate } from '../lib/civil-date.ts'
import { AppError } from '../lib/errors.ts'
import { day, oneOf, optional } from './asked.ts'

export const HOLD_REASONS = [
  'applied',
  'left',
  'refugee',
  'diplomatic',
  'died',
  'naturalised',
  'other',
] as const satisfies readonly HoldReason[]

/** What a hold's form says. @throws AppError `invalid` with what is allowed. */
export function holdFields(
  form: Record<string, string>,
  today: CivilDate,
): { reason: HoldReason; untilOn: CivilDate | null; note: string | null } {
  const reason = oneOf(HOLD_REASONS, form.reason)
  if (!reason) throw new AppError('invalid', `alasan pengecualian: yang diperbolehkan: ${HOLD_REASONS.join(', ')}`)
  const untilOn = day(form.until) ?? null
  if (untilOn !== null && untilOn < today) {
    throw new AppError(
      'invalid',
      `berlaku sampai ${untilOn}: sudah lewat; kosongkan, atau tulis hari ini atau sesudahnya`,
    )
  }
  return { reason, untilOn, note: optional(form, 'note') ?? null }
}
