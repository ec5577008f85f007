import type { CivilDate } from '../lib/civil-date.ts'
import type { Phone, PhoneFault, PhoneRemark } from '../lib/phone.ts'
import { Cells } from './cells.ts'
import type { RowFault } from './fault.ts'
import type { Columns } from './headers.ts'
import type { SourceRow } from './row.ts'

export type { RowFault } from './fault.ts'

/** `nationality` is ISO alpha-2, or XXA, XXB, XXC, XXX for those without one. At least one of registerNo and passportNo is there. */
export type RegisterRow = {
  registerNo: string | null
  fullName: string
  nationality: string
  passportNo: string | null
  sex: 'M' | 'F' | null
  birthDate: CivilDate | null
  phone: Phone | null
  phoneRemark: PhoneFault | PhoneRemark | null
  whatsappOptInOn: CivilDate | null
  language: string | null
  address: string | null
  regency: string | null
  district: string | null
  purpose: string | null
  sponsorName: string | null
  sponsorPhone: Phone | null
  permitNo: string
  permitKind: string
  indexCode: string | null
  issuedOn: CivilDate | null
  expiresOn: CivilDate
}

export type ParsedRow = { row: RegisterRow; remarks: RowFault[] } | { faults: RowFault[] }

/** Reads one row of an opened file: what was wrong with the record itself, then what is wrong in its cells. */
export function readRow(source: SourceRow, columns: Columns, today: CivilDate): ParsedRow {
  if (source.faults.some((fault) => fault.fatal)) return { faults: source.faults }
  const parsed = parseRow(source.cells, columns, today)
  if ('faults' in parsed) return { faults: [...source.faults, ...parsed.faults] }
  return { row: parsed.row, remarks: [...source.faults, ...parsed.remarks] }
}

/**
 * Reads the cells of one row. Whatever is wrong in a required column rejects the row, with all its faults; whatever is wrong
 * in another is a remark, and the row goes in without that value.
 */
export function parseRow(cells: readonly string[], columns: Columns, today: CivilDate): ParsedRow {
  const cell = new Cells(cells, columns)
  const identity = { registerNo: cell.number('register_no'), passportNo: cell.passport() }
  const needed = {
    fullName: cell.name(),
    nationality: cell.nationality(),
    permitNo: cell.number('permit_no', 'required'),
    permitKind: cell.permitKind(),
    expiresOn: cell.date('expires_on', { today, past: 15, future: 15, required: true }),
  }
  if (!identity.registerNo && !identity.passportNo) cell.requireIdentity()
  const issuedOn = cell.date('issued_on', { today, past: 15, future: 15 })
  const phone = cell.phone('phone', needed.nationality ?? '')
  const row = {
    ...identity,
    ...needed,
    sex: cell.sex(),
    birthDate: cell.date('birth_date', { today, past: 120, future: 0 }),
    ...phone,
    whatsappOptInOn: cell.date('whatsapp_opt_in_on', { today, past: 15, future: 0 }),
    language: cell.language(),
    address: cell.words('address', 500),
    regency: cell.words('regency', 100),
    district: cell.words('district', 100),
    purpose: cell.words('purpose', 200),
    sponsorName: cell.words('sponsor_name', 200),
    sponsorPhone: cell.phone('sponsor_phone', '').phone,
    indexCode: cell.words('index_code', 20)?.toUpperCase() ?? null,
    issuedOn: cell.issuedBefore(issuedOn, needed.expiresOn),
  }
  if (!isComplete(row) || cell.rejected) return { faults: cell.faults }
  return { row, remarks: cell.faults }
}

function isComplete(row: { [K in keyof RegisterRow]: RegisterRow[K] | null }): row is RegisterRow {
  return [row.fullName, row.nationality, row.permitNo, row.permitKind, row.expiresOn].every((value) => value !== null)
}
