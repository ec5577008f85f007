import { lazily } from '../lib/lazily.ts'
import type { Field } from './headers.ts'

const personal: ReadonlySet<Field> = new Set<Field>([
  'register_no',
  'full_name',
  'passport_no',
  'birth_date',
  'phone',
  'address',
  'sponsor_name',
  'sponsor_phone',
  'permit_no',
])

const shown = 40

/** `value` as an error may show it: shortened, and masked where the column is personal. */
export function shownValue(field: Field, value: string): string {
  if (personal.has(field)) return mask(value)
  const letters = graphemes(value)
  return letters.length > shown ? `${letters.slice(0, shown).join('')}…` : value
}

/**
 * `A1234567` becomes `A1•••67`, so that somebody who has the file before them finds it and nobody else reads it.
 * Always three dots, whatever the length; below eight characters less is shown, below five nothing.
 */
export function mask(value: string): string {
  const letters = graphemes(value)
  const kept = letters.length >= 8 ? 2 : letters.length >= 5 ? 1 : 0
  if (kept === 0) return letters.length === 0 ? '' : '•••'
  return `${letters.slice(0, kept).join('')}•••${letters.slice(-kept).join('')}`
}

const segmenter = lazily(() => new Intl.Segmenter('und', { granularity: 'grapheme' }))

// Masking must not walk through a cell of ten megabytes: both ends are enough.
function graphemes(value: string): string[] {
  const text = value.length > 400 ? value.slice(0, 200) + value.slice(-200) : value
  return Array.from(segmenter().segment(text), ({ segment }) => segment)
}
