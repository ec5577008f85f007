import { describe, expect, it } from 'vitest'
import writeXlsxFile from 'write-excel-file/node'
import { columnsOf } from './headers.ts'
import { monthFirstSign } from './month-first.ts'
import { type ReadFile, readBytes } from './testing.ts'

const header = [
  'NIORA',
  'Nama',
  'Kewarganegaraan',
  'No. Paspor',
  'No. HP',
  'Jenis Izin',
  'No. Izin',
  'Berlaku s.d.',
  'Alamat',
]

type Cells = string[]

function person(
  n: number,
  name: string,
  changes: { country?: string; phone?: string; expires?: string; address?: string } = {},
): Cells {
  const { country = 'MY', phone = '08123456789', expires = '06/12/2026', address = 'Jl. Merdeka 17' } = changes
  return [`R-${n}`, name, country, `A00000${n}`, phone, 'ITAS', `P-${n}`, expires, address]
}

/** Everything that an office's file may bring, each row with what is to become of it: a name, or the reason for its refusal. */
const rows: [Cells, string][] = [
  [person(10, 'Siti Aminah'), 'Siti Aminah'],
  [person(11, 'محمد عبد الله', { country: 'Arab Saudi' }), 'محمد عبد الله'],
  [person(12, 'สมชาย ใจดี', { country: 'Thailand' }), 'สมชาย ใจดี'],
  [person(13, 'Ana 🌸 Maria', { country: 'Filipina' }), 'Ana 🌸 Maria'],
  [person(14, 'Robert "Bob" O’Neil, Jr.', { country: 'AS' }), 'Robert "Bob" O’Neil, Jr.'],
  [person(15, 'Chen\r\nMei-Ling', { country: 'Taiwan', address: 'Jl. A 1,\nRT 2/RW 3,\nBlitar' }), 'Chen Mei-Ling'],
  [person(16, '=HYPERLINK("http://x","Klik")'), '=HYPERLINK("http://x","Klik")'],
  [person(17, '@SUM(1+1)*cmd|calc'), '@SUM(1+1)*cmd|calc'],
  [person(18, 'Tanpa Telepon', { phone: '-' }), 'Tanpa Telepon'],
  [person(19, 'Nomor Rusak', { phone: '8.12346E+11' }), 'Nomor Rusak'],
  [person(20, 'Tanggal Mustahil', { expires: '31/02/2026' }), 'there is no 31 February 2026'],
  [person(21, 'Sel Raksasa', { address: 'x'.repeat(10_000_000) }), 'a cell holds more than 32767 characters'],
  [person(22, 'Negara Khayal', { country: 'Atlantis' }), 'is no known country; use an ISO code or a country name'],
  [person(23, '-'), 'is required and empty'],
  [person(24, 'Tahun Pendek', { expires: '06/12/26' }), 'the year must have four digits'],
  [person(25, 'Tahun Jauh', { expires: '06/12/2062' }), 'is more than 15 years ahead'],
  [person(10, 'Siti Aminah'), 'Siti Aminah'],
  [person(26, 'Terakhir'), 'Terakhir'],
]

function quoted(cells: Cells): string {
  return cells.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(',')
}

// The ten megabytes are read once as CSV and once as XLSX; elsewhere a cell that is just too long will do.
const lighter = rows.map(([cells]) => cells.map((cell) => cell.slice(0, 40_000)))

const isGood = (outcome: string, [, name]: Cells) => name!.replace(/\s+/g, ' ') === outcome
const goodNames = rows.filter(([cells, outcome]) => isGood(outcome, cells)).map(([, outcome]) => outcome)
const badReasons = rows.filter(([cells, outcome]) => !isGood(outcome, cells)).map(([, outcome]) => outcome)

function outcomes({ good, bad }: ReadFile) {
  return {
    good: good.map(({ row }) => row.fullName),
    bad: bad.map(({ faults }) => faults.find(({ fatal }) => fatal)?.reason.en),
  }
}

describe('a hostile register', () => {
  it('keeps every good row of a CSV and names every bad one', async () => {
    const read = await readBytes(`\ufeff${[header, ...rows.map(([cells]) => cells)].map(quoted).join('\r\n')}\r\n`)
    expect(outcomes(read)).toEqual({ good: goodNames, bad: badReasons })
    expect(read.good.find(({ row }) => row.fullName === 'Chen Mei-Ling')).toMatchObject({
      line: 7,
      row: { nationality: 'TW', address: 'Jl. A 1, RT 2/RW 3, Blitar' },
    })
    expect(read.bad.map(({ line }) => line)).toEqual([15, 16, 17, 18, 19, 20])
  })

  it('keeps every good row of the same XLSX and names every bad one', async () => {
    const read = await readBytes(await writeXlsxFile([header, ...rows.map(([cells]) => cells)]).toBuffer(), 'wna.xlsx')
    expect(outcomes(read)).toEqual({ good: goodNames, bad: badReasons })
    expect(read.bad.map(({ line }) => line)).toEqual([12, 13, 14, 15, 16, 17])
  })

  it('keeps the other rows of a CSV whose quotes and bytes are broken too', async () => {
    const lines = [header, ...lighter].map((cells) => Buffer.from(`${quoted(cells)}\r\n`))
    lines.splice(3, 0, Buffer.from('R-90,"Kutip Terbuka,MY,A9000000,-,ITAS,P-90,06/12/2026,x\r\n'))
    lines.splice(9, 0, Buffer.from('R-91,Ren\xe9,FR,A9100000,-,ITAS,P-91,06/12/2026,x\r\n', 'latin1'))
    const { good, bad } = outcomes(await readBytes(Buffer.concat(lines)))
    expect(good).toEqual(goodNames)
    expect(bad).toEqual([
      'a quotation mark (") is not closed, or stands where none may',
      expect.stringMatching(/^is not UTF-8 at byte \d+ of the file$/),
      ...badReasons,
    ])
  })

  it('shows nothing personal in what it says of bad rows', async () => {
    const { bad } = await readBytes([header, ...lighter].map(quoted).join('\n'))
    expect(JSON.stringify(bad)).not.toMatch(/A00000|Mustahil|Raksasa|Merdeka|08123456789/)
  })

  it('has one sign of month-first dates that condemns the whole file, and names its row', async () => {
    const dates = ['06/12/2026', '12/06/2026', '12/31/2026', '01/13/2027']
    const lines = [header, ...dates.map((expires, i) => person(30 + i, 'Ana', { expires }))].map(quoted)
    const { file, sources } = await readBytes(lines.join('\n'))
    const { columns } = columnsOf(file.header)
    expect(sources.map((source) => monthFirstSign(source, columns)).find((sign) => sign !== null)).toEqual({
      line: 4,
      column: 'expires_on',
      value: '12/31/2026',
    })
  })

  it('refuses the whole file where encoding or header are wrong', async () => {
    const text = [header, ...rows.slice(0, 9).map(([cells]) => cells)].map(quoted).join('\r\n')
    await expect(readBytes(Buffer.from(`\ufeff${text}`, 'utf16le'))).rejects.toThrow(/is saved as UTF-16 LE/)
    await expect(readBytes(text.slice(text.indexOf('\r\n') + 2))).rejects.toThrow(/hold no header/)
  })
})
