import type { App } from '../app.ts'
import { languageOf, loadLanguages } from '../compose/language.ts'
import { budgetState } from '../deliver/budget.ts'
import { spentThisMonth } from '../deliver/cost.ts'
import { type CostDeps, type CostedRow, forecastCost } from '../deliver/forecast-cost.ts'
import { addDays } from '../lib/civil-date.ts'
import { type Offices, onlyOffice } from '../lib/offices.ts'
import { stageName } from '../lib/stage-name.ts'
import { type ExitCode, type Output, table } from './output.ts'

/** `forecast --days N`: who will be told when, by stage, language and channel, and at what cost. */
export async function forecastCommand(
  app: App,
  output: Output,
  { days, office }: { days: number; office?: string },
): Promise<ExitCode> {
  const deps = costDepsOf(app, office === undefined ? app.offices : onlyOffice(app.offices, office))
  const now = app.clock.now()
  const today = app.today()
  const rows = await forecastCost(deps, { today, days, now })
  const {
    since,
    cost: spent,
    monthly,
    percent,
    currency,
  } = budgetState(await spentThisMonth(app.db.read, { office: app.offices.home, now }), { office: app.offices.home })
  const total = totalOf(rows)
  const result = {
    from: today,
    to: addDays(today, days - 1),
    currency,
    prices_verified: !app.office.unverified.includes('prices'),
    total,
    by_day: totalsBy(rows, (row) => row.on),
    by_stage: totalsBy(rows, (row) => String(row.stage)),
    by_language: totalsBy(rows, (row) => row.language),
    by_channel: totalsBy(rows, (row) => row.channel),
    rows: rows.map(({ on, callMinutes, ...row }) => ({
      date: on,
      ...row,
      call_minutes: callMinutes,
      cost: money(row.cost),
    })),
    budget: { monthly, spent: money(spent), since, percent },
  }
  output.line(`${result.from} to ${result.to}, at most: as if nobody renewed, left or answered`)
  const lines = Object.entries(result.by_day).map(([day, of]) => [day, ...cells(of, currency), breakdown(rows, day)])
  for (const line of table([...lines, ['total', ...cells(total, currency), '']])) output.line(line)
  for (const [title, by] of [
    ['stage', result.by_stage],
    ['language', result.by_language],
    ['channel', result.by_channel],
  ] as const) {
    if (rows.length > 0) output.line('')
    for (const line of table(Object.entries(by).map(([name, of]) => [`${title} ${name}`, ...cells(of, currency)])))
      output.line(line)
  }
  output.line('')
  output.line(
    `spent since ${since}: ${money(spent).toFixed(2)} ${currency}${monthly === null ? ', no ceiling' : ` of ${monthly} (${percent}%)`}`,
  )
  if (!result.prices_verified) output.line('the prices in OFFICE_FILE are not verified yet')
  output.result(result)
  return 0
}

/** What forecast and budget need of the program, for these offices: all unless told. Without PUBLIC_BASE_URL links are as long as the office's own address makes them. */
export function costDepsOf(
  app: Pick<App, 'db' | 'offices' | 'templatesOf' | 'config'>,
  offices: Offices = app.offices,
): CostDeps {
  const languages = loadLanguages(app.config.templatesDir)
  return {
    read: app.db.read,
    vault: app.db.vault,
    offices,
    templatesOf: app.templatesOf,
    languageOf: (person) => languageOf(person, languages),
    publicBaseUrl: app.config.publicBaseUrl ?? offices.home.website.replace(/\/$/, ''),
  }
}

type Total = { notices: number; deliveries: number; segments: number; call_minutes: number; cost: number }

function totalOf(rows: readonly CostedRow[]): Total {
  const total = { notices: 0, deliveries: 0, segments: 0, call_minutes: 0, cost: 0 }
  for (const row of rows) {
    total.notices += row.notices
    total.deliveries += row.deliveries
    total.segments += row.segments
    total.call_minutes += row.callMinutes
    total.cost += row.cost
  }
  return { ...total, cost: money(total.cost) }
}

function totalsBy(rows: readonly CostedRow[], keyOf: (row: CostedRow) => string): Record<string, Total> {
  return Object.fromEntries([...Map.groupBy(rows, keyOf)].map(([key, of]) => [key, totalOf(of)]))
}

function cells(of: Total, currency: string): string[] {
  return [
    `${of.deliveries} deliveries`,
    `${of.segments} segments`,
    `${of.call_minutes} minutes`,
    `${of.cost.toFixed(2)} ${currency}`,
  ]
}

/** `H-14: 3 sms id, 3 call id`. */
function breakdown(rows: readonly CostedRow[], day: string): string {
  const byStage = Map.groupBy(
    rows.filter((row) => row.on === day),
    (row) => row.stage,
  )
  return [...byStage]
    .map(
      ([stage, of]) =>
        `${stageName(stage)}: ${of.map((row) => `${row.deliveries} ${row.channel} ${row.language}`).join(', ')}`,
    )
    .join('; ')
}

function money(amount: number): number {
  return Math.round(amount * 10_000) / 10_000
}
