/** One physical line, without its line end. `offset` counts bytes from the start of the file. */
export type Line = { number: number; offset: number; end: number; bytes: Buffer; cut: boolean }

/** A longer line is cut: nothing a person typed is that long, and memory must hold it. */
export const longestLine = 16 * 1024 * 1024

const keptOfCut = 1024

/**
 * Splits a stream of bytes at `lineEnd` (10, or 13 in files of old Macs). `offset` and `number` are those of its first line.
 */
export async function* linesOf(
  chunks: AsyncIterable<Buffer>,
  { lineEnd = 10, offset = 0, number = 1 }: { lineEnd?: number; offset?: number; number?: number } = {},
): AsyncGenerator<Line> {
  let open: Buffer[] = []
  let openBytes = 0
  let start = offset

  const close = (end: number): Line => {
    const cut = openBytes > longestLine
    const bytes = open.length === 1 ? open[0]! : Buffer.concat(open)
    const line = { number, offset: start, end, bytes: withoutReturn(bytes), cut }
    open = []
    openBytes = 0
    start = end
    number += 1
    return line
  }
  const add = (piece: Buffer): void => {
    openBytes += piece.length
    if (openBytes <= longestLine) open.push(piece)
    else open = [Buffer.from((open[0] ?? piece).subarray(0, keptOfCut))]
  }

  for await (const chunk of chunks) {
    let from = 0
    for (let at = chunk.indexOf(lineEnd); at !== -1; at = chunk.indexOf(lineEnd, from)) {
      add(chunk.subarray(from, at))
      yield close(start + openBytes + 1)
      from = at + 1
    }
    if (from < chunk.length) add(chunk.subarray(from))
  }
  if (openBytes > 0) yield close(start + openBytes)
}

function withoutReturn(bytes: Buffer): Buffer {
  return bytes.at(-1) === 13 ? bytes.subarray(0, -1) : bytes
}
