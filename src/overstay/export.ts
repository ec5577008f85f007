import { stringify } from 'csv-stringify/sync'
import type { SheetData } from 'write-excel-file/node'
import { dateAt } from '../lib/civil-date.ts'
import type { OverstayRow } from './case-list.ts'

type Cell = string | number

export const XLSX_TYPE = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'

/** Headers of the officers' list as a file, in its order. */
export const OVERSTAY_HEADERS: readonly string[] = [
  'Kasus',
  'Hari',
  'Tingkat',
  'Nama',
  'Kewarganegaraan',
  'Izin',
  'No. izin',
  'Berlaku s.d.',
  'Kabupaten/Kota',
  'Kecamatan',
  'Telepon',
  'Penjamin',
  'Kontak terakhir',
  'Terkonfirmasi',
  'Petugas',
  'Perkiraan',
  'Catatan',
]

export function overstayCells(row: OverstayRow, timeZone: string): Cell[] {
  return [
    row.case_id,
    row.days,
    `${row.level}${row.day_60 ? ' (hari ke-60)' : ''}`,
    row.name,
    row.nationality,
    row.permit_kind,
    row.permit_no,
    row.expires_on,
    row.regency ?? '',
    row.district ?? '',
    row.phone ?? '',
    row.sponsor_name ?? '',
    lastContact(row, timeZone),
    row.confirmed ? 'ya' : 'tidak',
    row.assigned_to ?? '',
    `${row.fee.amount} ${row.fee.currency}`,
    remark(row),
  ]
}

/** CSV with a BOM. */
export async function* overstayCsv(rows: AsyncIterable<OverstayRow>, timeZone: string): AsyncGenerator<string> {
  yield '\uFEFF'
  yield csvLine(OVERSTAY_HEADERS)
  for await (const row of rows) yield csvLine(overstayCells(row, timeZone))
}

/** One sheet; texts are texts whatever they begin with. */
export async function overstayXlsx(rows: AsyncIterable<OverstayRow>, timeZone: string): Promise<Buffer> {
  const cells = await Array.fromAsync(rows, (row) => overstayCells(row, timeZone))
  const { default: writeXlsxFile } = await import('write-excel-file/node')
  return writeXlsxFile(sheetData(OVERSTAY_HEADERS, cells), { stickyRowsCount: 1 }).toBuffer()
}

/** Headers and rows as write-excel-file takes them; nothing in them is a formula. */
export function sheetData(headers: readonly string[], rows: readonly (readonly Cell[])[]): SheetData {
  return [
    headers.map((value) => ({ value, type: String, fontWeight: 'bold' })),
    ...rows.map((cells) =>
      cells.map((value) =>
        typeof value === 'number' ? { value, type: Number } : { value: cellText(value), type: String },
      ),
    ),
  ]
}

/** What a spreadsheet can hold and show as it was written: no control characters, no switched direction, not too long. */
export function cellText(text: string): string {
  return text.replace(/[\p{Cc}\u200E\u200F\u202A-\u202E\u2066-\u2069\uFFFE\uFFFF]/gu, ' ').slice(0, longestCell)
}

const longestCell = 32_767

/** A cell that begins like a formula gets an apostrophe: a spreadsheet would run it. */
export function csvLine(cells: readonly Cell[]): string {
  const safe = cells.map((cell) => (typeof cell === 'string' ? cellText(cell) : cell))
  return stringify([safe], { escape_formulas: true })
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
