import type { FastifyReply } from 'fastify'
import { XLSX_TYPE } from '../overstay/export.ts'
import { type Report, reportOf } from '../overstay/report.ts'
import { dateIn, type Period, quarterPeriod, readPeriod, yearPeriod } from '../overstay/report-period.ts'
import { dateText } from './figures.ts'
import { asFile, render, wordsFor } from './pages.ts'
import type { ConsoleRequest, Route } from './route.ts'
import type { Translate } from './words.ts'

export const reportRoutes: Route[] = [
  { method: 'GET', path: '/report', role: 'viewer', audit: { action: 'report.view' }, handle: page('report') },
  {
    method: 'GET',
    path: '/report/print',
    role: 'viewer',
    audit: { action: 'report.print' },
    handle: page('report-print'),
  },
  { method: 'GET', path: '/report.xlsx', role: 'viewer', audit: { action: 'report.export-xlsx' }, handle: xlsx },
]

function page(name: 'report' | 'report-print') {
  return async (request: ConsoleRequest, reply: FastifyReply): Promise<string> => {
    const { officer, query } = request
    const t = wordsFor(reply, officer)
    const asked = periodAsked(request, t)
    const period = 'fault' in asked ? null : asked
    const report = period && (await figuresOf(request, period))
    // With the libraries that draw: most days nobody asks for a report.
    const { reportView } = await import('./report-view.ts')
    if (!report) reply.code(400)
    return render(reply, officer, report ? name : 'report', {
      title: t(name === 'report' ? 'report.title' : 'report.printTitle'),
      styles: ['lists.css', 'report.css'],
      fault: 'fault' in asked ? asked.fault : null,
      given: period ?? { from: dateIn(query.get('from') ?? ''), to: dateIn(query.get('to') ?? '') },
      query: period ? `?${new URLSearchParams(period)}` : '',
      choices: choicesOf(request, t, period),
      periodText: period && periodText(period, officer.language, t),
      report,
      view: report && reportView(report, { t, language: officer.language }),
    })
  }
}

async function xlsx(request: ConsoleRequest, reply: FastifyReply): Promise<Buffer | string> {
  const { officer, deps } = request
  const t = wordsFor(reply, officer)
  const asked = periodAsked(request, t)
  if ('fault' in asked) return page('report')(request, reply)
  const report = await figuresOf(request, asked)
  asFile(reply, { type: XLSX_TYPE, name: `laporan-${asked.from}-${asked.to}.xlsx` })
  const { reportXlsx } = await import('./report-xlsx.ts')
  return reportXlsx(report, deps.office, { t, language: officer.language })
}

function figuresOf({ deps, today, officer }: ConsoleRequest, period: Period): Promise<Report> {
  return reportOf({ read: deps.db.read, office: deps.office, today, regencies: officer.regencies }, period)
}

/** The period, or a sentence for whoever typed it. */
function periodAsked({ query, today }: ConsoleRequest, t: Translate): Period | { fault: string } {
  const read = readPeriod({ from: query.get('from'), to: query.get('to') }, today)
  if (!('fault' in read)) return read
  const { fault, ...values } = read
  return { fault: t(`report.fault.${fault}`, values) }
}

/** This year, last year, and the quarters of the year that is shown. */
function choicesOf({ today }: ConsoleRequest, t: Translate, shown: Period | null) {
  const thisYear = Number(today.slice(0, 4))
  const year = Number((shown?.from ?? today).slice(0, 4))
  const choices = [
    { words: t('report.thisYear'), ...yearPeriod(thisYear) },
    { words: t('report.lastYear'), ...yearPeriod(thisYear - 1) },
    ...[1, 2, 3, 4].map((n) => ({ words: t('report.quarter', { n, year: String(year) }), ...quarterPeriod(year, n) })),
  ]
  return choices.map((one) => ({ ...one, current: one.from === shown?.from && one.to === shown.to }))
}

function periodText(period: Period, language: 'id' | 'en', t: Translate): string {
  const year = period.from.slice(0, 4)
  const whole = yearPeriod(Number(year))
  if (period.from === whole.from && period.to === whole.to) return t('report.year', { year })
  return t('report.period', { from: dateText(period.from, language), to: dateText(period.to, language) })
}
