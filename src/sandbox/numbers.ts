import { parsePhoneNumberFromString } from 'libphonenumber-js/max'

export type NumberKind = 'invalid' | 'unroutable' | 'landline' | 'mobile'

/**
 * What a carrier can do with an address: `invalid` is not E.164 at all, `unroutable` looks like it but is no number of
 * any numbering plan, `mobile` includes numbers of which the plan does not tell.
 */
export function numberKind(text: string): NumberKind {
  if (!/^\+[1-9]\d{6,14}$/.test(text)) return 'invalid'
  const number = parsePhoneNumberFromString(text)
  if (!number?.isValid()) return 'unroutable'
  return number.getType() === 'FIXED_LINE' ? 'landline' : 'mobile'
}

/** An alphanumeric sender: at most 11 characters, at least one letter. https://www.twilio.com/docs/glossary/what-alphanumeric-sender-id */
export function isSenderName(text: string): boolean {
  return /^[A-Za-z0-9 _&+-]{1,11}$/.test(text) && /[A-Za-z]/.test(text)
}

/** How a number is written for people; unchanged where it is not a number. */
export function formatNumber(text: string): string {
  return parsePhoneNumberFromString(text)?.formatInternational() ?? text
}

/** ISO country code, or undefined. */
export function countryOf(text: string): string | undefined {
  return parsePhoneNumberFromString(text)?.country
}
