import type { Said } from '../deliver/words.ts'

/** What a person read or heard, of an attempt's words as they are kept; null where there are none. */
export function saidIn(words: string | null): string | null {
  const said = read(words)
  if (said === null) return null
  return said.channel === 'sms' ? said.body : said.text
}

/** The recording that a call played, of the same words. */
export function voiceNoteIn(words: string | null): number | null {
  const said = read(words)
  return said?.channel === 'call' ? said.voiceNoteId : null
}

/** The number that an attempt went to, which stands with its words. */
export function numberIn(words: string | null): string | null {
  return read(words)?.to ?? null
}

function read(words: string | null): Said | null {
  return words === null ? null : (JSON.parse(words) as Said)
}
