import { addDays, type CivilDate, civilDate } from '../lib/civil-date.ts'
import { asciiDigits } from '../lib/phone.ts'
import type { Reason } from './fault.ts'

export type DateReading = { date: CivilDate } | { reason: Reason }

/**
 * Day first, or year first: `06/12/2026`, `6.12.2026`, `6 Des 2026`, `December 6, 2026`, `2026-12-06`, or a spreadsheet's
 * serial number. A time of day after the date is dropped; a time with a zone is refused, for it may mean another day here.
 */
export function parseDate(text: string): DateReading {
  if (text.length > 60) return notADate()
  const plain = plainDate(text)
  const zoned = /[T\s]\d{1,2}:\d{2}.*(?:Z|[+-]\d{2}:?\d{2})$/i.test(plain)
  if (zoned)
    return refuse('memuat jam dan zona waktu; tulis tanggalnya saja', 'holds a time and a zone; write the date only')
  const date = plain.replace(/[T\s]+\d{1,2}[:.]\d{2}(?:[:.]\d{2}(?:\.\d+)?)?(?:\s*[ap]m)?$/i, '')
  return yearFirst(date) ?? dayFirst(date) ?? withMonthName(date) ?? fromSerial(date) ?? notADate()
}

/** Whether `text` is a date that only makes sense month first: `12/31/2026`. */
export function isMonthFirst(text: string): boolean {
  if (text.length > 60) return false
  const parts = /^(\d{1,2})([/.-])(\d{1,2})\2\d{4}\b/.exec(plainDate(text))
  return parts !== null && Number(parts[1]) <= 12 && Number(parts[3]) > 12 && Number(parts[3]) <= 31
}

/** The date of a spreadsheet's serial number; null outside 1900-9999. */
export function serialDate(serial: number, from1904 = false): CivilDate | null {
  const days = Math.floor(serial) + (from1904 ? 1462 : 0)
  if (!(days >= 1 && days <= 2_958_465)) return null
  // Spreadsheets believe in 29 February 1900 (serial 60).
  return addDays(civilDate(days < 60 ? '1899-12-31' : '1899-12-30'), days)
}

function plainDate(text: string): string {
  if (/^[\d/.-]+$/.test(text)) return text
  return asciiDigits(text.normalize('NFKC'))
    .replace(/^'/, '')
    .replace(/\s*([/.-])\s*/g, '$1')
    .trim()
}

function yearFirst(text: string): DateReading | undefined {
  const parts = /^(\d{4})([/.-])(\d{1,2})\2(\d{1,2})$/.exec(text)
  return parts ? calendarDate(parts[1]!, Number(parts[3]), parts[4]!) : undefined
}

function dayFirst(text: string): DateReading | undefined {
  const parts = /^(\d{1,2})([/.-])(\d{1,2})\2(\d+)$/.exec(text)
  if (!parts) return undefined
  if (isMonthFirst(text))
    return refuse('ditulis bulan lebih dulu; tulis hari lebih dulu', 'is written month first; write the day first')
  return calendarDate(parts[4]!, Number(parts[3]), parts[1]!)
}

function withMonthName(text: string): DateReading | undefined {
  const dayBefore = /^(?:\p{L}+[,\s]+)?(\d{1,2})[\s.-]*(\p{L}{3,})[\s.,-]*(\d+)$/u.exec(text)
  if (dayBefore) return named(dayBefore[3]!, dayBefore[2]!, dayBefore[1]!)
  const dayAfter = /^(\p{L}{3,})[\s.]+(\d{1,2})[,\s]+(\d+)$/u.exec(text)
  return dayAfter ? named(dayAfter[3]!, dayAfter[1]!, dayAfter[2]!) : undefined
}

function named(year: string, name: string, day: string): DateReading {
  const month = months.get(name.toLowerCase())
  if (!month) return refuse('nama bulan tidak dikenal', 'names no known month')
  return calendarDate(year, month, day)
}

function fromSerial(text: string): DateReading | undefined {
  // Five digits only (1927 to 2173): four would make a bare year, `2026`, a day in 1905.
  const date = /^\d{5}(?:\.\d+)?$/.test(text) ? serialDate(Number(text)) : null
  return date ? { date } : undefined
}

function calendarDate(year: string, month: number, dayText: string): DateReading {
  const day = Number(dayText)
  if (year.length !== 4) return refuse('tahun harus empat angka', 'the year must have four digits')
  if (month < 1 || month > 12) return refuse(`bulan ${month} tidak ada`, `there is no month ${month}`)
  if (day < 1 || (day > 28 && day > Temporal.PlainYearMonth.from({ year: Number(year), month }).daysInMonth)) {
    return refuse(
      `tanggal ${day} ${monthNames.id[month - 1]} ${year} tidak ada`,
      `there is no ${day} ${monthNames.en[month - 1]} ${year}`,
    )
  }
  return { date: civilDate(`${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`) }
}

function notADate(): DateReading {
  return refuse('bukan tanggal; contoh yang benar: 06/12/2026', 'is not a date; write it like 06/12/2026 or 2026-12-06')
}

function refuse(id: string, en: string): DateReading {
  return { reason: { id, en } }
}

const monthNames = {
  id: 'Januari Februari Maret April Mei Juni Juli Agustus September Oktober November Desember'.split(' '),
  en: 'January February March April May June July August September October November December'.split(' '),
}

const otherMonthNames = { peb: 2, pebruari: 2, mrt: 3, ags: 8, agst: 8, agt: 8, sept: 9, nop: 11, nopember: 11 }

const months = new Map<string, number>([
  ...Object.values(monthNames).flatMap((names) =>
    names.flatMap((name, index): [string, number][] => [
      [name.toLowerCase(), index + 1],
      [name.slice(0, 3).toLowerCase(), index + 1],
    ]),
  ),
  ...Object.entries(otherMonthNames),
])
