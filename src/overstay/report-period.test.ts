import { describe, expect, it } from 'vitest'
import { civilDate as on } from '../lib/civil-date.ts'
import { endedPart, monthsOf, quarterPeriod, readPeriod, yearPeriod } from './report-period.ts'

const today = on('2026-11-22')

describe('a period', () => {
  it.each([
    [{}, { from: '2026-01-01', to: '2026-12-31' }],
    [
      { from: '', to: '' },
      { from: '2026-01-01', to: '2026-12-31' },
    ],
    [
      { from: '2026-02-28', to: '2026-02-28' },
      { from: '2026-02-28', to: '2026-02-28' },
    ],
    [
      { from: ' 2024-02-29', to: '2024-03-01' },
      { from: '2024-02-29', to: '2024-03-01' },
    ],
    [{ from: '2026-01-01' }, { fault: 'missing' }],
    [{ to: '2026-01-01' }, { fault: 'missing' }],
    [
      { from: '2026-02-30', to: '2026-03-01' },
      { fault: 'not-a-date', text: '2026-02-30' },
    ],
    [
      { from: '2026-01-01', to: '31/12/2026' },
      { fault: 'not-a-date', text: '31/12/2026' },
    ],
    [
      { from: '0001-01-01', to: '0002-01-01' },
      { fault: 'not-a-date', text: '0001-01-01' },
    ],
    [{ from: '2026-03-02', to: '2026-03-01' }, { fault: 'backwards' }],
    [
      { from: '2020-01-01', to: '2026-03-01' },
      { fault: 'too-long', years: 5 },
    ],
  ])('is read: %j is %j', (given, read) => {
    expect(readPeriod(given, today)).toEqual(read)
  })

  it('may be a year or a quarter', () => {
    expect(yearPeriod(2025)).toEqual({ from: '2025-01-01', to: '2025-12-31' })
    expect(quarterPeriod(2024, 1)).toEqual({ from: '2024-01-01', to: '2024-03-31' })
    expect(quarterPeriod(2026, 4)).toEqual({ from: '2026-10-01', to: '2026-12-31' })
  })

  it('falls into its calendar months', () => {
    expect(monthsOf({ from: on('2025-12-30'), to: on('2026-02-02') })).toEqual([
      { month: '2025-12', from: '2025-12-30', to: '2025-12-31' },
      { month: '2026-01', from: '2026-01-01', to: '2026-01-31' },
      { month: '2026-02', from: '2026-02-01', to: '2026-02-02' },
    ])
    expect(monthsOf(yearPeriod(2024))).toHaveLength(12)
  })

  it('counts cycles up to yesterday: today is still lawful', () => {
    expect(endedPart(yearPeriod(2026), today)).toEqual({ from: '2026-01-01', to: '2026-11-21' })
    expect(endedPart(yearPeriod(2025), today)).toEqual(yearPeriod(2025))
    expect(endedPart({ from: today, to: today }, today)).toBeNull()
  })
})
