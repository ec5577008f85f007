import { type Situation, situationOf } from '../compose/notice.ts'
import { type Template, type Templates, templateFor } from '../compose/template.ts'
import { type PageWords, pageWords } from '../compose/words.ts'
import type { Answer } from '../db/schema.ts'
import type { ToldDelivery, ToldNotice } from '../deliver/find-by-token.ts'
import type { CivilDate } from '../lib/civil-date.ts'
import type { Office } from '../lib/office.ts'
import { pageFactsOf } from './facts.ts'
import { type OpeningHours, openingHours } from './opening-hours.ts'
import type { VoiceNote } from './voice-notes.ts'

export const ANSWERS: readonly Answer[] = ['understood', 'applied', 'leaving', 'help']

/** One permit of the page. `person` is for sponsors only: initials and nationality. */
export type PermitLine = {
  reference: string
  kind: string | null
  person: string | null
  /** The day that matters most comes first. */
  days: { label: string; text: string }[]
  daysLeft: string | null
  situation: Situation
}

/** The whole page in one language; where the reader's own has no template there are two, English and Indonesian. */
export type NoteSection = {
  words: PageWords
  situation: Situation
  /** The name of our front page. */
  recognise: string
  permits: PermitLine[]
  hours: OpeningHours[]
  /** Answers that were given before, in words; and the one just given. */
  given: string[]
  thanks: string | null
}

export type NoteView = {
  language: string
  direction: 'ltr' | 'rtl'
  title: string
  office: Office
  link: string
  /** Set where this page is shown in another language than the link's own. */
  lang: string | null
  sections: NoteSection[]
  audio: { token: string; seconds: number; languages: string | null } | null
  languages: { tag: string; name: string; current: boolean }[]
  answers: readonly Answer[]
}

export type NoteRequest = {
  office: Office
  templates: Templates
  delivery: ToldDelivery
  /** At least one. */
  live: readonly ToldNotice[]
  today: CivilDate
  language: string
  /** The path of the page. */
  link: string
  lang: string | null
  given: readonly Answer[]
  done: Answer | null
  note: VoiceNote | null
}

/** Everything that the page shows, in the reader's words. Names nobody. */
export function noteView(request: NoteRequest): NoteView {
  const { office, templates, language, link, lang, note } = request
  const sections = templatesFor(templates, language).map((template) => sectionOf(template, request))
  const { language: shown, direction, title } = sections[0]!.words
  return {
    language: shown,
    direction,
    title,
    office,
    link,
    lang,
    sections,
    audio: note && {
      token: note.token,
      seconds: Math.round(note.milliseconds / 1000),
      languages: sameLanguage(note.spoken, shown) ? null : note.spoken.map((tag) => nameOf(templates, tag)).join(', '),
    },
    languages: [...templates.values()].map((template) => ({
      tag: template.language,
      name: template.name,
      current: template.language === shown,
    })),
    answers: ANSWERS,
  }
}

/** The reader's own template, or English and Indonesian where there is none. */
export function templatesFor(templates: Templates, language: string): Template[] {
  const { template, asked } = templateFor(templates, language)
  return asked === null ? [template] : ['en', 'id'].flatMap((tag) => templates.get(tag) ?? [])
}

function sectionOf(template: Template, request: NoteRequest): NoteSection {
  const { office, live, today, link, given, done } = request
  const { answer, thanks, home } = template.page
  const facts = pageFactsOf(live, { office, today, link })
  return {
    words: pageWords(template, facts),
    situation: situationOf(facts),
    recognise: template.say(home.heading),
    permits: live.map((notice) => permitLine(template, notice, request)),
    hours: openingHours(office, template.language),
    given: given.map((one) => answer[one]),
    thanks: done && given.includes(done) ? thanks[done] : null,
  }
}

function permitLine(template: Template, notice: ToldNotice, { office, today, link }: NoteRequest): PermitLine {
  const facts = pageFactsOf([notice], { office, today, link })
  const { labels, expires, lastDay, comeOn, kind, daysLeft } = pageWords(template, facts)
  const situation = situationOf(facts)
  const ends = { label: labels.expires, text: expires }
  const come = comeOn === null ? [] : [{ label: labels.come_on, text: comeOn }]
  const apply = lastDay === null ? [] : [{ label: labels.last_day, text: lastDay }]
  const mayApply = situation === 'due' && facts.extend !== 'no'
  return {
    reference: notice.reference,
    kind,
    person:
      notice.role === 'sponsor' ? `${notice.initials} · ${countryName(notice.nationality, template.language)}` : null,
    days: facts.extend === 'no' ? [ends, ...come] : [...(mayApply ? apply : come), ends],
    daysLeft,
    situation,
  }
}

function countryName(code: string, language: string): string {
  if (!/^[A-Z]{2}$/.test(code)) return code
  return new Intl.DisplayNames(language, { type: 'region' }).of(code) ?? code
}

function sameLanguage(spoken: readonly string[], shown: string): boolean {
  return spoken.length === 1 && new Intl.Locale(spoken[0]!).language === new Intl.Locale(shown).language
}

function nameOf(templates: Templates, tag: string): string {
  return templates.get(tag)?.name ?? tag
}
