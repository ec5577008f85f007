import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PROJECT_DIR } from '../src/config.ts'

const TEMPLATES = join(PROJECT_DIR, 'templates')

export const MALANG = `code: MLG
name: Kantor Imigrasi Kelas I TPI Malang
short_name: Imigrasi Malang
address: Jl. Raden Panji Suroso 4, Malang
phone: (0341) 491039
phone_e164: "+62341491039"
map_url: https://maps.example/malang
website: https://malang.imigrasi.go.id
hours:
  - { days: [1, 2, 3, 4, 5], from: "08:00", to: "16:00" }
areas:
  regencies: [Kota Malang]
senders:
  sms: IMIMALANG
  call: "+62341000001"
  whatsapp: "+62341000002"
`

/** In the central time zone: an hour ahead. */
export const MAKASSAR = MALANG.replace('short_name: Imigrasi Malang', 'short_name: Imigrasi Mks')
  .replaceAll('Malang', 'Makassar')
  .replace('code: MLG', 'code: MKS')
  .replace(/senders:[\s\S]*/, 'time_zone: Asia/Makassar\n')

/** An OFFICE_FILE in `folder` with further offices beside it; Malang has Indonesian words of its own. */
export function writeOffices(folder: string): string {
  copyFileSync(join(TEMPLATES, 'office.yaml'), join(folder, 'office.yaml'))
  for (const [code, content] of [
    ['MLG', MALANG],
    ['MKS', MAKASSAR],
  ] as const) {
    mkdirSync(join(folder, 'offices', code), { recursive: true })
    writeFileSync(join(folder, 'offices', code, 'office.yaml'), content)
  }
  const indonesian = readFileSync(join(TEMPLATES, 'id.yaml'), 'utf8')
  writeFileSync(
    join(folder, 'offices', 'MLG', 'id.yaml'),
    indonesian.replaceAll('Izin tinggal Anda berakhir', 'Izin tinggal Saudara berakhir'),
  )
  return join(folder, 'office.yaml')
}
