import { type CivilDate, yearOf } from '../lib/civil-date.ts'
import { type Phone, type PhoneFault, type PhoneRemark, parsePhone } from '../lib/phone.ts'
import type { Reason, RowFault } from './fault.ts'
import type { Columns, Field } from './headers.ts'
import { parseLanguage } from './language.ts'
import { shownValue } from './mask.ts'
import { parseNationality } from './nationality.ts'
import { parseDate } from './parse-date.ts'
import { parsePermitKind } from './permit-kind.ts'
import { phoneReasons, reasons } from './reasons.ts'
import { cleanText, isSpreadsheetDebris, saysNothing } from './text.ts'

/** In whole years from today, both ends included. */
type DateRange = { today: CivilDate; past: number; future: number; required?: boolean }

/** The cells of one row by field, and what was found wrong in them. Every reader gives null for nothing and for a fault. */
export class Cells {
  readonly faults: RowFault[] = []
  #cells: readonly string[]
  #columns: Columns

  constructor(cells: readonly string[], columns: Columns) {
    this.#cells = cells
    this.#columns = columns
  }

  get rejected(): boolean {
    return this.faults.some((fault) => fault.fatal)
  }

  name(): string | null {
    const text = this.#text('full_name')
    if (/^[-–—_.·/\s0]*$/.test(text)) return this.#reject('full_name', reasons.missing)
    if (isSpreadsheetDebris(text)) return this.#reject('full_name', reasons.debris)
    if (!/[\p{L}\p{Extended_Pictographic}]/u.test(text)) return this.#reject('full_name', reasons.noLetter)
    return text.length > 400 ? this.#reject('full_name', tooLong(400)) : text
  }

  nationality(): string | null {
    const text = this.#filled('nationality')
    if (text === null) return this.#reject('nationality', reasons.missing)
    return parseNationality(text) ?? this.#reject('nationality', reasons.country)
  }

  permitKind(): string | null {
    const text = this.#filled('permit_kind')
    if (text === null) return this.#reject('permit_kind', reasons.missing)
    if (isSpreadsheetDebris(text)) return this.#reject('permit_kind', reasons.debris)
    return text.length > 40 ? this.#reject('permit_kind', tooLong(40)) : parsePermitKind(text)
  }

  /** A register or permit number: upper case, as the same number is written both ways. */
  number(field: 'register_no' | 'permit_no', required?: 'required'): string | null {
    const text = this.#filled(field)?.normalize('NFKC').toUpperCase() ?? null
    if (text === null) return required ? this.#reject(field, reasons.missing) : null
    const wrong = isSpreadsheetDebris(text) ? reasons.debris : text.length > 64 ? tooLong(64) : null
    if (!wrong) return text
    return required ? this.#reject(field, wrong) : this.#remark(field, wrong)
  }

  passport(): string | null {
    const text = this.#filled('passport_no')
    if (text === null) return null
    if (isSpreadsheetDebris(text)) return this.#remark('passport_no', reasons.debris)
    const number = text
      .normalize('NFKC')
      .toUpperCase()
      .replace(/[\s.\-–/]/g, '')
    return /^(?=.*\d)[A-Z0-9]{4,20}$/.test(number) ? number : this.#remark('passport_no', reasons.passport)
  }

  requireIdentity(): void {
    const given = this.faults.find((fault) => fault.column === 'passport_no' || fault.column === 'register_no')
    if (given) given.fatal = true
    else this.#reject('passport_no', reasons.identity)
  }

  sex(): 'M' | 'F' | null {
    const text = this.#filled('sex')
    if (text === null) return null
    const word = text.toLowerCase().replace(/[^a-z]/g, '')
    if (/^(?:m|l|male|man|laki(?:laki)?|lk|pria)$/.test(word)) return 'M'
    if (/^(?:f|p|w|female|woman|perempuan|pr|wanita)$/.test(word)) return 'F'
    return word === 'x' ? null : this.#remark('sex', reasons.sex)
  }

  date(field: Field, { today, past, future, required = false }: DateRange): CivilDate | null {
    const text = this.#filled(field)
    if (text === null) return required ? this.#reject(field, reasons.missing) : null
    const reading = parseDate(text)
    const wrong = 'reason' in reading ? reading.reason : outOfRange(reading.date, today, past, future)
    if (!wrong && 'date' in reading) return reading.date
    return required ? this.#reject(field, wrong!) : this.#remark(field, wrong!)
  }

  issuedBefore(issuedOn: CivilDate | null, expiresOn: CivilDate | null): CivilDate | null {
    if (!issuedOn || !expiresOn || issuedOn <= expiresOn) return issuedOn
    return this.#remark('issued_on', reasons.issuedLate)
  }

  phone(
    field: 'phone' | 'sponsor_phone',
    nationality: string,
  ): { phone: Phone | null; phoneRemark: PhoneFault | PhoneRemark | null } {
    // Not cleaned beforehand: a line break between two numbers tells them apart.
    const reading = parsePhone(this.#raw(field), 'ID', nationality)
    if (reading === null) return { phone: null, phoneRemark: null }
    if ('fault' in reading) {
      this.#remark(field, phoneReasons[reading.fault])
      return { phone: null, phoneRemark: reading.fault }
    }
    const { remark = null, ...phone } = reading
    if (remark) this.#remark(field, phoneReasons[remark])
    return { phone, phoneRemark: remark }
  }

  language(): string | null {
    const text = this.#filled('language')
    return text === null ? null : (parseLanguage(text) ?? this.#remark('language', reasons.language))
  }

  words(field: Field, longest: number): string | null {
    const text = this.#filled(field)
    if (text === null) return null
    if (isSpreadsheetDebris(text)) return this.#remark(field, reasons.debris)
    return text.length > longest ? this.#remark(field, tooLong(longest)) : text
  }

  #raw(field: Field): string {
    const index = this.#columns.get(field)
    return index === undefined ? '' : (this.#cells[index] ?? '')
  }

  #text(field: Field): string {
    return cleanText(this.#raw(field))
  }

  #filled(field: Field): string | null {
    const text = this.#text(field)
    return saysNothing(text) ? null : text
  }

  #reject(column: Field, reason: Reason): null {
    return this.#note(column, reason, true)
  }

  #remark(column: Field, reason: Reason): null {
    return this.#note(column, reason, false)
  }

  #note(column: Field, reason: Reason, fatal: boolean): null {
    this.faults.push({ column, value: shownValue(column, this.#text(column)), reason, fatal })
    return null
  }
}

function outOfRange(date: CivilDate, today: CivilDate, past: number, future: number): Reason | null {
  const sameDay = (years: number) => `${yearOf(today) + years}${today.slice(4)}`
  if (date > sameDay(future)) return future === 0 ? reasons.inFuture : tooFar(future, 'future')
  return date < sameDay(-past) ? tooFar(past, 'past') : null
}

function tooFar(years: number, side: 'past' | 'future'): Reason {
  return side === 'future'
    ? { id: `lebih dari ${years} tahun ke depan`, en: `is more than ${years} years ahead` }
    : { id: `lebih dari ${years} tahun yang lalu`, en: `is more than ${years} years ago` }
}

function tooLong(longest: number): Reason {
  return { id: `lebih dari ${longest} huruf`, en: `is longer than ${longest} characters` }
}
