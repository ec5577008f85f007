import type { Words } from '../deliver/words.ts'

/** What a person read or heard, of an attempt's words as they are kept; null where there are none. */
export function saidIn(words: string | null): string | null {
  if (words === null) return null
  const said = JSON.parse(words) as Words
  return said.channel === 'sms' ? said.body : said.text
}
