import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { type Line, lineOf } from '../scripts/bench/line.ts'
import { tableOf } from '../scripts/bench/markdown.ts'
import { PROJECT_DIR } from '../src/config.ts'

const MEASURED = { name: 'import', unit: 'rows/s', value: 4_000, limit: 10_000, better: 'more', rssMb: 200 } as const

describe('the bench', () => {
  it('prints one line of JSON with what it measured, against its limit', { timeout: 60_000 }, async () => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [join(PROJECT_DIR, 'scripts/bench/main.ts'), '--json', '--size', 'tiny', '--lines', 'import'],
      { env: { PATH: process.env.PATH } },
    )
    const { lines } = JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as { lines: Line[] }
    expect(lines.map(({ name, unit }) => [name, unit])).toEqual([
      ['import', 'rows/s'],
      ['import again', 'rows/s'],
    ])
    for (const { value, limit, ratio, reach, rss_mb } of lines) {
      expect([value > 0, limit > 0, rss_mb > 20]).toEqual([true, true, true])
      expect(ratio).toBeCloseTo(value / limit, 1)
      expect(reach).toBe('>= 0.30; peak RSS <= 350 MB')
    }
  })

  it('takes more for better, less for better, or a most that may not be passed', () => {
    const ratioOf = (line: Line) => [line.ratio, line.reached]
    expect(ratioOf(lineOf({ ...MEASURED, reach: { atLeast: 0.3 } }))).toEqual([0.4, true])
    expect(ratioOf(lineOf({ ...MEASURED, reach: { atLeast: 0.5 } }))).toEqual([0.4, false])
    expect(ratioOf(lineOf({ ...MEASURED, value: 13, limit: 10, better: 'less', reach: { atLeast: 0.77 } }))).toEqual([
      0.77,
      false,
    ])
    expect(ratioOf(lineOf({ ...MEASURED, value: 14, limit: 10, better: 'less', reach: { atMost: 1.5 } }))).toEqual([
      1.4,
      true,
    ])
    expect(ratioOf(lineOf({ ...MEASURED, reach: { atLeast: 0.3, rssMb: 190 } }))).toEqual([0.4, false])
  })

  it('writes a table row for each line, and says plainly what was not reached', () => {
    const line = lineOf({ ...MEASURED, reach: { atLeast: 0.5, rssMb: 350 }, note: '10 rows' })
    expect(tableOf([line]).split('\n')[2]).toBe(
      '| import | 4,000 rows/s | 10,000 rows/s | 0.40 | >= 0.50; peak RSS <= 350 MB | **no** | 200 | 10 rows |',
    )
  })
})
