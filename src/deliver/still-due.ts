import { type CivilDate, daysBetween } from '../lib/civil-date.ts'
import type { Answer, Role } from '../lib/office.ts'

const LAST_OVERSTAY_NOTICE_DAY = 14

/** The record of one notice of a delivery, as it is at this moment. */
export type NoticeNow = {
  stage: number
  role: Role
  /** Smallest stage of the cycle's notices. */
  newestStage: number
  cycleExpiresOn: CivilDate
  permitExpiresOn: CivilDate
  isCurrent: boolean
  held: boolean
  /** Of this role in this cycle. */
  answers: readonly Answer[]
  /** The number that the record has today for this role; null when it has none. */
  phoneIndex: string | null
}

export type CancelReason = 'renewed' | 'held' | 'superseded' | 'permit_over' | 'understood' | 'corrected'

/** Why a notice is no longer to be told by a delivery, read immediately before sending; null: tell it. */
export function whyNot(
  notice: NoticeNow,
  delivery: { phoneIndex: string; attempts: number; today: CivilDate },
): CancelReason | null {
  if (!notice.isCurrent || notice.permitExpiresOn !== notice.cycleExpiresOn) return 'renewed'
  if (notice.held) return 'held'
  if (notice.newestStage < notice.stage) return 'superseded'
  const daysLeft = daysBetween(delivery.today, notice.cycleExpiresOn)
  if (notice.stage >= 0 ? daysLeft < 0 : daysLeft < -LAST_OVERSTAY_NOTICE_DAY) return 'permit_over'
  if (delivery.attempts > 0 && notice.answers.includes('understood')) return 'understood'
  if (notice.phoneIndex !== delivery.phoneIndex) return 'corrected'
  return null
}

/**
 * The first notice still to be told, when the record has one other number by now for everything that this delivery still
 * tells: it goes there. Null: to the number that the delivery has, or to none.
 */
export function movedTogether<Notice extends NoticeNow>(
  notices: readonly Notice[],
  reasons: ReadonlyMap<Notice, CancelReason | null>,
): (Notice & { phoneIndex: string }) | null {
  const live = notices.filter((notice) => reasons.get(notice) === null || reasons.get(notice) === 'corrected')
  const [first] = live
  if (!first || reasons.get(first) !== 'corrected' || first.phoneIndex === null) return null
  if (live.some((notice) => notice.phoneIndex !== first.phoneIndex)) return null
  return { ...first, phoneIndex: first.phoneIndex }
}
