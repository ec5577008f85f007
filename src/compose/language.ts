import { join } from 'node:path'
import { AppError } from '../lib/errors.ts'
import { keptReading } from '../lib/kept-reading.ts'

/** Which languages each nationality (ISO 3166 alpha-2) reads, the most usual first, as BCP 47 tags. */
export type Languages = { default: string; nationalities: ReadonlyMap<string, readonly string[]> }

const RULES = ['language.ts', 'language-file.ts', 'yaml-file.ts'].map((file) => join(import.meta.dirname, file))

/** Reads `languages.yaml` in `dir`; throws one AppError `config` with all faults. */
export async function loadLanguages(dir: string): Promise<Languages> {
  const file = join(dir, 'languages.yaml')
  return keptReading({ name: 'languages', files: [file], rules: RULES, read: () => readAndCheck(file) })
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

async function readAndCheck(file: string): Promise<Languages> {
  const [{ readYaml }, { languagesFile }] = await Promise.all([import('./yaml-file.ts'), import('./language-file.ts')])
  const checked = readYaml({ file, schema: languagesFile })
  if ('faults' in checked) throw new AppError('config', checked.faults.join('\n'))
  const { content } = checked
  return { default: content.default, nationalities: new Map(Object.entries(content.nationalities)) }
}
