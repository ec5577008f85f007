import bidiFactory, { type Bidi } from 'bidi-js'
import { unbreakable } from './breaks.ts'
import type { Colour, Span } from './content.ts'
import type { Drawn } from './font-file.ts'
import type { Fonts } from './fonts.ts'
import type { Face } from './slices.ts'

/** A stretch in one font and direction, `x` from the line's own left end. */
export type Run = { text: string; font: Drawn; rtl: boolean; language: string; size: number; colour: Colour; x: number }

export type Line = {
  runs: Run[]
  width: number
  ascent: number
  descent: number
  /** It begins at the right. */
  rtl: boolean
}

export type Setting = {
  fonts: Fonts
  size: number
  width: number
  language: string
  colour?: Colour
  /** `auto`: as its first letter reads. */
  direction?: 'auto' | 'ltr' | 'rtl'
  /** A line may end after each character, and all spaces stay. */
  anywhere?: boolean
}

/** A grapheme where it stands in its paragraph. */
type Unit = { text: string; level: number; font: Drawn | null; span: Span; language: string }

// Its types are those of an ES module, which it is not.
const bidi = (bidiFactory as unknown as () => Bidi)()
const [ISOLATE, POP] = ['\u2068', '\u2069']

/** One paragraph, without line feeds, broken into lines no wider than `width`. Its characters are those that `fonts.shown` gave. */
export function linesOf(spans: readonly Span[], setting: Setting): Line[] {
  const { units, rtl, text } = unitsOf(spans, setting)
  const lines: Line[] = []
  let line: Unit[] = []
  let used = 0
  const end = () => {
    lines.push(lineOf(line, setting, rtl))
    line = []
    used = 0
  }
  let at = 0
  for (const part of setting.anywhere ? [text] : unbreakable(text, setting.language)) {
    const piece: Unit[] = []
    for (let length = 0; length < part.length && at < units.length; at += 1) {
      piece.push(units[at]!)
      length += units[at]!.text.length
    }
    const wide = widthOf(withoutSpace(piece), setting)
    if (line.length > 0 && used + wide > setting.width) end()
    if (wide <= setting.width) {
      line.push(...piece)
      used += widthOf(piece, setting)
      continue
    }
    for (const unit of piece) {
      const width = widthOf([unit], setting)
      if (line.length > 0 && used + width > setting.width) end()
      line.push(unit)
      used += width
    }
  }
  if (line.length > 0 || lines.length === 0) end()
  return lines
}

export function faceOf(span: Span, language: string): Face {
  return { language: span.language ?? language, weight: span.bold ? 700 : 400, mono: span.mono ?? false }
}

function unitsOf(spans: readonly Span[], { fonts, language, direction = 'auto' }: Setting) {
  const isolated = spans.length > 1
  const found = spans.flatMap((span) => {
    const pieces = fonts.pieces(span.text, faceOf(span, language))
    const about = { span, language: span.language ?? language }
    const inner = pieces.map((piece) => ({ ...piece, ...about }))
    const edge = (text: string) => ({ text, font: null, ...about })
    return isolated ? [edge(ISOLATE), ...inner, edge(POP)] : inner
  })
  const text = found.map((unit) => unit.text).join('')
  const { levels, paragraphs } = bidi.getEmbeddingLevels(text, isolated && direction === 'auto' ? 'ltr' : direction)
  let at = 0
  const units: Unit[] = found.map((unit) => {
    const level = levels[at]!
    at += unit.text.length
    return { ...unit, level }
  })
  return { units, text, rtl: ((paragraphs[0]?.level ?? 0) & 1) === 1 }
}

function lineOf(all: readonly Unit[], setting: Setting, rtl: boolean): Line {
  const { size, colour = 'ink' } = setting
  const runs: Run[] = []
  let width = 0
  let ascent = 0
  let descent = 0
  for (const { text, font, level, language, span } of inOrder(runsOf(setting.anywhere ? all : withoutSpace(all)))) {
    if (!font) continue
    const own = sizeOf(span, size)
    const run = { text, font, rtl: (level & 1) === 1, language, size: own, colour: span.colour ?? colour, x: width }
    runs.push(run)
    width += font.width(text, run) * own
    ascent = Math.max(ascent, font.ascent * own)
    descent = Math.max(descent, font.descent * own)
  }
  return { runs, width, rtl, ascent: ascent || size, descent: descent || size * 0.3 }
}

/** `font` is null for what only keeps its neighbours apart: the edge of an isolated stretch. */
function runsOf(units: readonly Unit[]): Unit[] {
  const runs: Unit[] = []
  for (const unit of units) {
    const last = runs.at(-1)
    const alike = last?.level === unit.level
    if (unit.font === null && alike) continue
    if (last && alike && last.font === unit.font && last.span === unit.span) last.text += unit.text
    else runs.push({ ...unit })
  }
  return runs
}

/** From left to right on the page: rule L2 of UAX #9, for whole runs. */
function inOrder(runs: readonly Unit[]): Unit[] {
  const ordered = [...runs]
  const highest = Math.max(0, ...runs.map(({ level }) => level))
  for (let level = highest; level > 0; level -= 1) {
    for (let from = 0; from < ordered.length; from += 1) {
      let to = from
      while (to < ordered.length && ordered[to]!.level >= level) to += 1
      if (to > from + 1) ordered.splice(from, to - from, ...ordered.slice(from, to).reverse())
      from = Math.max(from, to)
    }
  }
  return ordered
}

function widthOf(units: readonly Unit[], { size }: Setting): number {
  return runsOf(units).reduce((sum, { text, font, level, language, span }) => {
    return font ? sum + font.width(text, { rtl: (level & 1) === 1, language }) * sizeOf(span, size) : sum
  }, 0)
}

/** Letters of one width look larger than others of their size. */
function sizeOf({ mono }: Span, size: number): number {
  return mono ? size * 0.87 : size
}

function withoutSpace(units: readonly Unit[]): readonly Unit[] {
  return units.slice(0, units.findLastIndex(({ text, font }) => font !== null && text.trim() !== '') + 1)
}
