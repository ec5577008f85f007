import { isUtf8 } from 'node:buffer'
import { CsvError, parse } from 'csv-parse/sync'
import { type Line, longestLine } from './csv-lines.ts'
import { firstInvalidByte } from './encoding.ts'
import { type Reason, type RowFault, rowFault } from './fault.ts'
import { columnsOf, type Field } from './headers.ts'
import { longCell, longestCell, type SourceRow } from './row.ts'

/** The lines of one record: quotes are balanced in it, unless the file or the limit ended first. */
export type Frame = { lines: Line[]; balanced: boolean }

const fullBatch = { lines: 500, bytes: 64 * 1024 }

/** A field each: delimiters inside quotes are text, as many as longest cells may hold, but a line of nothing else would fill the memory. */
const mostDelimiters = 100_000

// Ten megabytes of ordinary lines; without it a cell of nothing but line ends would fill the memory with lines.
const mostLines = 200_000

/** Takes lines one at a time, and takes them back when a record turns out to have swallowed its neighbours. */
export class LineQueue {
  #source: AsyncIterator<Line>
  #returned: Line[] = []

  constructor(lines: AsyncIterable<Line>) {
    this.#source = lines[Symbol.asyncIterator]()
  }

  async next(): Promise<Line | undefined> {
    const returned = this.#returned.pop()
    if (returned) return returned
    const { value, done } = await this.#source.next()
    return done ? undefined : value
  }

  putBack(lines: readonly Line[]): void {
    for (const line of lines.toReversed()) this.#returned.push(line)
  }

  async close(): Promise<void> {
    await this.#source.return?.()
  }
}

/** The next record by counting quotes: a line end belongs to a field while their number is odd. */
export async function nextFrame(queue: LineQueue): Promise<Frame | undefined> {
  const lines: Line[] = []
  let bytes = 0
  let odd = false
  for (let line = await queue.next(); line; line = await queue.next()) {
    lines.push(line)
    bytes += line.bytes.length
    if (line.cut) return { lines, balanced: false }
    if (hasOddQuotes(line.bytes)) odd = !odd
    if (!odd) return { lines, balanced: true }
    if (bytes > longestLine || lines.length > mostLines) break
  }
  return lines.length > 0 ? { lines, balanced: false } : undefined
}

/**
 * Every record as a row. A quote that is never closed costs its own line only: where what it seems to span is no record of
 * `header.length` fields, or holds lines that are records themselves, that line is named and reading goes on at the next.
 */
export async function* recordsOf(
  queue: LineQueue,
  delimiter: string,
  header: readonly string[],
): AsyncGenerator<SourceRow> {
  const reader = new RecordReader(delimiter, header)
  let batch: Line[] = []
  let batchBytes = 0
  for (let frame = await nextFrame(queue); frame; frame = await nextFrame(queue)) {
    const [first, ...rest] = frame.lines as [Line, ...Line[]]
    if (frame.balanced && rest.length === 0) {
      batch.push(first)
      batchBytes += first.bytes.length
      if (batch.length < fullBatch.lines && batchBytes < fullBatch.bytes) continue
    }
    yield* reader.readLines(batch)
    batch = []
    batchBytes = 0
    if (frame.balanced && rest.length === 0) continue
    const row = frame.balanced ? reader.readSpan(frame.lines) : undefined
    if (row) yield row
    else {
      queue.putBack(rest)
      yield* reader.readLines([first])
    }
  }
  yield* reader.readLines(batch)
}

class RecordReader {
  #delimiter: string
  #width: number
  #columnAt: ReadonlyMap<number, Field>

  constructor(delimiter: string, header: readonly string[]) {
    this.#delimiter = delimiter
    this.#width = header.length
    this.#columnAt = new Map(Array.from(columnsOf(header).columns, ([field, index]) => [index, field]))
  }

  readLines(lines: readonly Line[]): SourceRow[] {
    const together = this.#split(lines)
    const rows =
      together?.length === lines.length
        ? lines.map((line, index) => this.#row(line, together[index]!))
        : lines.map((line) => this.#readLine(line))
    return rows.filter((row) => row.faults.length > 0 || row.cells.some((cell) => cell.trim() !== ''))
  }

  readSpan(lines: readonly Line[]): SourceRow | undefined {
    const broken = lines.find((line) => !isUtf8(line.bytes))
    const cells = this.#split(broken ? lines.map(withoutInvalidBytes) : lines)
    if (cells?.length !== 1 || !this.#fits(cells[0]!) || this.#holdsRecords(lines)) return undefined
    if (broken) return failed(lines[0]!, notUtf8(broken.offset + firstInvalidByte(broken.bytes)))
    return this.#row(lines[0]!, cells[0]!)
  }

  #readLine(line: Line): SourceRow {
    const bad = firstInvalidByte(line.bytes)
    if (line.cut || this.#isCrowded([line])) return failed(line, tooLong)
    if (bad !== -1) return failed(line, notUtf8(line.offset + bad))
    const cells = this.#split([line])?.[0]
    if (cells) return this.#row(line, cells)
    const lenient = this.#split([line], { relax_quotes: true, trim: false })?.[0]
    if (!lenient || !this.#fits(lenient)) return failed(line, strayQuote)
    return this.#row(line, lenient, [{ ...rowFault(keptQuote), fatal: false }])
  }

  #row(line: Line, cells: string[], remarks: RowFault[] = []): SourceRow {
    if (fieldCount(cells) > this.#width) return failed(line, tooManyFields(fieldCount(cells), this.#width))
    const long = cells.findIndex((cell) => cell.length > longestCell)
    if (long !== -1) return failed(line, longCell, this.#columnAt.get(long))
    return { line: line.number, cells: cells.slice(0, this.#width), faults: remarks }
  }

  #split(lines: readonly Line[], options: { relax_quotes?: boolean; trim?: boolean } = {}): string[][] | undefined {
    if (lines.some((line) => line.cut) || this.#isCrowded(lines)) return undefined
    const bytes = Buffer.concat(lines.flatMap((line) => [line.bytes, lineFeed]))
    if (!isUtf8(bytes)) return undefined
    try {
      return parse(bytes, {
        delimiter: this.#delimiter,
        record_delimiter: '\n',
        relax_column_count: true,
        trim: true,
        ...options,
      })
    } catch (error) {
      if (error instanceof CsvError) return undefined
      throw error
    }
  }

  #isCrowded(lines: readonly Line[]): boolean {
    const delimiter = this.#delimiter.charCodeAt(0)
    return lines.reduce((sum, line) => sum + count(line.bytes, delimiter), 0) > mostDelimiters
  }

  #fits(cells: readonly string[]): boolean {
    return cells.length >= this.#width && fieldCount(cells) <= this.#width
  }

  #holdsRecords(lines: readonly Line[]): boolean {
    const seeming = lines.map((line) => count(line.bytes, this.#delimiter.charCodeAt(0)) + 1 === this.#width)
    if (seeming[0] === true && seeming.at(-1) === true) return true
    return lines.slice(1, -1).some((line, index) => seeming[index + 1] === true && this.#split([line])?.length === 1)
  }
}

const lineFeed = Buffer.from('\n')

function failed(line: Line, reason: Reason, column: Field | null = null): SourceRow {
  return { line: line.number, cells: [], faults: [rowFault(reason, column)] }
}

function withoutInvalidBytes(line: Line): Line {
  return { ...line, bytes: Buffer.from(line.bytes.toString('utf8')) }
}

function fieldCount(cells: readonly string[]): number {
  return cells.findLastIndex((cell) => cell.trim() !== '') + 1
}

function hasOddQuotes(bytes: Buffer): boolean {
  return count(bytes, 34) % 2 === 1
}

function count(bytes: Buffer, byte: number): number {
  let found = 0
  for (let at = bytes.indexOf(byte); at !== -1; at = bytes.indexOf(byte, at + 1)) found += 1
  return found
}

const tooLong: Reason = {
  id: 'baris terlalu panjang untuk sebuah data',
  en: 'the line is too long for a record',
}

const strayQuote: Reason = {
  id: 'tanda kutip (") tidak ditutup atau salah tempat',
  en: 'a quotation mark (") is not closed, or stands where none may',
}

const keptQuote: Reason = {
  id: 'tanda kutip (") di tengah isi; dibaca apa adanya',
  en: 'a quotation mark (") within a field was read as it stands',
}

function notUtf8(offset: number): Reason {
  return {
    id: `bukan UTF-8 pada byte ${offset} berkas`,
    en: `is not UTF-8 at byte ${offset} of the file`,
  }
}

function tooManyFields(found: number, width: number): Reason {
  return {
    id: `${found} kolom, padahal judulnya ${width}; mungkin ada pemisah di dalam isi tanpa tanda kutip`,
    en: `has ${found} fields where the header has ${width}; perhaps a delimiter inside a field without quotation marks`,
  }
}
