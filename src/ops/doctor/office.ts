import { addDays, type CivilDate } from '../../lib/civil-date.ts'
import type { Office } from '../../lib/office.ts'
import { holidayListAlarm } from '../../scan/working-days.ts'
import { fault, type Trouble, warn } from './finding.ts'

/** Notices name a last filing day up to so many days ahead. */
const AHEAD_DAYS = 60

export function judgeOffice({ unverified }: Pick<Office, 'unverified'>, file = 'OFFICE_FILE'): Trouble[] {
  if (unverified.length === 0) return []
  return [
    fault(
      `Nobody has checked these entries of ${file}, which residents read: ${unverified.join(', ')}.`,
      'Correct them and take each one off the list "unverified".',
    ),
  ]
}

export function judgeHolidays(office: Office, today: CivilDate): Trouble[] {
  const year = holidayListAlarm(office, today)
  const enter = (one: number) =>
    `Enter the holidays and joint leave of ${one} from the ministers' decree (SKB 3 Menteri) in OFFICE_FILE and set confirmed: true.`
  if (year !== null) {
    const level = today.startsWith(String(year)) ? fault : warn
    return [level(`The holiday list of ${year} is missing or not confirmed.`, enter(year))]
  }
  const last = addDays(today, AHEAD_DAYS)
  const open = office.holidays.flatMap(({ days }) =>
    days.filter(({ date, confirmed }) => !confirmed && date >= today && date <= last).map(({ date }) => date),
  )
  if (open.length === 0) return []
  return [
    warn(
      `These holidays within ${AHEAD_DAYS} days are not certain yet: ${open.join(', ')}.`,
      'Correct them in OFFICE_FILE once the government has announced them, and take off "confirmed: false".',
    ),
  ]
}
