import { AppError } from '../lib/errors.ts'
import { faultText } from '../lib/fault-text.ts'

/** 0 done, 1 failed, 2 wrong usage or configuration, 3 done but some rows or deliveries were refused. */
export type ExitCode = 0 | 1 | 2 | 3

/** With `--json` the last line of standard output is one JSON object; without, lines for a person. */
export type Output = {
  json: boolean
  line(text: string): void
  result(value: Record<string, unknown>): void
}

export function openOutput(json: boolean): Output {
  return {
    json,
    line(text) {
      if (!json) process.stdout.write(`${text}\n`)
    },
    result(value) {
      if (json) process.stdout.write(`${JSON.stringify(value)}\n`)
    },
  }
}

/** Prints an error for the person at the terminal and says how the program ends. */
export function failed(error: unknown): ExitCode {
  // What went wrong, not what failed while clearing up after it.
  if (error instanceof SuppressedError) return failed(error.suppressed)
  if (error instanceof AppError) {
    process.stderr.write(`${error.message}\n`)
    return error.code === 'usage' || error.code === 'config' || error.code === 'conflict' ? 2 : 1
  }
  process.stderr.write(`internal error: ${faultText(error)}\n`)
  return 1
}

/** Columns padded to their widest cell; the last one is not padded. Widths count what a terminal shows. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  for (const row of rows)
    row.forEach((cell, index) => {
      widths[index] = Math.max(widths[index] ?? 0, shown(cell))
    })
  return rows.map((row) =>
    row
      .map((cell, index) => (index === row.length - 1 ? cell : cell + ' '.repeat(widths[index]! - shown(cell))))
      .join('  ')
      .trimEnd(),
  )
}

/** East Asian wide letters take two places. */
function shown(text: string): number {
  let width = 0
  for (const letter of text)
    width += /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}/u.test(letter) ? 2 : 1
  return width
}
