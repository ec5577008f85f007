import { posix } from 'node:path'
import { type Reason, RegisterFileError, rowFault } from './fault.ts'
import { columnsOf, type Field, findHeader } from './headers.ts'
import { headerRows, longCell, noHeader, type RegisterTable, requireColumns, type SourceRow } from './row.ts'
import { type SheetRow, sharedStrings, sheetRows, type Workbook } from './xlsx-sheet.ts'
import { decodeXml, XmlError, xmlReader } from './xml.ts'
import { readZipDirectory, readZipEntry, type ZipEntry, ZipError } from './zip.ts'

const megabyte = 1024 * 1024
// Strings are held in memory, a sheet streams through: 100,000 residents make 18 and 68 MiB.
const limits = { part: 16 * megabyte, strings: 64 * megabyte, sheet: 256 * megabyte }
/** Of one kind of part that is read whole; styles have the most, at most 65,490 formats. */
const mostElements = 200_000

/** Reads the first visible sheet of the workbook at `path`, row by row; dates come as YYYY-MM-DD, hidden rows come too. */
export async function openXlsx(path: string, bytes: number): Promise<RegisterTable & { sheet: string }> {
  const file = posix.basename(path)
  return await refusing(file, async () => {
    const parts = await readZipDirectory(path)
    const { sheet, part, book } = await readWorkbook(path, parts)
    const read = (onPacked?: (bytes: number) => void) =>
      sheetRows(readZipEntry(path, part, { limit: limits.sheet, ...(onPacked && { onPacked }) }), book)

    const found = await headerOf(read())
    if (!found) throw new RegisterFileError(file, inSheet(sheet, noHeader))
    requireColumns(file, found.cells)
    const header = found.cells.map((cell) => cell.replace(/\s+/g, ' ').trim())

    let packed = 0
    const rows = belowHeader(
      file,
      read((count) => {
        packed = count
      }),
      found,
    )
    const bytesRead = () => (packed >= part.packedSize ? bytes : Math.round((packed / part.packedSize) * bytes))
    return { header, rows, bytesRead, sheet }
  })
}

async function* belowHeader(file: string, rows: AsyncGenerator<SheetRow>, header: SheetRow): AsyncGenerator<SourceRow> {
  const fields = new Map<number, Field>(Array.from(columnsOf(header.cells).columns, ([field, index]) => [index, field]))
  try {
    for await (const { line, cells, tooLong } of rows) {
      if (line <= header.line) continue
      const faults = tooLong === -1 ? [] : [rowFault(longCell, fields.get(tooLong) ?? null)]
      yield { line, cells: faults.length > 0 ? [] : cells.slice(0, header.cells.length), faults }
    }
  } catch (error) {
    throw refusal(file, error)
  }
}

async function headerOf(rows: AsyncGenerator<SheetRow>): Promise<SheetRow | undefined> {
  const first: SheetRow[] = []
  for await (const row of rows) {
    first.push(row)
    if (first.length === headerRows) break
  }
  const index = findHeader(first.map((row) => row.cells))
  return index === undefined ? undefined : first[index]
}

async function readWorkbook(
  path: string,
  parts: Map<string, ZipEntry>,
): Promise<{ sheet: string; part: ZipEntry; book: Workbook }> {
  const text = async (name: string | undefined) => {
    const entry = name === undefined ? undefined : parts.get(name)
    return entry ? await wholePart(path, entry) : ''
  }
  const root = relations(await text('_rels/.rels'), '')
  const workbookName = [...root.values()].find(({ type }) => type === 'officeDocument')?.target ?? 'xl/workbook.xml'
  const workbook = elements(await text(workbookName), ['sheet', 'workbookPr'])
  const folder = posix.dirname(workbookName)
  const related = relations(await text(`${folder}/_rels/${posix.basename(workbookName)}.rels`), folder)
  const target = (type: string) => [...related.values()].find((relation) => relation.type === type)?.target

  const sheets = workbook.filter(({ name }) => name === 'sheet').map(({ attributes }) => attributes)
  const worksheets = sheets.filter((sheet) => related.get(sheetId(sheet))?.type === 'worksheet')
  const sheet = worksheets.find(({ state }) => state === undefined || state === 'visible') ?? worksheets[0]
  const part = parts.get((sheet && related.get(sheetId(sheet))?.target) ?? '')
  if (!sheet || !part) throw new NotAWorkbook(parts)

  const strings = parts.get(target('sharedStrings') ?? '')
  const from1904 = workbook.find(({ name }) => name === 'workbookPr')?.attributes.date1904
  return {
    sheet: sheet.name ?? '',
    part,
    book: {
      strings: strings ? await sharedStrings(readZipEntry(path, strings, { limit: limits.strings })) : [],
      dateStyles: dateStyles(await text(target('styles'))),
      from1904: from1904 === '1' || from1904 === 'true',
    },
  }
}

type Element = { name: string; attributes: Record<string, string>; parent: string | undefined }

function elements(xml: string, wanted: readonly string[]): Element[] {
  const found: Element[] = []
  const inside: string[] = []
  const reader = xmlReader({
    open(name, attributes) {
      if (wanted.includes(name)) {
        const decoded = Object.entries(attributes()).map(([key, value]) => [key, decodeXml(value)])
        found.push({ name, attributes: Object.fromEntries(decoded), parent: inside.at(-1) })
        if (found.length > mostElements) throw new XmlError(`it has more than ${mostElements} styles or sheets`)
      }
      inside.push(name)
    },
    close: () => inside.pop(),
    text: () => undefined,
  })
  if (xml !== '') reader.write(xml)
  return found
}

type Relation = { type: string; target: string }

function relations(xml: string, folder: string): Map<string, Relation> {
  return new Map(
    elements(xml, ['Relationship']).map(({ attributes: { Id = '', Type = '', Target = '' } }) => [
      Id,
      { type: posix.basename(Type), target: Target.startsWith('/') ? Target.slice(1) : posix.join(folder, Target) },
    ]),
  )
}

function sheetId(attributes: Record<string, string>): string {
  return Object.entries(attributes).find(([name]) => name.endsWith(':id'))?.[1] ?? ''
}

function dateStyles(xml: string): boolean[] {
  const found = elements(xml, ['numFmt', 'xf'])
  const formats = new Map(
    found
      .filter(({ name }) => name === 'numFmt')
      .map(({ attributes: { numFmtId, formatCode } }) => [Number(numFmtId), formatCode ?? '']),
  )
  return found
    .filter(({ name, parent }) => name === 'xf' && parent === 'cellXfs')
    .map(({ attributes }) => isDateFormat(Number(attributes.numFmtId ?? 0), formats.get(Number(attributes.numFmtId))))
}

// ECMA-376 part 1, 18.8.30: built-in formats, those of East Asian and Thai editions among them.
function isDateFormat(id: number, code: string | undefined): boolean {
  if (code === undefined) return (id >= 14 && id <= 17) || id === 22 || (id >= 27 && id <= 36) || (id >= 50 && id <= 58)
  const bare = code.replace(/"[^"]*"|\\.|_.|\*.|\[[^\]]*\]/g, '').split(';')[0]!
  return /[dy]/i.test(bare)
}

async function wholePart(path: string, entry: ZipEntry): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of readZipEntry(path, entry, { limit: limits.part })) pieces.push(piece)
  return Buffer.concat(pieces).toString('utf8')
}

class NotAWorkbook extends Error {
  readonly kind: string

  constructor(parts: Map<string, ZipEntry>) {
    super('no worksheet')
    this.kind = parts.has('content.xml') ? 'OpenDocument' : parts.has('xl/workbook.bin') ? 'XLSB' : 'ZIP'
  }
}

async function refusing<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw refusal(file, error)
  }
}

function refusal(file: string, error: unknown): unknown {
  if (error instanceof NotAWorkbook) {
    return new RegisterFileError(file, {
      id: `bukan buku kerja XLSX (${error.kind}); simpan ulang sebagai .xlsx atau "CSV UTF-8"`,
      en: `is not an XLSX workbook (${error.kind}); save it again as .xlsx or "CSV UTF-8"`,
    })
  }
  if (error instanceof XmlError || (error instanceof ZipError && error.kind === 'damaged')) {
    return new RegisterFileError(
      file,
      { id: `XLSX rusak (${error.message})`, en: `is a damaged XLSX: ${error.message}` },
      { cause: error },
    )
  }
  if (error instanceof ZipError && error.kind === 'encrypted') {
    return new RegisterFileError(file, {
      id: 'terkunci kata sandi; simpan tanpa kata sandi',
      en: 'is locked with a password; save it without one',
    })
  }
  if (error instanceof ZipError) {
    return new RegisterFileError(file, {
      id: `terlalu besar untuk sebuah register (${error.message})`,
      en: `is too large for a register: ${error.message}`,
    })
  }
  return error
}

function inSheet(sheet: string, reason: Reason): Reason {
  return { id: `lembar "${sheet}" ${reason.id}`, en: `sheet "${sheet}" ${reason.en}` }
}
