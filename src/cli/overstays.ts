import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { stringify } from 'csv-stringify'
import writeXlsxFile from 'write-excel-file/node'
import type { App } from '../app.ts'
import { dateAt } from '../lib/civil-date.ts'
import { allOverstays, type OverstayRow } from '../overstay/case-list.ts'
import { type ExitCode, type Output, table } from './output.ts'

const COLUMNS: { header: string; value: (row: OverstayRow, timeZone: string) => string | number }[] = [
  { header: 'Kasus', value: (row) => row.case_id },
  { header: 'Hari', value: (row) => row.days },
  { header: 'Tingkat', value: (row) => `${row.level}${row.day_60 ? ' (hari ke-60)' : ''}` },
  { header: 'Nama', value: (row) => row.name },
  { header: 'Kewarganegaraan', value: (row) => row.nationality },
  { header: 'Izin', value: (row) => row.permit_kind },
  { header: 'Berlaku s.d.', value: (row) => row.expires_on },
  { header: 'Kabupaten/Kota', value: (row) => row.regency ?? '' },
  { header: 'Kecamatan', value: (row) => row.district ?? '' },
  { header: 'Kontak terakhir', value: (row, timeZone) => lastContact(row, timeZone) },
  { header: 'Terkonfirmasi', value: (row) => (row.confirmed ? 'ya' : 'tidak') },
  { header: 'Petugas', value: (row) => row.assigned_to ?? '' },
  { header: 'Perkiraan', value: (row) => `${row.fee.amount} ${row.fee.currency}` },
  { header: 'Catatan', value: (row) => remark(row) },
]

/** `overstays`: the officers' list on the terminal, as CSV, as XLSX, as JSON. */
export async function overstaysCommand(
  app: App,
  output: Output,
  options: { csv?: string; xlsx?: string },
): Promise<ExitCode> {
  const rows: OverstayRow[] = []
  for await (const row of allOverstays(app.db.read, { office: app.office, today: app.today() })) rows.push(row)
  const cells = rows.map((row) => COLUMNS.map(({ value }) => value(row, app.office.timeZone)))
  const headers = COLUMNS.map(({ header }) => header)
  if (options.csv) await writeCsv(options.csv, [headers, ...cells])
  if (options.xlsx) await writeXlsx(options.xlsx, headers, cells)
  for (const line of table([headers, ...cells.map((row) => row.map(String))])) output.line(line)
  output.line(`${rows.length} kasus terbuka`)
  output.result({ today: app.today(), overstays: rows })
  return 0
}

function lastContact({ last_contact }: OverstayRow, timeZone: string): string {
  if (!last_contact) return 'belum pernah'
  return `${dateAt(last_contact.at, timeZone)} ${last_contact.channel}: ${last_contact.what}`
}

function remark(row: OverstayRow): string {
  const parts = []
  if (row.known_late) parts.push('lewat sebelum data masuk: periksa perlintasan')
  if (row.proposed) parts.push(`usul tutup: ${row.proposed}`)
  return parts.join('; ')
}

/** A cell that begins like a formula gets an apostrophe: a spreadsheet would run it. */
async function writeCsv(path: string, rows: (string | number)[][]): Promise<void> {
  await pipeline(rows, stringify({ bom: true, escape_formulas: true }), createWriteStream(path, { mode: 0o600 }))
}

async function writeXlsx(path: string, headers: string[], rows: (string | number)[][]): Promise<void> {
  const sheet = [
    headers.map((value) => ({ value, type: String, fontWeight: 'bold' as const })),
    ...rows.map((row) =>
      row.map((value) => (typeof value === 'number' ? { value, type: Number } : { value, type: String })),
    ),
  ]
  await writeXlsxFile(sheet, { stickyRowsCount: 1 }).toFile(path)
}
