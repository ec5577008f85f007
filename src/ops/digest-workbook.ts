import type { Translate } from '../console/words.ts'
import { type CivilDate, dateAt } from '../lib/civil-date.ts'
import type { OverstayRow } from '../overstay/case-list.ts'
import { sheetData } from '../overstay/export.ts'
import type { FollowUpRow } from '../overstay/follow-up-list.ts'

type Cell = string | number

export const FOLLOW_UP_HEADERS: readonly string[] = [
  'No.',
  'Jenis',
  'Sebab',
  'Nama',
  'Kewarganegaraan',
  'Izin',
  'Berlaku s.d.',
  'Sisa hari',
  'Kabupaten/Kota',
  'Kecamatan',
  'Petugas',
  'Tenggat',
]

export const CASE_HEADERS: readonly string[] = [
  'Kasus',
  'Hari',
  'Tingkat',
  'Nama',
  'Kewarganegaraan',
  'Izin',
  'Berlaku s.d.',
  'Kabupaten/Kota',
  'Kecamatan',
  'Terkonfirmasi',
  'Kontak terakhir',
  'Petugas',
  'Catatan',
]

/**
 * The list that goes out by mail, a sheet each for follow-ups and cases. A mailbox keeps what it gets for years and on many
 * machines, so this holds what an officer needs to know whom the list means, and no more: no phone, no passport or permit
 * number, no sponsor, no fee, and nothing that a resident or an officer wrote. All that is in the console.
 */
export async function digestWorkbook({
  followUps,
  overstays,
  timeZone,
  t,
}: {
  followUps: readonly FollowUpRow[]
  overstays: readonly OverstayRow[]
  timeZone: string
  t: Translate
}): Promise<Buffer> {
  const { default: writeXlsxFile } = await import('write-excel-file/node')
  return writeXlsxFile([
    sheet(
      'Tindak lanjut',
      FOLLOW_UP_HEADERS,
      followUps.map((row) => followUpCells(row, t)),
    ),
    sheet(
      'Overstay',
      CASE_HEADERS,
      overstays.map((row) => caseCells(row, { timeZone, t })),
    ),
  ]).toBuffer()
}

function sheet(name: string, headers: readonly string[], rows: readonly (readonly Cell[])[]) {
  const columns = headers.map((header) => ({ width: WIDE[header] ?? 14 }))
  return { sheet: name, data: sheetData(headers, rows), columns, stickyRowsCount: 1 }
}

const WIDE: Readonly<Record<string, number>> = {
  'No.': 7,
  Kasus: 7,
  Hari: 6,
  Sebab: 40,
  Nama: 28,
  Jenis: 24,
  Catatan: 30,
}

function followUpCells(row: FollowUpRow, t: Translate): Cell[] {
  return [
    row.id,
    t(`kindLong.${row.kind}`),
    // What an answer says was pressed or ticked, never typed: `quote` would be.
    row.reason,
    row.name,
    row.nationality,
    row.permit_kind ?? '',
    row.expires_on ?? '',
    row.days_left ?? '',
    row.regency ?? '',
    row.district ?? '',
    row.owner ?? '',
    row.due_on,
  ]
}

function caseCells(row: OverstayRow, { timeZone, t }: { timeZone: string; t: Translate }): Cell[] {
  return [
    row.case_id,
    row.days,
    t(`badge.${row.level}`) + (row.day_60 ? ` (${t('badge.day-60')})` : ''),
    row.name,
    row.nationality,
    row.permit_kind,
    row.expires_on,
    row.regency ?? '',
    row.district ?? '',
    row.confirmed ? 'ya' : 'tidak',
    lastContact(row, timeZone),
    row.assigned_to ?? '',
    remark(row),
  ]
}

/** By which way and when; what was said stays in the console. */
function lastContact({ last_contact: last }: OverstayRow, timeZone: string): CivilDate | string {
  return last ? `${dateAt(last.at, timeZone)} ${last.channel}` : 'belum pernah'
}

function remark(row: OverstayRow): string {
  const parts = []
  if (row.known_late) parts.push('lewat sebelum data masuk: periksa perlintasan')
  if (row.proposed) parts.push('diusulkan ditutup')
  return parts.join('; ')
}
