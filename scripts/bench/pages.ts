import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { civilDate } from '../../src/lib/civil-date.ts'
import { makeLivedIn } from './million.ts'
import { everyPage, measurePages, type Spent } from './pages-measure.ts'
import { openOffice } from './weeks.ts'

/**
 * How long every page of the console takes on the server: median and 95th percentile in milliseconds, by the clock and of
 * processor time, for an officer of the whole office and one of a single regency. Prints one JSON line. The register is the
 * sample's, imported 65 days before, with scans since; a folder given by --keep is used again.
 * Usage: node scripts/bench/pages.ts [--residents 100000] [--times 40] [--keep FOLDER] [--today 2026-11-23]
 */
const AREA = 'Kota Blitar'
/** More than these are copies of them. */
const MOST_LIVED = 10_000

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      residents: { type: 'string', default: '100000' },
      times: { type: 'string', default: '40' },
      keep: { type: 'string' },
      today: { type: 'string', default: '2026-11-23' },
    },
  })
  await using stack = new AsyncDisposableStack()
  const folder = values.keep ?? mkdtempSync(join(tmpdir(), 'tenggat-pages-'))
  mkdirSync(folder, { recursive: true })
  if (values.keep === undefined) stack.defer(() => rmSync(folder, { recursive: true, force: true }))
  const place = { folder, today: civilDate(values.today) }
  const residents = Number(values.residents)
  if (await isEmpty(place)) await makeLivedIn(place, { residents, lived: Math.min(residents, MOST_LIVED), seed: 7 })

  const app = stack.use(await openOffice(place))
  const pages = await everyPage(app)
  const result: Record<string, unknown> = { residents: await app.db.read.$count(app.db.t.residents) }
  for (const [who, regencies] of [
    ['office', null],
    ['area', [AREA]],
  ] as const) {
    const spent = await measurePages(app, { pages, regencies, times: Number(values.times), awaitPlan: true })
    Object.assign(result, named(who, spent))
  }
  process.stdout.write(`${JSON.stringify(result)}\n`)
}

function named(who: string, spent: Record<string, Spent>): Record<string, Spent> {
  return Object.fromEntries(Object.entries(spent).map(([name, one]) => [`${who} ${name}`, one]))
}

async function isEmpty(place: Parameters<typeof openOffice>[0]): Promise<boolean> {
  await using app = await openOffice(place)
  return (await app.db.read.$count(app.db.t.residents)) === 0
}

await main()
