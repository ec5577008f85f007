/** Seen only in what they do to others: joiners within a word, places where a line may end, marks of direction. */
const UNSEEN = /[\u200B-\u200F\u061C\u2060\u2066-\u2069]/
const JOINERS = /[\u200C\u200D]/
const ISOLATES = /[\u2066-\u2068]/
const POP_ISOLATE = '\u2069'
/** Nothing to see, or it would change how other text reads: overrides of direction, tags, selectors, fillers, separators. */
const HIDDEN = /[\p{Cc}\p{Cs}\p{Co}\p{Cn}\p{Default_Ignorable_Code_Point}\u2028\u2029\uFFF9-\uFFFB]/u
const MOST_MARKS = 8

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

/**
 * The text as it is to be printed: composed, with spaces for tabs, and whatever nobody could see written out as its code point.
 * `words`: what was written to people keeps its marks of direction, as long as they end what they begin.
 */
export function printable(text: string, { words = false }: { words?: boolean } = {}): string {
  const plain = text
    .normalize('NFC')
    .replace(/\r\n?/g, '\n')
    .replace(/[\t\v\f]/g, ' ')
  const loose = words ? looseIsolates(plain) : null
  let marks = 0
  let at = 0
  let printed = ''
  for (const character of plain) {
    marks = /\p{M}/u.test(character) ? marks + 1 : 0
    const kept = loose ? !loose.has(at) : JOINERS.test(character)
    at += character.length
    if (character === '\n') printed += character
    else if (UNSEEN.test(character) ? kept : !HIDDEN.test(character) && marks <= MOST_MARKS) printed += character
    else printed += codePoint(character)
  }
  return printed
}

/** `‹U+202E›`: what stands in for a character that cannot be printed. */
export function codePoint(character: string): string {
  return `‹U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}›`
}

/** What `codePoint` is written with. */
export const CODE_POINT_LETTERS = '‹U+0123456789ABCDEF›'

/** As a reader sees them: a letter with all its marks is one. */
export function clustersOf(text: string): string[] {
  return Array.from(graphemes.segment(text), ({ segment }) => segment)
}

/** The code points that a font must have to draw this. */
export function drawnIn(cluster: string): number[] {
  return Array.from(cluster).flatMap((character) =>
    UNSEEN.test(character) || character === '\n' ? [] : [character.codePointAt(0)!],
  )
}

/** Where a beginning has no end, or an end no beginning: it would reach into what follows. */
function looseIsolates(text: string): Set<number> {
  const loose = new Set<number>()
  const open: number[] = []
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '\n') for (const one of open.splice(0)) loose.add(one)
    else if (ISOLATES.test(text[at]!)) open.push(at)
    else if (text[at] === POP_ISOLATE && open.pop() === undefined) loose.add(at)
  }
  for (const one of open) loose.add(one)
  return loose
}
