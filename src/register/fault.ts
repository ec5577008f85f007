import { AppError } from '../lib/errors.ts'
import type { Field } from './headers.ts'

/** The same sentence for officers (Indonesian) and for the operator (English). Holds no personal data. */
export type Reason = { id: string; en: string }

/** What is wrong with one row. `column` is null where the whole row is meant; `value` is masked where it is personal. */
export type RowFault = { column: Field | null; value: string; reason: Reason; fatal: boolean }

/** The file as a whole was refused. `message` is the English of `reason`, after the file's name. */
export class RegisterFileError extends AppError {
  override name = 'RegisterFileError'
  readonly reason: Reason

  constructor(file: string, reason: Reason, options?: ErrorOptions) {
    super('invalid', `${file}: ${reason.en}`, options)
    this.reason = reason
  }
}

/** The row itself could not be read. */
export function rowFault(reason: Reason, column: Field | null = null): RowFault {
  return { column, value: '', reason, fatal: true }
}
