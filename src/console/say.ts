import type { FastifyReply } from 'fastify'
import { sentenceFor } from '../deliver/twilio/errors.ts'
import { phoneLibrary } from '../lib/phone-library.ts'
import type { ConsoleDeps } from './deps.ts'
import type { Language } from './officer.ts'
import { wordsFor } from './pages.ts'
import type { ConsoleRequest } from './route.ts'
import type { Translate } from './words.ts'

/** What templates of lists and files say beside the frame's own words. */
export type Sayings = {
  /** The word of `group` for a value of the tables; the value itself where there is none. */
  label(group: string, value: string | null): string
  /** `DE` is "Jerman". */
  country(code: string): string
  /** `zh-Hans` is "Tionghoa (Sederhana)". */
  tongue(tag: string | null): string
  /** Why a delivery stands as it does: `busy`, or `transient:30003` with the carrier's code. */
  why(reason: string): string
  /** The sentence of a carrier's error code. */
  sentence(code: number): string
  /** The words of a case's event that begin with a value of the tables: `phone: …`, `renewed: …`. */
  eventText(event: string, text: string): string
  /** As it is read out and dialled: "+62 812-3456-789". */
  phone(number: string): string
}

const NONE = '–'

export function sayings({ officer }: Pick<ConsoleRequest, 'officer'>, reply: FastifyReply): Sayings {
  return sayingsIn(officer.language, wordsFor(reply, officer))
}

/** The same where there is no page. */
export function sayingsIn(language: Language, t: Translate): Sayings {
  const { regions, languages } = namesOf(language)
  const label = (group: string, value: string | null) => {
    if (value === null) return NONE
    const key = `${group}.${value}`
    return t.has(key) ? t(key) : value
  }
  const sentence = (code: number) => sentenceFor(code, language)
  return {
    label,
    sentence,
    why: (reason) => {
      const code = /^[a-z-]+:(\d+)$/.exec(reason)?.[1]
      return code === undefined ? label('reason', reason) : sentence(Number(code))
    },
    eventText: (event, text) => {
      const [, value, rest] = /^([a-z-]+)(: .*)?$/s.exec(text) ?? []
      return value ? label(event === 'contact' ? 'channel' : 'outcome', value) + (rest ?? '') : text
    },
    country: (code) => (/^[A-Z]{2}$/.test(code) ? (regions.of(code) ?? code) : code),
    tongue: (tag) => (tag && /^[a-z]{2,3}(-[A-Za-z]{2,4})?$/.test(tag) ? (languages.of(tag) ?? tag) : (tag ?? NONE)),
    phone: (number) => phoneLibrary().parsePhoneNumberFromString(number)?.formatInternational() ?? number,
  }
}

/** The language of a resident as far as it is known. */
export function spokenTo(
  { languageOf }: Pick<ConsoleDeps, 'languageOf'>,
  resident: { nationality: string; language: string | null; chosen_language: string | null },
): string | null {
  const { nationality, language, chosen_language: chosenLanguage } = resident
  return languageOf?.({ nationality, language, chosenLanguage }) ?? chosenLanguage ?? language
}

const names = new Map<Language, ReturnType<typeof newNames>>()

function namesOf(language: Language) {
  const known = names.get(language) ?? newNames(language)
  names.set(language, known)
  return known
}

function newNames(language: Language) {
  return {
    regions: new Intl.DisplayNames(language, { type: 'region', fallback: 'code' }),
    languages: new Intl.DisplayNames(language, { type: 'language', fallback: 'code' }),
  }
}
