import { type CivilDate, dateAt, timeAt } from '../lib/civil-date.ts'
import type { Language } from './officer.ts'

const LOCALE: Readonly<Record<Language, string>> = {
  id: 'id-ID-u-ca-gregory-nu-latn',
  en: 'en-GB-u-ca-gregory-nu-latn',
}
const NONE = '–'

const dates = perLanguage(
  (locale) =>
    new Intl.DateTimeFormat(locale, {
      timeZone: 'UTC',
      day: 'numeric',
      month: 'long',
      year: 'numeric',
      calendar: 'gregory',
    }),
)
const numbers = perLanguage((locale) => new Intl.NumberFormat(locale, { maximumFractionDigits: 2 }))

/** As officers write it: "6 Desember 2026". A dash for none. */
export function dateText(date: CivilDate | null | undefined, language: Language): string {
  return date ? dates[language].format(Date.UTC(...partsOf(date))) : NONE
}

/** "6 Desember 2026 08.05" in the office's time zone. A dash for none. */
export function instantText(instant: number | null | undefined, language: Language, timeZone: string): string {
  if (instant === null || instant === undefined) return NONE
  const time = timeAt(instant, timeZone)
  return `${dateText(dateAt(instant, timeZone), language)} ${language === 'id' ? time.replace(':', '.') : time}`
}

export function numberText(value: number, language: Language): string {
  return numbers[language].format(value)
}

function partsOf(date: CivilDate): [number, number, number] {
  const [year, month, day] = date.split('-').map(Number)
  return [year!, month! - 1, day!]
}

function perLanguage<Format>(make: (locale: string) => Format): Readonly<Record<Language, Format>> {
  return { id: make(LOCALE.id), en: make(LOCALE.en) }
}
