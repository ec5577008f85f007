import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { addDays, type CivilDate, civilDate } from '../lib/civil-date.ts'
import { dateWords } from './dates.ts'
import { loadTemplates } from './template.ts'

const templates = loadTemplates(join(import.meta.dirname, '../../templates'))
const year = Array.from({ length: 365 }, (_, day) => addDays(civilDate('2027-01-01'), day))

describe.each([...templates])('dates in %s', (_, { dates }) => {
  it.each(['short', 'brief', 'long', 'spoken'] as const)('are another text for each day of a year: %s', (form) => {
    expect(new Set(year.map((date) => dates[form](date))).size).toBe(365)
  })

  it('are Gregorian, with Latin digits, the day, the month by name and the year', () => {
    for (const date of year) {
      for (const text of [dates.short(date), dates.long(date)]) {
        expect(numbersIn(text), text).toEqual(expect.arrayContaining([2027, Number(date.slice(8))]))
        expect(text.match(/\p{Nd}/gu)).toEqual(text.match(/[0-9]/g))
        expect(text).not.toMatch(/\d+[/.-]\d+[/.-]\d+/)
      }
      expect(numbersIn(dates.brief(date))).toContain(Number(date.slice(8)))
    }
  })

  it('never name a year of the Buddhist or the Persian calendar', () => {
    for (const form of ['short', 'long', 'spoken'] as const)
      expect(dates[form](day('2027-03-21'))).not.toMatch(/25\d\d|14\d\d/)
  })

  it('hold plain spaces only', () => {
    for (const date of year) expect(dates.long(date) + dates.short(date)).not.toMatch(/[^\S ]/u)
  })
})

describe('single languages', () => {
  it.each([
    ['id', 'short', '6 Des 2026'],
    ['id', 'long', 'Minggu, 6 Desember 2026'],
    ['en', 'short', '6 Dec 2026'],
    ['en', 'long', 'Sunday, 6 December 2026'],
    ['ms', 'long', 'Ahad, 6 Disember 2026'],
    ['zh-Hant', 'short', '2026年12月6日'],
    ['ja', 'spoken', 'にせんにじゅうろくねん じゅうにがつ むいか、にちようび'],
    ['zh-Hans', 'spoken', '二零二六年12月6日，星期日'],
    ['de', 'spoken', 'Sonntag, dem sechsten Dezember 2026'],
    ['th', 'long', 'วันอาทิตย์ที่ 6 ธันวาคม ค.ศ. 2026'],
    ['ar', 'short', '6 ديسمبر 2026'],
    ['pt', 'long', '6 de dezembro de 2026 (domingo)'],
    ['ru', 'spoken', 'шестого декабря две тысячи двадцать шестого года, это воскресенье'],
    ['fr', 'spoken', 'dimanche six décembre 2026'],
  ] as const)('%s writes the 6th of December, %s: %s', (language, form, expected) => {
    expect(templates.get(language)?.dates[form](day('2026-12-06'))).toBe(expected)
  })

  it('takes the month lists where they are given, and Intl otherwise', () => {
    const plain = dateWords({ language: 'fr', patterns: {} })
    const listed = dateWords({
      language: 'fr',
      patterns: { short_months: Array.from({ length: 12 }, (_, month) => `m${month + 1}`) },
    })
    expect(plain.short(day('2027-08-09'))).toBe('9 août 2027')
    expect(listed.short(day('2027-08-09'))).toBe('9 m8 2027')
    expect(listed.long(day('2027-08-09'))).toBe('lundi 9 août 2027')
  })

  it('reads a year beyond its list in digits', () => {
    expect(templates.get('ja')?.dates.spoken(day('2061-01-01'))).toContain('2061ねん')
  })
})

function numbersIn(text: string): number[] {
  return Array.from(text.matchAll(/[0-9]+/g), ([digits]) => Number(digits))
}

function day(text: string): CivilDate {
  return civilDate(text)
}
