import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { addDays, civilDate, weekday } from '../lib/civil-date.ts'
import { loadOffice } from '../lib/office.ts'
import { mayBeHoliday } from './possible-holidays.ts'

/** Of the decrees SKB 855/3/4 of 2023 and 1017/2/2 of 2024, with 18 August 2025, which was added to the latter. */
const earlier = {
  2024: '01-01 02-08 02-09 02-10 03-11 03-12 03-29 03-31 04-08 04-09 04-10 04-11 04-12 04-15 05-01 05-09 05-10 05-23 05-24 06-01 06-17 06-18 07-07 08-17 09-16 12-25 12-26',
  2025: '01-01 01-27 01-28 01-29 03-28 03-29 03-31 04-01 04-02 04-03 04-04 04-07 04-18 04-20 05-01 05-12 05-13 05-29 05-30 06-01 06-06 06-09 06-27 08-17 08-18 09-05 12-25 12-26',
}
const office = await loadOffice(join(import.meta.dirname, '../../templates/office.yaml'))
const decreed = [
  ...Object.entries(earlier).flatMap(([year, days]) => days.split(' ').map((day) => civilDate(`${year}-${day}`))),
  ...office.holidays.flatMap(({ days }) => days.map(({ date }) => date)),
].filter((date) => weekday(date) <= 5)

describe('foreseeing holidays', () => {
  it.each(decreed)('covers %s, which a decree made a day off', (date) => {
    expect(mayBeHoliday(date)).toBe(true)
  })

  it.each(['2026-11-23', '2027-07-14', '2028-09-13', '2029-10-03', '2027-04-21'])('leaves %s alone', (date) => {
    expect(mayBeHoliday(civilDate(date))).toBe(false)
  })

  it.each([2024, 2025, 2026, 2027, 2028, 2029, 2030, 2031, 2032, 2033])(
    'never doubts three weeks on end in %i, and not more than four weekdays in ten',
    (year) => {
      let doubted = 0
      let run = 0
      let longest = 0
      for (let date = civilDate(`${year}-01-01`); date.startsWith(`${year}`); date = addDays(date, 1)) {
        const weekend = weekday(date) > 5
        const doubt = !weekend && mayBeHoliday(date)
        run = weekend || doubt ? run + 1 : 0
        longest = Math.max(longest, run)
        if (doubt) doubted += 1
      }
      expect(longest).toBeLessThan(21)
      expect(doubted).toBeLessThan(261 * 0.4)
    },
  )
})
