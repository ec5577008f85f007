import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { AppError } from '../lib/errors.ts'
import { type DateWords, dateWords } from './dates.ts'
import { faultsOf, formatter, type Slots, type Values } from './icu.ts'
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
  const templates = new Map<string, Template>()
  const faults: string[] = []
  for (const file of readdirSync(dir).sort()) {
    const language = LANGUAGE_FILE.exec(file)?.[1]
    if (!language) continue
    const checked = checkFile(join(dir, file), language)
    if ('faults' in checked) faults.push(...checked.faults)
    else templates.set(language, compileTemplate(checked.content))
  }
  for (const language of REQUIRED) {
    if (!templates.has(language) && faults.length === 0) faults.push(`${join(dir, `${language}.yaml`)}: missing; id and en are always needed`)
  }
  if (faults.length > 0) throw new AppError('config', faults.join('\n'))
  return templates
}

/**
 * The template for a BCP 47 tag: exact, else the same script (`zh-TW` is `zh-Hant`), else the same language, else
 * English. `asked` is the tag that could not be served, null when the template is in the language asked for.
 */
export function templateFor(templates: Templates, language: string | null): { template: Template; asked: string | null } {
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

function message(slots: Slots = { needs: [] }) {
  return z
    .string()
    .trim()
    .min(1)
    .superRefine((text, context) => {
      for (const fault of faultsOf(text, slots)) context.addIssue({ code: 'custom', message: fault })
    })
}

const brief = ['last_day', 'come_on']
const notices = (more: string[]) =>
  z.strictObject({
    due: message({ needs: ['expires', 'last_day', ...more], may: ['extend', 'hurry'], brief }),
    late: message({ needs: ['expires', 'last_day', 'come_on', ...more], may: ['extend'], brief }),
    overstay: message({ needs: ['expires', 'come_on', ...more], brief }),
  })

function readers() {
  return z.strictObject({ resident: notices([]), sponsor: notices([]), several: notices(['count']) })
}

const spoken = message()
const sentences = (slots: Slots) => z.array(message({ needs: [], may: [...slots.needs, ...(slots.may ?? [])] })).min(2)
const steps = z.array(message({ needs: [], may: ['expires', 'last_day', 'come_on', 'phone'] })).min(1)
const words = (count: number) => z.array(z.string().min(1)).length(count)
const pattern = z.string().regex(/\{day\}.*\{month\}.*\{year\}|\{year\}.*\{month\}.*\{day\}|\{month\}.*\{day\}.*\{year\}/, {
  error: 'must hold {day}, {month} and {year}, and may hold {weekday}',
})
const button = z.string().min(1).max(20, { error: 'WhatsApp allows 20 characters on a button' })

const templateFile = z.strictObject({
  language: z.string(),
  name: z.string().min(1),
  direction: z.enum(['ltr', 'rtl']),
  reviewed_by: z.string(),
  space: z.enum(['', ' ']).default(' '),
  voices: z.strictObject({
    google: z.strictObject({ name: z.string().min(1), language_code: z.string().min(1) }).nullable(),
    espeak: z.strictObject({ voice: z.string().min(1), rate: z.int().min(80).max(300).exactOptional() }).nullable(),
  }),
  dates: z
    .strictObject({
      locale: z.string().optional(),
      short_months: words(12).optional(),
      short: pattern.optional(),
      brief: z.string().regex(/\{day\}.*\{month\}|\{month\}.*\{day\}/, { error: 'must hold {day} and {month}' }).optional(),
      long: pattern.optional(),
      spoken: z
        .strictObject({
          pattern,
          months: words(12).optional(),
          weekdays: words(7).optional(),
          days: words(31).optional(),
          years: z.record(z.string().regex(/^\d{4}$/), z.string().min(1)).optional(),
          year_digits: words(10).optional(),
        })
        .optional(),
    })
    .default({}),
  notice: readers(),
  sms: z.strictObject({
    notice: readers().optional(),
    body: message({ needs: ['office', 'notice', 'phone', 'reference', 'link'] }),
    online: message(),
    check: message(),
  }),
  whatsapp: z.strictObject({
    due: message({ needs: ['office', 'expires', 'last_day', 'notice', 'phone', 'reference', 'link'] }),
    overstay: message({ needs: ['office', 'expires', 'come_on', 'notice', 'phone', 'reference', 'link'] }),
    buttons: z.strictObject({ listen: button, understood: button, help: button }),
    stopped: message({ needs: ['phone'] }),
    automatic: message({ needs: ['phone'] }),
  }),
  voice: z.strictObject({
    due: sentences({ needs: ['expires', 'last_day'], may: ['extend'] }),
    late: sentences({ needs: ['expires', 'come_on'], may: ['extend', 'last_day'] }),
    overstay: sentences({ needs: ['expires', 'come_on'] }),
  }),
  call: z.strictObject({
    greeting: spoken,
    prompt: spoken,
    repeat: spoken,
    thanks: spoken,
    goodbye: spoken,
    office: spoken,
  }),
  page: z.strictObject({
    title: message(),
    heading: z.strictObject({ due: message(), late: message(), overstay: message() }),
    days_left: message({ needs: ['days'] }),
    labels: z.strictObject({
      expires: message(),
      last_day: message(),
      come_on: message(),
      kind: message(),
      permits: message(),
      person: message(),
      office: message(),
      address: message(),
      phone: message(),
      hours: message(),
      reference: message(),
      language: message(),
    }),
    kinds: z.strictObject({ ITK: message(), ITAS: message(), ITAP: message(), VOA: message() }),
    steps: z.strictObject({ heading: message(), extend: steps, leave: steps, ask: steps, late: steps, overstay: steps }),
    bring: z.strictObject({
      heading: message(),
      note: message(),
      items: z.strictObject({
        passport: message(),
        permit: message(),
        card: message(),
        sponsor_letter: message(),
        sponsor_id: message(),
        address: message(),
        ticket: message(),
      }),
    }),
    answer: z.strictObject({
      heading: message(),
      applied: message(),
      leaving: message(),
      help: message(),
      understood: message(),
      filed_on: message(),
      send: message(),
      answered: message(),
    }),
    thanks: z.strictObject({ applied: message(), leaving: message(), help: message(), understood: message() }),
    listen: message(),
    calendar: z.strictObject({ save: message(), expires: message(), last_day: message() }),
    verify: z.strictObject({ heading: message(), text: message({ needs: ['phone'] }) }),
    ended: z.strictObject({ heading: message(), text: message({ needs: ['office', 'phone'] }) }),
    home: z.strictObject({
      heading: message(),
      text: message({ needs: ['office'] }),
      sms: message(),
      call: message(),
      whatsapp: message(),
      website: message(),
      never: message(),
    }),
  }),
})

export type TemplateFile = z.infer<typeof templateFile>
