import { serialDate } from './parse-date.ts'
import { longestCell, mostColumns } from './row.ts'
import { XmlError, xmlReader } from './xml.ts'

/** What cells refer to: shared strings by number, and which styles show a number as a date. */
export type Workbook = { strings: readonly string[]; dateStyles: readonly boolean[]; from1904: boolean }

/** `tooLong` is the column of a cell that holds more than any cell may; -1 where none does. */
export type SheetRow = { line: number; cells: string[]; tooLong: number }

/** ECMA-376 part 1, 18.3.1.73, as every spreadsheet program has it. */
const lastRow = 1_048_576
/** Fifteen for each of 100,000 residents. */
const mostStrings = 1_500_000

/** The rows of a worksheet part that hold anything, hidden ones too. Formulas give their stored result. */
export async function* sheetRows(pieces: AsyncIterable<Buffer>, book: Workbook): AsyncGenerator<SheetRow> {
  const sheet = new SheetReader(book)
  const reader = xmlReader(sheet)
  const decoder = new TextDecoder()
  for await (const piece of pieces) {
    // The rest of the part is read for its checksum, but not parsed.
    if (!sheet.done) reader.write(decoder.decode(piece, { stream: true }))
    yield* sheet.takeRows()
  }
}

/** The table of shared strings, in order. Readings written beside East Asian text are left out. */
export async function sharedStrings(pieces: AsyncIterable<Buffer>): Promise<string[]> {
  const strings: string[] = []
  const cell = new CellText()
  const reader = xmlReader({
    open: (name) => (name === 'si' ? cell.start() : cell.open(name)),
    close(name) {
      if (name !== 'si') return cell.close(name)
      if (strings.push(cell.text()) > mostStrings)
        throw new XmlError(`it holds more than ${mostStrings} different texts`)
    },
    text: (value) => cell.add(value),
  })
  const decoder = new TextDecoder()
  for await (const piece of pieces) reader.write(decoder.decode(piece, { stream: true }))
  return strings
}

class SheetReader {
  #book: Workbook
  #inside = false
  #rows: SheetRow[] = []
  #row: SheetRow | undefined
  #line = 0
  #column = -1
  #inCell = false
  #type = ''
  #style = 0
  #cell = new CellText()
  done = false

  constructor(book: Workbook) {
    this.#book = book
  }

  takeRows(): SheetRow[] {
    const rows = this.#rows
    this.#rows = []
    return rows
  }

  open(name: string, attributes: () => Record<string, string>): void {
    if (name === 'sheetData') this.#inside = true
    if (!this.#inside) return
    if (name === 'row') {
      this.#line = Number(attributes().r ?? this.#line + 1)
      if (!(this.#line >= 1 && this.#line <= lastRow)) throw new XmlError('a row has a number that no sheet has')
      this.#column = -1
      this.#row = { line: this.#line, cells: [], tooLong: -1 }
    } else if (name === 'c') {
      const { r, t, s } = attributes()
      this.#column = r ? columnOf(r) : this.#column + 1
      this.#type = t ?? 'n'
      this.#style = Number(s ?? 0)
      this.#inCell = true
      this.#cell.start()
    } else if (this.#inCell) this.#cell.open(name)
  }

  close(name: string): void {
    if (name === 'sheetData') this.done = true
    if (name === 'c') {
      this.#inCell = false
      this.#keep(this.#value())
    } else if (name === 'row') {
      if (this.#row?.cells.some((cell) => cell !== '')) this.#rows.push(this.#row)
      this.#row = undefined
    } else this.#cell.close(name)
  }

  text(value: string): void {
    if (this.#inCell) this.#cell.add(value)
  }

  #keep(text: string): void {
    const row = this.#row
    if (!row || text === '' || this.#column < 0 || this.#column >= mostColumns) return
    while (row.cells.length < this.#column) row.cells.push('')
    row.cells[this.#column] = text.length > longestCell ? '' : text
    if (text.length > longestCell) row.tooLong = this.#column
  }

  #value(): string {
    const text = this.#cell.text()
    switch (this.#type) {
      case 's':
        return this.#book.strings[Number(text)] ?? ''
      case 'b':
        return text === '1' ? 'TRUE' : 'FALSE'
      case 'd':
        return text.slice(0, 10)
      case 'n':
        return this.#number(text.trim())
      default:
        return text
    }
  }

  #number(text: string): string {
    if (text === '') return ''
    const date = this.#book.dateStyles[this.#style] ? serialDate(Number(text), this.#book.from1904) : null
    if (date) return date
    // 8.1234567890123E+13 is a telephone number that the file keeps to the last digit.
    const value = Number(text)
    return /e/i.test(text) && Number.isSafeInteger(value) ? BigInt(value).toString() : text
  }
}

/** The text within one cell or one shared string: `v` and `t`, without `f` (formulas) and `rPh` (readings). */
class CellText {
  #text = ''
  #within = false
  #reading = false

  start(): void {
    this.#text = ''
    this.#within = false
    this.#reading = false
  }

  open(name: string): void {
    if (name === 'rPh') this.#reading = true
    else if (name === 'v' || name === 't') this.#within = !this.#reading
  }

  close(name: string): void {
    if (name === 'rPh') this.#reading = false
    else if (name === 'v' || name === 't') this.#within = false
  }

  add(text: string): void {
    if (this.#within && this.#text.length <= longestCell) this.#text += text
  }

  /** With `_x000D_` and its like resolved, which spreadsheets write for characters that XML cannot hold. */
  text(): string {
    if (!this.#text.includes('_x')) return this.#text
    return this.#text.replace(/_x([0-9A-Fa-f]{4})_/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  }
}

function columnOf(reference: string): number {
  let column = 0
  for (let i = 0; i < reference.length; i += 1) {
    const letter = reference.charCodeAt(i) - 64
    if (letter < 1 || letter > 26) break
    column = column * 26 + letter
  }
  return column - 1
}
