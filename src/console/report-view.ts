import type { Report } from '../overstay/report.ts'
import { barChart, shareChart, stackedChart } from './charts.ts'
import { moneyText, numberText, percentText, shortMonthText } from './figures.ts'
import {
  type Cell,
  cellText,
  closedAs,
  type ReportTable,
  reportTables,
  type Speaker,
  type TableKey,
} from './report-tables.ts'

export type ReportView = {
  /** "46,2%", or null where there is nothing to count. */
  share: string | null
  /** "6 dari 13 izin tinggal". */
  ofText: string
  /** Where one person more would move the share much. */
  small: string | null
  definitions: string[]
  figures: { value: string; words: string }[]
  sections: { title: string; columns: number; blocks: ReportBlock[] }[]
}

/** A table of the page, cut to a readable length; `svg` is a ready picture of it. */
export type ReportBlock = ReportTable & { text: string[][]; numeric: boolean[]; wide: boolean; svg: string | null }

const SECTIONS: readonly { title: string; keys: readonly TableKey[] }[] = [
  { title: 'goal', keys: ['months', 'contacts', 'outcomes', 'languages'] },
  { title: 'work', keys: ['channels', 'notices', 'answers'] },
  { title: 'overstay', keys: ['overstays', 'closed'] },
  { title: 'register', keys: ['regencies', 'nationalities', 'purposes'] },
  { title: 'costs', keys: ['costs'] },
]
const WIDE: readonly TableKey[] = [
  'months',
  'contacts',
  'outcomes',
  'languages',
  'channels',
  'overstays',
  'closed',
  'costs',
]
/** The spreadsheet has every row. */
const MOST_ROWS = 15
const MOST_BARS = 10
/** Below so many one person is more than three points. */
const SMALL = 30

export function reportView(report: Report, speaker: Speaker): ReportView {
  const { t, language } = speaker
  const { total } = report
  const { count, of, share } = total.in_time_told
  const tables = reportTables(report, speaker)
  const shown = report.costs === null ? SECTIONS.filter(({ title }) => title !== 'costs') : SECTIONS
  return {
    share: share === null ? null : percentText(share, language),
    ofText: of === 0 ? t('report.noShare') : t('report.ofText', { count, of }),
    small:
      of > 0 && of < SMALL ? t('report.small', { points: numberText(Math.round(1000 / of) / 10, language) }) : null,
    definitions: definitionsOf(report, speaker),
    figures: figuresOf(report, speaker),
    sections: shown.map(({ title, keys }) => ({
      title: t(`report.section.${title}`),
      columns: Math.max(1, keys.filter((key) => !WIDE.includes(key)).length),
      blocks: keys.map((key) => blockOf(tables[key], report, speaker)),
    })),
  }
}

export function definitionsOf({ renewed_before_told: before, total, still_valid }: Report, { t }: Speaker): string[] {
  return [
    t('report.definition.whole'),
    t('report.definition.part'),
    t('report.definition.told'),
    t('report.definition.renewed'),
    t('report.definition.open'),
    t('report.definition.left-out', { before, excluded: total.outcomes['not-counted'] }),
    t('report.definition.unit'),
    t('report.definition.running', { n: still_valid }),
  ]
}

function figuresOf(report: Report, { t, language }: Speaker): ReportView['figures'] {
  const { total, activity, register, costs } = report
  const figure = (value: number, words: string) => ({ value: numberText(value, language), words })
  const opened = activity.opened.reduce((sum, { cases }) => sum + cases, 0)
  return [
    figure(total.ended, t('report.figure.ended')),
    figure(total.told.count, t('report.figure.toldOf', { of: total.told.of })),
    figure(activity.answers.cycles, t('report.figure.answered')),
    figure(opened, t('report.figure.opened')),
    ...(['detained', 'deported', 'entry-ban'] as const).map((outcome) =>
      figure(closedAs(report, outcome), t(`report.figure.${outcome}`)),
    ),
    figure(register.residents, t('report.figure.residents')),
    ...(costs
      ? [{ value: moneyText(costs.total, language), words: t('report.figure.cost', { currency: costs.currency }) }]
      : []),
  ]
}

function blockOf(table: ReportTable, report: Report, speaker: Speaker): ReportBlock {
  const { language } = speaker
  const rows = cut(table, speaker)
  return {
    ...table,
    rows,
    text: rows.map((row) => row.map((cell) => cellText(cell, language))),
    numeric: table.head.map((_, column) => rows.some((row) => typeof row[column] !== 'string')),
    wide: WIDE.includes(table.key),
    svg: rows.every(isEmpty) ? null : chartOf({ ...table, rows }, report, speaker),
  }
}

/** The rest of a long list of people in one row. */
function cut({ key, rows }: ReportTable, { t }: Speaker): Cell[][] {
  if (rows.length <= MOST_ROWS || (key !== 'nationalities' && key !== 'purposes' && key !== 'regencies')) return rows
  const rest = rows.slice(MOST_ROWS)
  const sum = (column: number) => rest.reduce((total, row) => total + Number(row[column]), 0)
  return [...rows.slice(0, MOST_ROWS), [t('report.others', { n: rest.length }), sum(1), sum(2)]]
}

function chartOf(table: ReportTable, report: Report, { t, language }: Speaker): string {
  const { key, title, rows } = table
  const name = `chart-${key}`
  if (key === 'months') return monthsChart(table, report, { t, language })
  if (key === 'contacts') {
    const parts = ['told', 'sponsor', 'attempted'] as const
    const label = monthLabels(report, language)
    return stackedChart({
      name,
      title: t('report.chart.stacked'),
      description: t('report.chart.stackedMeans'),
      parts: [...parts.map((part) => t(`report.contact.${part}`)), t('report.chart.rest')],
      steps: report.by_month.map(({ month, contacts }) => ({
        label: label(month),
        values: [...parts.map((part) => contacts[part]), contacts.unreached + contacts.missed],
      })),
    })
  }
  const told = { name, title, description: t('report.chart.bars') }
  const column = BAR_COLUMN[key] ?? 1
  const bars = (key === 'overstays' ? levelTotals(table) : key === 'closed' ? happened(rows) : rows)
    .slice(0, MOST_BARS)
    .map((row) => ({ label: String(row[0]), cell: row[column] ?? 0 }))
    .map(({ label, cell }) => ({ label, value: sizeOf(cell), text: cellText(cell, language) }))
  const isShare = rows.some((row) => typeof row[column] === 'object' && 'share' in row[column])
  return barChart({ ...told, bars, ...(isShare && { most: 1 }) })
}

/** Else the second. */
const BAR_COLUMN: Partial<Record<TableKey, number>> = { languages: 4, channels: 6, costs: 4 }

function monthsChart({ title }: ReportTable, report: Report, { t, language }: Speaker): string {
  const label = monthLabels(report, language)
  return shareChart({
    name: 'chart-months',
    title,
    description: t('report.chart.months'),
    steps: report.by_month.map(({ month, in_time_told: { share, of } }) => ({
      label: label(month),
      share,
      of,
      text: share === null ? '' : `${Math.round(share * 100)}%`,
    })),
  })
}

/** "Agu"; over more than a year "8/26". */
function monthLabels({ by_month }: Report, language: Speaker['language']): (month: string) => string {
  if (by_month.length <= 12) return (month) => shortMonthText(month, language)
  return (month) => `${Number(month.slice(5))}/${month.slice(2, 4)}`
}

/** Nothing to draw. */
function isEmpty(row: readonly Cell[]): boolean {
  return row.slice(1).every((cell) => sizeOf(cell) === 0)
}

function happened(rows: Cell[][]): Cell[][] {
  return rows.filter(([, cases]) => cases !== 0)
}

/** The columns of the levels as rows of their own. */
function levelTotals({ head, rows }: ReportTable): Cell[][] {
  return head.slice(1, -1).map((level, index) => [level, rows.reduce((sum, row) => sum + Number(row[index + 1]), 0)])
}

function sizeOf(cell: Cell): number {
  if (typeof cell === 'number') return cell
  if (typeof cell === 'string') return 0
  return 'money' in cell ? cell.money : (cell.share ?? 0)
}
