import { describe, expect, it } from 'vitest'
import { columnsOf, type Field, fields } from './headers.ts'
import { type ParsedRow, parseRow } from './parse-row.ts'
import { testToday } from './testing.ts'

const { columns } = columnsOf(fields)

const whole: Record<Field, string> = {
  register_no: '2c21je0001-w',
  full_name: 'Chen Mei-Ling',
  nationality: 'Taiwan',
  passport_no: 'a 1234567',
  sex: 'P',
  birth_date: '01/02/1990',
  phone: '+886 912 345 678',
  whatsapp_opt_in_on: '2026-01-05',
  language: 'zh-tw',
  address: 'Jl. Merdeka 17',
  regency: 'Kota Blitar',
  district: 'Sananwetan',
  purpose: 'Belajar',
  sponsor_name: 'PT Contoh',
  sponsor_phone: '(0342) 801234',
  permit_no: '2c21-b/26',
  permit_kind: 'KITAS',
  index_code: 'e30a',
  issued_on: '06/12/2025',
  expires_on: '06/12/2026',
}

function parse(changes: Partial<Record<Field, string>>): ParsedRow {
  const values = { ...whole, ...changes }
  return parseRow(
    fields.map((field) => values[field]),
    columns,
    testToday,
  )
}

function rowOf(changes: Partial<Record<Field, string>>) {
  const parsed = parse(changes)
  if ('faults' in parsed) throw new Error(JSON.stringify(parsed.faults))
  return parsed
}

describe('parseRow', () => {
  it('reads a whole row', () => {
    expect(parse({})).toEqual({
      row: {
        registerNo: '2C21JE0001-W',
        fullName: 'Chen Mei-Ling',
        nationality: 'TW',
        passportNo: 'A1234567',
        sex: 'F',
        birthDate: '1990-02-01',
        phone: { number: '+886912345678', country: 'TW', line: 'mobile' },
        phoneRemark: null,
        whatsappOptInOn: '2026-01-05',
        language: 'zh-TW',
        address: 'Jl. Merdeka 17',
        regency: 'Kota Blitar',
        district: 'Sananwetan',
        purpose: 'Belajar',
        sponsorName: 'PT Contoh',
        sponsorPhone: { number: '+62342801234', country: 'ID', line: 'fixed' },
        permitNo: '2C21-B/26',
        permitKind: 'ITAS',
        indexCode: 'E30A',
        issuedOn: '2025-12-06',
        expiresOn: '2026-12-06',
      },
      remarks: [],
    })
  })

  it('reads a row that has nothing but what is required', () => {
    const needed: Field[] = ['full_name', 'nationality', 'passport_no', 'permit_no', 'permit_kind', 'expires_on']
    const empty = Object.fromEntries(fields.filter((field) => !needed.includes(field)).map((field) => [field, '-']))
    const { row, remarks } = rowOf(empty)
    expect(remarks).toEqual([])
    expect(
      Object.entries(row)
        .filter(([, value]) => value !== null)
        .map(([name]) => name),
    ).toEqual(['passportNo', 'fullName', 'nationality', 'permitNo', 'permitKind', 'expiresOn'])
  })

  it('takes columns that the file does not have as empty', () => {
    const header = ['Nama', 'Kewarganegaraan', 'NIORA', 'No. Izin', 'Jenis Izin', 'Berlaku s.d.']
    const parsed = parseRow(['Ana', 'PH', 'R-1', 'P-1', 'ITK', '2026-12-06'], columnsOf(header).columns, testToday)
    expect(parsed).toMatchObject({ row: { fullName: 'Ana', passportNo: null, phone: null, sex: null }, remarks: [] })
  })

  it.each<[Field, string, string, string]>([
    ['full_name', '', '', 'is required and empty'],
    ['full_name', ' - ', '•••', 'is required and empty'],
    ['full_name', '12345678', '12•••78', 'holds no letter'],
    ['full_name', '#N/A', '•••', 'was mangled by a spreadsheet; enter it again as text'],
    ['nationality', 'Atlantis', 'Atlantis', 'is no known country; use an ISO code or a country name'],
    ['nationality', '', '', 'is required and empty'],
    ['permit_no', 'tidak ada', 'ti•••da', 'is required and empty'],
    ['permit_no', '2.12346E+11', '2.•••11', 'was mangled by a spreadsheet; enter it again as text'],
    ['permit_kind', '', '', 'is required and empty'],
    ['expires_on', '', '', 'is required and empty'],
    ['expires_on', '31/02/2026', '31/02/2026', 'there is no 31 February 2026'],
    ['expires_on', '06/12/26', '06/12/26', 'the year must have four digits'],
    ['expires_on', '23/11/2041', '23/11/2041', 'is more than 15 years ahead'],
    ['expires_on', '21/11/2011', '21/11/2011', 'is more than 15 years ago'],
  ])('rejects a row whose %s is %j', (column, text, value, reason) => {
    expect(parse({ [column]: text })).toMatchObject({
      faults: [{ column, value, fatal: true, reason: { en: reason } }],
    })
  })

  it.each<[Field, string, string, string]>([
    ['passport_no', '1.23457E+08', '1.•••08', 'was mangled by a spreadsheet; enter it again as text'],
    ['passport_no', 'sedang diurus', 'se•••us', 'is not a passport number'],
    ['sex', 'ya', 'ya', 'must be M or F'],
    ['birth_date', '31/02/1990', '31•••90', 'there is no 31 February 1990'],
    ['birth_date', '01/01/2027', '01•••27', 'lies in the future'],
    ['phone', '8.12346E+11', '8.•••11', 'was mangled by a spreadsheet; enter it again as text'],
    ['phone', '0812', '•••', 'no such telephone number can exist'],
    ['phone', '08123456789 / 08198765432', '08•••32', 'holds several numbers; the first good one is used'],
    ['whatsapp_opt_in_on', 'ya', 'ya', 'is not a date; write it like 06/12/2026 or 2026-12-06'],
    ['whatsapp_opt_in_on', '2026-11-23', '2026-11-23', 'lies in the future'],
    ['language', 'Klingonish', 'Klingonish', 'is no known language; use a tag such as en'],
    ['address', 'x'.repeat(501), 'xx•••xx', 'is longer than 500 characters'],
    ['sponsor_phone', 'abc', '•••', 'is not a telephone number'],
    ['issued_on', '07/12/2026', '07/12/2026', 'is later than the date of expiry'],
    ['index_code', '#REF!', '#REF!', 'was mangled by a spreadsheet; enter it again as text'],
  ])('takes a row whose %s is %j, with a remark', (column, text, value, reason) => {
    expect(rowOf({ [column]: text }).remarks).toMatchObject([{ column, value, fatal: false, reason: { en: reason } }])
  })

  it('names every fault of a row at once', () => {
    expect(parse({ full_name: '', nationality: '?', expires_on: 'x', phone: 'abc' })).toMatchObject({
      faults: [
        { column: 'full_name', fatal: true },
        { column: 'nationality', fatal: true },
        { column: 'expires_on', fatal: true },
        { column: 'phone', fatal: false },
      ],
    })
  })

  it('rejects a row with neither a passport nor a register number, and names a bad one', () => {
    expect(parse({ register_no: '', passport_no: '-' })).toMatchObject({
      faults: [
        { column: 'passport_no', fatal: true, reason: { en: 'a passport number or a register number is required' } },
      ],
    })
    expect(parse({ register_no: '', passport_no: '1.2E+08' })).toMatchObject({
      faults: [{ column: 'passport_no', fatal: true, reason: { en: expect.stringContaining('mangled') } }],
    })
  })

  it('accepts the last day of fifteen years, and today as a day of birth', () => {
    expect(rowOf({ expires_on: '22/11/2041', birth_date: '22/11/2026' }).row).toMatchObject({
      expiresOn: '2041-11-22',
      birthDate: '2026-11-22',
    })
  })

  it.each([
    ['ITK', 'ITK'],
    ['Izin Tinggal Kunjungan', 'ITK'],
    ['kitas', 'ITAS'],
    ['e-ITAS', 'ITAS'],
    ['KITAP', 'ITAP'],
    ['e-VOA', 'VOA'],
    ['Visa on Arrival', 'VOA'],
    ['BVK', 'BVK'],
    ['F', 'F'],
    ['Diplomatik', 'DIPLOMATIK'],
    ['dinas', 'DINAS'],
    ['Izin Khusus Baru', 'Izin Khusus Baru'],
  ])('takes the kind %j as %j, and drops nobody for an unknown one', (text, kind) => {
    expect(rowOf({ permit_kind: text }).row.permitKind).toBe(kind)
  })

  it.each([
    ['  محمد   علي ', 'محمد علي'],
    ['สมชาย ใจดี', 'สมชาย ใจดี'],
    ['王\u3000小明', '王 小明'],
    ['Ana 🌸', 'Ana 🌸'],
    ['Siti\r\nAminah', 'Siti Aminah'],
    ['O’Brien "Bob" & Söhne', 'O’Brien "Bob" & Söhne'],
    ['Jose\u0301', 'José'],
    ['\u202bAli\u202c', 'Ali'],
    ['A\u0000li\ud800', 'A li\ufffd'],
    ['=HYPERLINK("x")', '=HYPERLINK("x")'],
    ['="Ali"', 'Ali'],
  ])('keeps the name %j', (text, name) => {
    expect(rowOf({ full_name: text }).row.fullName).toBe(name)
  })

  it.each([
    ['id', 'id'],
    ['EN', 'en'],
    ['pt_br', 'pt-BR'],
    ['Bahasa Indonesia', 'id'],
    ['Mandarin', 'zh'],
    ['Jepang', 'ja'],
    ['Japanese', 'ja'],
  ])('reads the language %j as %s', (text, language) => {
    expect(rowOf({ language: text }).row.language).toBe(language)
  })

  it.each([
    ['L', 'M'],
    ['Laki-laki', 'M'],
    ['male', 'M'],
    ['Perempuan', 'F'],
    ['W', 'F'],
    ['X', null],
  ])('reads the sex %j as %s', (text, sex) => {
    expect(rowOf({ sex: text })).toMatchObject({ row: { sex }, remarks: [] })
  })

  it('keeps the code of what was wrong with the phone, for the follow-up', () => {
    expect(rowOf({ phone: '8.12346E+11' }).row).toMatchObject({ phone: null, phoneRemark: 'mangled' })
    expect(rowOf({ phone: '08123456789\n08198765432' }).row).toMatchObject({
      phone: { number: '+628123456789' },
      phoneRemark: 'first-of-several',
    })
    expect(rowOf({ phone: 'tidak ada' })).toMatchObject({ row: { phone: null, phoneRemark: null }, remarks: [] })
  })

  it('does not guess whose number 886… is when its owner is Taiwanese', () => {
    expect(rowOf({ phone: '886912345678' }).row).toMatchObject({ phone: null, phoneRemark: 'ambiguous' })
  })

  it('never shows a personal value in a fault', () => {
    const personal = {
      full_name: '99887766',
      passport_no: 'secret words',
      phone: '0812345',
      address: 'rahasia '.repeat(99),
    }
    expect(JSON.stringify(parse(personal))).not.toMatch(/99887766|secret words|0812345|rahasia/)
  })
})
