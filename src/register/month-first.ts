import { type Reason, RegisterFileError } from './fault.ts'
import type { Columns, Field } from './headers.ts'
import { shownValue } from './mask.ts'
import { isMonthFirst } from './parse-date.ts'
import type { SourceRow } from './row.ts'

export type MonthFirstSign = { line: number; column: Field; value: string }

const dateColumns: readonly Field[] = ['expires_on', 'issued_on', 'birth_date', 'whatsapp_opt_in_on']

/** The first date in `row` that only makes sense month first; one such row condemns the whole file. */
export function monthFirstSign(row: SourceRow, columns: Columns): MonthFirstSign | null {
  for (const column of dateColumns) {
    const value = row.cells[columns.get(column) ?? -1]
    if (value !== undefined && isMonthFirst(value))
      return { line: row.line, column, value: shownValue(column, value.trim()) }
  }
  return null
}

/** The refusal of a file in which `sign` was found: its other dates may be swapped without anybody noticing. */
export function monthFirstError(file: string, { line, column, value }: MonthFirstSign): RegisterFileError {
  const reason: Reason = {
    id: `tanggal ditulis bulan lebih dulu (baris ${line}, ${column}: ${value}); tulis hari lebih dulu atau 2026-12-31`,
    en: `dates are written month first (line ${line}, ${column}: ${value}); write the day first, or 2026-12-31`,
  }
  return new RegisterFileError(file, reason)
}
