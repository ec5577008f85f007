import { join } from 'node:path'
import { Eta } from 'eta'
import type { Template } from '../compose/template.ts'
import {
  callScript,
  endedWords,
  homeWords,
  type NoticeFacts,
  pageWords,
  smsWords,
  voiceScript,
  whatsappWords,
} from '../compose/words.ts'
import type { CivilDate } from '../lib/civil-date.ts'

/** The same permit at the three moments of which a message may speak, and several permits on one phone. */
export type Moments = { due: NoticeFacts; late: NoticeFacts; overstay: NoticeFacts; several: NoticeFacts }

/** One text as its reader sees it; `note` says what does not show: segments, seconds, a button. */
export type Entry = { label: string; text: string; note?: string }
export type Section = { title: string; entries: Entry[] }

export type LanguageSheet = {
  language: string
  name: string
  englishName: string
  direction: 'ltr' | 'rtl'
  reviewedBy: string
  sections: Section[]
  /** `audio` only where the language itself is spoken: others are heard in English and Indonesian. */
  note: { seconds: number; spoken: string[]; audio: string | null } | null
}

const VIEWS = join(import.meta.dirname, 'pages')
/** Of a page's values, those that say how it is set. */
const SETTING = ['language', 'languageName', 'direction']

/** Every text of a language in a fixed order: the sheets of two languages can be laid side by side. */
export function sectionsOf(template: Template, moments: Moments, kind: string): Section[] {
  return [
    { title: 'SMS', entries: smsEntries(template, moments) },
    { title: 'Voice note', entries: voiceEntries(template, moments) },
    { title: 'Around the voice note in a call', entries: callEntries(template) },
    { title: 'WhatsApp', entries: whatsappEntries(template, moments) },
    { title: 'Page behind the link', entries: pageEntries(template, moments, kind) },
  ]
}

/** One HTML file that needs nothing else: text, styles and sound. `source` is laid beside each of `languages`. */
export function renderSheet(sheet: {
  officeName: string
  expiresOn: CivilDate
  dueOn: CivilDate
  source: LanguageSheet
  languages: LanguageSheet[]
}): string {
  return new Eta({ views: VIEWS, autoEscape: true }).render('preview', sheet)
}

function smsEntries(template: Template, { due, late, overstay, several }: Moments): Entry[] {
  const entry = (label: string, facts: NoticeFacts): Entry => {
    const { body, segments, encoding } = smsWords(template, facts)
    return { label, text: body, note: `${segments} ${segments === 1 ? 'segment' : 'segments'}, ${encoding}` }
  }
  return [
    entry('Resident, in time', due),
    entry('Resident, in time, few working days left', { ...due, hurry: true }),
    entry('Resident, in time, cannot be extended', { ...due, extend: 'no' }),
    entry('Resident, in time, ask whether it can be extended', { ...due, extend: 'ask' }),
    entry('Resident, last filing day has passed', late),
    entry('Resident, after the end', overstay),
    entry('Sponsor, in time', { ...due, role: 'sponsor' }),
    entry('Sponsor, last filing day has passed', { ...late, role: 'sponsor' }),
    entry('Sponsor, after the end', { ...overstay, role: 'sponsor' }),
    entry('Several permits on one phone', several),
  ]
}

function voiceEntries(template: Template, { due, late, overstay }: Moments): Entry[] {
  const entry = (label: string, facts: NoticeFacts) => ({ label, text: voiceScript(template, facts).text })
  return [
    entry('In time', due),
    entry('In time, cannot be extended', { ...due, extend: 'no' }),
    entry('In time, ask whether it can be extended', { ...due, extend: 'ask' }),
    entry('Last filing day has passed', late),
    entry('After the end', overstay),
  ]
}

function callEntries(template: Template): Entry[] {
  const words = ['greeting', 'prompt', 'repeat', 'thanks', 'goodbye', 'office'] as const
  return words.map((word) => ({ label: word, text: callScript(template, word).text }))
}

function whatsappEntries(template: Template, { due, overstay }: Moments): Entry[] {
  const { buttons, stopped, automatic } = template.whatsapp
  const phone = { phone: due.officePhone }
  return [
    { label: 'Before the end', text: whatsappWords(template, due).text },
    { label: 'After the end', text: whatsappWords(template, overstay).text },
    ...Object.entries(buttons).map(([name, text]) => ({ label: `Button: ${name}`, text })),
    { label: 'Answer to BERHENTI or STOP', text: template.say(stopped, phone) },
    { label: 'Answer to their own words', text: template.say(automatic, phone) },
  ]
}

function pageEntries(template: Template, { due, late, overstay }: Moments, kind: string): Entry[] {
  const words = (facts: NoticeFacts, daysLeft: number) => pageWords(template, { ...facts, daysLeft, permitKind: kind })
  const steps = (label: string, facts: NoticeFacts) => ({
    label: `steps: ${label}`,
    text: words(facts, 0)
      .steps.items.map((step, index) => `${index + 1}. ${step}`)
      .join('\n'),
  })
  const { steps: theSteps, daysLeft: _, ...main } = words(due, 0)
  return [
    ...flat(main),
    ...[0, 1, 2, 14].map((days) => ({ label: `daysLeft: ${days}`, text: words(due, days).daysLeft ?? '' })),
    { label: 'heading: last filing day has passed', text: words(late, 0).heading },
    { label: 'heading: after the end', text: words(overstay, 0).heading },
    { label: 'steps: heading', text: theSteps.heading },
    steps('can be extended', due),
    steps('cannot be extended', { ...due, extend: 'no' }),
    steps('ask', { ...due, extend: 'ask' }),
    steps('last filing day has passed', late),
    steps('after the end', overstay),
    ...flat({ kinds: template.page.kinds, ended: endedWords(template, due), home: homeWords(template, due) }),
  ]
}

function flat(words: object, path: string[] = []): Entry[] {
  return Object.entries(words).flatMap(([key, value]: [string, unknown]) => {
    if (SETTING.includes(key)) return []
    if (typeof value === 'string') return [{ label: [...path, key].join('.'), text: value }]
    return value !== null && typeof value === 'object' ? flat(value, [...path, key]) : []
  })
}
