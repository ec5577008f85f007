import type { ToldNotice } from '../deliver/find-by-token.ts'

/** The one resident who is told of all these notices himself; undefined where a sponsor or somebody else is told too. */
export function soleResident(notices: readonly ToldNotice[]): ToldNotice | undefined {
  const [first] = notices
  const alone = notices.every((notice) => notice.role === 'resident' && notice.residentId === first?.residentId)
  return alone ? first : undefined
}
