/**
 * A cell as words: one line, NFC, no control characters, no invisible direction marks (copied numbers and names carry
 * them; joiners stay, Persian and emoji need them). Text that a spreadsheet was forced to keep (`="0812"`, `'0812`) is
 * unwrapped; any other text that begins with = stays as it is.
 */
export function cleanText(cell: string): string {
  if (/^[A-Za-z0-9+(][!-~]*(?: [!-~]+)*$/.test(cell)) return cell
  return cell
    .toWellFormed()
    .normalize('NFC')
    .replace(/[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]/g, '')
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .replace(/^="([^"]*)"$/, '$1')
    .replace(/^'(?=[\d+])/, '')
    .trim()
}

/** Whether people write this to say "nothing": `-`, `0`, `n/a`, `tidak ada`. */
export function saysNothing(text: string): boolean {
  return /^[-–—_.·/\s0]*$/.test(text) || /^(?:n\/?a|nihil|null|nil|kosong|(?:tidak|belum|tdk|blm) ada)$/i.test(text)
}

/** Whether a spreadsheet has cut the digits of a number: `8.12346E+11`, `####`, or put an error in their place. */
export function isSpreadsheetDebris(text: string): boolean {
  return /^\d(?:[.,]\d+)?e\+\d+$/i.test(text) || /^#(?:#+|N\/A|REF!|VALUE!|NAME\?|DIV\/0!|NUM!|NULL!)$/i.test(text)
}
