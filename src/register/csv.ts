import { createReadStream } from 'node:fs'
import { basename } from 'node:path'
import { CsvError, parse } from 'csv-parse/sync'
import { type Line, linesOf } from './csv-lines.ts'
import { LineQueue, nextFrame, recordsOf } from './csv-records.ts'
import { encodingFault } from './encoding.ts'
import { RegisterFileError } from './fault.ts'
import { columnsOf, findHeader } from './headers.ts'
import { headerRows, noHeader, type RegisterTable, requireColumns } from './row.ts'

const delimiters = [',', ';', '\t'] as const

/** Finds header and delimiter in `head`, the first bytes of the file; the rows are read from the file as they are asked for. */
export async function openCsv(path: string, head: Buffer): Promise<RegisterTable & { delimiter: string }> {
  const file = basename(path)
  const fault = encodingFault(head)
  if (fault) throw new RegisterFileError(file, fault)

  const bom = head.indexOf('\ufeff') === 0 ? 3 : 0
  const lineEnd = head.includes(10) ? 10 : 13
  const found = bestHeader(await firstFrames(head.subarray(bom), { lineEnd, offset: bom }))
  if (!found) throw new RegisterFileError(file, noHeader)
  const { delimiter, header, last } = found
  requireColumns(file, header)

  let bytesRead = last.end
  async function* rows() {
    const stream = createReadStream(path, { start: last.end })
    const counted = async function* () {
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        bytesRead += chunk.length
        yield chunk
      }
    }
    const lines = linesOf(counted(), { lineEnd, offset: last.end, number: last.number + 1 })
    const queue = new LineQueue(bounded(file, lines))
    try {
      yield* recordsOf(queue, delimiter, header)
    } finally {
      await queue.close()
      stream.destroy()
    }
  }
  return {
    header: header.map((name) => name.replace(/\s+/g, ' ').trim()),
    rows: rows(),
    bytesRead: () => bytesRead,
    delimiter,
  }
}

/** Two lines for each of as many rows as an import takes; a hundred million empty ones would keep the program from its work. */
const mostLines = 3_000_000

async function* bounded(file: string, lines: AsyncIterable<Line>): AsyncGenerator<Line> {
  for await (const line of lines) {
    if (line.number > mostLines) {
      throw new RegisterFileError(file, {
        id: `terlalu besar untuk sebuah register: lebih dari ${mostLines} baris`,
        en: `is too large for a register: more than ${mostLines} lines`,
      })
    }
    yield line
  }
}

async function firstFrames(head: Buffer, from: { lineEnd: number; offset: number }): Promise<Line[][]> {
  const chunks = (async function* () {
    yield head
  })()
  const queue = new LineQueue(linesOf(chunks, from))
  const frames: Line[][] = []
  while (frames.length < headerRows) {
    const frame = await nextFrame(queue)
    if (!frame) break
    // An unclosed quote in a title above the header must not hide the header.
    const lines = frame.balanced ? frame.lines : frame.lines.slice(0, 1)
    if (!frame.balanced) queue.putBack(frame.lines.slice(1))
    frames.push(lines)
  }
  return frames
}

function bestHeader(frames: readonly Line[][]): { delimiter: string; header: string[]; last: Line } | undefined {
  let best: { delimiter: string; header: string[]; last: Line; known: number } | undefined
  for (const delimiter of delimiters) {
    const rows = frames.map((lines) => cellsOf(lines, delimiter))
    const index = findHeader(rows)
    if (index === undefined) continue
    const header = rows[index]!
    const known = columnsOf(header).columns.size
    if (known > (best?.known ?? 0)) best = { delimiter, header, last: frames[index]!.at(-1)!, known }
  }
  return best
}

function cellsOf(lines: readonly Line[], delimiter: string): string[] {
  const text = lines.map((line) => line.bytes.toString('utf8')).join('\n')
  try {
    const cells =
      parse(text, { delimiter, record_delimiter: '\r', relax_quotes: true, relax_column_count: true })[0] ?? []
    return cells.slice(0, cells.findLastIndex((cell) => cell.trim() !== '') + 1)
  } catch (error) {
    if (error instanceof CsvError) return []
    throw error
  }
}
