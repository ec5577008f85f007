import type { App } from '../app.ts'
import { dateText, percentText } from '../console/figures.ts'
import { cellText, flatTable, reportTables, TABLE_KEYS } from '../console/report-tables.ts'
import { definitionsOf } from '../console/report-view.ts'
import { reportXlsx } from '../console/report-xlsx.ts'
import { loadWords } from '../console/words.ts'
import { AppError } from '../lib/errors.ts'
import { cellText as plainText } from '../overstay/export.ts'
import { reportOf } from '../overstay/report.ts'
import { type Period, readPeriod } from '../overstay/report-period.ts'
import { type ExitCode, type Output, table } from './output.ts'
import { writePrivateFile } from './private-file.ts'

const LANGUAGE = 'id'

/** `report`: the office's figures of a period, on the terminal, as XLSX, as JSON. */
export async function reportCommand(
  app: App,
  output: Output,
  options: { from?: string; to?: string; xlsx?: string },
): Promise<ExitCode> {
  const speaker = { t: (await loadWords())[LANGUAGE], language: LANGUAGE } as const
  const { t } = speaker
  const period = periodOf(app, options)
  const report = await reportOf({ read: app.db.read, office: app.office, today: app.today(), regencies: null }, period)
  if (options.xlsx) writePrivateFile(options.xlsx, await reportXlsx(report, app.office, speaker))

  const { count, of, share } = report.total.in_time_told
  output.line(`${app.office.name}, ${dateText(period.from, LANGUAGE)} – ${dateText(period.to, LANGUAGE)}`)
  output.line('')
  output.line(`${t('report.headline')}: ${percentText(share, LANGUAGE)}`)
  output.line(of === 0 ? t('report.noShare') : t('report.ofText', { count, of }))
  for (const text of definitionsOf(report, speaker)) output.line(`- ${text}`)
  const tables = reportTables(report, speaker)
  for (const key of TABLE_KEYS) {
    const { title } = tables[key]
    const { head, rows } = flatTable(tables[key], speaker)
    if (rows.length === 0) continue
    output.line('')
    output.line(title)
    for (const line of table([head, ...rows.map((row) => row.map((cell) => plainText(cellText(cell, LANGUAGE))))])) {
      output.line(`  ${line}`)
    }
  }
  output.result({ ...report })
  return 0
}

function periodOf(app: App, options: { from?: string; to?: string }): Period {
  const read = readPeriod(options, app.today())
  if (!('fault' in read)) return read
  const faults = {
    missing: () => '--from and --to belong together; without both the report is of this year',
    'not-a-date': (text: string) => `"${text}" is no date written YYYY-MM-DD`,
    backwards: () => '--from is later than --to',
    'too-long': () => 'a period has at most 5 years',
  }
  throw new AppError('usage', faults[read.fault]('text' in read ? read.text : ''))
}
