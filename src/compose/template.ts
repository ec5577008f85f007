import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { AppError } from '../lib/errors.ts'
import { keptReading } from '../lib/kept-reading.ts'
import { type DateWords, dateWords } from './dates.ts'
import { formatter, type Values } from './icu.ts'
import type { TemplateFile } from './template-file.ts'

/** One language file, checked, with its dates and a formatter for its messages. */
export type Template = Omit<TemplateFile, 'dates'> & {
  readonly dates: DateWords
  readonly say: (message: string, values?: Values) => string
}

/** By BCP 47 tag: `id`, `en`, `zh-Hans`. */
export type Templates = ReadonlyMap<string, Template>

const LANGUAGE_FILE = /^[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-[A-Z]{2})?\.yaml$/
const REQUIRED = ['id', 'en']
const RULES = ['template.ts', 'template-file.ts', 'yaml-file.ts', 'icu.ts'].map((file) =>
  join(import.meta.dirname, file),
)

/**
 * Reads every language file in `dir` (other files are left alone). Throws one AppError `config` with all faults: the
 * file, the key, what is wrong and what is allowed.
 */
export async function loadTemplates(dir: string): Promise<Templates> {
  const templates = await readTemplates(dir)
  const faults = REQUIRED.filter((language) => !templates.has(language)).map(
    (language) => `${join(dir, `${language}.yaml`)}: missing; id and en are always needed`,
  )
  if (faults.length > 0) throw new AppError('config', faults.join('\n'))
  return templates
}

/**
 * An office's own words over those of all: each language file in `dir` takes the place of the whole language. `common`
 * itself where there is none. Throws as `loadTemplates`.
 */
export async function withOwnWords(common: Templates, dir: string): Promise<Templates> {
  const templates = await readTemplates(dir)
  return templates.size === 0 ? common : new Map([...common, ...templates])
}

async function readTemplates(dir: string): Promise<Map<string, Template>> {
  const names = readdirSync(dir).filter((name) => LANGUAGE_FILE.test(name))
  const files = names.sort().map((name) => join(dir, name))
  const contents = await keptReading({ name: 'words', files, rules: RULES, read: () => readAndCheck(files) })
  return new Map(contents.map((content) => [content.language, compileTemplate(content)]))
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

/** All faults of all files at once. */
async function readAndCheck(files: readonly string[]): Promise<TemplateFile[]> {
  const [{ readYaml }, { templateFile }] = await Promise.all([import('./yaml-file.ts'), import('./template-file.ts')])
  const contents: TemplateFile[] = []
  const faults: string[] = []
  for (const file of files) {
    const named = basename(file, '.yaml')
    const checked = readYaml({ file, schema: templateFile })
    if ('faults' in checked) faults.push(...checked.faults)
    else if (checked.content.language === named) contents.push(checked.content)
    else faults.push(`${file}: language: "${checked.content.language}"; allowed: "${named}", as the file is named`)
  }
  if (faults.length > 0) throw new AppError('config', faults.join('\n'))
  return contents
}

function compileTemplate(content: TemplateFile): Template {
  const { language, dates } = content
  return { ...content, dates: dateWords({ language, patterns: dates }), say: formatter(language) }
}
