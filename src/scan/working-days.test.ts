import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { civilDate } from '../lib/civil-date.ts'
import { AppError } from '../lib/errors.ts'
import { loadOffice, type Office } from '../lib/office.ts'
import { holidayListAlarm, isWorkingDay, lastFilingDay } from './working-days.ts'

const office = await loadOffice(join(import.meta.dirname, '../../templates/office.yaml'))
const forgotten: Office = { ...office, holidays: office.holidays.filter(({ year }) => year === 2026) }
const leapYear: Office = { ...office, holidays: [{ year: 2028, confirmed: true, days: [] }] }

describe('a working day', () => {
  it.each([
    ['2026-11-23', 'yes', 'a Monday'],
    ['2026-11-22', 'no', 'a Sunday'],
    ['2026-11-21', 'no', 'a Saturday'],
    ['2026-08-17', 'no', 'Independence Day'],
    ['2026-03-20', 'no', 'joint leave'],
    ['2027-03-10', 'unsure', 'Idulfitri, not yet fixed by the minister'],
    ['2027-03-16', 'yes', 'the first day after Lebaran 2027'],
    ['2029-07-11', 'yes', 'far from every feast in a year without a list'],
    ['2029-08-17', 'unsure', 'a feast in a year without a list'],
    ['2029-12-26', 'unsure', 'beside a feast in a year without a list'],
    ['2029-07-14', 'no', 'a Saturday in a year without a list'],
  ])('%s is %s: %s', (date, expected) => {
    expect(isWorkingDay(office, civilDate(date))).toBe(expected)
  })

  it('believes a single confirmed holiday in a list that is not confirmed', () => {
    const days = [{ date: civilDate('2029-07-11'), name: 'x', joint: false, confirmed: true }]
    const draft: Office = { ...office, holidays: [{ year: 2029, confirmed: false, days }] }
    expect(isWorkingDay(draft, civilDate('2029-07-11'))).toBe('no')
    expect(isWorkingDay(draft, civilDate('2029-08-17'))).toBe('unsure')
  })
})

describe('the last filing day', () => {
  it.each([
    ['an ordinary Thursday', '2026-11-26', '2026-11-25'],
    ['a Saturday', '2026-11-28', '2026-11-27'],
    ['a Sunday', '2026-11-22', '2026-11-20'],
    ['a Monday', '2026-11-23', '2026-11-20'],
    ['a holiday (Independence Day, a Monday)', '2026-08-17', '2026-08-14'],
    ['the day after a holiday', '2026-08-26', '2026-08-24'],
    ['the Monday after Easter', '2026-04-06', '2026-04-02'],
    ['the Tuesday after Waisak and Pancasila', '2026-06-02', '2026-05-29'],
    ['the first day of joint leave before Lebaran', '2026-03-18', '2026-03-17'],
    ['Nyepi', '2026-03-19', '2026-03-17'],
    ['Idulfitri', '2026-03-21', '2026-03-17'],
    ['the last joint leave day of Lebaran', '2026-03-24', '2026-03-17'],
    ['the first working day after Lebaran', '2026-03-25', '2026-03-17'],
    ['the second working day after Lebaran', '2026-03-26', '2026-03-25'],
    ['Christmas', '2026-12-25', '2026-12-23'],
    ['the Monday after Christmas', '2026-12-28', '2026-12-23'],
    ['the end of the year', '2026-12-31', '2026-12-30'],
    ['the first Monday of the next year', '2027-01-04', '2026-12-31'],
    ['Lebaran 2027', '2027-03-08', '2027-03-05'],
  ])('for a permit that ends on %s', (_, expiresOn, expected) => {
    const day = lastFilingDay(office, civilDate(expiresOn), civilDate('2026-01-02'))
    expect(day).toMatchObject({ date: expected, estimated: false })
  })

  it.each([
    ['29 February', '2028-02-29', '2028-02-28'],
    ['1 March of a leap year', '2028-03-01', '2028-02-29'],
  ])('for a permit that ends on %s', (_, expiresOn, expected) => {
    expect(lastFilingDay(leapYear, civilDate(expiresOn), civilDate('2028-02-01')).date).toBe(expected)
  })

  it('is estimated where a day that the minister has not fixed decides it', () => {
    const day = lastFilingDay(office, civilDate('2027-03-16'), civilDate('2027-03-01'))
    expect(day).toMatchObject({ date: '2027-03-05', estimated: true })
  })

  it.each([
    ['in plain weeks: the day before', '2027-07-15', '2027-07-14'],
    ['in the week of 17 August', '2027-08-20', '2027-08-11'],
    ['a week before the reckoned Lebaran', '2027-03-16', '2027-03-02'],
    ['right after New Year: in the confirmed year before', '2027-01-04', '2026-12-31'],
  ])('in a year without a list is the nearest sure one, %s', (_, expiresOn, expected) => {
    const day = lastFilingDay(forgotten, civilDate(expiresOn), civilDate('2026-12-01'))
    expect(day).toMatchObject({ date: expected, estimated: true })
  })

  it.each([
    ['before it', '2026-03-16', false, '2026-03-16'],
    ['on it', '2026-03-17', false, '2026-03-17'],
    ['the day after it', '2026-03-18', true, '2026-03-25'],
    ['on the last lawful day', '2026-03-23', true, '2026-03-25'],
    ['when the permit has ended', '2026-03-25', true, '2026-03-25'],
    ['on a Saturday of overstay', '2026-03-28', true, '2026-03-30'],
  ])('%s: late is told with the day to come', (_, today, late, comeOn) => {
    expect(lastFilingDay(office, civilDate('2026-03-23'), civilDate(today))).toMatchObject({ late, comeOn })
  })

  it.each([
    ['fourteen ordinary days', '2026-11-26', '2026-11-12', false],
    ['three working days, today counted', '2026-11-26', '2026-11-23', false],
    ['two working days', '2026-11-26', '2026-11-24', true],
    ['today alone', '2026-11-26', '2026-11-25', true],
    ['fourteen days with Lebaran and today first', '2027-03-16', '2027-03-02', false],
    ['fourteen days that are nearly all Lebaran', '2027-03-18', '2027-03-06', true],
    ['it is late already', '2026-11-26', '2026-11-26', false],
  ])('is a hurry with %s', (_, expiresOn, today, hurry) => {
    expect(lastFilingDay(office, civilDate(expiresOn), civilDate(today)).hurry).toBe(hurry)
  })

  it('refuses an office that never works', () => {
    expect(() =>
      lastFilingDay({ ...office, workingDays: [] }, civilDate('2026-11-26'), civilDate('2026-11-01')),
    ).toThrow(AppError)
  })
})

describe('the alarm for the holiday list', () => {
  it.each([
    ['2027-09-30', null],
    ['2027-10-01', 2028],
    ['2027-12-31', 2028],
    ['2028-01-01', 2028],
    ['2026-10-01', null],
  ])('on %s says %s', (today, year) => {
    expect(holidayListAlarm(office, civilDate(today))).toBe(year)
  })

  it('goes on while the list is there but not confirmed', () => {
    const draft: Office = { ...office, holidays: [...office.holidays, { year: 2028, confirmed: false, days: [] }] }
    expect(holidayListAlarm(draft, civilDate('2027-11-01'))).toBe(2028)
  })
})
