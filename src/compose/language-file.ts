// The package's own entry loads the names of all countries in eighty languages.
import countries from 'i18n-iso-countries/index.js'
import { z } from 'zod'

const tag = z.string().refine(isLanguageTag, {
  error: (issue) => `"${String(issue.input)}" is no language tag; allowed: BCP 47, as in id or zh-Hant`,
})

const nationality = z.string().refine((code) => /^[A-Z]{2}$/.test(code) && countries.isValid(code), {
  error: (issue) => `"${String(issue.input)}" is no country; allowed: ISO 3166 alpha-2, as in TW`,
})

/** `languages.yaml` as its author writes it. */
export const languagesFile = z.strictObject({ default: tag, nationalities: z.record(nationality, z.array(tag).min(1)) })

function isLanguageTag(text: string): boolean {
  try {
    return Intl.getCanonicalLocales(text)[0] === text
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}
