import { describe, expect, it } from 'vitest'
import { isMonthFirst, parseDate, serialDate } from './parse-date.ts'

describe('parseDate', () => {
  it.each([
    '2026-12-06',
    '2026/12/06',
    '2026-12-6',
    '06/12/2026',
    '6/12/2026',
    '06-12-2026',
    '6.12.2026',
    '6 . 12 . 2026',
    '6 Desember 2026',
    '6 Des 2026',
    '6-Des-2026',
    '06 DES. 2026',
    '6 December 2026',
    '6 Dec 2026',
    'December 6, 2026',
    'Minggu, 6 Desember 2026',
    '2026-12-06T00:00:00',
    '2026-12-06 00:00:00.000',
    '06/12/2026 08:30',
    '46362',
    '46362.5',
    '٦/١٢/٢٠٢٦',
    '０６/１２/２０２６',
    "'06/12/2026",
  ])('reads %j as 6 December 2026', (text) => {
    expect(parseDate(text)).toEqual({ date: '2026-12-06' })
  })

  it.each([
    ['17 Agustus 2026', '2026-08-17'],
    ['17 Agt 2026', '2026-08-17'],
    ['1 Nopember 2026', '2026-11-01'],
    ['1 Peb 2026', '2026-02-01'],
    ['2 Mei 2026', '2026-05-02'],
    ['2 May 2026', '2026-05-02'],
    ['29/02/2028', '2028-02-29'],
    ['31/01/2026', '2026-01-31'],
  ])('reads %j', (text, date) => {
    expect(parseDate(text)).toEqual({ date })
  })

  it.each([
    ['31/02/2026', 'there is no 31 February 2026', 'tanggal 31 Februari 2026 tidak ada'],
    ['29 Februari 2027', 'there is no 29 February 2027', 'tanggal 29 Februari 2027 tidak ada'],
    ['31 April 2026', 'there is no 31 April 2026', 'tanggal 31 April 2026 tidak ada'],
    ['00/12/2026', 'there is no 0 December 2026', 'tanggal 0 Desember 2026 tidak ada'],
    ['2026-13-01', 'there is no month 13', 'bulan 13 tidak ada'],
    ['32/13/2026', 'there is no month 13', 'bulan 13 tidak ada'],
    ['06/12/26', 'the year must have four digits', 'tahun harus empat angka'],
    ['6 Des 26', 'the year must have four digits', 'tahun harus empat angka'],
    ['6 Foo 2026', 'names no known month', 'nama bulan tidak dikenal'],
  ])('refuses %j by name', (text, en, id) => {
    expect(parseDate(text)).toEqual({ reason: { en, id } })
  })

  it.each(['2026', '12/2026', '6 Desember', '20261206', 'besok', '#REF!', '8.1E+11', '-5', 'x'.repeat(100)])(
    'finds no date in %j',
    (text) => {
      expect(parseDate(text)).toMatchObject({ reason: { en: expect.stringMatching(/^is not a date/) } })
    },
  )

  it('refuses a time with a zone, which may be another day here', () => {
    expect(parseDate('2026-12-05T17:00:00Z')).toMatchObject({ reason: { en: expect.stringContaining('zone') } })
    expect(parseDate('2026-12-05T17:00:00+07:00')).toMatchObject({ reason: { en: expect.stringContaining('zone') } })
  })

  it('refuses a month-first date as such', () => {
    expect(parseDate('12/31/2026')).toMatchObject({ reason: { en: expect.stringContaining('month first') } })
  })
})

describe('isMonthFirst', () => {
  it.each(['12/31/2026', '1-13-2026', '06.25.2026', '12/31/2026 00:00'])('is true of %j', (text) => {
    expect(isMonthFirst(text)).toBe(true)
  })

  it.each(['31/12/2026', '12/12/2026', '2026-12-31', '13/13/2026', '12/32/2026', '6 Des 2026', ''])(
    'is false of %j',
    (text) => {
      expect(isMonthFirst(text)).toBe(false)
    },
  )
})

describe('serialDate', () => {
  it.each([
    [1, '1900-01-01'],
    [59, '1900-02-28'],
    [61, '1900-03-01'],
    [46_362, '2026-12-06'],
    [2_958_465, '9999-12-31'],
  ])('makes %d the date %s', (serial, date) => {
    expect(serialDate(serial)).toBe(date)
  })

  it('counts from 1904 where the workbook does', () => {
    expect(serialDate(44_900, true)).toBe('2026-12-06')
  })

  it.each([0, 0.5, -1, 2_958_466, Number.NaN])('makes no date of %d', (serial) => {
    expect(serialDate(serial)).toBeNull()
  })
})
