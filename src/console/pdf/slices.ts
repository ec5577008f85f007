import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

export type Weight = 400 | 700

/** What decides in which font a character is looked for. */
export type Face = { language: string; weight: Weight; mono: boolean }

/** One file of a family that its makers cut into pieces by ranges of characters. */
export type Slice = {
  name: string
  /** A woff2 file. */
  file: string
  /** Set where weight is an axis of the font rather than a file of its own. */
  axis: Weight | null
  /** Whether it should have the character; the file itself has the last word. */
  claims(point: number): boolean
}

type Family = { name: string; pieces: readonly string[] | 'all' }
/** `ranges`: first and last character of each range in turn. */
type Piece = { key: string; ranges: Uint32Array }

const COMMON: readonly Family[] = [
  { name: 'noto-sans', pieces: ['latin', 'latin-ext', 'vietnamese', 'greek', 'greek-ext', 'cyrillic', 'cyrillic-ext'] },
  { name: 'noto-sans-arabic', pieces: ['arabic'] },
  { name: 'noto-sans-devanagari', pieces: ['devanagari'] },
  { name: 'noto-sans-bengali', pieces: ['bengali'] },
  { name: 'noto-sans-tamil', pieces: ['tamil'] },
  { name: 'noto-sans-thai', pieces: ['thai'] },
  { name: 'noto-sans-myanmar', pieces: ['myanmar'] },
  { name: 'noto-sans-arabic', pieces: ['math', 'symbols'] },
]
const MONO: Family = { name: 'noto-sans-mono', pieces: ['latin', 'latin-ext', 'greek', 'cyrillic'] }
const EAST_ASIAN: readonly Family[] = ['sc', 'tc', 'jp', 'kr'].map((one) => ({
  name: `noto-sans-${one}`,
  pieces: 'all',
}))

/** The pieces that should have a character, the likeliest first. Han is drawn differently in each of its four families. */
export function* slicesWith(point: number, face: Face): Generator<Slice> {
  if (face.mono) yield* slicesOf(MONO, point, face)
  for (const family of COMMON) yield* slicesOf(family, point, face)
  const first = `noto-sans-${eastAsianOf(face.language)}`
  for (const family of EAST_ASIAN.toSorted((a, b) => Number(b.name === first) - Number(a.name === first))) {
    yield* slicesOf(family, point, face)
  }
}

/** Which family draws Han as readers of this language know it. */
function eastAsianOf(language: string): 'sc' | 'tc' | 'jp' | 'kr' {
  const { language: tongue, script } = new Intl.Locale(language).maximize()
  if (tongue === 'ja') return 'jp'
  if (tongue === 'ko') return 'kr'
  return script === 'Hant' ? 'tc' : 'sc'
}

function* slicesOf({ name, pieces }: Family, point: number, { weight }: Face): Generator<Slice> {
  const variable = pieces === 'all'
  const { folder, pieces: all } = familyOf(name, variable)
  for (const { key, ranges } of all) {
    if ((!variable && !pieces.includes(key)) || !isWithin(point, ranges)) continue
    const file = join(folder, 'files', `${name}-${key}-${variable ? 'wght' : weight}-normal.woff2`)
    const claims = (other: number) => isWithin(other, ranges)
    yield { name: `${name}-${key}-${weight}`, file, axis: variable ? weight : null, claims }
  }
}

const require = createRequire(import.meta.url)
const families = new Map<string, { folder: string; pieces: readonly Piece[] }>()

function familyOf(name: string, variable: boolean): { folder: string; pieces: readonly Piece[] } {
  const known = families.get(name)
  if (known) return known
  const list = require.resolve(`${variable ? '@fontsource-variable' : '@fontsource'}/${name}/unicode.json`)
  const pieces = Object.entries(JSON.parse(readFileSync(list, 'utf8')) as Record<string, string>).map(
    ([key, ranges]) => ({ key: key.replace(/^\[(\d+)\]$/, '$1'), ranges: rangesIn(ranges) }),
  )
  const family = { folder: dirname(list), pieces }
  families.set(name, family)
  return family
}

/** `U+0460-052F,U+20B4`, as a stylesheet has them. */
function rangesIn(text: string): Uint32Array {
  const ends = text.split(',').flatMap((part) => {
    const [, first = '', last = first] = /^U\+([0-9a-f]+)(?:-([0-9a-f]+))?$/i.exec(part.trim()) ?? []
    return [Number.parseInt(first, 16), Number.parseInt(last, 16)]
  })
  return Uint32Array.from(ends)
}

function isWithin(point: number, ranges: Uint32Array): boolean {
  for (let at = 0; at < ranges.length; at += 2) if (ranges[at]! <= point && point <= ranges[at + 1]!) return true
  return false
}
