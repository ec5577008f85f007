import { stageName } from '../lib/stage-name.ts'
import { CASE_OUTCOMES } from '../overstay/case-rules.ts'
import { LEVELS } from '../overstay/levels.ts'
import type { Report, Tally } from '../overstay/report.ts'
import type { Headcount } from '../overstay/report-register.ts'
import { OUTCOMES, type Share } from '../overstay/report-rules.ts'
import { dateText, moneyText, monthText, numberText, percentText } from './figures.ts'
import type { Language } from './officer.ts'
import { sayingsIn } from './say.ts'
import type { Translate } from './words.ts'

export type Cell = string | number | { share: number | null } | { money: number }

/** The same rows for the page, the print, the spreadsheet and the terminal. */
export type ReportTable = {
  key: TableKey
  title: string
  note?: string
  head: string[]
  rows: Cell[][]
  /** What the word that begins a row means, for each row. */
  means?: string[]
}

export const TABLE_KEYS = [
  'months',
  'contacts',
  'outcomes',
  'languages',
  'notices',
  'channels',
  'answers',
  'overstays',
  'closed',
  'regencies',
  'nationalities',
  'purposes',
  'costs',
] as const
export type TableKey = (typeof TABLE_KEYS)[number]

/** Those for whom a notice had to be sent. */
const NEEDED = ['told', 'sponsor', 'attempted', 'unreached', 'missed'] as const

export type Speaker = { t: Translate; language: Language }

export function reportTables(report: Report, speaker: Speaker): Record<TableKey, ReportTable> {
  const { t, language } = speaker
  const { country, tongue } = sayingsIn(language, t)
  const { total, activity, register, costs } = report
  const named = (key: string) => (key === '' ? t('report.unknown') : key)
  const inTime = ({ count, of, share }: Share): Cell[] => [count, of, { share }]
  const partOfEnded = (n: number): Cell => ({ share: sharePart(n, total.ended) })

  const table = (
    key: TableKey,
    rows: Cell[][],
    more: { values?: Record<string, string | number>; means?: string[] } = {},
  ): ReportTable => ({
    key,
    title: t(`report.table.${key}`),
    ...(t.has(`report.note.${key}`) && { note: t(`report.note.${key}`, more.values) }),
    head: headOf(key, speaker, report),
    rows,
    ...(more.means && { means: more.means }),
  })
  const toldOf = ({ contacts }: Tally) => NEEDED.map((contact) => contacts[contact])
  const headcount = (key: TableKey, rows: Headcount[], say: (key: string) => string) =>
    table(
      key,
      rows.map((row) => [say(row.key), row.residents, row.valid]),
      { values: { day: dateText(report.today, language) } },
    )
  const casesWith = (outcome: string | null, level?: string) =>
    activity.opened
      .filter((one) => one.outcome === outcome && (level === undefined || one.level === level))
      .reduce((sum, { cases }) => sum + cases, 0)
  return {
    months: table(
      'months',
      report.by_month.map((one) => [
        monthText(one.month, language),
        one.ended,
        ...toldOf(one),
        ...inTime(one.in_time_told),
      ]),
    ),
    contacts: table(
      'contacts',
      report.by_contact.map((one) => [
        t(`report.contact.${one.contact}`),
        one.ended,
        ...inTime(one.in_time),
        one.outcomes.overstayed,
        one.outcomes.open,
      ]),
      { means: report.by_contact.map(({ contact }) => t(`report.contactMeans.${contact}`)) },
    ),
    outcomes: table(
      'outcomes',
      OUTCOMES.map((outcome) => [
        t(`report.outcome.${outcome}`),
        total.outcomes[outcome],
        partOfEnded(total.outcomes[outcome]),
      ]),
      { means: OUTCOMES.map((outcome) => t(`report.outcomeMeans.${outcome}`)) },
    ),
    languages: table(
      'languages',
      report.by_language.map((one) => [
        one.language === '' ? t('report.noLanguage') : tongue(one.language),
        one.ended,
        ...inTime(one.told),
        ...inTime(one.in_time_told),
      ]),
    ),
    notices: table(
      'notices',
      activity.notices.map(({ stage, notices }) => [stageName(stage), notices]),
    ),
    channels: table(
      'channels',
      activity.channels.map(({ channel, deliveries, fates }) => [
        t(`channel.${channel}`),
        deliveries,
        fates.confirmed,
        fates.unconfirmed,
        fates.failed,
        fates['not-sent'],
        { share: sharePart(fates.confirmed, deliveries - fates['not-sent']) },
      ]),
    ),
    answers: table(
      'answers',
      activity.answers.by.map(({ answer, cycles }) => [t(`badge.${answer}`), cycles]),
      { values: { n: activity.answers.cycles } },
    ),
    overstays: table(
      'overstays',
      [null, ...CASE_OUTCOMES].map((outcome) => [
        outcome === null ? t('report.stillOpen') : t(`outcome.${outcome}`),
        ...LEVELS.map((level) => casesWith(outcome, level)),
        casesWith(outcome),
      ]),
      { values: { n: activity.opened.reduce((sum, { known_late, cases }) => sum + (known_late ? cases : 0), 0) } },
    ),
    closed: table(
      'closed',
      CASE_OUTCOMES.map((outcome) => [t(`outcome.${outcome}`), closedAs(report, outcome)]),
    ),
    regencies: headcount('regencies', register.regencies, named),
    nationalities: headcount('nationalities', register.nationalities, (key) => country(named(key))),
    purposes: headcount('purposes', register.purposes, named),
    costs: table(
      'costs',
      (costs?.channels ?? []).map(({ channel, attempts, segments, minutes, cost }) => [
        t(`channel.${channel}`),
        attempts,
        segments,
        minutes,
        { money: cost },
      ]),
    ),
  }
}

export function closedAs({ activity }: Report, outcome: string): number {
  return activity.closed.find((one) => one.outcome === outcome)?.cases ?? 0
}

/** With the meanings as a last column, where there is no room beneath a word. */
export function flatTable({ head, rows, means }: ReportTable, { t }: Speaker): { head: string[]; rows: Cell[][] } {
  if (!means) return { head, rows }
  return { head: [...head, t('report.means')], rows: rows.map((row, index) => [...row, means[index] ?? '']) }
}

/** As people read it; a dash where there is no share. */
export function cellText(cell: Cell, language: Language): string {
  if (typeof cell === 'string') return cell
  if (typeof cell === 'number') return numberText(cell, language)
  return 'money' in cell ? moneyText(cell.money, language) : percentText(cell.share, language)
}

function headOf(key: TableKey, { t }: Speaker, report: Report): string[] {
  const words = t(`report.head.${key}`).split(' | ')
  if (key === 'costs') return [...words, report.costs?.currency ?? '']
  if (key !== 'overstays') return words
  return [words[0]!, ...LEVELS.map((level) => t(`badge.${level}`)), words[1]!]
}

function sharePart(count: number, of: number): number | null {
  return of === 0 ? null : count / of
}
