import { describe, expect, it } from 'vitest'
import { guessLanguage } from './language.ts'

describe('guessLanguage', () => {
  it.each([
    ['id', 'Izin tinggal Anda berlaku sampai 6 Desember 2026. Hubungi kantor kami.'],
    ['en', 'Your stay permit is valid until 6 December 2026. Please call the office.'],
    ['nl', 'Uw verblijfsvergunning verloopt op 6 december. Bel het kantoor voor vragen.'],
    ['ar', 'تنتهي صلاحية تصريح إقامتك'],
    ['zh', '您的居留许可'],
    ['ja', 'あなたの滞在許可は'],
    ['ko', '귀하의 체류 허가는'],
    ['vi', 'Giấy phép cư trú của bạn'],
    ['ru', 'Ваш вид на жительство'],
  ])('sees %s', (code, text) => {
    expect(guessLanguage(text)?.code).toBe(code)
  })

  it('says nothing where nothing tells', () => {
    expect(guessLanguage('BLT-7K3Q https://the.and.of.example/to')).toBeUndefined()
  })
})
