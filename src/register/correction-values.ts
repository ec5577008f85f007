import type { Tables } from '../db/schema.ts'
import type { Vault } from '../db/seal.ts'
import { parsePhone } from '../lib/phone.ts'
import { type PhoneField, phoneColumns } from './columns.ts'
import type { Reason } from './fault.ts'
import { parseLanguage } from './language.ts'
import { phoneReasons, reasons } from './reasons.ts'
import { cleanText } from './text.ts'

export const CORRECTED_FIELDS = ['phone', 'sponsor_phone', 'language'] as const
/** What an officer may put right: what decides whether and how somebody is told. */
export type CorrectedField = (typeof CORRECTED_FIELDS)[number]

/**
 * Reads what an officer typed as an import reads the cell, but takes nothing that an import would only take with a remark.
 * Phones come out as E.164, languages as canonical tags; empty: there is no number.
 */
export function readCorrection(
  field: CorrectedField,
  text: string,
  nationality: string,
): { value: string } | { fault: Reason } {
  if (field === 'language') {
    const language = parseLanguage(cleanText(text))
    return language === null ? { fault: reasons.language } : { value: language }
  }
  const reading = parsePhone(text, 'ID', field === 'phone' ? nationality : '')
  if (reading === null) return { value: '' }
  if ('fault' in reading) return { fault: phoneReasons[reading.fault] }
  return reading.remark ? { fault: onlyOne[reading.remark] } : { value: reading.number }
}

/** The columns of `residents` that hold a phone. One that newer numbering data no longer knows stays what it was. */
export function columnsOfPhone(
  vault: Vault,
  field: PhoneField,
  number: string,
): Partial<Tables['residents']['$inferInsert']> {
  if (number === '') return { [field]: null, ...phoneColumns(vault, field, null) }
  const reading = parsePhone(number)
  const known = reading !== null && 'number' in reading && reading.number === number
  const index = { [`${field}_index`]: vault.blind(number, 'phone') }
  const place = phoneColumns(vault, field, known ? reading : null)
  return { ...place, ...index, [field]: number }
}

const onlyOne: Record<'first-of-several' | 'extension-dropped', Reason> = {
  'first-of-several': { id: 'lebih dari satu nomor; tulis satu saja', en: 'holds several numbers; write one' },
  'extension-dropped': {
    id: 'nomor ekstensi tidak dapat dihubungi; tulis nomor langsung',
    en: 'has an extension, which cannot be reached; write a direct number',
  },
}
