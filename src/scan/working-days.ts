import { addDays, type CivilDate, weekday, yearOf } from '../lib/civil-date.ts'
import { AppError } from '../lib/errors.ts'
import type { Office } from '../lib/office.ts'
import { remembered } from '../lib/remembered.ts'
import { mayBeHoliday } from './possible-holidays.ts'

export type Certainty = 'yes' | 'no' | 'unsure'

export type FilingDay = {
  /** The last surely working day before the permit ends. */
  date: CivilDate
  /** "perkiraan": the holiday list that decides it is not confirmed, and the true day may be later. */
  estimated: boolean
  /** It has passed. */
  late: boolean
  /** The next surely working day, today or later: when to come if it is late or already an overstay. */
  comeOn: CivilDate
  /** Fewer than three surely working days remain, today and the last one counted; false once it is late. */
  hurry: boolean
}

/** A joint leave day is a day off: offices close on it. */
export function isWorkingDay(office: Office, date: CivilDate): Certainty {
  if (!office.workingDays.includes(weekday(date))) return 'no'
  const list = office.holidays.find(({ year }) => year === yearOf(date))
  const holiday = list?.days.find((day) => day.date === date)
  if (holiday) return holiday.confirmed ? 'no' : 'unsure'
  if (list?.confirmed) return 'yes'
  return mayBeHoliday(date) ? 'unsure' : 'yes'
}

/** Asked for with each message and each row of a list. */
const known = new WeakMap<Office, (asked: string) => FilingDay>()

/**
 * An extension is filed at the latest on the working day before the permit ends (blitar.imigrasi.go.id/pelayanan).
 * Throws AppError('config') when the office file leaves no working day at all.
 */
export function lastFilingDay(office: Office, expiresOn: CivilDate, today: CivilDate): Readonly<FilingDay> {
  const days =
    known.get(office) ??
    remembered((asked: string) => {
      const [expires, on] = asked.split(' ') as [CivilDate, CivilDate]
      return filingDayOf(office, expires, on)
    })
  known.set(office, days)
  return days(`${expiresOn} ${today}`)
}

function filingDayOf(office: Office, expiresOn: CivilDate, today: CivilDate): FilingDay {
  let estimated = false
  const date = nearest(addDays(expiresOn, -1), -1, (day) => {
    estimated ||= isWorkingDay(office, day) === 'unsure' || !hasConfirmedList(office, yearOf(day))
    return isWorkingDay(office, day) === 'yes'
  })
  const late = date < today
  return {
    date,
    estimated,
    late,
    comeOn: nearest(today, 1, (day) => isWorkingDay(office, day) === 'yes'),
    hurry: !late && !hasWorkingDays(office, today, date, 3),
  }
}

/** The year whose list an officer must enter or confirm now: this year's, or from 1 October the next; else null. */
export function holidayListAlarm(office: Office, today: CivilDate): number | null {
  const year = yearOf(today)
  if (!hasConfirmedList(office, year)) return year
  return today >= `${year}-10-01` && !hasConfirmedList(office, year + 1) ? year + 1 : null
}

function hasConfirmedList(office: Office, year: number): boolean {
  return office.holidays.some((list) => list.year === year && list.confirmed)
}

function nearest(from: CivilDate, step: 1 | -1, accept: (day: CivilDate) => boolean): CivilDate {
  let day = from
  for (let tried = 0; tried < 366; tried += 1, day = addDays(day, step)) {
    if (accept(day)) return day
  }
  throw new AppError('config', `the office file has no working day within a year of ${from}: see hours and holidays`)
}

function hasWorkingDays(office: Office, first: CivilDate, last: CivilDate, wanted: number): boolean {
  let found = 0
  for (let day = first; day <= last && found < wanted; day = addDays(day, 1)) {
    if (isWorkingDay(office, day) === 'yes') found += 1
  }
  return found >= wanted
}
