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
const months = perLanguage(
  (locale) => new Intl.DateTimeFormat(locale, { timeZone: 'UTC', month: 'long', year: 'numeric', calendar: 'gregory' }),
)
const shortMonths = perLanguage(
  (locale) => new Intl.DateTimeFormat(locale, { timeZone: 'UTC', month: 'short', calendar: 'gregory' }),
)
const percents = perLanguage((locale) => new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 }))
const amounts = perLanguage(
  (locale) => new Intl.NumberFormat(locale, { minimumFractionDigits: 2, maximumFractionDigits: 2 }),
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

/** "87,5%"; a dash for none. */
export function percentText(share: number | null, language: Language): string {
  return share === null ? NONE : percents[language].format(share)
}

/** Two digits behind the comma, without the currency. */
export function moneyText(amount: number, language: Language): string {
  return amounts[language].format(amount)
}

/** `2026-08` is "Agustus 2026". */
export function monthText(month: string, language: Language): string {
  return months[language].format(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5)) - 1, 1))
}

/** `2026-08` is "Agu". */
export function shortMonthText(month: string, language: Language): string {
  return shortMonths[language].format(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5)) - 1, 1))
}

function partsOf(date: CivilDate): [number, number, number] {
  const [year, month, day] = date.split('-').map(Number)
  return [year!, month! - 1, day!]
}

function perLanguage<Format>(make: (locale: string) => Format): Readonly<Record<Language, Format>> {
  return { id: make(LOCALE.id), en: make(LOCALE.en) }
}
