import { isUtf8 } from 'node:buffer'
import type { Reason } from './fault.ts'

/** Why a file that begins with `head` cannot be read as UTF-8 text at all; null where single bad rows can be set apart. */
export function encodingFault(head: Buffer): Reason | null {
  const wide = wideEncoding(head)
  if (wide) {
    return {
      id: `tersimpan sebagai ${wide}, bukan UTF-8; simpan ulang sebagai "CSV UTF-8"`,
      en: `is saved as ${wide}, not UTF-8; save it again as "CSV UTF-8"`,
    }
  }
  if (isUtf8(head)) return null
  const { first, bad, all, inHeader } = badLines(head)
  if (!first || (!inHeader && bad * 2 <= all)) return null
  const guess = looksWindows1252(head) ? ' (Windows-1252?)' : ''
  return {
    id: `bukan UTF-8${guess}: byte ${first.offset}, baris ${first.line}; simpan ulang sebagai "CSV UTF-8"`,
    en: `is not UTF-8${guess}: byte ${first.offset}, line ${first.line}; save it again as "CSV UTF-8"`,
  }
}

/** Offset of the first byte that is not UTF-8; -1 where all are. */
export function firstInvalidByte(bytes: Buffer): number {
  if (isUtf8(bytes)) return -1
  const text = bytes.toString('utf8')
  let offset = 0
  for (let at = 0; ; ) {
    const replaced = text.indexOf('\ufffd', at)
    offset += Buffer.byteLength(text.slice(at, replaced))
    const written = bytes[offset] === 0xef && bytes[offset + 1] === 0xbf && bytes[offset + 2] === 0xbd
    if (!written) return offset
    offset += 3
    at = replaced + 1
  }
}

function wideEncoding(head: Buffer): string | null {
  if (head[0] === 0xff && head[1] === 0xfe) return 'UTF-16 LE'
  if (head[0] === 0xfe && head[1] === 0xff) return 'UTF-16 BE'
  const nuls = [0, 0]
  head.forEach((byte, index) => {
    if (byte === 0) nuls[index % 2]! += 1
  })
  // Western text in UTF-16 has a NUL in every other place.
  const [even = 0, odd = 0] = nuls
  return Math.max(even, odd) * 4 > head.length && Math.min(even, odd) * 10 < Math.max(even, odd) ? 'UTF-16' : null
}

function badLines(head: Buffer): {
  first?: { offset: number; line: number }
  bad: number
  all: number
  inHeader: boolean
} {
  let first: { offset: number; line: number } | undefined
  let bad = 0
  let all = 0
  let inHeader = false
  let start = 0
  for (let line = 1; start < head.length; line += 1) {
    const end = head.indexOf(10, start)
    // The head may end in the middle of a character.
    if (end === -1 && line > 1) break
    const bytes = head.subarray(start, end === -1 ? head.length : end)
    if (line > 1) all += 1
    if (!isUtf8(bytes)) {
      first ??= { offset: start + firstInvalidByte(bytes), line }
      if (line === 1) inHeader = true
      else bad += 1
    }
    start = end === -1 ? head.length : end + 1
  }
  return { ...(first && { first }), bad, all, inHeader }
}

function looksWindows1252(head: Buffer): boolean {
  let alone = 0
  let together = 0
  for (let i = 0; i < head.length; i += 1) {
    if (head[i]! < 0x80) continue
    if ((head[i - 1] ?? 0) < 0x80 && (head[i + 1] ?? 0) < 0x80) alone += 1
    else together += 1
  }
  return alone > together
}
