import type { App } from '../app.ts'
import { type Affected, affectedIn } from '../console/affected/affected.ts'
import type { Deed, Kind } from '../console/affected/touches.ts'
import { recordAudit } from '../console/audit.ts'
import { dateAt, timeAt } from '../lib/civil-date.ts'
import { csvLine } from '../overstay/export.ts'
import { dateOption } from './options.ts'
import { type ExitCode, type Output, table } from './output.ts'
import { writePrivateFile } from './private-file.ts'

type Options = { from: string; to: string; officer?: string; everybody?: boolean; csv?: string }

/** `affected`: whose data was touched, for the letter within 3 x 24 hours (Art. 46 UU PDP). Names stand in the file alone. */
export async function affectedCommand(app: App, output: Output, options: Options): Promise<ExitCode> {
  const { db, office, clock } = app
  const { officer, everybody = false, csv } = options
  const ask = { from: dateOption('--from', options.from), to: dateOption('--to', options.to), officer, everybody }
  const { people, summary } = await affectedIn({ db, office }, ask)
  // After the count: who asks is not to find themselves in it.
  if (csv) {
    await db.write((tx) =>
      recordAudit(tx, { officerId: null, now: clock.now(), action: 'affected', detail: `${people.length} people` }),
    )
    writePrivateFile(csv, csvOf(people, office.timeZone))
  }
  output.line(
    `${summary.from} to ${summary.to}${summary.officer ? `, by ${summary.officer}` : ''}: ${summary.people} people, ${summary.certain} for certain`,
  )
  const counts = Object.entries(summary.by_deed).map(([deed, n]) => [deed, String(n)])
  for (const line of table(counts)) output.line(`  ${line}`)
  output.line(
    `For certain, by kind of data: ${
      Object.entries(summary.by_kind)
        .map(([kind, n]) => `${kind} ${n}`)
        .join(', ') || 'none'
    }`,
  )
  if (csv)
    output.line(
      `${csv} has names and addresses for the letter, for its owner alone: destroy it when the letters are out`,
    )
  else output.line('Names and addresses for the letter: --csv FILE')
  output.result({
    ...summary,
    affected: people.map(({ person, touches, certain, kinds }) => ({ resident: person.id, certain, kinds, touches })),
  })
  return 0
}

const AFFECTED_HEADERS: readonly string[] = [
  'Nomor',
  'Nama',
  'Kewarganegaraan',
  'Telepon',
  'Alamat',
  'Kabupaten/Kota',
  'Penjamin',
  'Telepon penjamin',
  'Kepastian',
  'Data',
  'Kejadian',
  'Pertama',
  'Terakhir',
  'Oleh',
]

/** With a BOM. */
export function csvOf(people: readonly Affected[], timeZone: string): string {
  return `\uFEFF${[AFFECTED_HEADERS, ...people.map((one) => cellsOf(one, timeZone))].map(csvLine).join('')}`
}

function cellsOf({ person, touches, certain, kinds }: Affected, timeZone: string): (string | number)[] {
  const when = (at: number) => `${dateAt(at, timeZone)} ${timeAt(at, timeZone)}`
  const firsts = touches.map(({ first }) => first)
  const lasts = touches.map(({ last }) => last)
  return [
    person.id,
    person.name,
    person.nationality,
    person.phone ?? '',
    person.address ?? '',
    person.regency ?? '',
    person.sponsorName ?? '',
    person.sponsorPhone ?? '',
    certain ? 'pasti' : 'mungkin',
    kinds.map((kind) => kindWords[kind]).join(', '),
    touches.map(({ deed, certain: sure }) => (sure ? deedWords[deed] : `${deedWords[deed]} (mungkin)`)).join(', '),
    firsts.length > 0 ? when(Math.min(...firsts)) : '',
    lasts.length > 0 ? when(Math.max(...lasts)) : '',
    [...new Set(touches.flatMap(({ by }) => by))].sort().join(', '),
  ]
}

const kindWords: Record<Kind, string> = {
  identity: 'nama dan kewarganegaraan',
  passport: 'nomor paspor',
  contact: 'telepon dan alamat',
  permit: 'izin tinggal',
  messages: 'isi pesan',
  case: 'kasus dan catatan petugas',
}

const deedWords: Record<Deed, string> = {
  viewed: 'berkas dibuka',
  exported: 'diekspor',
  changed: 'diubah',
  listed: 'tampil dalam daftar',
  searched: 'tampil dalam pencarian',
  imported: 'diimpor',
  sent: 'dikirimi pesan lewat operator',
  mailed: 'ada dalam surel ringkasan',
  restored: 'dipulihkan dari cadangan',
  erased: 'dihapus',
}
