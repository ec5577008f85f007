import { inspect, type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { type ExitCode, failed, type Output, openOutput } from '../src/cli/output.ts'
import { AppError } from '../src/lib/errors.ts'

type Values<Options extends ParseArgsOptionsConfig> = ReturnType<typeof parseArgs<{ options: Options }>>['values']

/**
 * A script of its own with these options, `--json` and `--help`; the process ends with what `run` gives back. Interrupted, it
 * ends in order, so that the children that it has started (`child.ts`) go with it.
 */
export async function command<Options extends ParseArgsOptionsConfig>({
  usage,
  options,
  run,
}: {
  usage: string
  options: Options
  run: (values: Values<Options>, output: Output) => Promise<ExitCode>
}): Promise<void> {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  try {
    const { json, help, ...values } = valuesOf(options)
    if (help) process.stdout.write(usage)
    else process.exitCode = await run(values as Values<Options>, openOutput(json))
  } catch (error) {
    process.exitCode = told(error)
  }
}

/** Nobody in a script is real: whatever went wrong may be said with all its words and its place. */
function told(error: unknown): ExitCode {
  // What went wrong, not what failed while clearing up after it.
  if (error instanceof SuppressedError) return told(error.suppressed)
  if (error instanceof AppError) return failed(error)
  process.stderr.write(`${inspect(error)}\n`)
  return 1
}

function valuesOf(options: ParseArgsOptionsConfig) {
  const own = { json: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } } as const
  try {
    return parseArgs({ options: { ...options, ...own } }).values
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw code?.startsWith('ERR_PARSE_ARGS') ? new AppError('usage', message) : error
  }
}

/** Of an option that must be a number above 0; `name` as in `--seed`. */
export function positive(name: string, text: string): number {
  const value = Number(text)
  if (!Number.isFinite(value) || value <= 0) throw new AppError('usage', `${name} ${text}: a number above 0 is needed`)
  return value
}

/** A line each for a person, one object for a program. */
export function tellFigures(output: Output, figures: Record<string, unknown>): void {
  const width = 2 + Math.max(...Object.keys(figures).map(({ length }) => length))
  for (const [name, value] of Object.entries(figures))
    output.line(`${name.replaceAll('_', ' ').padEnd(width)}${figureText(value)}`)
  output.result(figures)
}

function figureText(value: unknown): string {
  if (Array.isArray(value)) return value.map(figureText).join('; ')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
