/**
 * What a caller can do about it:
 * `usage` wrong words on the command line, `config` wrong configuration, `invalid` bad input, `not-found`,
 * `conflict` somebody else was first or holds it, `unavailable` an outside service or file is out of reach.
 */
export type AppErrorCode = 'usage' | 'config' | 'invalid' | 'not-found' | 'conflict' | 'unavailable'

/** An error whose message is written for a person and holds no personal data. Anything else is a defect. */
export class AppError extends Error {
  override name = 'AppError'
  readonly code: AppErrorCode

  constructor(code: AppErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** The text of anything thrown, for a log or a person at a terminal. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
