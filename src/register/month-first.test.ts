import { describe, expect, it } from 'vitest'
import { columnsOf } from './headers.ts'
import { monthFirstError, monthFirstSign } from './month-first.ts'

const { columns } = columnsOf(['Nama', 'Berlaku s.d.', 'Tgl Lahir'])

describe('monthFirstSign', () => {
  it('finds the first date that only makes sense month first, and masks a date of birth', () => {
    expect(monthFirstSign({ line: 7, cells: ['Ana', '12/31/2026', '01/02/1990'], faults: [] }, columns)).toEqual({
      line: 7,
      column: 'expires_on',
      value: '12/31/2026',
    })
    expect(monthFirstSign({ line: 8, cells: ['Ana', '12/01/2026', '01/22/1990'], faults: [] }, columns)).toEqual({
      line: 8,
      column: 'birth_date',
      value: '01•••90',
    })
  })

  it('finds none where every date can be read day first, or in a row without cells', () => {
    expect(
      monthFirstSign({ line: 2, cells: ['12/31/2026', '31/12/2026', '1990-12-31'], faults: [] }, columns),
    ).toBeNull()
    expect(monthFirstSign({ line: 2, cells: [], faults: [] }, columns)).toBeNull()
  })
})

describe('monthFirstError', () => {
  it('names the file, the row, the column and the date', () => {
    const error = monthFirstError('wna.csv', { line: 7, column: 'expires_on', value: '12/31/2026' })
    expect(error).toMatchObject({ code: 'invalid', name: 'RegisterFileError' })
    expect(error.message).toBe(
      'wna.csv: dates are written month first (line 7, expires_on: 12/31/2026); write the day first, or 2026-12-31',
    )
  })
})
