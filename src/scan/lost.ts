import type { Gap } from '../db/gap.ts'
import { addDays, type CivilDate, dateAt } from '../lib/civil-date.ts'

type Due = { expiresOn: CivilDate; stage: number }

/** The day from which a notice of this stage can be told. */
export function stageBegins({ expiresOn, stage }: Due): CivilDate {
  return addDays(expiresOn, -stage)
}

/** Whether it may have been told in the gap: only if its stage had begun when the gap ended. So no gap is asked about for ever. */
export function mayBeLost(due: Due, gap: Gap | null, timeZone: string): boolean {
  return gap !== null && stageBegins(due) <= dateAt(gap.until, timeZone)
}
