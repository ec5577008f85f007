import { alarmWords } from '../console/alarm-words.ts'
import { instantText } from '../console/figures.ts'
import type { Language } from '../console/officer.ts'
import { type AlarmEvent, aboutsOf, eventsToTell, recentAlarms, type ToldAlarm, toldAlarms } from './alarm-events.ts'
import { type LetterPage, layOut, line, type Section } from './letter-page.ts'
import { lastSentAt, mailRows } from './mail-record.ts'
import { mayTry } from './mail-rules.ts'
import { linkTo, type PostOffice, sendOnRecord, type Written } from './post-office.ts'

export type AlarmMailDeps = PostOffice & { alarmTo: readonly string[] }

/** Between two mails that arrive: what happens meanwhile is gathered. */
const QUIET_MS = 15 * 60_000

/** Tells the operator what was raised and what is over since the last mail. */
export async function sendAlarms(
  deps: AlarmMailDeps,
): Promise<{ alarms: 'sent' | 'refused' | 'uncertain' | 'none' | 'off' }> {
  const { db, clock, alarmTo } = deps
  if (alarmTo.length === 0) return { alarms: 'off' }
  const now = clock.now()
  const alarms = await recentAlarms(db.read)
  const told = await mailRows(
    db.read,
    alarms.flatMap((alarm) => Object.values(aboutsOf(alarm))),
  )
  const events = eventsToTell(alarms, { told, now }).filter(({ about }) => mayTry('alarm', told.get(about), now))
  if (events.length === 0 || (await isQuietTime(deps, now))) return { alarms: 'none' }
  const sent = await sendOnRecord(deps, {
    kind: 'alarm',
    abouts: events.map(({ about }) => about),
    to: alarmTo,
    write: (began) => {
      const ours = new Set(began.map(({ about }) => about))
      return write(
        deps,
        events.filter(({ about }) => ours.has(about)),
      )
    },
  })
  return { alarms: sent?.outcome.state ?? 'none' }
}

async function isQuietTime({ db }: AlarmMailDeps, now: number): Promise<boolean> {
  const last = await lastSentAt(db.read, { kind: 'alarm' })
  return last !== null && Math.abs(now - last) < QUIET_MS
}

function write(deps: AlarmMailDeps, events: readonly AlarmEvent[]): Written {
  const told = toldAlarms(events)
  const page = alarmPage(deps, told)
  return { subject: alarmSubject(deps, told), ...layOut(page, deps.templatesDir), attachments: [] }
}

function alarmSubject({ words, office }: AlarmMailDeps, told: readonly ToldAlarm[]): string {
  const open = told.filter(({ until }) => until === null)
  const [first] = open.length > 0 ? open : told
  const n = (open.length > 0 ? open : told).length - 1
  const key = `alarmMail.subject${open.length > 0 ? '' : 'Over'}${n > 0 ? 'More' : ''}`
  const { name } = alarmWords(words.id, { ...first!, language: 'id' })
  return `[${office.shortName}] ${words.id(key, { name, n })}`
}

/** Indonesian, and all of it in English below. */
function alarmPage(deps: AlarmMailDeps, told: readonly ToldAlarm[]): LetterPage {
  const { office, words } = deps
  const t = words.id
  const open = told.some(({ until }) => until === null)
  return {
    language: 'id',
    office: office.name,
    heading: t(open ? 'alarmMail.heading' : 'alarmMail.headingOver'),
    lead: t('alarmMail.lead'),
    sections: [...sectionsIn(deps, { told, language: 'id' }), ...sectionsIn(deps, { told, language: 'en' })],
    foot: [t('alarmMail.rhythm'), words.en('alarmMail.rhythm'), t('digest.sender', { office: office.shortName })],
  }
}

function sectionsIn(
  deps: AlarmMailDeps,
  { told, language }: { told: readonly ToldAlarm[]; language: Language },
): Section[] {
  const t = deps.words[language]
  const link = linkTo(deps)('/')
  const at = (instant: number) => instantText(instant, language, deps.office.timeZone)
  const suffix = language === 'en' ? ' (English)' : ''
  const open = told.filter(({ until }) => until === null)
  const over = told.filter(({ until }) => until !== null)
  const openLines = open.map((alarm) => {
    const { name, is, told: detail, todo } = alarmWords(t, { ...alarm, language })
    const since = `${t('alarmMail.since', { at: at(alarm.since) })}, ${t('alarmMail.times', { n: alarm.times })}`
    return line(name, { link, more: [is, ...(detail ? [detail] : []), t('alarmMail.todo', { what: todo }), since] })
  })
  const overLines = over.map((alarm) => {
    const { name, told: detail } = alarmWords(t, { ...alarm, language })
    const span = `${t('alarmMail.since', { at: at(alarm.since) })}. ${t('alarmMail.until', { at: at(alarm.until!) })}.`
    return line(name, { more: [...(detail ? [detail] : []), span] })
  })
  const sections: Section[] = [
    { title: t('alarmMail.raised') + suffix, tone: 'grave', lines: openLines },
    { title: t('alarmMail.cleared') + suffix, tone: 'plain', lines: overLines },
  ]
  return sections.filter(({ lines }) => lines.length > 0)
}
