import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { ExitCode, Output } from '../../src/cli/output.ts'
import { AppError } from '../../src/lib/errors.ts'
import { command, positive, tellFigures } from '../command.ts'
import { storm } from './storm.ts'
import { type Figures, verdictOn } from './verdict.ts'

const USAGE = `npm run chaos -- [--engine sqlite|postgres] [--workers N] [--seed N] [--minutes N] [--residents N] [--keep DIR] [--json]
npm run chaos -- --verdict DIR [--json]

Starts the daemon and the sandbox as processes, kills the daemon at random moments, lets the carrier fail, and in the
end compares what the phones got with the database. With --engine postgres there are several daemons on one server of its own,
whose lines to it break or go silent, and which crashes itself; what it holds at the end is copied to tenggat.db. --keep leaves transcript.jsonl, tenggat.db and the key that opens
its numbers (secret.key) in DIR; --verdict computes the figures again from these files alone.
Exits 0 when nobody was told twice, never told or wrongly marked, else 1.
`

async function judge(output: Output, folder: string): Promise<ExitCode> {
  const figures = await verdictOn(folder)
  tellFigures(output, figures)
  return isClean(figures) ? 0 : 1
}

function isClean({ told_twice, never_told, wrongly_marked }: Figures): boolean {
  return told_twice + never_told + wrongly_marked === 0
}

function passing(stack: DisposableStack): string {
  const folder = mkdtempSync(join(tmpdir(), 'tenggat-chaos-'))
  stack.defer(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function emptyFolder(folder: string): string {
  if (existsSync(folder) && readdirSync(folder).length > 0) {
    throw new AppError('usage', `${folder} is not empty; --keep takes a new or empty folder`)
  }
  mkdirSync(folder, { recursive: true })
  return folder
}

await command({
  usage: USAGE,
  options: {
    engine: { type: 'string', default: 'sqlite' },
    workers: { type: 'string' },
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '1' },
    residents: { type: 'string' },
    keep: { type: 'string' },
    verdict: { type: 'string' },
  },
  async run(values, output) {
    if (values.verdict !== undefined) return judge(output, resolve(values.verdict))

    const minutes = positive('--minutes', values.minutes)
    const residents = Math.ceil(positive('--residents', values.residents ?? String(1_250 * minutes)))
    const seed = Math.ceil(positive('--seed', values.seed))
    const { engine } = values
    if (engine !== 'sqlite' && engine !== 'postgres')
      throw new AppError('usage', `--engine ${engine}: sqlite or postgres is needed`)
    const workers = values.workers === undefined ? undefined : Math.ceil(positive('--workers', values.workers))
    if (engine === 'sqlite' && (workers ?? 1) > 1)
      throw new AppError('usage', `--workers ${workers}: several share a PostgreSQL database; add --engine postgres`)
    using stack = new DisposableStack()
    const folder = values.keep === undefined ? passing(stack) : emptyFolder(resolve(values.keep))
    const options = { folder, seed, minutes, residents, tell: (line: string) => output.line(line) }
    if (engine === 'sqlite') await storm(options)
    else await (await import('./storm-workers.ts')).stormWorkers({ ...options, workers: workers ?? 3 })
    return await judge(output, folder)
  },
})
