import { describe, expect, it } from 'vitest'
import writeXlsxFile, { type SheetData } from 'write-excel-file/node'
import { readBytes, zipOf } from './testing.ts'

const header = ['Nama', 'Kewarganegaraan', 'No. Paspor', 'No. Izin', 'Jenis Izin', 'Berlaku s.d.', 'No. HP', 'Alamat']

const expiry = { value: new Date(Date.UTC(2026, 11, 6)), type: Date, format: 'dd/mm/yyyy' }

async function written(rows: SheetData) {
  return await readBytes(await writeXlsxFile(rows).toBuffer(), 'register.xlsx')
}

/** A workbook made by hand, for what the writer above cannot write. `cells` is the inside of sheetData. */
function workbook(cells: string, changes: Record<string, string> = {}): Record<string, string> {
  return {
    '_rels/.rels':
      '<Relationships><Relationship Id="a" Type="http://x/officeDocument" Target="/xl/workbook.xml"/></Relationships>',
    'xl/workbook.xml': '<workbook xmlns:r="r"><sheets><sheet name="Isi" sheetId="1" r:id="s1"/></sheets></workbook>',
    'xl/_rels/workbook.xml.rels': `<Relationships>
      <Relationship Id="s1" Type="http://x/worksheet" Target="worksheets/sheet1.xml"/>
      <Relationship Id="s2" Type="http://x/worksheet" Target="worksheets/sheet2.xml"/>
      <Relationship Id="t" Type="http://x/sharedStrings" Target="sharedStrings.xml"/>
      <Relationship Id="y" Type="http://x/styles" Target="styles.xml"/></Relationships>`,
    'xl/styles.xml': `<styleSheet><numFmts><numFmt numFmtId="164" formatCode="[$-421]d&quot;.&quot;mmm\\-yyyy"/>
      <numFmt numFmtId="165" formatCode="0.0 &quot;days&quot;"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>
      <cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/></cellXfs></styleSheet>`,
    'xl/sharedStrings.xml': '<sst/>',
    'xl/worksheets/sheet1.xml': `<worksheet><sheetData>${rowXml(1, header)}${cells}</sheetData><mergeCells><mergeCell/></mergeCells></worksheet>`,
    ...changes,
  }
}

function rowXml(number: number, cells: readonly string[]): string {
  return `<row r="${number}">${cells.map((cell) => (cell.startsWith('<') ? cell : inline(cell))).join('')}</row>`
}

function inline(text: string): string {
  return `<c t="inlineStr"><is><t>${text}</t></is></c>`
}

function person(name: string, date = '2026-12-06', rest: string[] = []): string[] {
  return [name, 'MY', 'A1234567', 'P-1', 'ITAS', date, ...rest]
}

async function handmade(parts: Record<string, string>, options: Parameters<typeof zipOf>[1] = {}) {
  return await readBytes(zipOf(parts, options), 'register.xlsx')
}

describe('an XLSX register', () => {
  it('is read with date cells, numbers, booleans, titles, blank rows and repeated strings', async () => {
    const { file, good, bad } = await written([
      ['DAFTAR WNA', null],
      [],
      header,
      ['Ana', 'PH', 123456789, 'P-1', 'ITK', expiry, 81234567890, true],
      [],
      ['Budi', 'MY', 'A1234567', 'P-2', 'ITK', expiry, '0812-3456-789', 'Jl. A\nRT 2'],
    ])
    expect(file).toMatchObject({ format: 'xlsx', header })
    expect(bad).toEqual([])
    expect(
      good.map(({ line, row }) => [line, row.fullName, row.passportNo, row.expiresOn, row.phone?.number, row.address]),
    ).toEqual([
      [4, 'Ana', '123456789', '2026-12-06', '+6281234567890', 'TRUE'],
      [6, 'Budi', 'A1234567', '2026-12-06', '+628123456789', 'Jl. A RT 2'],
    ])
    expect(file.bytesRead()).toBe(file.bytes)
  })

  it('keeps a text that begins with = as it is', async () => {
    const { good } = await written([header, ['=1+1 Ana', 'PH', 'A1234567', 'P-1', 'ITK', '6 Des 2026', null, null]])
    expect(good[0]!.row.fullName).toBe('=1+1 Ana')
  })

  it('takes the stored result of a formula, and a formula without one as empty', async () => {
    const { good } = await handmade(
      workbook(
        rowXml(2, [
          '<c t="str"><f>A1&amp;"x"</f><v>Ana &amp; Co</v></c>',
          ...person('', '<c s="1"><f>TODAY()+14</f><v>46362</v></c>').slice(1),
          '<c><f>B2</f></c>',
        ]),
      ),
    )
    expect(good[0]!.row).toMatchObject({ fullName: 'Ana & Co', expiresOn: '2026-12-06', phone: null })
  })

  it.each([
    ['a built-in date format', '<c s="1"><v>46362</v></c>'],
    ['a format of its own', '<c s="2"><v>46362.75</v></c>'],
    ['no format', '<c><v>46362</v></c>'],
    ['an ISO date', '<c t="d"><v>2026-12-06T00:00:00</v></c>'],
    ['text', inline('06/12/2026')],
  ])('reads a date with %s', async (_, cell) => {
    const { good, bad } = await handmade(workbook(rowXml(2, person('Ana', cell))))
    expect(bad).toEqual([])
    expect(good[0]!.row.expiresOn).toBe('2026-12-06')
  })

  it('takes no number for a date because of a word in its format', async () => {
    const { sources } = await handmade(workbook(rowXml(2, person('Ana', '<c s="3"><v>12.5</v></c>'))))
    expect(sources[0]!.cells[5]).toBe('12.5')
  })

  it('counts days from 1904 where the workbook does', async () => {
    const book = '<workbook><workbookPr date1904="1"/><sheets><sheet name="Isi" r:id="s1"/></sheets></workbook>'
    const { good } = await handmade(
      workbook(rowXml(2, person('Ana', '<c s="1"><v>44900</v></c>')), { 'xl/workbook.xml': book }),
    )
    expect(good[0]!.row.expiresOn).toBe('2026-12-06')
  })

  it('reads telephone numbers to the last digit, however the file writes them', async () => {
    const { good } = await handmade(
      workbook(
        ['6.281234567890E+12', '6281234567890', '81234567890']
          .map((v, i) => rowXml(2 + i, person('Ana', '2026-12-06', [`<c><v>${v}</v></c>`])))
          .join(''),
      ),
    )
    expect(good.map(({ row }) => row.phone?.number)).toEqual(['+6281234567890', '+6281234567890', '+6281234567890'])
  })

  it('reads rich text, prefixes, escapes and emoji, without the readings beside East Asian names', async () => {
    const strings = `<x:sst><x:si><x:t>Ana</x:t></x:si>
      <x:si><x:r><x:t>王</x:t></x:r><x:r><x:t xml:space="preserve"> 小明</x:t></x:r><x:rPh><x:t>ワン</x:t></x:rPh></x:si>
      <x:si><x:t>Ana_x000D_&#128512; &lt;b&gt; <![CDATA[& Co]]></x:t></x:si></x:sst>`
    const rows = [1, 2].map((index) => rowXml(1 + index, person(`<x:c t="s"><x:v>${index}</x:v></x:c>`))).join('')
    const { good } = await handmade(workbook(rows, { 'xl/sharedStrings.xml': strings }))
    expect(good.map(({ row }) => row.fullName)).toEqual(['王 小明', 'Ana 😀 <b> & Co'])
  })

  it('reads hidden rows, and finds cells by their address where some are left out', async () => {
    const cells = ['Ana', 'MY', 'A1234567', 'P-1', 'ITAS'].map((text, i) =>
      inline(text).replace('<c', `<c r="${'ABCDE'[i]}7"`),
    )
    const { good } = await handmade(
      workbook(
        `<row r="7" hidden="1">${cells.join('')}<c r="F7" s="1"><v>46362</v></c><c r="H7" t="inlineStr"><is><t>Jl. A</t></is></c></row>`,
      ),
    )
    expect(good).toMatchObject([{ line: 7, row: { fullName: 'Ana', phone: null, address: 'Jl. A' } }])
  })

  it('rejects a row whose cells show errors, by name', async () => {
    const { bad } = await handmade(workbook(rowXml(2, person('Ana', '<c t="e"><v>#REF!</v></c>'))))
    expect(bad).toMatchObject([{ line: 2, faults: [{ column: 'expires_on', value: '#REF!' }] }])
  })

  it('reads the first visible sheet', async () => {
    const book = `<workbook><sheets><sheet name="Rahasia" state="hidden" r:id="s1"/><sheet name="WNA" r:id="s2"/></sheets></workbook>`
    const parts = workbook(rowXml(2, person('Hidden')), { 'xl/workbook.xml': book })
    parts['xl/worksheets/sheet2.xml'] = parts['xl/worksheets/sheet1.xml']!.replace('Hidden', 'Ana')
    const { file, good } = await handmade(parts)
    expect(file.sheet).toBe('WNA')
    expect(good[0]!.row.fullName).toBe('Ana')
  })

  it.each([
    [
      'shared',
      (text: string) =>
        workbook(rowXml(2, person('<c t="s"><v>0</v></c>')) + rowXml(3, person('Ana')), {
          'xl/sharedStrings.xml': `<sst><si><t>${text}</t></si></sst>`,
        }),
    ],
    ['in its row', (text: string) => workbook(rowXml(2, person(text)) + rowXml(3, person('Ana')))],
    [
      'in many runs',
      (text: string) =>
        workbook(
          rowXml(2, person(`<c t="inlineStr"><is>${`<r><t>${text.slice(0, 1000)}</t></r>`.repeat(10_000)}</is></c>`)) +
            rowXml(3, person('Ana')),
        ),
    ],
  ])('rejects the row of a 10 MB cell, %s, and keeps the others', async (_, parts) => {
    const { good, bad } = await handmade(parts('x'.repeat(10_000_000)))
    expect(good.map(({ line, row }) => [line, row.fullName])).toEqual([[3, 'Ana']])
    expect(bad).toMatchObject([
      { line: 2, faults: [{ column: 'full_name', reason: { en: 'a cell holds more than 32767 characters' } }] },
    ])
  })

  it('is not led into the far corner of the sheet', async () => {
    const far = '<c r="XFD2" t="inlineStr"><is><t>x</t></is></c></row>'
    const { good, sources } = await handmade(
      workbook(rowXml(2, person('Ana')).replace('</row>', far) + rowXml(1_048_576, person('Budi'))),
    )
    expect(good.map(({ line }) => line)).toEqual([2, 1_048_576])
    expect(sources[0]!.cells.length).toBeLessThanOrEqual(header.length)
  })

  it.each([
    ['an encrypted part', workbook(''), { tamper: { flags: 1 } }, 'is locked with a password'],
    ['a wrong checksum', workbook(rowXml(2, person('Ana'))), { tamper: { crc: 1 } }, 'does not match its checksum'],
    [
      'a part that is longer than it says',
      workbook(rowXml(2, person('Ana'))),
      { tamper: { size: 10 } },
      'is longer than its directory says',
    ],
    [
      'a part that says it is enormous',
      workbook(''),
      { tamper: { size: 4_000_000_000 } },
      'is too large for a register',
    ],
    [
      'an unknown sheet',
      workbook('', { 'xl/workbook.xml': '<workbook><sheets/></workbook>' }),
      {},
      'is not an XLSX workbook (ZIP)',
    ],
    ['an OpenDocument file', { mimetype: 'x', 'content.xml': '<x/>' }, {}, 'is not an XLSX workbook (OpenDocument)'],
    [
      'a sheet without a header',
      workbook('', {
        'xl/worksheets/sheet1.xml': `<worksheet><sheetData>${rowXml(1, person('Ana'))}</sheetData></worksheet>`,
      }),
      {},
      'sheet "Isi" is not a register',
    ],
    ['broken XML', workbook('</worksheet>'), {}, 'is a damaged XLSX'],
    ['endless nesting', workbook('<a>'.repeat(100_000)), {}, 'elements are nested more than 64 deep'],
    ['an endless comment', workbook(`<!--${'<x'.repeat(3_000_000)}`), {}, 'a comment or an element does not end'],
  ])('refuses %s', async (_, parts: Record<string, string>, options, message) => {
    await expect(handmade(parts, options)).rejects.toMatchObject({
      name: 'RegisterFileError',
      message: expect.stringContaining(message),
    })
  })

  it.each([
    ['stored unpacked', { stored: true }],
    ['listed in zip64', { wide: true }],
  ])('reads parts that are %s', async (_, options) => {
    const { file, good } = await handmade(workbook(rowXml(2, person('Ana'))), options)
    expect(good[0]!.row.fullName).toBe('Ana')
    expect(file.bytesRead()).toBe(file.bytes)
  })

  it('refuses a damaged sheet while its rows are walked', async () => {
    const bytes = zipOf(workbook(rowXml(2, person('Ana'))))
    const at = bytes.lastIndexOf(Buffer.from('PK\x01\x02', 'latin1'))
    bytes.writeUInt32LE(1, at + 16)
    await expect(readBytes(bytes, 'register.xlsx')).rejects.toThrow(
      'register.xlsx: is a damaged XLSX: xl/worksheets/sheet1.xml does not match its checksum',
    )
  })

  it('refuses a file that was cut off', async () => {
    const bytes = zipOf(workbook(rowXml(2, person('Ana'))))
    await expect(readBytes(bytes.subarray(0, -30), 'register.xlsx')).rejects.toThrow('is a damaged XLSX')
  })

  it('refuses a sheet that unpacks to more than it may, without unpacking it', async () => {
    const bytes = zipOf(workbook(' '.repeat(1000)))
    const at = bytes.lastIndexOf(Buffer.from('PK\x01\x02', 'latin1'))
    bytes.writeUInt32LE(600 * 1024 * 1024, at + 24)
    await expect(readBytes(bytes, 'register.xlsx')).rejects.toThrow(
      'register.xlsx: is too large for a register: xl/worksheets/sheet1.xml unpacks to more than 256 MiB',
    )
  })
})
