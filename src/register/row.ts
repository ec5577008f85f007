import { type Reason, RegisterFileError, type RowFault } from './fault.ts'
import { columnsOf, fieldLabels } from './headers.ts'

/**
 * One row as the file has it. `line` counts from 1: the physical line where the record begins, or the sheet's row.
 * A fatal fault means that the row could not be read and has no cells; any other is a remark about a row that was.
 */
export type SourceRow = { line: number; cells: string[]; faults: RowFault[] }

/** A header and the rows below it. The rows can be walked once; leaving early closes the file. */
export type RegisterTable = { header: string[]; rows: AsyncGenerator<SourceRow>; bytesRead(): number }

/** What a spreadsheet's cell can hold; anything longer is an accident or an attack. */
export const longestCell = 32_767

/** Reading one takes memory and time; twenty are known. */
export const mostColumns = 512

/** A header is looked for in so many rows, for offices put titles above it. */
export const headerRows = 20

export const noHeader: Reason = {
  id: `bukan register: tidak ada baris judul (Nama, Kewarganegaraan, No. Paspor, …) dalam ${headerRows} baris pertama`,
  en: `is not a register: its first ${headerRows} rows hold no header (full_name, nationality, passport_no, …)`,
}

/** Throws a RegisterFileError that names every required column which `header` lacks, or where it has far too many. */
export function requireColumns(file: string, header: readonly string[]): void {
  if (header.length > mostColumns) {
    throw new RegisterFileError(file, {
      id: `bukan register: judulnya lebih dari ${mostColumns} kolom`,
      en: `is not a register: its header has more than ${mostColumns} columns`,
    })
  }
  const { missing } = columnsOf(header)
  if (missing.length === 0) return
  const or = (name: string, other: string) => (name === 'passport_no' ? `passport_no ${other} register_no` : name)
  throw new RegisterFileError(file, {
    id: `tidak ada kolom ${missing.map((name) => `${or(name, 'atau')} ("${fieldLabels[name]}")`).join(', ')}`,
    en: `has no column ${missing.map((name) => `${or(name, 'or')} ("${fieldLabels[name]}")`).join(', ')}`,
  })
}

export const longCell: Reason = {
  id: `isi sel lebih dari ${longestCell} huruf`,
  en: `a cell holds more than ${longestCell} characters`,
}
