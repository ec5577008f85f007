import { join } from 'node:path'
// The package's own entry loads the names of all countries in eighty languages.
import countries from 'i18n-iso-countries/index.js'
import { z } from 'zod'
import { AppError } from '../lib/errors.ts'
import { readYaml } from './yaml-file.ts'

/** Which languages each nationality (ISO 3166 alpha-2) reads, the most usual first, as BCP 47 tags. */
export type Languages = { default: string; nationalities: ReadonlyMap<string, readonly string[]> }

/** Reads `languages.yaml` in `dir`; throws one AppError `config` with all faults. */
export function loadLanguages(dir: string): Languages {
  const checked = readYaml({ file: join(dir, 'languages.yaml'), schema: languagesFile })
  if ('faults' in checked) throw new AppError('config', checked.faults.join('\n'))
  const { content } = checked
  return { default: content.default, nationalities: new Map(Object.entries(content.nationalities)) }
}

/**
 * The language to write and speak to a resident in: what the resident chose, else what the register says, else the first
 * of the nationality's, else the default. A bare `zh` in the register becomes the nationality's own `zh-Hant`.
 */
export function languageOf(
  resident: { nationality: string | null; language: string | null; chosenLanguage: string | null },
  languages: Languages,
): string {
  const usual = languages.nationalities.get(resident.nationality ?? '') ?? []
  if (resident.chosenLanguage) return resident.chosenLanguage
  if (resident.language) return usual.find((tag) => tag.startsWith(`${resident.language}-`)) ?? resident.language
  return usual[0] ?? languages.default
}

const tag = z.string().refine(isLanguageTag, {
  error: (issue) => `"${String(issue.input)}" is no language tag; allowed: BCP 47, as in id or zh-Hant`,
})

const nationality = z.string().refine((code) => /^[A-Z]{2}$/.test(code) && countries.isValid(code), {
  error: (issue) => `"${String(issue.input)}" is no country; allowed: ISO 3166 alpha-2, as in TW`,
})

const languagesFile = z.strictObject({ default: tag, nationalities: z.record(nationality, z.array(tag).min(1)) })

function isLanguageTag(text: string): boolean {
  try {
    return Intl.getCanonicalLocales(text)[0] === text
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}
