import { runChild } from './child.ts'
import { type BenchOptions, type Line, lineOf, nameOn, sizeFor } from './line.ts'
import { demoResidents, type LivedIn, millionResidents } from './million.ts'
import type { Spent } from './pages-measure.ts'

/** An officer's morning with a million residents, against the same pages with the 138 of the demo. */
export async function pagesLines(options: BenchOptions): Promise<Line[]> {
  const [large, small] = [await millionResidents(options), await demoResidents(options)]
  const times = sizeFor(options, { full: 200, quick: 40, tiny: 2 })
  const measure = ({ residents: _, ...place }: LivedIn) =>
    runChild<{ pages: Record<string, Spent> }>('pages-child.ts', { ...place, times })
  const [few, many] = [await measure(small), await measure(large)]
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
      note: `p50 ${spent.p50} ms, with 138 residents ${demo.p50} ms`,
    })
  })
}
