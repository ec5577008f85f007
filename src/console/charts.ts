import { scaleBand, scaleLinear } from 'd3-scale'
import { line, stack } from 'd3-shape'

/** What every chart says to whoever cannot see it; `name` is unique on its page. */
type Told = { name: string; title: string; description: string }

/** Drawn this wide, so that letters are as large on a phone as beside it; a wide screen enlarges all of it. */
const WIDTH = 340
const LETTERS_ACROSS = 44
/** More labels than this would touch each other. */
const MOST_LABELS = 12

/** A bar per row, its name above it and its figure behind it. `value` against the greatest, or against `most`. */
export function barChart(
  chart: Told & { bars: { label: string; value: number; text: string }[]; most?: number },
): string {
  const { bars } = chart
  const rowHeight = 36
  const along = scaleLinear([0, chart.most ?? Math.max(1, ...bars.map(({ value }) => value))], [0, WIDTH - 90])
  const drawn = bars.map(({ label, value, text }, index) => {
    const top = index * rowHeight
    const width = Math.max(along(value), value > 0 ? 1.5 : 0)
    return `<text x="0" y="${top + 12}" class="chart-label">${escaped(shortened(label))}</text>
<rect x="0" y="${top + 17}" width="${fixed(width)}" height="13" class="chart-bar"/>
<text x="${fixed(width + 6)}" y="${top + 28}" class="chart-figure">${escaped(text)}</text>`
  })
  return frame(chart, { height: bars.length * rowHeight, body: drawn.join('\n') })
}

/** A share for each step; a gap where there is none, and beneath each step how many it is of. */
export function shareChart(
  chart: Told & { steps: { label: string; share: number | null; of: number; text: string }[] },
): string {
  const { steps } = chart
  const [top, bottom] = [18, 150]
  const across = scaleBand(
    steps.map((_, index) => index),
    [34, WIDTH],
  ).padding(0)
  const up = scaleLinear([0, 1], [bottom, top])
  const middle = (index: number) => across(index)! + across.bandwidth() / 2
  const rules = [0, 0.5, 1].map(
    (share) => `<line x1="34" x2="${WIDTH}" y1="${up(share)}" y2="${up(share)}" class="chart-rule"/>
<text x="28" y="${up(share) + 4}" text-anchor="end" class="chart-soft">${share * 100}%</text>`,
  )
  const path = line<(typeof steps)[number]>()
    .defined(({ share }) => share !== null)
    .x((_, index) => middle(index))
    .y(({ share }) => up(share ?? 0))(steps)
  const every = stepOf(steps.length)
  const points = steps.map(({ label, share, of, text }, index) => {
    const x = fixed(middle(index))
    const named = index % every === 0
    const mark = share === null ? '' : `<circle cx="${x}" cy="${fixed(up(share))}" r="3.5" class="chart-point"/>`
    const figure =
      share === null || !named
        ? ''
        : `<text x="${x}" y="${fixed(up(share) - 8)}" text-anchor="middle" class="chart-figure">${escaped(text)}</text>`
    const beneath = named
      ? `<text x="${x}" y="${bottom + 16}" text-anchor="middle" class="chart-label">${escaped(label)}</text>
<text x="${x}" y="${bottom + 30}" text-anchor="middle" class="chart-soft">${of}</text>`
      : ''
    return mark + figure + beneath
  })
  const body = [...rules, `<path d="${path ?? ''}" class="chart-line"/>`, ...points].join('\n')
  return frame(chart, { height: bottom + 36, body })
}

/** Columns of parts, one above the other; each part has a pattern as well as a colour. At most four. */
export function stackedChart(
  chart: Told & { parts: readonly string[]; steps: { label: string; values: readonly number[] }[] },
): string {
  const { name, parts, steps } = chart
  const legendHeight = Math.ceil(parts.length / 2) * 20
  const [top, bottom] = [legendHeight + 20, legendHeight + 160]
  const across = scaleBand(
    steps.map((_, index) => index),
    [4, WIDTH],
  ).padding(0.25)
  const sums = steps.map(({ values }) => values.reduce((sum, value) => sum + value, 0))
  const up = scaleLinear([0, Math.max(1, ...sums)], [bottom, top])
  const every = stepOf(steps.length)
  const legend = parts.map((part, index) => {
    const [x, y] = [(index % 2) * (WIDTH / 2), Math.floor(index / 2) * 20]
    return `<rect x="${x + 0.5}" y="${y + 1.5}" width="13" height="13" ${patterned(name, index)}/>
<text x="${x + 20}" y="${y + 12}" class="chart-label">${escaped(shortened(part, 27))}</text>`
  })
  const layers = stack<(typeof steps)[number], number>()
    .keys(parts.map((_, index) => index))
    .value(({ values }, index) => values[index] ?? 0)(steps)
  const columns = layers.flatMap((layer, part) =>
    layer.flatMap(([from, to], index) => {
      const height = up(from) - up(to)
      if (height <= 0) return []
      const place = `x="${fixed(across(index)!)}" y="${fixed(up(to))}" width="${fixed(across.bandwidth())}" height="${fixed(height)}"`
      return [`<rect ${place} ${patterned(name, part)}/>`]
    }),
  )
  const labels = steps.flatMap(({ label }, index) => {
    if (index % every !== 0) return []
    const x = fixed(across(index)! + across.bandwidth() / 2)
    return [
      `<text x="${x}" y="${fixed(up(sums[index]!) - 5)}" text-anchor="middle" class="chart-figure">${sums[index]}</text>
<text x="${x}" y="${bottom + 16}" text-anchor="middle" class="chart-label">${escaped(label)}</text>`,
    ]
  })
  const ground = `<line x1="0" x2="${WIDTH}" y1="${bottom}" y2="${bottom}" class="chart-rule"/>`
  const body = [patternsOf(name), ...legend, ...columns, ground, ...labels].join('\n')
  return frame(chart, { height: bottom + 22, body })
}

function frame({ name, title, description }: Told, { height, body }: { height: number; body: string }): string {
  return `<svg class="chart" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="${name}-title ${name}-desc">
<title id="${name}-title">${escaped(title)}</title>
<desc id="${name}-desc">${escaped(description)}</desc>
${body}
</svg>`
}

/** Whole, striped, dotted, empty: told apart without colours, and on a black and white print. */
function patternsOf(name: string): string {
  return `<defs>
<pattern id="${name}-1" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="6" height="6" class="chart-ground"/><rect width="3" height="6" class="chart-part-1"/></pattern>
<pattern id="${name}-2" width="5" height="5" patternUnits="userSpaceOnUse"><rect width="5" height="5" class="chart-ground"/><circle cx="2.5" cy="2.5" r="1.4" class="chart-part-2"/></pattern>
</defs>`
}

function patterned(name: string, part: number): string {
  if (part === 0) return 'class="chart-part-0 chart-edge-0"'
  if (part === 3) return 'class="chart-ground chart-edge-3"'
  return `fill="url(#${name}-${part})" class="chart-edge-${part}"`
}

function stepOf(labels: number): number {
  return Math.ceil(labels / MOST_LABELS)
}

function shortened(text: string, letters = LETTERS_ACROSS): string {
  const clean = [...text.replace(/[\p{Cc}\p{Cf}]/gu, ' ')]
  return clean.length > letters ? `${clean.slice(0, letters - 1).join('')}…` : clean.join('')
}

function fixed(number: number): string {
  return String(Math.round(number * 100) / 100)
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
