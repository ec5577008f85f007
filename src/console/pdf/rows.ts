import { printable } from './characters.ts'
import type { Block, Colour, Letterhead, Rich, Span } from './content.ts'

/** One paragraph in its column. Sizes and places in points; `x` from the left margin. */
export type Cell = {
  spans: readonly Span[]
  x: number
  width: number
  size: number
  language: string
  colour?: Colour
  direction?: 'auto' | 'ltr' | 'rtl'
  /** `start`: at the right where the text reads from there. */
  align?: 'left' | 'start' | 'centre'
  anywhere?: boolean
}

/** Cells side by side, and what is drawn around them. */
export type Row = {
  cells: readonly Cell[]
  before: number
  after: number
  /** `whole`: not parted unless it is long. `next`: nor from what follows. */
  keep: 'apart' | 'whole' | 'next'
  rule?: 'thin' | 'double'
  filled?: boolean
  /** Beside the text, where its lines begin. */
  bar?: boolean
  /** Repeated when a page begins within the table. */
  head?: Row
  newPage?: boolean
}

const BODY = 9.5
const CODE = 8
/** A list of so many facts at most is never parted. */
const WHOLE_FACTS = 16
/** So many lines at most are never parted. */
const WHOLE_CODE = 30
const GUTTER = 10
const LABEL_SHARE = 0.27
const HEADING = { 1: [12.5, 16, 5], 2: [10.5, 12, 3], 3: [9.5, 8, 2] } as const

/** What stands on the pages, from top to bottom. `width`: between the margins. */
export function rowsOf(blocks: readonly Block[], { language, width }: { language: string; width: number }): Row[] {
  const cell = (text: Rich, more: Partial<Cell> = {}): Cell => ({
    spans: spansOf(text),
    x: 0,
    width,
    size: BODY,
    language,
    ...more,
  })
  const rowOf = (cells: readonly Cell[], more: Partial<Row> = {}): Row => ({
    cells,
    before: 0,
    after: 4,
    keep: 'apart',
    ...more,
  })
  const rowsIn = (block: Block): Row[] => {
    switch (block.kind) {
      case 'title':
        return [
          rowOf([cell([{ text: block.text, bold: true }], { size: 14, align: 'centre' })], { after: 8, keep: 'next' }),
        ]
      case 'heading': {
        const [size, before, after] = HEADING[block.level]
        const spans = spansOf(block.text).map((span) => ({ ...span, bold: true }))
        return [rowOf([cell(spans, { size })], { before, after, keep: 'next' })]
      }
      case 'text': {
        const { size = BODY, colour = 'ink' } = block
        return [rowOf([cell(block.text, { size, colour })])]
      }
      case 'words':
        return paragraphsOf(block).map((spans, at, all) => {
          const column = { x: GUTTER, width: width - 2 * GUTTER, align: 'start' } as const
          const words = {
            ...cell('', column),
            spans,
            language: spans[0]!.language,
            direction: directionOf(block.language),
          }
          return rowOf([words], { bar: true, after: at === all.length - 1 ? 6 : 0 })
        })
      case 'facts':
        return block.rows.map(([label, value], at, all) => {
          const share = width * LABEL_SHARE
          const named = cell([{ text: label, colour: 'quiet' }], { width: share - GUTTER })
          return rowOf([named, cell(value, { x: share, width: width - share })], {
            after: 2.5,
            keep: all.length <= WHOLE_FACTS && at < all.length - 1 ? 'next' : 'whole',
          })
        })
      case 'table':
        return tableOf(block, { cell, width, rowOf })
      case 'code':
        return block.lines.map((line, at, all) =>
          rowOf([cell([{ text: line, mono: true }], { size: CODE, anywhere: true, direction: 'ltr' })], {
            after: at === all.length - 1 ? 4 : 0,
            keep: all.length <= WHOLE_CODE && at < all.length - 1 ? 'next' : 'apart',
          }),
        )
      case 'gap':
        return [rowOf([], { after: block.height })]
      case 'new-page':
        return [rowOf([], { newPage: true, after: 0 })]
    }
  }
  return blocks.flatMap(rowsIn)
}

export function letterheadRows(
  { name, lines }: Letterhead,
  { language, width }: { language: string; width: number },
): Row[] {
  const centred = { x: 0, width, language, align: 'centre' as const }
  return [
    {
      cells: [{ spans: spansOf([{ text: name, bold: true }]), size: 12, ...centred }],
      before: 0,
      after: 2,
      keep: 'next',
    },
    ...lines.map((line, at): Row => {
      const last = at === lines.length - 1
      const cell: Cell = { spans: spansOf(line), size: 8.5, colour: 'quiet', ...centred }
      return { cells: [cell], before: 0, after: last ? 14 : 1, keep: 'next', ...(last && { rule: 'double' }) }
    }),
  ]
}

/** Ready to be printed: every text of ours and of others goes through here. */
export function spansOf(text: Rich): Span[] {
  const spans = typeof text === 'string' ? [{ text }] : text
  return spans.map((span) => ({
    ...span,
    ...(span.language !== undefined && { language: knownLanguage(span.language) }),
    text: printable(span.text).replaceAll('\n', ' '),
  }))
}

function paragraphsOf({
  text,
  language,
  colour,
}: Extract<Block, { kind: 'words' }>): (Span & { language: string })[][] {
  return printable(text, { words: true })
    .split('\n')
    .map((line) => [{ text: line, language: knownLanguage(language), ...(colour && { colour }) }])
}

function tableOf(
  { head, rows, widths }: Extract<Block, { kind: 'table' }>,
  {
    cell,
    width,
    rowOf,
  }: {
    cell: (text: Rich, more: Partial<Cell>) => Cell
    width: number
    rowOf: (cells: readonly Cell[], more: Partial<Row>) => Row
  },
): Row[] {
  const total = widths.reduce((sum, one) => sum + one, 0)
  const inset = 4
  const columns = widths.map((one, at) => ({
    x: inset + (width * widths.slice(0, at).reduce((sum, before) => sum + before, 0)) / total,
    width: (width * one) / total - 2 * inset,
    size: 8.5,
  }))
  const line = (texts: readonly Rich[]) => texts.map((text, at) => cell(text, columns[at]!))
  const bold = head.map((text): Rich => [{ text, bold: true }])
  const headRow = rowOf(line(bold), { before: 3, after: 3, keep: 'next', rule: 'thin', filled: true })
  return [
    headRow,
    ...rows.map((texts, at) => {
      const keep = at === 0 || at === rows.length - 2 ? 'next' : 'whole'
      return rowOf(line(texts), { before: 3, after: 3, keep, rule: 'thin', head: headRow })
    }),
    rowOf([], { after: 6 }),
  ]
}

/** A tag that came with somebody's data may be none. */
function knownLanguage(tag: string): string {
  try {
    return Intl.getCanonicalLocales(tag)[0] ?? 'und'
  } catch (error) {
    if (error instanceof RangeError) return 'und'
    throw error
  }
}

function directionOf(language: string): 'auto' | 'rtl' {
  return new Intl.Locale(knownLanguage(language)).maximize().script === 'Arab' ? 'rtl' : 'auto'
}
