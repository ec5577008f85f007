import { readFileSync, writeFileSync } from 'node:fs'
import type { Line } from './line.ts'

const BEGIN = '<!-- bench: begin -->'
const END = '<!-- bench: end -->'

export function tableOf(lines: readonly Line[]): string {
  const rows = lines.map(({ name, unit, value, limit, ratio, reach, reached, rss_mb: rss, note }) =>
    [
      name,
      `${written(value)} ${unit}`,
      `${written(limit)} ${unit}`,
      ratio.toFixed(2),
      reach,
      reached ? 'yes' : '**no**',
      rss,
      note ?? '',
    ].join(' | '),
  )
  return [
    '| line | measured | limit | ratio | reach | reached | peak RSS, MB | |',
    '|---|--:|--:|--:|---|---|--:|---|',
    ...rows.map((row) => `| ${row} |`),
    '',
  ].join('\n')
}

/**
 * Puts the results between the two markers of the file.
 * @throws Error where it has none
 */
export function writeTable(file: string, results: string): void {
  const text = readFileSync(file, 'utf8')
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)]
  if (begin === -1 || end < begin) throw new Error(`${file} has no lines ${BEGIN} and ${END}`)
  writeFileSync(file, `${text.slice(0, begin + BEGIN.length)}\n\n${results}\n${text.slice(end)}`)
}

function written(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 3 })
}
