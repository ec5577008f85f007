import type { Sheet, SheetData } from 'write-excel-file/node'
import type { Office } from '../lib/office.ts'
import { cellText as plainText } from '../overstay/export.ts'
import type { Report } from '../overstay/report.ts'
import { dateText } from './figures.ts'
import { type Cell, flatTable, type ReportTable, reportTables, type Speaker, TABLE_KEYS } from './report-tables.ts'
import { definitionsOf } from './report-view.ts'

/** The summary with its definitions, and a sheet for each table; nothing in it is a formula. */
export async function reportXlsx(report: Report, office: Pick<Office, 'name'>, speaker: Speaker): Promise<Buffer> {
  const tables = reportTables(report, speaker)
  const keys = TABLE_KEYS.filter((key) => key !== 'costs' || report.costs !== null)
  const sheets: Sheet<Buffer>[] = [
    {
      sheet: speaker.t('report.sheet.summary'),
      data: summaryOf(report, office, speaker),
      columns: [{ width: 28 }, { width: 60 }],
    },
    ...keys.map((key) => ({
      sheet: speaker.t(`report.sheet.${key}`),
      data: sheetOf(tables[key], speaker),
      columns: tables[key].head.map((_, column) => ({ width: column === 0 ? 36 : 16 })),
    })),
  ]
  const { default: writeXlsxFile } = await import('write-excel-file/node')
  return writeXlsxFile(sheets).toBuffer()
}

function summaryOf(report: Report, office: Pick<Office, 'name'>, speaker: Speaker): SheetData {
  const { t, language } = speaker
  const { period, today, regencies, total } = report
  const { count, of, share } = total.in_time_told
  const facts: [string, Cell][] = [
    [t('report.office'), office.name],
    [
      t('report.choose'),
      t('report.period', { from: dateText(period.from, language), to: dateText(period.to, language) }),
    ],
    [t('report.made'), dateText(today, language)],
    [
      t('report.area'),
      regencies === null ? t('report.wholeOffice') : t('report.onlyArea', { regencies: regencies.join(', ') }),
    ],
    [t('report.share'), { share }],
    [t('report.count'), count],
    [t('report.of'), of],
  ]
  return [
    [bold(t('report.headline'))],
    [],
    ...facts.map(([name, value]) => [bold(name), written(value)]),
    [],
    [bold(t('report.definition.title'))],
    ...definitionsOf(report, speaker).map((text) => [written(text)]),
  ]
}

function sheetOf(table: ReportTable, speaker: Speaker): SheetData {
  const { title, note } = table
  const { head, rows } = flatTable(table, speaker)
  return [[bold(title)], [written(note ?? '')], [], head.map(bold), ...rows.map((row) => row.map(written))]
}

function bold(text: string) {
  return { value: plainText(text), type: String, fontWeight: 'bold' as const }
}

function written(cell: Cell) {
  if (typeof cell === 'string') return { value: plainText(cell), type: String }
  if (typeof cell === 'number') return { value: cell, type: Number }
  if ('money' in cell) return { value: cell.money, type: Number, format: '0.00' }
  return cell.share === null ? { value: '–', type: String } : { value: cell.share, type: Number, format: '0.0%' }
}
