import { apart, longValues, type NoticeFacts, noticeText, situationOf } from './notice.ts'
import type { Template } from './template.ts'

export type PageFacts = NoticeFacts & {
  /** Whole days to `expiresOn`, 0 on the day itself; below 0 nothing is counted. */
  daysLeft: number
  /** As in the register: `ITK`, `ITAS`; null where a message is about several kinds. */
  permitKind: string | null
}

type Item = keyof Template['page']['bring']['items']

/** What people are usually asked to bring; the words beside the list say that the office may ask for more. */
const BRING: Readonly<Record<string, readonly Item[]>> = {
  ITK: ['passport', 'permit', 'sponsor_letter', 'sponsor_id', 'ticket'],
  VOA: ['passport', 'permit', 'ticket'],
  ITAS: ['passport', 'card', 'sponsor_letter', 'sponsor_id', 'address'],
  ITAP: ['passport', 'card', 'sponsor_letter', 'sponsor_id', 'address'],
}

/** Every text of the resident's page, ready to be shown; `direction` and `language` belong on its root element. */
export function pageWords(template: Template, facts: PageFacts) {
  const { page, say, dates } = template
  const situation = situationOf(facts)
  const values = longValues(template, facts)
  return {
    language: template.language,
    languageName: template.name,
    direction: template.direction,
    title: say(page.title),
    heading: say(page.heading[situation]),
    notice: noticeText(template, facts, 'long'),
    daysLeft: facts.daysLeft < 0 ? null : say(page.days_left, { days: facts.daysLeft }),
    expires: dates.long(facts.expiresOn),
    lastDay: facts.overstay ? null : dates.long(facts.lastFilingDay),
    comeOn: facts.late || facts.overstay ? dates.long(facts.comeOn) : null,
    kind: facts.permitKind === null ? null : permitKindWords(template, facts.permitKind),
    labels: page.labels,
    steps: { heading: say(page.steps.heading), items: page.steps[stepsOf(facts)].map((step) => say(step, values)) },
    bring: {
      heading: say(page.bring.heading),
      items: (BRING[facts.permitKind ?? ''] ?? ['passport', 'permit']).map((item) => say(page.bring.items[item])),
      note: say(page.bring.note),
    },
    answer: page.answer,
    thanks: page.thanks,
    listen: say(page.listen),
    calendar: page.calendar,
    verify: { heading: say(page.verify.heading), text: say(page.verify.text, values) },
  }
}

export type PageWords = ReturnType<typeof pageWords>

/** The name of a kind of permit; a kind without one is shown as the register writes it. */
export function permitKindWords(template: Template, kind: string): string {
  const { kinds } = template.page
  return Object.hasOwn(kinds, kind) ? kinds[kind as keyof typeof kinds] : kind
}

/** The page of a link that has ended. */
export function endedWords(template: Template, office: { officeName: string; officePhone: string }) {
  const { ended } = template.page
  return {
    language: template.language,
    direction: template.direction,
    heading: template.say(ended.heading),
    text: template.say(ended.text, {
      office: apart(template, office.officeName),
      phone: apart(template, office.officePhone),
    }),
  }
}

/** The public front page: how to recognise us. */
export function homeWords(template: Template, office: { officeName: string }) {
  const { home } = template.page
  return {
    ...home,
    language: template.language,
    direction: template.direction,
    text: template.say(home.text, { office: apart(template, office.officeName) }),
  }
}

function stepsOf(facts: NoticeFacts): 'extend' | 'leave' | 'ask' | 'late' | 'overstay' {
  if (facts.overstay) return 'overstay'
  if (facts.extend === 'no') return 'leave'
  if (facts.late) return 'late'
  return facts.extend === 'yes' ? 'extend' : 'ask'
}
