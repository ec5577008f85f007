import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '../lib/errors.ts'
import { type DateWords, dateWords } from './dates.ts'
import { formatter, type Values } from './icu.ts'
import { type TemplateFile, templateFile } from './template-file.ts'
import { readYaml } from './yaml-file.ts'

/** One language file, checked, with its dates and a formatter for its messages. */
export type Template = Omit<TemplateFile, 'dates'> & {
  readonly dates: DateWords
  readonly say: (message: string, values?: Values) => string
}

/** By BCP 47 tag: `id`, `en`, `zh-Hans`. */
export type Templates = ReadonlyMap<string, Template>

const LANGUAGE_FILE = /^([a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-[A-Z]{2})?)\.yaml$/
const REQUIRED = ['id', 'en']

/**
 * Reads every language file in `dir` (other files are left alone). Throws one AppError `config` with all faults: the
 * file, the key, what is wrong and what is allowed.
 */
export function loadTemplates(dir: string): Templates {
  const { templates, faults } = readTemplates(dir)
  for (const language of REQUIRED) {
    if (!templates.has(language) && faults.length === 0)
      faults.push(`${join(dir, `${language}.yaml`)}: missing; id and en are always needed`)
  }
  if (faults.length > 0) throw new AppError('config', faults.join('\n'))
  return templates
}

/**
 * An office's own words over those of all: each language file in `dir` takes the place of the whole language. `common`
 * itself where there is none. Throws as `loadTemplates`.
 */
export function withOwnWords(common: Templates, dir: string): Templates {
  const { templates, faults } = readTemplates(dir)
  if (faults.length > 0) throw new AppError('config', faults.join('\n'))
  return templates.size === 0 ? common : new Map([...common, ...templates])
}

function readTemplates(dir: string): { templates: Map<string, Template>; faults: string[] } {
  const templates = new Map<string, Template>()
  const faults: string[] = []
  for (const file of readdirSync(dir).sort()) {
    const language = LANGUAGE_FILE.exec(file)?.[1]
    if (!language) continue
    const checked = checkFile(join(dir, file), language)
    if ('faults' in checked) faults.push(...checked.faults)
    else templates.set(language, compileTemplate(checked.content))
  }
  return { templates, faults }
}

/**
 * The template for a BCP 47 tag: exact, else the same script (`zh-TW` is `zh-Hant`), else the same language, else
 * English. `asked` is the tag that could not be served, null when the template is in the language asked for.
 */
export function templateFor(
  templates: Templates,
  language: string | null,
): { template: Template; asked: string | null } {
  for (const tag of language ? tagsLike(language) : []) {
    const template = templates.get(tag)
    if (template) return { template, asked: null }
  }
  return { template: templates.get('en')!, asked: language }
}

function tagsLike(language: string): string[] {
  let locale: Intl.Locale
  try {
    locale = new Intl.Locale(language)
  } catch (error) {
    if (error instanceof RangeError) return []
    throw error
  }
  const { script } = locale.maximize()
  // Cantonese is written as traditional Chinese.
  const written = locale.language === 'yue' ? 'zh' : locale.language
  return [locale.toString(), `${written}-${script}`, written]
}

function checkFile(file: string, language: string): { content: TemplateFile } | { faults: string[] } {
  const checked = readYaml({ file, schema: templateFile })
  if ('faults' in checked || checked.content.language === language) return checked
  return { faults: [`${file}: language: "${checked.content.language}"; allowed: "${language}", as the file is named`] }
}

function compileTemplate(content: TemplateFile): Template {
  const { language, dates } = content
  return { ...content, dates: dateWords({ language, patterns: dates }), say: formatter(language) }
}
