import { readFileSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { type Config, PROJECT_DIR } from '../config.ts'
import type { Clock } from '../lib/clock.ts'
import { AppError, messageOf } from '../lib/errors.ts'
import { type MoveDeps, moveDatabase, undoMove } from '../ops/move/move.ts'
import { type Place, placeOf } from '../ops/move/place.ts'
import { type ExitCode, type Output, table } from './output.ts'

export type MoveOptions = { from?: string; fromUrlFile?: string; to?: string; toUrlFile?: string; undo?: boolean }

/** `move --from URL --to URL`, and `--undo`. Opens the two databases that it is given, not the one of DATABASE_URL. */
export async function moveCommand(
  { config, clock }: { config: Config; clock: Clock },
  output: Output,
  options: MoveOptions,
): Promise<ExitCode> {
  const from = place('from', options.from, options.fromUrlFile)
  const lockDirs = (file: string) => (file === config.databaseFile ? [config.dataDir] : [])
  if (options.undo) {
    if (options.to ?? options.toUrlFile) throw new AppError('usage', '--undo takes --from alone')
    return undone({ clock, lockDirs }, output, from)
  }
  const to = place('to', options.to, options.toUrlFile)
  const begun = performance.now()
  const shown = new Counter(output)
  const moved = await moveDatabase({ clock, lockDirs, progress: (done) => shown.add(done) }, { from, to })
  shown.end()
  const seconds = Math.round((performance.now() - begun) / 100) / 10
  const lines = Object.entries(moved.tables).filter(([, { rows }]) => rows > 0)
  for (const line of table(lines.map(([name, { rows, sha256 }]) => [name, String(rows), sha256.slice(0, 16)]))) {
    output.line(line)
  }
  output.line(
    lines.length > 0
      ? `moved: ${moved.rows} rows, compared by count and checksum, in ${seconds} s`
      : 'everything had been copied and compared before; the source is marked now',
  )
  output.line(
    `Set DATABASE_URL to ${to.shown} (with user and password) and start there. ${from.shown} is marked: nothing`,
  )
  output.line('starts on it any more. Keep it as the copy that it is; it holds personal data until you delete it.')
  output.result({ ...moved, seconds })
  return 0
}

async function undone(deps: MoveDeps, output: Output, from: Place): Promise<ExitCode> {
  const { to } = await undoMove(deps, { from })
  output.line(`${from.shown} is worked on again. Nothing may ever start on ${to}: delete what is in it,`)
  output.line('or people are told twice.')
  output.result({ from: from.shown, to, undone: true })
  return 0
}

/** A relative path is one from the project's folder, as in DATABASE_URL. */
function place(name: 'from' | 'to', given: string | undefined, file: string | undefined): Place {
  if ((given === undefined) === (file === undefined)) {
    throw new AppError('usage', `--${name} URL or --${name}-url-file FILE is needed, one of them`)
  }
  const text = given ?? readUrl(`--${name}-url-file`, file!)
  const path = /^file:([^/].*)$/.exec(text)?.[1]
  return placeOf(`--${name}`, path === undefined || isAbsolute(path) ? text : `file:${join(PROJECT_DIR, path)}`)
}

function readUrl(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (cause) {
    throw new AppError('usage', `${name}: ${messageOf(cause)}`, { cause })
  }
}

/** One line for each table that is through. */
class Counter {
  readonly #output: Output
  #table = ''
  #rows = 0

  constructor(output: Output) {
    this.#output = output
  }

  add({ table: name, rows }: { table: string; rows: number }): void {
    if (name !== this.#table) this.end()
    this.#table = name
    this.#rows += rows
  }

  end(): void {
    if (this.#rows > 0) this.#output.line(`copied ${this.#rows} rows of ${this.#table}`)
    this.#rows = 0
  }
}
