import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { dateAt } from '../../src/lib/civil-date.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { TIME_ZONE } from '../../test/ground.ts'
import { NO_SERVER, openPostgresServer } from '../../test/postgres-server.ts'
import { runChild } from './child.ts'
import { type BenchOptions, type Line, lineOf, nameOn, sizeFor } from './line.ts'
import { demoResidents, millionResidents } from './million.ts'
import type { Spent } from './pages-measure.ts'
import { liveWeeks, type Place } from './weeks.ts'

type Measured = { pages: Record<string, Spent>; rss_mb: number }

const DEMO = 138

/** An officer's morning with a million residents, against the same pages with the 138 of the demo. */
export async function pagesLines(options: BenchOptions): Promise<Line[]> {
  if (options.engine === 'postgres') return onPostgres(options)
  const [large, small] = [await millionResidents(options), await demoResidents(options)]
  const few = await measure(options, small)
  return linesOf(options, { few, many: await measure(options, large) })
}

/** Nobody is copied there: all of them went through everything. */
async function onPostgres(options: BenchOptions): Promise<Line[]> {
  const lived = async (residents: number): Promise<Measured> => {
    await using server = await openPostgresServer({ durable: true })
    if (server === null) throw new Error(NO_SERVER)
    const folder = join(options.folder, `pages-postgres-${residents}`)
    mkdirSync(folder, { recursive: true })
    const place = { folder, today: dateAt(systemClock.now(), TIME_ZONE), databaseUrl: server.url }
    options.tell(`  some weeks with ${residents} residents`)
    await liveWeeks(place, { residents, seed: options.seed })
    const measured = await measure(options, place)
    rmSync(folder, { recursive: true })
    return measured
  }
  const few = await lived(DEMO)
  return linesOf(options, { few, many: await lived(sizeFor(options, { full: 100_000, quick: 5_000, tiny: 300 })) })
}

function measure(options: BenchOptions, { folder, today, databaseUrl }: Place): Promise<Measured> {
  const times = sizeFor(options, { full: 200, quick: 40, tiny: 2 })
  return runChild<Measured>('pages-child.ts', { folder, today, databaseUrl, times })
}

function linesOf(options: BenchOptions, { few, many }: { few: Measured; many: Measured }): Line[] {
  return Object.entries(many.pages).map(([name, spent]) => {
    const demo = few.pages[name]!
    return lineOf({
      name: nameOn(name, options.engine),
      unit: 'ms (p95)',
      value: spent.p95,
      limit: demo.p95,
      better: 'less',
      reach: { atMost: 3 },
      rssMb: many.rss_mb,
      note: `p50 ${spent.p50} ms, with ${DEMO} residents ${demo.p50} ms`,
    })
  })
}
