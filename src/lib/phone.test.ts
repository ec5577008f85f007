import { describe, expect, it } from 'vitest'
import { asciiDigits, countryCallingCode, parsePhone } from './phone.ts'

describe('parsePhone', () => {
  it.each([
    ['0812-3456 7890', '+6281234567890'],
    ['0812.3456.7890', '+6281234567890'],
    ['6281234567890', '+6281234567890'],
    ['62811234567', '+62811234567'],
    ['+62 812 3456 7890', '+6281234567890'],
    ['+62 (0)812 3456 7890', '+6281234567890'],
    ['+6208123456789', '+628123456789'],
    ['6208123456789', '+628123456789'],
    ['00628123456789', '+628123456789'],
    ['whatsapp:+628123456789', '+628123456789'],
    ['WA: 0812 3456 789', '+628123456789'],
    ['No. HP 08123456789', '+628123456789'],
    ['8123456789', '+628123456789'],
    ["'08123456789", '+628123456789'],
    ['="08123456789"', '+628123456789'],
    ['8123456789.0', '+628123456789'],
    ['08123456789 (istri)', '+628123456789'],
    ['08123456789 Pak Budi', '+628123456789'],
    ['\u202a+62 812\u20113456\u2011789\u202c', '+628123456789'],
    ['０８１２３４５６７８９', '+628123456789'],
    ['٠٨١٢٣٤٥٦٧٨٩', '+628123456789'],
    ['۰۸۱۲۳۴۵۶۷۸۹', '+628123456789'],
    ['๐๘๑๒๓๔๕๖๗๘๙', '+628123456789'],
  ])('reads %j as an Indonesian mobile', (text, number) => {
    expect(parsePhone(text)).toEqual({ number, country: 'ID', line: 'mobile' })
  })

  it.each([
    ['(0342) 801234', '+62342801234', 'ID', 'fixed'],
    ['0342/801234', '+62342801234', 'ID', 'fixed'],
    ['+886 912 345 678', '+886912345678', 'TW', 'mobile'],
    ['+60 12-345 6789', '+60123456789', 'MY', 'mobile'],
    ['60123456789', '+60123456789', 'MY', 'mobile'],
    ['0060123456789', '+60123456789', 'MY', 'mobile'],
    ['6591234567', '+6591234567', 'SG', 'mobile'],
    ['+1 202 555 0123', '+12025550123', 'US', 'unknown'],
    ['+67077234567', '+67077234567', 'TL', 'mobile'],
    ['+881612345678', '+881612345678', '', 'mobile'],
  ])('reads %j with its country and line', (text, number, country, line) => {
    expect(parsePhone(text)).toEqual({ number, country, line })
  })

  it.each([
    '',
    '-',
    '--',
    '0',
    '000',
    '+',
    '.',
    'tidak ada',
    'Tidak Ada',
    'TDK ADA',
    'n/a',
    'nihil',
    'belum ada',
    ' x ',
  ])('hears no phone in %j', (text) => {
    expect(parsePhone(text)).toBeNull()
  })

  it.each([
    ['8.12346E+11', 'mangled'],
    ['8,12346E+11', 'mangled'],
    ['6.28123E+12', 'mangled'],
    ['########', 'mangled'],
    ['08123', 'not-valid'],
    ['0812345678901234', 'not-valid'],
    ['+999 123 456 789', 'not-valid'],
    ['112', 'not-valid'],
    ['budi@example.com', 'not-a-number'],
    ['0812abc3456', 'not-a-number'],
    ['hubungi penjamin', 'not-a-number'],
    ['1'.repeat(300), 'not-a-number'],
    ['08091234567', 'premium'],
  ])('finds fault with %j: %s', (text, fault) => {
    expect(parsePhone(text)).toEqual({ fault })
  })

  it.each([
    '08123456789 / 08198765432',
    '08123456789/08198765432',
    '08123456789; 0342-801234',
    '08123456789 atau 08198765432',
    '08123456789\n08198765432',
    '08123456789, +886912345678',
    '+62 812 3456 789 +886 912 345 678',
    '08123456789 08198765432',
    '123 / 08123456789',
    '0812-3456-789 / 90',
  ])('takes the first good number of %j and says so', (text) => {
    expect(parsePhone(text)).toEqual({
      number: '+628123456789',
      country: 'ID',
      line: 'mobile',
      remark: 'first-of-several',
    })
  })

  it('names the first fault where none of several numbers is good', () => {
    expect(parsePhone('08123 / 0812abc')).toEqual({ fault: 'not-valid' })
  })

  it('drops an extension and says so', () => {
    expect(parsePhone('0342-801234 ext. 12')).toEqual({
      number: '+62342801234',
      country: 'ID',
      line: 'fixed',
      remark: 'extension-dropped',
    })
  })

  it('does not guess when a number without + or 0 is also a mobile of its owner’s country', () => {
    expect(parsePhone('886912345678', 'ID', 'TW')).toEqual({ fault: 'ambiguous' })
    expect(parsePhone('886912345678', 'ID', 'DE')).toMatchObject({ country: 'ID' })
    expect(parsePhone('0886912345678', 'ID', 'TW')).toMatchObject({ number: '+62886912345678' })
    expect(parsePhone('+886912345678', 'ID', 'TW')).toMatchObject({ country: 'TW' })
  })

  it('reads a national form by the default country', () => {
    expect(parsePhone('0912 345 678', 'TW')).toEqual({ number: '+886912345678', country: 'TW', line: 'mobile' })
  })
})

describe('countryCallingCode', () => {
  it.each([
    ['+628123456789', '+62'],
    ['+12025550123', '+1'],
    ['+886912345678', '+886'],
    ['nothing', ''],
  ])('is of %s: %j', (number, code) => {
    expect(countryCallingCode(number)).toBe(code)
  })
})

describe('asciiDigits', () => {
  it('turns the digits of every script into 0-9 and leaves the rest', () => {
    expect(asciiDigits('٣/۴/๕ ၆ १२ 𝟗 ½ a0')).toBe('3/4/5 6 12 9 ½ a0')
  })
})
