import type { DeliveryState } from '../db/schema.ts'
import type { CivilDate } from '../lib/civil-date.ts'
import { type CancelReason, movedTogether, type NoticeNow, whyNot } from './still-due.ts'

export type RetryRefusal =
  | 'waiting'
  | 'under-way'
  | 'told'
  | 'cancelled'
  | Exclude<CancelReason, 'corrected'>
  | 'no-phone'
  | 'parted'
  | 'opted_out'
  | 'dead_number'
  | 'route'

/** `to`: the number that it was to, or the one that the record has by now. */
export type Retry = { may: true; to: 'same' | 'corrected' } | { may: false; why: RetryRefusal }

/** Everything that a retry by hand depends on, read immediately before it. */
export type RetryGround = {
  state: DeliveryState
  /** The number that the delivery was to. */
  phoneIndex: string
  /** The carrier has had it before. */
  tried: boolean
  today: CivilDate
  notices: readonly NoticeNow[]
  /** Numbers that take nothing on this delivery's channel. */
  closed: ReadonlyMap<string, 'opted_out' | 'dead_number'>
  /** Numbers whose route on this channel is paused. */
  pausedRoutes: ReadonlySet<string>
}

/** What has not come to an end, or has come to a good one, is the program's alone: two messages are worse than one late one. */
const STANDING: Partial<Record<DeliveryState, RetryRefusal>> = {
  queued: 'waiting',
  sending: 'under-way',
  uncertain: 'under-way',
  accepted: 'under-way',
  sent: 'under-way',
  delivered: 'told',
  read: 'told',
  cancelled: 'cancelled',
}

/**
 * Whether an officer may have a failed delivery sent once more: at least one of its notices must still be to be told, and
 * the number of today must take this channel.
 */
export function mayRetry({ state, phoneIndex, tried, today, notices, closed, pausedRoutes }: RetryGround): Retry {
  const standing = STANDING[state]
  if (standing) return { may: false, why: standing }
  const reasons = new Map(
    notices.map((notice) => [notice, whyNot(notice, { phoneIndex, attempts: tried ? 1 : 0, today })]),
  )
  const to = notices.some((notice) => reasons.get(notice) === null)
    ? phoneIndex
    : movedTogether(notices, reasons)?.phoneIndex
  if (to === undefined) return { may: false, why: refusalOf(notices, reasons) }
  const why = closed.get(to) ?? (pausedRoutes.has(to) ? 'route' : null)
  if (why !== null) return { may: false, why }
  return { may: true, to: to === phoneIndex ? 'same' : 'corrected' }
}

function refusalOf(notices: readonly NoticeNow[], reasons: ReadonlyMap<NoticeNow, CancelReason | null>): RetryRefusal {
  const corrected = notices.find((notice) => reasons.get(notice) === 'corrected')
  if (corrected) return corrected.phoneIndex === null ? 'no-phone' : 'parted'
  const [reason] = reasons.values()
  return reason && reason !== 'corrected' ? reason : 'permit_over'
}
