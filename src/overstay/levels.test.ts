import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { civilDate } from '../lib/civil-date.ts'
import { loadOffice } from '../lib/office.ts'
import { estimatedFee, isExactlySixty, levelAt, overstayDays } from './levels.ts'

const office = await loadOffice(join(import.meta.dirname, '../../templates/office.yaml'))

describe('days of overstay', () => {
  it.each([
    ['2026-11-21', '2026-11-20', -1],
    ['2026-11-21', '2026-11-21', 0],
    ['2026-11-21', '2026-11-22', 1],
    ['2026-12-31', '2027-01-01', 1],
    ['2028-02-28', '2028-03-01', 2],
    ['2027-02-28', '2027-03-01', 1],
    ['2026-01-01', '2026-03-02', 60],
  ])('of a permit to %s are on %s %i', (expiresOn, today, days) => {
    expect(overstayDays(civilDate(expiresOn), civilDate(today))).toBe(days)
  })
})

describe('the level of a case', () => {
  it.each([
    [1, 'verify'],
    [7, 'verify'],
    [8, 'summon'],
    [30, 'summon'],
    [31, 'field-check'],
    [59, 'field-check'],
    [60, 'field-check'],
    [61, 'over-60'],
    [4000, 'over-60'],
  ])('on day %i is %s', (days, level) => {
    expect(levelAt(office, days)).toBe(level)
  })

  it('does not exist on the last lawful day', () => {
    expect(() => levelAt(office, 0)).toThrow(RangeError)
  })

  it.each([
    [59, false],
    [60, true],
    [61, false],
  ])('on day %i is flagged as exactly sixty: %s', (days, flagged) => {
    expect(isExactlySixty(days)).toBe(flagged)
  })
})

describe('the estimated fee', () => {
  it.each([
    [0, 0],
    [1, 1_000_000],
    [12, 12_000_000],
    [61, 61_000_000],
  ])('of %i days is Rp%i', (days, amount) => {
    expect(estimatedFee(office, days)).toMatchObject({ amount, currency: 'IDR', wording: 'perkiraan' })
  })

  it('names its legal basis', () => {
    expect(estimatedFee(office, 1).basis).toMatch(/UU 6\/2011.*PP 28\/2019/)
  })
})
