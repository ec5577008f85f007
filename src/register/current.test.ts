import { describe, expect, it } from 'vitest'
import { civilDate } from '../lib/civil-date.ts'
import { currentPermit } from './current.ts'

type Row = [permit_no: string, issued_on: string | null, expires_on: string]

describe('the current permit', () => {
  it.each<{ says: string; permits: Row[]; current: string; conflict: boolean }>([
    { says: 'is the only one', permits: [['A', null, '2027-01-01']], current: 'A', conflict: false },
    {
      says: 'is the latest issued, even where it ends earlier',
      permits: [
        ['A', '2025-01-01', '2030-01-01'],
        ['B', '2026-06-01', '2026-12-01'],
      ],
      current: 'B',
      conflict: false,
    },
    {
      says: 'is the one that ends last where no issue date is known',
      permits: [
        ['A', null, '2026-03-01'],
        ['B', null, '2026-09-01'],
      ],
      current: 'B',
      conflict: false,
    },
    {
      says: 'is the one that ends last where one issue date is missing, without a conflict if that is the latest issued too',
      permits: [
        ['A', null, '2026-03-01'],
        ['B', '2026-03-02', '2026-09-01'],
      ],
      current: 'B',
      conflict: false,
    },
    {
      says: 'is in doubt where the latest known issue ends before one of unknown issue',
      permits: [
        ['A', null, '2026-12-31'],
        ['B', '2026-10-01', '2026-11-30'],
      ],
      current: 'A',
      conflict: true,
    },
    {
      says: 'is in doubt where two issued on one day end differently',
      permits: [
        ['A', '2026-10-01', '2026-11-30'],
        ['B', '2026-10-01', '2026-12-31'],
      ],
      current: 'B',
      conflict: true,
    },
    {
      says: 'is the higher number where everything else is equal',
      permits: [
        ['A2', '2026-10-01', '2026-12-31'],
        ['A1', '2026-10-01', '2026-12-31'],
      ],
      current: 'A2',
      conflict: false,
    },
  ])('$says', ({ permits, current, conflict }) => {
    const rows = permits.map(([permit_no, issued_on, expires_on]) => ({
      permit_no,
      issued_on: issued_on === null ? null : civilDate(issued_on),
      expires_on: civilDate(expires_on),
    }))
    for (const order of [rows, rows.toReversed()]) {
      const found = currentPermit(order)
      expect([found?.permit.permit_no, found?.conflict]).toEqual([current, conflict])
    }
  })

  it('is none where there are no permits', () => {
    expect(currentPermit([])).toBeUndefined()
  })
})
