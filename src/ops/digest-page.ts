import { alarmWords } from '../console/alarm-words.ts'
import { dateText, instantText, numberText } from '../console/figures.ts'
import { FOLLOW_UP_KINDS } from '../console/follow-ups-query.ts'
import type { Translate } from '../console/words.ts'
import { type CivilDate, weekday } from '../lib/civil-date.ts'
import type { Office } from '../lib/office.ts'
import { stageName } from '../lib/stage-name.ts'
import type { OverstayRow } from '../overstay/case-list.ts'
import type { FollowUpRow } from '../overstay/follow-up-list.ts'
import type { DigestFigures } from './digest-figures.ts'
import { type LetterPage, type Line, line, type Section } from './letter-page.ts'

const CASES_NAMED = 10

export type DigestFrame = {
  t: Translate
  office: Pick<Office, 'name' | 'shortName' | 'timeZone'>
  /** A page of the console as the reader's browser opens it; null without CONSOLE_BASE_URL. */
  link: (path: string) => string | null
  /** The audit's newest hash. */
  head: string
  /** Null when nothing is attached. */
  file: string | null
}

/** Whether there is anything that somebody should hear of this morning. */
export function isWorthSending(figures: DigestFigures): boolean {
  const { followUps, overstays, alarms, duties, endsToday, told, forecast } = figures
  const unwell = duties.filter(({ state }) => state === 'failed' || state === 'late')
  const lists = [followUps, overstays, alarms, unwell].some((list) => list.length > 0)
  return lists || endsToday + told + (forecast?.tomorrow.people ?? 0) > 0
}

export function digestSubject(figures: DigestFigures, { t, office }: Pick<DigestFrame, 't' | 'office'>): string {
  const parts = [
    ['nFollowUps', figures.followUps.length],
    ['nNew', figures.opened.length],
    ['nRaised', figures.raised.length],
    ['nAlarms', figures.alarms.length],
  ] as const
  const what = parts.flatMap(([key, n]) => (n > 0 ? [t(`digest.${key}`, { n })] : [])).join(', ')
  const day = dateText(figures.today, 'id')
  return `[${office.shortName}] ${t('digest.subject', { day, what: what || t('digest.quiet') })}`
}

/** Counts, case numbers and links: a mail passes through many hands, so its words name no resident. */
export function digestPage(figures: DigestFigures, frame: DigestFrame): LetterPage {
  const { t, office, head, file } = frame
  const attached = { file: file ?? '', n: figures.followUps.length, m: figures.overstays.length }
  return {
    language: 'id',
    office: office.name,
    heading: t('digest.heading', { day: longDate(figures.today) }),
    lead: t('digest.lead'),
    sections: [
      ...alarmSection(figures, frame),
      followUpSection(figures, frame),
      overstaySection(figures, frame),
      endingSection(figures, frame),
      sendingSection(figures, frame),
      dutySection(figures, frame),
    ].filter(({ lines }) => lines.length > 0),
    foot: [
      file === null ? t('digest.noAttachment') : t('digest.attached', attached),
      t('digest.audit', { head }),
      t('digest.sender', { office: office.shortName }),
    ],
  }
}

function alarmSection({ alarms }: DigestFigures, { t, office, link }: DigestFrame): Section[] {
  if (alarms.length === 0) return []
  const lines = alarms.map((alarm) => {
    const { name, is, told, todo } = alarmWords(t, { ...alarm, language: 'id' })
    const at = instantText(alarm.raised_at, 'id', office.timeZone)
    const since = t('digest.since', { at, n: alarm.times })
    return line(name, { link: link('/'), more: [is, ...(told ? [told] : []), since, t('digest.todo', { what: todo })] })
  })
  return [{ title: t('digest.alarms'), tone: 'grave', lines }]
}

function followUpSection({ followUps }: DigestFigures, { t, link }: DigestFrame): Section {
  const counted = (rows: readonly FollowUpRow[], text: string, query: Record<string, string>): Line => {
    const overdue = rows.filter((row) => row.overdue).length
    return line(text, {
      figure: numberText(rows.length, 'id'),
      more: overdue > 0 ? [t('digest.overdue', { n: overdue })] : [],
      link: link(`/follow-ups?${new URLSearchParams(query)}`),
    })
  }
  const byKind = FOLLOW_UP_KINDS.flatMap((kind) => {
    const rows = followUps.filter((row) => row.kind === kind)
    return rows.length > 0 ? [counted(rows, t(`kindLong.${kind}`), { kind })] : []
  })
  const owners = [...Map.groupBy(followUps, (row) => row.owner ?? '')].sort(([a], [b]) => (a < b ? -1 : 1))
  const byOwner = owners.map(([name, rows]) =>
    counted(rows, name === '' ? t('digest.untaken') : t('digest.of', { name }), { owner: name || '-' }),
  )
  const lines = followUps.length === 0 ? [line(t('digest.noFollowUps'))] : [...byKind, ...byOwner]
  return { title: t('digest.followUps'), tone: 'plain', lines }
}

function overstaySection(figures: DigestFigures, { t, link }: DigestFrame): Section {
  const { opened, raised, raisedToday, proposedCases, levels, today } = figures
  const news = [...new Set([...opened, ...raised])]
  const counted = (n: number, text: string, path: string) =>
    n === 0 ? [] : [line(text, { figure: numberText(n, 'id'), link: link(path) })]
  const named = news.slice(0, CASES_NAMED).map((row) => caseLine(row, { t, link }))
  const rest = news.length - named.length
  // The console's lists are of one day, the digest's of the time since the one before: a link must show what the figure counts.
  const openedToday = opened.every((row) => row.opened_on === today)
  const lines = [
    ...counted(opened.length, t('digest.openedCases'), openedToday ? `/overstays?opened=${today}` : '/overstays'),
    ...counted(raised.length, t('digest.raisedCases'), raisedToday ? `/overstays?escalated=${today}` : '/overstays'),
    ...named,
    ...(rest > 0 ? [line(t('digest.moreCases', { n: rest }))] : []),
    ...counted(proposedCases, t('digest.proposedCases'), '/overstays?proposed=1'),
    ...levels.flatMap(({ level, open }) =>
      counted(open, t('digest.openAt', { level: t(`badge.${level}`) }), `/overstays?level=${level}`),
    ),
  ]
  return { title: t('digest.overstay'), tone: 'plain', lines: lines.length > 0 ? lines : [line(t('digest.noCases'))] }
}

function caseLine(row: OverstayRow, { t, link }: Pick<DigestFrame, 't' | 'link'>): Line {
  const { case_id: id, days, level, regency, assigned_to: owner, day_60: day60 } = row
  const text = t('digest.case', { id: String(id), days: String(days), level: t(`badge.${level}`) })
  const facts = [day60 ? t('badge.day-60') : null, regency, owner && t('digest.of', { name: owner })]
  const more = facts.filter((one) => one !== null).join(', ')
  return line(text, { more: more ? [more] : [], link: link(`/cases/${id}`) })
}

function endingSection({ endsToday, ends14, ends60, today }: DigestFigures, { t, link }: DigestFrame): Section {
  const counted = (n: number, text: string, path: string) =>
    line(text, { figure: numberText(n, 'id'), link: link(path) })
  return {
    title: t('digest.ending'),
    tone: 'plain',
    lines: [
      counted(endsToday, t('digest.endsToday'), `/residents?on=${today}`),
      counted(ends14, t('digest.endsWithin', { n: 14 }), '/residents?ends=14'),
      counted(ends60, t('digest.endsWithin', { n: 60 }), '/residents?ends=60'),
    ],
  }
}

function sendingSection({ told, forecast, today }: DigestFigures, { t, link }: DigestFrame): Section {
  const lines = [line(t('digest.today'), { figure: numberText(told, 'id'), link: link(`/residents?noticed=${today}`) })]
  if (forecast) {
    const { tomorrow, deliveries, cost, currency } = forecast
    const stages = tomorrow.stages.map(({ stage, people }) => `${stageName(stage)}: ${numberText(people, 'id')}`)
    const figure = numberText(tomorrow.people, 'id')
    lines.push(line(t('digest.tomorrow'), { figure, more: stages, link: link(`/plan?on=${tomorrow.on}`) }))
    const text = t('digest.forecast', { cost: numberText(cost, 'id'), currency })
    if (deliveries > 0) lines.push(line(text, { figure: numberText(deliveries, 'id'), link: link('/plan') }))
  }
  return { title: t('digest.sending'), tone: 'plain', lines }
}

function dutySection({ duties }: DigestFigures, { t, office, link }: DigestFrame): Section {
  const name = (duty: string) => (t.has(`duty.${duty}`) ? t(`duty.${duty}`) : duty)
  const at = (instant: number) => instantText(instant, 'id', office.timeZone)
  const unwell = duties.filter(({ state }) => state === 'failed' || state === 'late')
  const lines = unwell.map((duty) =>
    line(t('digest.duty', { name: name(duty.duty), state: t(`slot.${duty.state}`) }), {
      more: [at(duty.plannedAt)],
      link: link('/'),
    }),
  )
  const last = duties
    .filter(({ state }) => state === 'done')
    .reduce<(typeof duties)[number] | null>((a, b) => (a && a.plannedAt >= b.plannedAt ? a : b), null)
  if (unwell.length === 0 && last)
    lines.push(line(t('digest.allWell', { name: name(last.duty), at: at(last.plannedAt) })))
  return { title: t('digest.duties'), tone: unwell.length > 0 ? 'grave' : 'plain', lines }
}

const WEEKDAYS = ['Senin', 'Selasa', 'Rabu', 'Kamis', 'Jumat', 'Sabtu', 'Minggu']

/** "Minggu, 6 Desember 2026". */
function longDate(date: CivilDate): string {
  return `${WEEKDAYS[weekday(date) - 1]}, ${dateText(date, 'id')}`
}
