import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { BenchOptions, Line } from './line.ts'
import { machine } from './machine.ts'
import { tableOf, writeTable } from './markdown.ts'

type Measure = (options: BenchOptions) => Promise<Line[]>

/** In the order in which they run: import leaves the large register to those after it. */
const LINES: Record<string, { load: () => Promise<Measure>; postgres: boolean }> = {
  import: { load: async () => (await import('./import.ts')).importLines, postgres: true },
  scan: { load: async () => (await import('./scan.ts')).scanLines, postgres: true },
  dispatch: { load: async () => (await import('./dispatch.ts')).dispatchLines, postgres: true },
  slow: { load: async () => (await import('./slow.ts')).slowLines, postgres: false },
  receipts: { load: async () => (await import('./receipts.ts')).receiptsLines, postgres: true },
  voice: { load: async () => (await import('./voice.ts')).voiceLines, postgres: false },
  pages: { load: async () => (await import('./pages-line.ts')).pagesLines, postgres: true },
  idle: { load: async () => (await import('./idle.ts')).idleLines, postgres: false },
  start: { load: async () => (await import('./start.ts')).startLines, postgres: false },
}

const USAGE = `npm run bench -- [--quick] [--json] [--lines ${Object.keys(LINES).join(',')}] [--engine sqlite|postgres|both]
                [--rows N] [--markdown FILE] [--seed N] [--keep FOLDER]
`

/**
 * Measures the program line by line, each against its limit on the same data in the same run. A reach that is not met is told, not
 * punished: the exit code is 1 only when a line broke.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      lines: { type: 'string', default: Object.keys(LINES).join(',') },
      engine: { type: 'string', default: 'sqlite' },
      markdown: { type: 'string' },
      seed: { type: 'string', default: '7' },
      keep: { type: 'string' },
      rows: { type: 'string' },
      size: { type: 'string' },
    },
  })
  if (values.help) {
    process.stdout.write(USAGE)
    return
  }
  const wanted = values.lines.split(',')
  const unknown = wanted.filter((name) => !(name in LINES))
  const engines = enginesOf(values.engine)
  if (unknown.length > 0 || engines.length === 0) {
    process.stderr.write(USAGE)
    process.exitCode = 2
    return
  }
  using stack = new DisposableStack()
  const folder = values.keep ?? mkdtempSync(join(tmpdir(), 'tenggat-bench-'))
  mkdirSync(folder, { recursive: true })
  if (values.keep === undefined) stack.defer(() => rmSync(folder, { recursive: true, force: true }))

  const begun = performance.now()
  const tell = (line: string) => process.stderr.write(`${line}\n`)
  const lines: Line[] = []
  for (const engine of engines) {
    for (const [name, { load, postgres }] of Object.entries(LINES)) {
      if (!wanted.includes(name) || (engine === 'postgres' && !postgres)) continue
      tell(`${name} (${engine}) …`)
      const started = performance.now()
      try {
        const options = {
          quick: values.quick,
          tiny: values.size === 'tiny',
          folder,
          engine,
          seed: Number(values.seed),
          ...(values.rows === undefined ? {} : { rows: Number(values.rows) }),
          tell,
        }
        const measure = await load()
        const measured = await measure(options)
        for (const line of measured) tell(`  ${said(line)}`)
        lines.push(...measured)
        tell(`  took ${Math.round((performance.now() - started) / 1_000)} s`)
      } catch (error) {
        process.exitCode = 1
        tell(`  broke: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
      }
    }
  }
  const about = machine({ seconds: (performance.now() - begun) / 1_000, quick: values.quick })
  process.stdout.write(`${about}\n\n${tableOf(lines)}`)
  if (values.markdown) writeTable(values.markdown, `${about}\n\n${tableOf(lines)}`)
  if (values.json) process.stdout.write(`${JSON.stringify({ lines })}\n`)
}

function enginesOf(name: string): BenchOptions['engine'][] {
  if (name === 'both') return ['sqlite', 'postgres']
  return name === 'sqlite' || name === 'postgres' ? [name] : []
}

function said({ name, unit, value, limit, ratio, reach, reached, rss_mb: rss }: Line): string {
  return `${name}: ${value} of ${limit} ${unit}, ${ratio} (${reach}: ${reached ? 'reached' : 'NOT reached'}), ${rss} MB`
}

await main()
