import { describe, expect, it } from 'vitest'
import { columnsOfPhone, readCorrection } from './correction-values.ts'
import { testVault } from './import-testing.ts'

describe('what an officer types', () => {
  it.each([
    ['phone', '0812-3456-7890', 'DE', '+6281234567890'],
    ['phone', ' +62 812 3456 7890 ', 'DE', '+6281234567890'],
    ['phone', '00 60 12-345 6789', 'MY', '+60123456789'],
    ['phone', 'HP: ٠٨١٢٣٤٥٦٧٨٩٠', 'SA', '+6281234567890'],
    ['phone', "'081234567890", 'DE', '+6281234567890'],
    ['phone', '', 'DE', ''],
    ['phone', ' tidak ada ', 'DE', ''],
    ['sponsor_phone', '(0342) 801234', '', '+62342801234'],
    ['sponsor_phone', '-', '', ''],
    ['language', 'Bahasa Jerman', '', 'de'],
    ['language', ' zh-hant ', '', 'zh-Hant'],
    ['language', 'PT_br', '', 'pt-BR'],
  ] as const)('%s %j of %s is read as %j', (field, text, nationality, value) => {
    expect(readCorrection(field, text, nationality)).toEqual({ value })
  })

  it.each([
    ['phone', 'rumah tetangga', '', 'bukan nomor telepon'],
    ['phone', '<script>alert(1)</script>', '', 'bukan nomor telepon'],
    ['phone', '=HYPERLINK("http://evil.example")', '', 'bukan nomor telepon'],
    ['phone', '0812', '', 'tidak ada nomor telepon seperti itu'],
    ['phone', '8.12E+11', '', 'angkanya dirusak spreadsheet; ketik ulang sebagai teks'],
    ['phone', '0809 1 000 000', '', 'nomor bertarif khusus'],
    ['phone', '0812-3456-7890 / 0813-3456-7890', '', 'lebih dari satu nomor; tulis satu saja'],
    ['phone', '(0342) 801234 ext 5', '', 'nomor ekstensi tidak dapat dihubungi; tulis nomor langsung'],
    ['language', '', '', 'bahasa tidak dikenal; pakai kode seperti en'],
    ['language', 'entah', '', 'bahasa tidak dikenal; pakai kode seperti en'],
    ['language', 'en" onload="alert(1)', '', 'bahasa tidak dikenal; pakai kode seperti en'],
  ] as const)('%s %j of %s is refused: %s', (field, text, nationality, id) => {
    expect(readCorrection(field, text, nationality)).toMatchObject({ fault: { id } })
  })

  it('is asked again where it could be a number here or in the country of the owner, and not of a sponsor', () => {
    const text = '886912345678'
    expect(readCorrection('phone', text, 'TW')).toHaveProperty('fault')
    expect(readCorrection('sponsor_phone', text, 'TW')).toHaveProperty('value')
  })

  it('is refused however long it is', () => {
    expect(readCorrection('phone', '9'.repeat(100_000), '')).toHaveProperty('fault')
    expect(readCorrection('language', `x${'y'.repeat(100_000)}`, '')).toHaveProperty('fault')
  })
})

describe('the columns of a phone', () => {
  const index = (number: string) => testVault.blind(number, 'phone')

  it('hold the number, where it belongs and what line it is', () => {
    expect(columnsOfPhone(testVault, 'phone', '+6281234567890')).toEqual({
      phone: '+6281234567890',
      phone_index: index('+6281234567890'),
      phone_country: 'ID',
      phone_line: 'mobile',
    })
    expect(columnsOfPhone(testVault, 'sponsor_phone', '+62342801234')).toEqual({
      sponsor_phone: '+62342801234',
      sponsor_phone_index: index('+62342801234'),
      sponsor_phone_country: 'ID',
      sponsor_phone_line: 'fixed',
    })
  })

  it('are empty without a number', () => {
    const none = { phone: null, phone_index: null, phone_country: null, phone_line: null }
    expect(columnsOfPhone(testVault, 'phone', '')).toEqual(none)
  })

  it('keep a number of the register that no numbering plan knows any more', () => {
    expect(columnsOfPhone(testVault, 'phone', '+62999')).toEqual({
      phone: '+62999',
      phone_index: index('+62999'),
      phone_country: null,
      phone_line: null,
    })
  })
})
