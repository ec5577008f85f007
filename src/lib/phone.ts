import type { CountryCode, NumberType, PhoneNumber as Parsed } from 'libphonenumber-js/max'
import { phoneLibrary } from './phone-library.ts'

declare const e164: unique symbol

/** An E.164 number, `+628123456789`. */
export type PhoneNumber = string & { readonly [e164]: true }

/** `country` is ISO alpha-2, or '' where the number belongs to no single country (satellite phones). */
export type Phone = { number: PhoneNumber; country: string; line: 'mobile' | 'fixed' | 'unknown' }

/**
 * `mangled` a spreadsheet turned it into `8.12E+11` or `####`; `ambiguous` without + or 0 it is a good number both here
 * and in the owner's own country; `premium` it would cost whoever calls it.
 */
export type PhoneFault = 'not-a-number' | 'not-valid' | 'mangled' | 'ambiguous' | 'premium'

/** A number was found, but not everything in the text was used. */
export type PhoneRemark = 'first-of-several' | 'extension-dropped'

export type PhoneReading = (Phone & { remark?: PhoneRemark }) | { fault: PhoneFault } | null

/**
 * Reads what people write in a phone column. `null`: the text says that there is no phone ('-', '0', 'tidak ada').
 * A number without + or 0 is taken as one of `defaultCountry` (a spreadsheet drops leading zeros), unless it is a mobile
 * of `ownerCountry` (ISO alpha-2, the owner's nationality) too: then it is a fault, for a guess would tell a stranger.
 */
export function parsePhone(text: string, defaultCountry = 'ID', ownerCountry = ''): PhoneReading {
  if (text.length > longestText) return { fault: 'not-a-number' }
  const plain = plainText(text)
  if (saysNone(plain)) return null
  if (/^#+$|^\d(?:[.,]\d+)?e\+?\d+$/i.test(plain)) return { fault: 'mangled' }

  const country = defaultCountry as CountryCode
  const parts = partsOf(plain)
  let firstFault: { fault: PhoneFault } | undefined
  for (const part of parts) {
    const reading = readOne(part, country, ownerCountry)
    if ('fault' in reading) firstFault ??= reading
    else return parts.length > 1 ? { ...reading, remark: 'first-of-several' } : reading
  }
  return firstFault ?? { fault: 'not-a-number' }
}

/** `+62` for `+628123456789`; '' for a number that no country code begins. */
export function countryCallingCode(number: string): string {
  const parsed = phoneLibrary().parsePhoneNumberFromString(number)
  return parsed ? `+${parsed.countryCallingCode}` : ''
}

/** Digits of every script (full-width, Arabic-Indic, Thai …) as 0-9. */
export function asciiDigits(text: string): string {
  if (/^[ -~]*$/.test(text)) return text
  return text.replace(/[^\P{Nd}0-9]/gu, (digit) => {
    // Unicode keeps each script's ten digits together, zero first; blocks that touch are whole sets of ten.
    const point = digit.codePointAt(0)!
    let zero = point
    while (/\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero -= 1
    return String((point - zero) % 10)
  })
}

const longestText = 200

const none = new Set(
  '? x no na nil nihil null none kosong belumada tidakada tidakpunya tdkada takada tanpahp nophone unknown'.split(' '),
)

function saysNone(plain: string): boolean {
  if (/[1-9]/.test(plain)) return false
  return none.has(plain.toLowerCase().replace(/[\s./_\-–—]/g, '')) || /^[+\s.\-–—/()0]*$/.test(plain)
}

function plainText(text: string): string {
  if (/^[+\d(][\d +()-]*\d$/.test(text)) return text
  return asciiDigits(text)
    .replace(/\p{Cf}/gu, '')
    .normalize('NFKC')
    .replace(/^\s*="?(.*?)"?\s*$/s, '$1')
    .replace(/^'/, '')
    .replace(/(\d)\.0+$/, '$1')
    .trim()
}

function partsOf(plain: string): string[] {
  if (/^\(?0\d{2,3}\)?\/\d{5,8}$/.test(plain)) return [plain.replace('/', ' ')]
  const parts = plain
    .split(/[/;,|&\n]|\s(?:atau|dan|or|and)\s|\s+(?=\+)|(?<=\d{5})\s{2,}(?=\d{5})/i)
    .flatMap((part) => (part.replace(/\D/g, '').length > 15 ? part.split(/\s+(?=0\d{2})/) : [part]))
    .map((part) => part.trim())
    .filter((part) => part !== '')
  return parts.filter((part, index) => index === 0 || /\d/.test(part))
}

function readOne(
  part: string,
  country: CountryCode,
  ownerCountry: string,
): (Phone & { remark?: PhoneRemark }) | { fault: PhoneFault } {
  const bare = withoutWords(part)
  if (!/\d/.test(bare) || !/^\s*\+?[\d\s().\-‐-―]+$/.test(bare)) return { fault: 'not-a-number' }

  const digits = bare.replace(/\D/g, '')
  const found =
    bare.trim().startsWith('+') && !digits.startsWith('0')
      ? international(digits)
      : guess(digits, country, ownerCountry)
  if (found === undefined) return { fault: 'not-valid' }
  if (found === 'ambiguous') return { fault: 'ambiguous' }
  const { number, type } = found
  if (type === 'PREMIUM_RATE' || type === 'SHARED_COST') return { fault: 'premium' }
  const phone: Phone = {
    number: number.number as string as PhoneNumber,
    country: number.country ?? '',
    line: lineOf(type),
  }
  return extension.test(part) ? { ...phone, remark: 'extension-dropped' } : phone
}

const extension = /[\s,]*(?:ext|ekst|pes|pesawat)\.?\s*:?\s*\d+$/i

function withoutWords(part: string): string {
  if (/^[+\d .-]*$/.test(part)) return part
  return part
    .replace(/^(?:(?:whatsapp|wa|hp|telp|tlp|telepon|tel|phone|ph|mobile|cell|no|nomor)\b[.:\s]*)+/i, '')
    .replace(extension, '')
    .replace(/\(\s*[\p{L}\s.]+\)/gu, '')
    .replace(/\s+\p{L}[\p{L}\s.]*$/u, '')
}

type Valid = { number: Parsed; type: NumberType }

function guess(digits: string, country: CountryCode, ownerCountry: string): Valid | 'ambiguous' | undefined {
  if (digits.startsWith('00')) return international(digits.slice(2)) ?? national(digits.replace(/^0+/, '0'), country)
  if (digits.startsWith('0')) return national(digits, country)
  // The library reads 62811… with region ID as +6262811…: the + has to go in front.
  const abroad = international(digits)
  if (abroad && digits.startsWith(phoneLibrary().getCountryCallingCode(country))) return abroad
  const here = national(digits, country)
  if (!here || !abroad) return here ?? abroad
  if (lineOf(abroad.type) !== 'mobile') return here
  if (lineOf(here.type) !== 'mobile') return abroad
  return abroad.number.country === ownerCountry ? 'ambiguous' : here
}

function international(digits: string): Valid | undefined {
  return validOf(phoneLibrary().parsePhoneNumberFromString(`+${digits}`, { extract: false }))
}

function national(digits: string, country: CountryCode): Valid | undefined {
  return validOf(phoneLibrary().parsePhoneNumberFromString(digits, { defaultCountry: country, extract: false }))
}

/** Whoever has a type is valid: the library would find it out twice. */
function validOf(number: Parsed | undefined): Valid | undefined {
  const type = number?.getType()
  return number && (type !== undefined || number.isValid()) ? { number, type } : undefined
}

function lineOf(type: NumberType): Phone['line'] {
  if (type === 'MOBILE') return 'mobile'
  return type === 'FIXED_LINE' ? 'fixed' : 'unknown'
}
