import { randomBytes } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { gzipSync } from 'node:zlib'
import { type Part, writeZip } from './zip-file.ts'

/** A file that somebody made to hurt, and what the program says to it. */
export type HostileFile = {
  /** As it is uploaded. */
  name: string
  what: string
  write(path: string): Promise<void>
  says: { id: RegExp; en: RegExp }
}

const MIB = 1024 * 1024
const HEADER = ['NIORA', 'Nama', 'Kewarganegaraan', 'No. Paspor', 'Jenis Izin', 'No. Izin', 'Berlaku s.d.']
const PERSON = ['R-9', 'Mallory', 'MY', 'A9999999', 'ITAS', 'P-9', '2027-01-09']

const damaged = { id: /XLSX rusak/, en: /is a damaged XLSX/ }
const tooLarge = { id: /terlalu besar untuk sebuah register/, en: /is too large for a register/ }
const noRegister = { id: /bukan register/, en: /is not a register/ }
const noWorkbook = { id: /bukan buku kerja XLSX/, en: /is not an XLSX workbook/ }
const noRows = { id: /tidak ada satu baris pun/, en: /has no row below its header/ }

/** All of them; `times` 1 is as large as proves the point, 100 as large as an attacker would send. */
export function hostileFiles(times: number): HostileFile[] {
  return [
    ...bombs(times),
    ...lyingArchives(times),
    ...entities(times),
    ...crookedSheets(times),
    ...texts(times),
    ...masks(),
  ]
}

function bombs(times: number): HostileFile[] {
  const book = (name: string, what: string, parts: Partial<Record<Place, Part['pieces']>>, says: HostileFile['says']) =>
    file(name, what, (path) => writeZip(path, workbook(parts)), says)
  return [
    book(
      'bom-lembar.xlsx',
      `a sheet of ${3 * times} MiB of blanks`,
      { sheet: sheet(repeated(' ', 3 * times * MIB)) },
      times >= 100 ? tooLarge : noRows,
    ),
    book(
      'bom-baris.xlsx',
      `${0.4 * times} million rows of nothing`,
      { sheet: sheet(repeated('<row/>', 2.4 * times * MIB)) },
      times >= 3 ? damaged : noRows,
    ),
    book(
      'bom-kolom.xlsx',
      `${10_000 * times} cells in one row, and no header that counts`,
      {
        sheet: [
          `<worksheet><sheetData><row>`,
          ...repeated('<c t="inlineStr"><is><t>x</t></is></c>', 38 * 10_000 * times),
          '</row></sheetData></worksheet>',
        ],
      },
      noRegister,
    ),
    book(
      'bom-teks.xlsx',
      `${50_000 * times} shared strings`,
      { strings: ['<sst>', ...repeated('<si><t>\u6f22\u5b57abcde</t></si>', 27 * 50_000 * times), '</sst>'] },
      times >= 100 ? tooLarge : noRows,
    ),
    book(
      'bom-teks-kosong.xlsx',
      `${50_000 * times} shared strings of nothing`,
      { strings: ['<sst>', ...repeated('<si/>', 5 * 50_000 * times), '</sst>'] },
      times >= 100 ? damaged : noRows,
    ),
    book(
      'bom-gaya.xlsx',
      `${250_000 + 25_000 * times} cell styles`,
      {
        styles: [
          '<styleSheet><cellXfs>',
          ...repeated('<xf/>', 5 * (250_000 + 25_000 * times)),
          '</cellXfs></styleSheet>',
        ],
      },
      damaged,
    ),
    file(
      'bom-berlapis.xlsx',
      'an archive of archives',
      async (path) => {
        const inner = `${path}.inner`
        await writeZip(inner, [{ name: 'nol', pieces: repeated('\0', times * MIB) }])
        const bytes = await readFile(inner)
        await rm(inner)
        await writeZip(
          path,
          Array.from({ length: 16 }, (_, index) => ({ name: `lapis-${index}.zip`, pieces: [bytes] })),
        )
      },
      noWorkbook,
    ),
  ]
}

function lyingArchives(times: number): HostileFile[] {
  const rows = sheet([row(2, PERSON)])
  const lying = (
    name: string,
    what: string,
    says: NonNullable<Part['says']>,
    expected: HostileFile['says'],
    pieces = rows,
  ) =>
    file(
      name,
      what,
      (path) =>
        writeZip(
          path,
          workbook({ sheet: pieces }).map((part) => (part.name === PLACES.sheet ? { ...part, says } : part)),
        ),
      expected,
    )
  return [
    lying(
      'ukuran-kecil.xlsx',
      'a sheet that unpacks to more than the directory says',
      { size: 100 },
      damaged,
      sheet(repeated(' ', times * MIB)),
    ),
    lying('ukuran-besar.xlsx', 'a sheet that is said to be 4 GiB', { size: 0xfffffffe }, tooLarge),
    lying('zip64.xlsx', 'zip64 numbers of 2^63', { zip64: 2n ** 63n }, damaged),
    lying('zip64-penuh.xlsx', 'zip64 numbers of 2^64 - 1', { zip64: 2n ** 64n - 1n }, damaged),
    lying('tumpang.xlsx', 'parts that share their bytes', { headerAt: 0 }, damaged),
    lying('crc.xlsx', 'a checksum that is wrong', { crc: 1 }, damaged),
    lying('sandi.xlsx', 'a locked part', { flags: 1 }, { id: /terkunci kata sandi/, en: /locked with a password/ }),
    file(
      'teks-500-mb.xlsx',
      'shared strings that are said to be 500 MB',
      (path) =>
        writeZip(
          path,
          workbook({ sheet: rows }).map((part) =>
            part.name === PLACES.strings ? { ...part, says: { size: 500_000_000 } } : part,
          ),
        ),
      tooLarge,
    ),
    file(
      'banyak-bagian.xlsx',
      'twelve thousand parts',
      (path) =>
        writeZip(
          path,
          Array.from({ length: 12_000 }, (_, index) => ({ name: `${index}`, pieces: [] })),
        ),
      tooLarge,
    ),
    file(
      'keluar-folder.xlsx',
      'names that climb out of the folder',
      (path) =>
        writeZip(path, [
          { name: '../../../../../../tmp/tenggat-keluar', pieces: ['x'] },
          { name: '_rels/.rels', pieces: [relationships(['a', 'officeDocument', '../../../../../../etc/passwd'])] },
        ]),
      noWorkbook,
    ),
    file(
      '../../../../etc/terpotong.xlsx',
      'an archive that was cut off',
      async (path) => {
        await writeZip(path, workbook({ sheet: rows }))
        const bytes = await readFile(path)
        await text([bytes.subarray(0, -30)])(path)
      },
      damaged,
    ),
  ]
}

function entities(times: number): HostileFile[] {
  const laughs = Array.from({ length: 9 }, (_, n) => `<!ENTITY lol${n + 1} "${`&lol${n};`.repeat(10)}">`).join('')
  const doctypes: [string, string, string][] = [
    ['tawa', 'a billion laughs', `<!DOCTYPE x [<!ENTITY lol0 "lol">${laughs}]>`],
    [
      'entitas-luar',
      'an entity that is a file of the server',
      '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
    ],
    ['entitas-jaringan', 'a document type from elsewhere', '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">'],
  ]
  const inside = (n: string) => [
    `<worksheet><sheetData>${row(1, HEADER)}${row(2, ['R-9', n, ...PERSON.slice(2)])}</sheetData></worksheet>`,
  ]
  return [
    ...doctypes.flatMap(([name, what, doctype]) => [
      file(
        `${name}.xlsx`,
        what,
        (path) => writeZip(path, workbook({ sheet: [doctype, ...inside('&lol9;&e;')] })),
        damaged,
      ),
      file(
        `${name}-teks.xlsx`,
        `${what}, among the shared strings`,
        (path) =>
          writeZip(
            path,
            workbook({ sheet: sheet([row(2, PERSON)]), strings: [doctype, '<sst><si><t>&lol9;&e;</t></si></sst>'] }),
          ),
        damaged,
      ),
    ]),
    file(
      'komentar.xlsx',
      'a comment that never ends',
      (path) => writeZip(path, workbook({ sheet: sheet(['<!--', ...repeated('<x', (2 + times / 10) * MIB)]) })),
      damaged,
    ),
    file(
      'dalam.xlsx',
      'elements without end inside each other',
      (path) => writeZip(path, workbook({ sheet: sheet(repeated('<a>', 30_000 * times)) })),
      damaged,
    ),
  ]
}

function crookedSheets(times: number): HostileFile[] {
  return [
    file(
      'ujung.xlsx',
      'a sheet of a billion rows, by its own word',
      (path) =>
        writeZip(
          path,
          workbook({
            sheet: [
              `<worksheet><dimension ref="A1:XFD1000000000"/><sheetData>${row(1, HEADER)}${row(1_000_000_000, PERSON)}</sheetData></worksheet>`,
            ],
          }),
        ),
      damaged,
    ),
    file(
      'baris-nan.xlsx',
      'a row with a number that is none',
      (path) =>
        writeZip(
          path,
          workbook({
            sheet: [
              `<worksheet><sheetData>${row(1, HEADER)}<row r="1e309">${cells(PERSON)}</row></sheetData></worksheet>`,
            ],
          }),
        ),
      damaged,
    ),
    file(
      'sampah.xlsx',
      `${12_000 * Math.max(1, times / 20)} rows of rubbish`,
      (path) =>
        writeZip(
          path,
          workbook({ sheet: sheet(repeated('<row><c><v>1</v></c></row>', 26 * 12_000 * Math.max(1, times / 20))) }),
        ),
      noRegister,
    ),
  ]
}

function texts(times: number): HostileFile[] {
  const header = `${HEADER.join(',')}\n`
  const csv = (name: string, what: string, pieces: Part['pieces'], says: HostileFile['says']) =>
    file(name, what, text(pieces), says)
  const utf16 = Buffer.from(`\ufeff${header}${PERSON.join(',')}\n`, 'utf16le')
  const braked = { id: /lebih dari separuh/, en: /more than half/ }
  return [
    csv('satu-baris.csv', `one line of ${times} MiB`, repeated('x', times * MIB), noRegister),
    csv('baris-panjang.csv', `a row of ${times} MiB below a header`, [header, ...repeated('x', times * MIB)], braked),
    csv(
      'kutip.csv',
      `a quotation mark that is not closed for ${times} MiB`,
      [header, '"', ...repeated('x,y\n', times * MIB)],
      noRegister,
    ),
    csv('kutip-genap.csv', `${times} MiB of quotation marks`, [header, ...repeated('"', times * MIB)], braked),
    csv('koma.csv', `a row of ${times * MIB} commas`, [header, ...repeated(',', times * MIB)], braked),
    csv(
      'kolom.csv',
      `a header of ${10_000 * times} columns`,
      [HEADER.join(','), ...repeated(',kolom', 6 * 10_000 * times), '\n', PERSON.join(','), '\n'],
      noRegister,
    ),
    csv('nul.csv', `${times} MiB of NUL`, repeated('\0', times * MIB), noRegister),
    csv('nul-di-dalam.csv', 'NUL in every cell', [header, ...repeated('ab\0cd,ef\0gh,ij\n', 15 * 12_000)], noRegister),
    csv('utf16.csv', 'UTF-16', [utf16], { id: /UTF-16/, en: /UTF-16/ }),
    csv(
      'baris-kosong.csv',
      `${100_000 * times} empty lines`,
      [header, ...repeated('\n', 100_000 * times)],
      times >= 5 ? tooLarge : noRows,
    ),
    csv(
      'sampah.csv',
      `${12_000 * times} lines of rubbish`,
      [header, ...repeated('x\n', 2 * 12_000 * times)],
      noRegister,
    ),
    csv('acak.csv', 'random bytes', [Buffer.from([0]), randomBytes(Math.min(times, 20) * MIB)], {
      id: /bukan/,
      en: /is not/,
    }),
  ]
}

function masks(): HostileFile[] {
  const html = `<html><body><table><tr>${HEADER.map((name) => `<th>${name}</th>`).join('')}</tr></table><script>alert(1)</script></body></html>`
  const web = { id: /halaman web atau XML/, en: /is a web page or XML/ }
  return [
    file('laporan.xls', 'a web page that calls itself .xls', text([html]), web),
    file('laporan.csv', 'XML that calls itself .csv', text([`<?xml version="1.0"?>${html}`]), web),
    file('lama.xlsx', 'an old .xls', text([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.alloc(4096)]), {
      id: /\.xls lama/,
      en: /old \.xls/,
    }),
    file('berkas.csv', 'a PDF', text(['%PDF-1.7\n']), { id: /PDF/, en: /PDF/ }),
    file('mampat.csv', 'gzip', text([gzipSync(HEADER.join(','))]), { id: /bukan/, en: /is not/ }),
    file('kosong.csv', 'blanks', text([' \n\t\n']), { id: /berkas kosong/, en: /is empty/ }),
  ]
}

function file(name: string, what: string, write: HostileFile['write'], says: HostileFile['says']): HostileFile {
  return { name, what, write, says }
}

function text(pieces: Iterable<Uint8Array | string>): HostileFile['write'] {
  return (path) => pipeline(Readable.from(pieces), createWriteStream(path))
}

/** `unit` over and over, about `length` characters, in pieces of 64 KiB. */
function repeated(unit: string, length: number): Iterable<string> {
  const piece = unit.repeat(Math.ceil(65_536 / unit.length))
  return {
    *[Symbol.iterator]() {
      for (let left = length; left > 0; left -= piece.length) {
        yield left >= piece.length ? piece : unit.repeat(Math.ceil(left / unit.length))
      }
    },
  }
}

const PLACES = {
  sheet: 'xl/worksheets/sheet1.xml',
  strings: 'xl/sharedStrings.xml',
  styles: 'xl/styles.xml',
} as const
type Place = keyof typeof PLACES

function workbook(pieces: Partial<Record<Place, Part['pieces']>>): Part[] {
  const contents: Record<Place, Part['pieces']> = {
    sheet: sheet([]),
    strings: ['<sst/>'],
    styles: ['<styleSheet/>'],
    ...pieces,
  }
  return [
    { name: '_rels/.rels', pieces: [relationships(['a', 'officeDocument', 'xl/workbook.xml'])] },
    {
      name: 'xl/workbook.xml',
      pieces: ['<workbook xmlns:r="r"><sheets><sheet name="Isi" sheetId="1" r:id="s"/></sheets></workbook>'],
    },
    {
      name: 'xl/_rels/workbook.xml.rels',
      pieces: [
        relationships(
          ['s', 'worksheet', 'worksheets/sheet1.xml'],
          ['t', 'sharedStrings', 'sharedStrings.xml'],
          ['y', 'styles', 'styles.xml'],
        ),
      ],
    },
    ...(Object.keys(PLACES) as Place[]).map((place) => ({ name: PLACES[place], pieces: contents[place] })),
  ]
}

function relationships(...all: [id: string, type: string, target: string][]): string {
  return `<Relationships>${all.map(([id, type, target]) => `<Relationship Id="${id}" Type="http://x/${type}" Target="${target}"/>`).join('')}</Relationships>`
}

function sheet(below: Iterable<string>): Iterable<string> {
  return {
    *[Symbol.iterator]() {
      yield `<worksheet><sheetData>${row(1, HEADER)}`
      yield* below
      yield '</sheetData></worksheet>'
    },
  }
}

function row(number: number, texts: readonly string[]): string {
  return `<row r="${number}">${cells(texts)}</row>`
}

function cells(texts: readonly string[]): string {
  return texts.map((one) => `<c t="inlineStr"><is><t>${one}</t></is></c>`).join('')
}
