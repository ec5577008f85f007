/** The columns of a register file, by the names that design and errors use. */
export const fields = [
  'register_no',
  'full_name',
  'nationality',
  'passport_no',
  'sex',
  'birth_date',
  'phone',
  'whatsapp_opt_in_on',
  'language',
  'address',
  'regency',
  'district',
  'purpose',
  'sponsor_name',
  'sponsor_phone',
  'permit_no',
  'permit_kind',
  'index_code',
  'issued_on',
  'expires_on',
] as const

export type Field = (typeof fields)[number]
export type Columns = Map<Field, number>

/** What officers call each column; also an accepted spelling. */
export const fieldLabels: Record<Field, string> = {
  register_no: 'No. Register (NIORA)',
  full_name: 'Nama',
  nationality: 'Kewarganegaraan',
  passport_no: 'No. Paspor',
  sex: 'Jenis Kelamin',
  birth_date: 'Tanggal Lahir',
  phone: 'No. HP',
  whatsapp_opt_in_on: 'Persetujuan WhatsApp',
  language: 'Bahasa',
  address: 'Alamat',
  regency: 'Kabupaten/Kota',
  district: 'Kecamatan',
  purpose: 'Tujuan',
  sponsor_name: 'Penjamin',
  sponsor_phone: 'No. HP Penjamin',
  permit_no: 'No. Izin',
  permit_kind: 'Jenis Izin',
  index_code: 'Indeks',
  issued_on: 'Tanggal Terbit',
  expires_on: 'Berlaku s.d.',
}

export type Header = { columns: Columns; unknown: string[]; missing: Field[] }

/**
 * Finds each field's column by its header, in English or Indonesian. Of two columns for one field the first counts and the
 * other is `unknown`. `missing` are required fields without a column; a passport number or a register number will do.
 */
export function columnsOf(header: readonly string[]): Header {
  const columns: Columns = new Map()
  const unknown: string[] = []
  header.forEach((name, index) => {
    const field = fieldOf(name)
    if (field && !columns.has(field)) columns.set(field, index)
    else if (name.trim() !== '') unknown.push(name.trim())
  })
  const missing = required.filter((field) => !columns.has(field))
  if (!columns.has('passport_no') && !columns.has('register_no')) missing.push('passport_no')
  return { columns, unknown, missing }
}

const required: readonly Field[] = ['full_name', 'nationality', 'permit_no', 'permit_kind', 'expires_on']

/** The row of `rows` that names the most columns, if it names at least three; titles may stand above it. */
export function findHeader(rows: readonly (readonly string[])[]): number | undefined {
  let best: { index: number; found: number } | undefined
  rows.forEach((row, index) => {
    const found = columnsOf(row).columns.size
    if (found >= 3 && found > (best?.found ?? 0)) best = { index, found }
  })
  return best?.index
}

function fieldOf(name: string): Field | undefined {
  if (name.length > 100) return undefined
  return spellings.get(squash(name)) ?? spellings.get(squash(name.replace(/\([^)]*\)/g, '')))
}

function squash(name: string): string {
  return name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '')
}

// Spellings are told apart by |; a word in braces stands for all its own.
const words: Record<string, string> = {
  no: 'no | nomor | number | nr | num',
  tgl: 'tgl | tanggal',
  paspor: 'paspor | passport | pasport',
  izin: 'izin | ijin | izin tinggal | ijin tinggal | intal | stay permit | permit | dokim',
  hp: `hp | handphone | ponsel | telepon | telp | tlp | tel | phone | mobile | mobile phone | wa | whatsapp | kontak | contact
    | hp/wa | wa/hp | telp/hp | telepon/hp | hp/telp`,
  sponsor: 'sponsor | penjamin | guarantor | penjamin/sponsor | sponsor/penjamin',
  wa: 'wa | whatsapp',
  sd: 'sd | sampai | sampai dengan | hingga',
  lapsed: `berakhir | berakhirnya | akhir | akhir berlaku | habis | habis berlaku | berlaku {sd} | jatuh tempo
    | kedaluwarsa | kadaluwarsa | kadaluarsa | kedaluarsa | exp | expired | expiry`,
}

const aliases: Record<Field, string> = {
  register_no: `register {no} | {no} register | registration {no} | {no} registrasi | reg {no} | {no} reg
    | niora | {no} niora | {no} induk | {no} induk orang asing`,
  full_name: `full name | name | nama | nama lengkap | nama wna | nama orang asing | nama pemegang | nama pemegang {izin}
    | nama sesuai {paspor}`,
  nationality: `nationality | citizenship | country | kewarganegaraan | warga negara | kebangsaan | negara | negara asal
    | asal negara | kwn | wn`,
  passport_no: '{paspor} {no} | {no} {paspor} | {paspor}',
  sex: 'sex | gender | jenis kelamin | kelamin | jk | l/p | m/f',
  birth_date: 'birth date | date of birth | dob | {tgl} lahir | {tgl} kelahiran',
  phone: '{hp} | {no} {hp} | {hp} {no} | {no} {hp} wna | cell phone',
  whatsapp_opt_in_on: `{wa} opt in on | {wa} opt in | opt in {wa} | persetujuan {wa} | {tgl} persetujuan {wa} | setuju {wa}`,
  language: 'language | lang | bahasa',
  address: `address | alamat | alamat tinggal | alamat tempat tinggal | tempat tinggal | alamat domisili | domisili
    | alamat wna | alamat di indonesia`,
  regency: `regency | city | regency/city | kabupaten | kab | kota | kabupaten/kota | kota/kabupaten | kab/kota | kota/kab`,
  district: 'district | kecamatan | kec',
  purpose: `purpose | purpose of stay | activity | tujuan | tujuan tinggal | keperluan | kegiatan | maksud | maksud tinggal
    | maksud dan tujuan`,
  sponsor_name: '{sponsor} | {sponsor} name | nama {sponsor}',
  sponsor_phone: '{sponsor} {hp} | {sponsor} {hp} {no} | {hp} {sponsor} | {no} {hp} {sponsor}',
  permit_no: `{izin} {no} | {no} {izin} | {no} itk | {no} itas | {no} itap | {no} kitas | {no} kitap | {no} kitas/kitap
    | {no} itas/itap | {no} itk/itas/itap | {no} dokumen keimigrasian`,
  permit_kind: `{izin} | {izin} kind | {izin} type | kind of {izin} | type of {izin} | jenis {izin} | tipe {izin}
    | status {izin}`,
  index_code: `index | index code | visa index | visa type | indeks | indeks visa | index visa | indeks {izin} | kode indeks
    | kode index | kode visa | jenis visa`,
  issued_on: `issued | issued on | issued date | issue date | date of issue | valid from | terbit | {tgl} terbit
    | {tgl} penerbitan | {tgl} dikeluarkan | {tgl} {izin} | berlaku dari | berlaku mulai | berlaku sejak | mulai berlaku`,
  expires_on: `expires | expires on | expiry | expiry date | exp date | expired date | expiration | expiration date
    | date of expiry | valid until | valid till | valid thru | valid to | {izin} expiry date | {izin} expires on
    | {lapsed} | {tgl} {lapsed} | {tgl} {lapsed} {izin} | {izin} berlaku {sd}
    | masa berlaku | masa berlaku {sd} | masa berlaku {izin}`,
}

const spellings = spellingsOf()

function spellingsOf(): ReadonlyMap<string, Field> {
  const table = new Map<string, Field>()
  for (const field of fields) {
    for (const alias of [field, fieldLabels[field].replace(/\(.*\)/, ''), ...choices(aliases[field])]) {
      for (const spelling of expand(alias)) {
        const other = table.get(squash(spelling))
        if (other && other !== field) throw new Error(`header "${spelling}" would name both ${other} and ${field}`)
        table.set(squash(spelling), field)
      }
    }
  }
  return table
}

function expand(alias: string): string[] {
  const brace = /\{(\w+)\}/.exec(alias)
  if (!brace) return [alias]
  return choices(words[brace[1]!]!).flatMap((word) => expand(alias.replace(brace[0], word)))
}

function choices(text: string): string[] {
  return text.split('|').map((choice) => choice.trim())
}
