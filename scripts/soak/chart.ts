import { scaleLinear } from 'd3-scale'
import { line } from 'd3-shape'
import type { DayFigures } from './figures.ts'

const WIDTH = 420
const HEIGHT = 180
const LEFT = 56
const BOTTOM = 28
const TOP = 30

const panels: [string, (day: DayFigures) => number][] = [
  ['Resident memory, MB', (day) => day.rss_mb],
  ['Heap after a collection, MB', (day) => day.heap_mb],
  ['File handles', (day) => day.handles],
  ['Database, MB', (day) => day.database_mb],
  ['Rows, thousands', (day) => day.rows / 1_000],
  ['Audio, MB', (day) => day.audio_mb],
]

/** One panel for each figure, day by day, as one SVG document. */
export function chartOf(days: readonly DayFigures[]): string {
  const drawn = panels.map(([title, of], index) => {
    const x = (index % 2) * WIDTH
    const y = Math.floor(index / 2) * HEIGHT
    return `<g transform="translate(${x} ${y})">${panel(title, days, of)}</g>`
  })
  const height = Math.ceil(panels.length / 2) * HEIGHT
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH * 2} ${height}" font-family="sans-serif" font-size="11" fill="#222"><rect width="100%" height="100%" fill="#fff"/>${drawn.join('')}</svg>\n`
}

function panel(title: string, days: readonly DayFigures[], of: (day: DayFigures) => number): string {
  const x = scaleLinear([1, Math.max(2, days.length)], [LEFT, WIDTH - 16])
  const y = scaleLinear([0, Math.max(1, ...days.map(of))], [HEIGHT - BOTTOM, TOP]).nice(4)
  const path = line<DayFigures>(
    (day) => x(day.day),
    (day) => y(of(day)),
  )([...days])
  const levels = y.ticks(4).map((value) => {
    const at = y(value)
    return `<line x1="${LEFT}" x2="${WIDTH - 16}" y1="${at}" y2="${at}" stroke="#ddd"/><text x="${LEFT - 6}" y="${at + 4}" text-anchor="end">${value}</text>`
  })
  const dates = x
    .ticks(6)
    .map((value) => `<text x="${x(value)}" y="${HEIGHT - 10}" text-anchor="middle">${value}</text>`)
  return `<text x="${LEFT}" y="18" font-weight="bold">${title}</text>${levels.join('')}${dates.join('')}<path d="${path}" fill="none" stroke="#206bc4" stroke-width="1.5"/>`
}
