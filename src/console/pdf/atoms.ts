import type { Fonts } from './fonts.ts'
import { faceOf, type Line, linesOf } from './lines.ts'
import type { Cell, Row } from './rows.ts'

/** What is never parted: one line across all columns, with what is drawn around it. */
export type Atom = {
  lines: { line: Line; x: number }[]
  height: number
  /** Without the space that is left after it. */
  tall: number
  /** From its top to where its letters stand. */
  baseline: number
  /** Not parted from the one below it. */
  glued: boolean
  rule?: 'thin' | 'double'
  filled?: boolean
  bar?: 'left' | 'right'
  head?: readonly Atom[]
  newPage?: boolean
}

export type Page = { atom: Atom; top: number }[]

/** A row of so many lines at most is never parted. */
const WHOLE_LINES = 14
/** A paragraph leaves at least two lines on either page. */
const TOGETHER = 2

export function atomsOf(rows: readonly Row[], fonts: Fonts): Atom[] {
  const heads = new Map<Row, readonly Atom[]>()
  return rows.flatMap((row) => {
    if (row.head && !heads.has(row.head)) heads.set(row.head, atomsOf([row.head], fonts))
    const columns = row.cells.map((cell) => ({ cell, lines: linesIn(cell, fonts) }))
    const count = Math.max(1, ...columns.map(({ lines }) => lines.length))
    return Array.from({ length: count }, (_, at): Atom => {
      const [first, last] = [at === 0, at === count - 1]
      const lines = columns.flatMap(({ cell, lines: all }) =>
        all[at] === undefined ? [] : [{ line: all[at], x: cell.x + startOf(all[at], cell) }],
      )
      const ascent = Math.max(0, ...lines.map(({ line }) => line.ascent))
      const descent = Math.max(0, ...lines.map(({ line }) => line.descent))
      const before = first ? row.before : 0
      return {
        lines,
        baseline: before + ascent,
        height: before + ascent + descent + (last ? row.after : 0),
        tall: before + ascent + descent,
        glued: isGlued(row, { at, count }),
        ...(row.rule && last && { rule: row.rule }),
        ...(row.filled && { filled: true }),
        ...(row.bar && { bar: columns[0]?.lines[0]?.rtl ? 'right' : 'left' }),
        ...(row.head && { head: heads.get(row.head)! }),
        ...(row.newPage && { newPage: true }),
      }
    })
  })
}

/** Puts atoms on pages of this height. What is glued stays together as long as a page can hold it. */
export function paginate(atoms: readonly Atom[], height: number): Page[] {
  const pages: Page[] = []
  let page: Page = []
  let top = 0
  const put = (atom: Atom) => {
    page.push({ atom, top })
    top += atom.height
  }
  const turn = (next?: Atom) => {
    if (page.length > 0) pages.push(page)
    page = []
    top = 0
    for (const atom of next?.head ?? []) put(atom)
  }
  for (let from = 0; from < atoms.length; ) {
    const to = endOfGroup(atoms, from)
    const group = atoms.slice(from, to)
    const tall = group.reduce((sum, atom) => sum + atom.height, 0)
    if (group[0]!.newPage || (top > 0 && top + tall > height)) turn(group[0])
    for (const atom of group) {
      if (top > 0 && top + atom.height > height) turn(atom)
      if (top > 0 || atom.lines.length > 0) put(atom)
    }
    from = to
  }
  turn()
  return pages
}

function linesIn(cell: Cell, fonts: Fonts): Line[] {
  const spans = cell.spans.map((span) => ({ ...span, text: fonts.shown(span.text, faceOf(span, cell.language)) }))
  return linesOf(spans, { ...cell, fonts })
}

function startOf(line: Line, { width, align }: Cell): number {
  if (align === 'centre') return (width - line.width) / 2
  return line.rtl && align === 'start' ? width - line.width : 0
}

function isGlued({ keep }: Row, { at, count }: { at: number; count: number }): boolean {
  if (at === count - 1) return keep === 'next'
  if (keep !== 'apart' && count <= WHOLE_LINES) return true
  return at < TOGETHER - 1 || at === count - TOGETHER
}

function endOfGroup(atoms: readonly Atom[], from: number): number {
  let to = from
  while (to < atoms.length - 1 && atoms[to]!.glued && !atoms[to + 1]!.newPage) to += 1
  return to + 1
}
