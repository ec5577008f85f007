import { type CivilDate, weekday as weekdayOf, yearOf } from '../lib/civil-date.ts'
import { lazily } from '../lib/lazily.ts'
import { remembered } from '../lib/remembered.ts'

/** How a language writes dates where Intl's own form will not do: patterns of {day} {month} {long_month} {year} {weekday}. */
export type DatePatterns = {
  locale?: string | undefined
  /** In place of Intl's, in the short and the brief form. */
  short_months?: readonly string[] | undefined
  short?: string | undefined
  brief?: string | undefined
  long?: string | undefined
  spoken?: SpokenDates | undefined
}

/** Words for the ear. Lists start with January, with the 1st and with Monday; digits are the words for 0 to 9. */
export type SpokenDates = {
  pattern: string
  months?: readonly string[] | undefined
  weekdays?: readonly string[] | undefined
  days?: readonly string[] | undefined
  years?: Readonly<Record<string, string>> | undefined
  year_digits?: readonly string[] | undefined
}

export type DateWords = {
  /** Day, month and year that cannot be misread: "6 Des 2026". */
  short(date: CivilDate): string
  /** Without the year, beside a date that has it: "4 Des". */
  brief(date: CivilDate): string
  /** With the weekday: "Minggu, 6 Desember 2026". */
  long(date: CivilDate): string
  /** Long, in the words a voice reads well. */
  spoken(date: CivilDate): string
}

/** Dates of one language, always Gregorian with Latin digits, with plain spaces only. */
export function dateWords({ language, patterns }: { language: string; patterns: DatePatterns }): DateWords {
  const locale = `${patterns.locale ?? language}-u-ca-gregory-nu-latn`
  const base = { timeZone: 'UTC', day: 'numeric' } as const
  // Each format holds some hundred kilobytes, and most languages are not written on most days.
  const long = lazily(
    () => new Intl.DateTimeFormat(locale, { ...base, month: 'long', year: 'numeric', weekday: 'long' }),
  )
  const written = ({ options, pattern, months }: Written) => {
    const format = options && !pattern ? lazily(() => new Intl.DateTimeFormat(locale, { ...base, ...options })) : long
    return remembered(
      (date: CivilDate) => {
        const parts = partsOf({ format: format(), date, months })
        if (!pattern) return plain(parts.map((part) => part.value).join(''))
        return plain(fill(pattern, { ...byName(parts), long_month: byName(partsOf({ format: long(), date })).month }))
      },
      { most: 500 },
    )
  }
  const inFull = written({ pattern: patterns.long })
  const { spoken, short_months: months } = patterns
  return {
    short: written({ options: { month: 'short', year: 'numeric' }, pattern: patterns.short, months }),
    brief: written({ options: { month: 'short' }, pattern: patterns.brief, months }),
    long: inFull,
    spoken: spoken ? (date) => plain(fill(spoken.pattern, spokenParts({ spoken, date, format: long() }))) : inFull,
  }
}

/** No-break and narrow spaces as plain ones: Intl emits them, and one makes a whole SMS UCS-2. */
export function plain(text: string): string {
  return text.replaceAll(/[\u00a0\u2009\u202f]/g, ' ')
}

type Written = {
  options?: Intl.DateTimeFormatOptions
  pattern: string | undefined
  months?: readonly string[] | undefined
}

type Parts = { day: string; month: string; long_month?: string; year: string; weekday: string }

function partsOf({
  format,
  date,
  months,
}: {
  format: Intl.DateTimeFormat
  date: CivilDate
  months?: readonly string[] | undefined
}): Intl.DateTimeFormatPart[] {
  const month = months?.[monthOf(date) - 1]
  const parts = format.formatToParts(Date.parse(`${date}T12:00:00Z`))
  return month ? parts.map((part) => (part.type === 'month' ? { ...part, value: month } : part)) : parts
}

function byName(list: Intl.DateTimeFormatPart[]): Parts {
  const parts = new Map(list.map((part) => [part.type, part.value]))
  return {
    day: parts.get('day') ?? '',
    month: parts.get('month') ?? '',
    year: parts.get('year') ?? '',
    weekday: parts.get('weekday') ?? '',
  }
}

function spokenParts({
  spoken,
  date,
  format,
}: {
  spoken: SpokenDates
  date: CivilDate
  format: Intl.DateTimeFormat
}): Parts {
  const { months, weekdays, days, years, year_digits: digits } = spoken
  const written = byName(partsOf({ format, date }))
  const inDigits = digits && Array.from(written.year, (digit) => digits[Number(digit)] ?? digit).join('')
  return {
    day: days?.[Number(date.slice(8)) - 1] ?? written.day,
    month: months?.[monthOf(date) - 1] ?? written.month,
    year: years?.[String(yearOf(date))] ?? inDigits ?? written.year,
    weekday: weekdays?.[weekdayOf(date) - 1] ?? written.weekday,
  }
}

function fill(pattern: string, parts: Parts): string {
  return pattern.replaceAll(/\{(day|month|long_month|year|weekday)\}/g, (_, name: keyof Parts) => parts[name] ?? '')
}

function monthOf(date: CivilDate): number {
  return Number(date.slice(5, 7))
}
