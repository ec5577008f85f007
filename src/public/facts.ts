import { factsOf } from '../compose/facts.ts'
import type { PageFacts } from '../compose/words.ts'
import type { ToldNotice } from '../deliver/find-by-token.ts'
import { addDays, type CivilDate, daysBetween } from '../lib/civil-date.ts'
import type { Office } from '../lib/office.ts'

const DAYS_AFTER_EXPIRY = 30

/**
 * The notices that a page or call still tells of: up to 30 days after expiry, not once a newer permit or date has come, and after expiry not
 * while the resident is held. Empty: the link has ended.
 */
export function liveNotices(notices: readonly ToldNotice[], today: CivilDate): ToldNotice[] {
  return notices.filter((notice) => {
    if (notice.superseded || today > addDays(notice.expiresOn, DAYS_AFTER_EXPIRY)) return false
    const held = notice.heldUntil === 'forever' || (notice.heldUntil !== null && notice.heldUntil >= today)
    return !(held && today > notice.expiresOn)
  })
}

/**
 * What these notices say today. Those that have ended are left out of the count as long as one has not: the list names each.
 */
export function pageFactsOf(
  notices: readonly ToldNotice[],
  { office, today, link }: { office: Office; today: CivilDate; link: string },
): PageFacts {
  const running = notices.filter((notice) => notice.expiresOn >= today)
  const told = running.length > 0 ? running : notices
  const role = told.every((notice) => notice.role === 'sponsor') ? 'sponsor' : 'resident'
  const facts = factsOf({
    office,
    told: told.map((notice) => ({ ...notice, kind: notice.permitKind })),
    role,
    link,
    today,
  })
  const kinds = new Set(told.map((notice) => notice.permitKind))
  return {
    ...facts,
    // A number that breaks over two lines is dialled wrongly.
    officePhone: facts.officePhone.replaceAll(' ', '\u00a0'),
    daysLeft: daysBetween(today, facts.expiresOn),
    permitKind: kinds.size === 1 ? [...kinds][0]! : null,
  }
}
