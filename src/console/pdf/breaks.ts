/** Scripts that put no space between words. */
const UNSPACED =
  /[\p{scx=Thai}\p{scx=Lao}\p{scx=Khmer}\p{scx=Myanmar}\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Bopomofo}]/u
/** May not begin a line: closing brackets, stops, small kana, marks of repetition. */
const NEVER_FIRST =
  /^[\p{Pe}\p{Pf}\p{M},.:;!?%‰、。，．：；！？…‥・ー々ゝゞヽヾぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ၊။ๆฯ"'’”]/u
/** May not end one. */
const NEVER_LAST = /[\p{Ps}\p{Pi}$¥￥£#@‘“]$/u

/**
 * Where a line may end: the text in pieces, each with the spaces that follow it. Thai, Burmese, Chinese and Japanese words are found by
 * the platform's dictionaries. A hyphen ends no line: half a reference or a phone number is none.
 */
export function unbreakable(text: string, language: string): string[] {
  const parts: string[] = []
  let part = ''
  for (const { segment } of segmenterFor(language).segment(text)) {
    if (part !== '' && mayEnd(part, segment)) {
      parts.push(part)
      part = ''
    }
    part += segment
  }
  return part === '' ? parts : [...parts, part]
}

function mayEnd(before: string, after: string): boolean {
  const [first = ''] = after
  if (isSpace(first)) return false
  const last = before.at(-1)!
  if (isSpace(last) || last === '\u200B') return true
  if (NEVER_FIRST.test(after) || NEVER_LAST.test(before)) return false
  return (
    last === '—' ||
    (last === '/' && first !== '/' && !before.endsWith('//')) ||
    UNSPACED.test(last) ||
    UNSPACED.test(first)
  )
}

function isSpace(character: string): boolean {
  return /[\s]/.test(character) && !/[\u00A0\u202F\u2007]/.test(character)
}

const segmenters = new Map<string, Intl.Segmenter>()

function segmenterFor(language: string): Intl.Segmenter {
  const segmenter = segmenters.get(language) ?? new Intl.Segmenter(language, { granularity: 'word' })
  segmenters.set(language, segmenter)
  return segmenter
}
