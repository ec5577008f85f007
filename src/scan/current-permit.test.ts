import { describe, expect, it } from 'vitest'
import { civilDate } from '../lib/civil-date.ts'
import { currentPermit } from './current-permit.ts'

type Row = [permitNo: string, issuedOn: string | null, expiresOn: string]

describe('the current permit', () => {
  it.each<[string, Row[], string, boolean]>([
    ['one', [['A', '2026-01-01', '2026-12-31']], 'A', false],
    ['one without a date of issue', [['A', null, '2026-12-31']], 'A', false],
    [
      'two: the later issued',
      [
        ['A', '2025-01-01', '2025-12-31'],
        ['B', '2026-01-01', '2026-12-31'],
      ],
      'B',
      false,
    ],
    [
      'two: the later issued, though it ends sooner',
      [
        ['A', '2026-01-01', '2027-12-31'],
        ['B', '2026-06-01', '2026-07-31'],
      ],
      'B',
      false,
    ],
    [
      'two of one day that end alike',
      [
        ['A', '2026-01-01', '2026-12-31'],
        ['B', '2026-01-01', '2026-12-31'],
      ],
      'B',
      false,
    ],
    [
      'two of one day that end differently',
      [
        ['A', '2026-01-01', '2026-06-30'],
        ['B', '2026-01-01', '2026-12-31'],
      ],
      'B',
      true,
    ],
    [
      'one date missing, both rules agree',
      [
        ['A', '2026-01-01', '2026-12-31'],
        ['B', null, '2026-06-30'],
      ],
      'A',
      false,
    ],
    [
      'one date missing, the rules disagree',
      [
        ['A', '2026-01-01', '2026-06-30'],
        ['B', null, '2026-12-31'],
      ],
      'B',
      true,
    ],
    [
      'one date missing, both end alike',
      [
        ['A', '2026-01-01', '2026-12-31'],
        ['B', null, '2026-12-31'],
      ],
      'B',
      false,
    ],
    [
      'no date at all: the one that ends last',
      [
        ['A', null, '2026-12-31'],
        ['B', null, '2026-06-30'],
      ],
      'A',
      false,
    ],
    [
      'three, the one without a date being old',
      [
        ['A', null, '2024-01-01'],
        ['B', '2026-01-01', '2026-12-31'],
        ['C', '2026-06-01', '2026-09-30'],
      ],
      'B',
      true,
    ],
  ])('of %s', (_, rows, permitNo, conflict) => {
    for (const order of [rows, rows.toReversed()]) {
      const permits = order.map(([permitNo, issuedOn, expiresOn]) => ({
        permitNo,
        issuedOn: issuedOn === null ? null : civilDate(issuedOn),
        expiresOn: civilDate(expiresOn),
      }))
      expect(currentPermit(permits)).toMatchObject({ permit: { permitNo }, conflict })
    }
  })

  it('does not exist for nobody', () => {
    expect(() => currentPermit([])).toThrow(RangeError)
  })
})
