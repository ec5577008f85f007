import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import { PROJECT_DIR } from '../src/config.ts'
import { addOfficer } from '../src/console/accounts.ts'
import type { Role } from '../src/console/officer.ts'
import { beginSession } from '../src/console/sessions.ts'
import { type Visitor, visitorOf } from '../src/console/testing.ts'
import { csv, type Row, type World } from './world.ts'

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

let serial = 0

/** Somebody with a permit of their own that ends on 15 June 2026. */
export function person(name: string, phone: string): Row {
  serial += 1
  return {
    full_name: name,
    nationality: 'ID',
    passport_no: `X${String(serial).padStart(7, '0')}`,
    phone,
    language: 'id',
    permit_no: `P-${serial}`,
    permit_kind: 'ITK',
    issued_on: '2026-04-16',
    expires_on: '2026-06-15',
  }
}

/** Imports these rows as the register of an office. */
export function bringTo({ app, folder }: World, officeCode: string, rows: readonly Row[]) {
  const file = join(folder, `${officeCode}.csv`)
  writeFileSync(file, csv(rows))
  return app.importFile({ officeCode, file, force: true })
}

/** A visitor of the console with a finished session. `officeCode` null: headquarters. */
export async function signedInAt(
  { app }: World,
  officeCode: string | null,
  { role = 'supervisor', regencies = null }: { role?: Role; regencies?: string[] | null } = {},
): Promise<Visitor & { url: string } & AsyncDisposable> {
  const console = await app.openConsole()
  serial += 1
  const name = `kepala${serial}`
  const now = app.clock.now()
  const known = app.offices.all.flatMap(({ areas }) => areas.regencies)
  await addOfficer({ db: app.db, now }, { name, role, officeCode, regencies, known })
  const { officers } = app.db.t
  const token = await app.db.write(async (tx) => {
    await tx.update(officers).set({ one_time_until: null, totp_confirmed_at: now }).where(eq(officers.name, name))
    const [account] = await tx.select().from(officers).where(eq(officers.name, name))
    return beginSession(tx, { account: account!, codeAt: now, now, policy: app.office.console })
  })
  const visitor = visitorOf(console.url)
  visitor.cookies.set('tenggat-session', token)
  return { ...visitor, url: console.url, [Symbol.asyncDispose]: () => console[Symbol.asyncDispose]() }
}
