import type { CivilDate } from '../lib/civil-date.ts'
import type { Values } from './icu.ts'
import type { Template } from './template.ts'

/** All that a notice says. Nothing here names a person or a document. */
export type NoticeFacts = {
  officeName: string
  /** For the SMS: "Imigrasi Blitar". */
  officeShortName: string
  /** As a person dials it. */
  officePhone: string
  expiresOn: CivilDate
  lastFilingDay: CivilDate
  /** The last filing day has passed; the words then name `comeOn`, the next working day. */
  late: boolean
  comeOn: CivilDate
  /** Fewer than 3 working days remain at stage 14. */
  hurry: boolean
  extend: 'yes' | 'no' | 'ask'
  overstay: boolean
  /** How many permits the message is about; above 1 the dates are the earliest, and `extend` is `ask` unless all agree. */
  count: number
  role: 'resident' | 'sponsor'
  reference: string
  link: string
}

export type Situation = 'due' | 'late' | 'overstay'

export function situationOf({ late, overstay }: Pick<NoticeFacts, 'late' | 'overstay'>): Situation {
  if (overstay) return 'overstay'
  return late ? 'late' : 'due'
}

/** What the notice says to its reader; in short, a date beside a full one may go without its year. */
export function noticeText(template: Template, facts: NoticeFacts, form: 'short' | 'long'): string {
  const { dates, say } = template
  const notices = form === 'short' ? (template.sms.notice ?? template.notice) : template.notice
  const full = dates[form]
  const brief = form === 'short' ? dates.brief : dates.long
  const reader = facts.count > 1 ? 'several' : facts.role
  return say(notices[reader][situationOf(facts)], {
    expires: full(facts.expiresOn),
    last_day: full(facts.lastFilingDay),
    last_day_brief: brief(facts.lastFilingDay),
    come_on: full(facts.comeOn),
    come_on_brief: brief(facts.comeOn),
    extend: facts.extend,
    hurry: facts.hurry ? 'yes' : 'no',
    count: facts.count,
  })
}

/** The values of a message that a person reads on a screen: long dates, and Latin values set apart in rtl text. */
export function longValues(template: Template, facts: NoticeFacts): Values {
  const { long } = template.dates
  return {
    office: apart(template, facts.officeName),
    phone: apart(template, facts.officePhone),
    reference: apart(template, facts.reference),
    link: facts.link,
    notice: noticeText(template, facts, 'long'),
    expires: long(facts.expiresOn),
    last_day: long(facts.lastFilingDay),
    come_on: long(facts.comeOn),
  }
}

/** Latin text for a right-to-left sentence: between isolates, so that a phone keeps its plus sign in front. Not for SMS. */
export function apart(template: Template, text: string): string {
  return template.direction === 'rtl' ? `\u2068${text}\u2069` : text
}
