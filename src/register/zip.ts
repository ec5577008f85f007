import { type FileHandle, open } from 'node:fs/promises'
import { pipeline } from 'node:stream'
import { crc32, createInflateRaw } from 'node:zlib'

/** The container is damaged, encrypted, or unpacks to more than it may. `message` is the English reason. */
export class ZipError extends Error {
  override name = 'ZipError'
  readonly kind: 'damaged' | 'encrypted' | 'too-large'

  constructor(kind: ZipError['kind'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.kind = kind
  }
}

export type ZipEntry = {
  name: string
  encrypted: boolean
  method: number
  crc: number
  packedSize: number
  size: number
  headerAt: number
}

const mostEntries = 10_000
const largestDirectory = 4 * 1024 * 1024

/** Reads the central directory (PKWARE APPNOTE 4.3.12), which holds the sizes even where the entries were streamed. */
export async function readZipDirectory(path: string): Promise<Map<string, ZipEntry>> {
  await using file = await open(path)
  const { size } = await file.stat()
  const tail = await readAt(file, Math.max(0, size - 65_557), Math.min(size, 65_557))
  const endAt = tail.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'))
  if (endAt === -1 || endAt + 22 > tail.length) throw damaged('the directory at its end is missing; was it cut off?')

  const count = tail.readUInt16LE(endAt + 10)
  const directorySize = tail.readUInt32LE(endAt + 12)
  const directoryAt = tail.readUInt32LE(endAt + 16)
  if (count > mostEntries || directorySize > largestDirectory) throw new ZipError('too-large', 'it has too many parts')
  if (directoryAt + directorySize > size) throw damaged('its directory lies beyond its end')
  const entries = entriesOf(await readAt(file, directoryAt, directorySize), count)
  refuseOverlaps(entries, directoryAt)
  return new Map(entries.map((entry) => [entry.name, entry]))
}

/**
 * Unpacks one entry piece by piece. Throws a ZipError as soon as it grows beyond `limit` bytes or beyond the size that the
 * directory names, and at the end if size or checksum differ. `onPacked` hears how many packed bytes were
 * read so far.
 */
export async function* readZipEntry(
  path: string,
  entry: ZipEntry,
  { limit, onPacked = () => undefined }: { limit: number; onPacked?: (bytes: number) => void },
): AsyncGenerator<Buffer> {
  if (entry.encrypted) throw new ZipError('encrypted', 'it is encrypted')
  if (entry.method !== 0 && entry.method !== 8) throw damaged(`${shown(entry.name)} is packed by an unknown method`)
  if (entry.size > limit) throw tooLarge(entry, limit)
  await using file = await open(path)
  const local = await readAt(file, entry.headerAt, 30)
  if (local.length < 30 || local.toString('latin1', 0, 4) !== 'PK\x03\x04')
    throw damaged(`${shown(entry.name)} is not where it should be`)
  const start = entry.headerAt + 30 + local.readUInt16LE(26) + local.readUInt16LE(28)
  if (entry.packedSize === 0) return

  const packed = file.createReadStream({ start, end: start + entry.packedSize - 1, autoClose: false })
  const unpacked = entry.method === 8 ? pipeline(packed, createInflateRaw(), () => undefined) : packed
  let size = 0
  let crc = 0
  try {
    for await (const chunk of unpacked as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > limit) throw tooLarge(entry, limit)
      if (size > entry.size) throw damaged(`${shown(entry.name)} is longer than its directory says`)
      crc = crc32(chunk, crc)
      onPacked(packed.bytesRead)
      yield chunk
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('Z_'))
      throw damaged(`${shown(entry.name)} does not unpack`, error)
    throw error
  } finally {
    packed.destroy()
  }
  if (size !== entry.size || crc !== entry.crc) throw damaged(`${shown(entry.name)} does not match its checksum`)
}

/** Parts that share their bytes unpack to many times what the file holds; no spreadsheet program writes such. */
function refuseOverlaps(entries: readonly ZipEntry[], directoryAt: number): void {
  let end = 0
  for (const { name, headerAt, packedSize } of entries.toSorted((a, b) => a.headerAt - b.headerAt)) {
    if (headerAt < end) throw damaged(`${shown(name)} overlaps another part`)
    end = headerAt + 30 + Buffer.byteLength(name) + packedSize
    if (end > directoryAt) throw damaged(`${shown(name)} lies beyond its end`)
  }
}

/** A name comes from the file: short, and on one line. */
function shown(name: string): string {
  return name.replaceAll(/[^\w./-]/g, '_').slice(0, 60)
}

function entriesOf(directory: Buffer, count: number): ZipEntry[] {
  const entries: ZipEntry[] = []
  for (let at = 0, index = 0; index < count; index += 1) {
    if (at + 46 > directory.length || directory.toString('latin1', at, at + 4) !== 'PK\x01\x02')
      throw damaged('its directory is broken')
    const nameLength = directory.readUInt16LE(at + 28)
    const extraLength = directory.readUInt16LE(at + 30)
    const name = directory.toString('utf8', at + 46, at + 46 + nameLength)
    const extra = directory.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength)
    const wide = wideNumbers(extra)
    const number = (value: number) => (value === 0xffffffff ? (wide.shift() ?? value) : value)
    const size = number(directory.readUInt32LE(at + 24))
    const packedSize = number(directory.readUInt32LE(at + 20))
    const headerAt = number(directory.readUInt32LE(at + 42))
    entries.push({
      name,
      encrypted: (directory.readUInt16LE(at + 8) & 1) === 1,
      method: directory.readUInt16LE(at + 10),
      crc: directory.readUInt32LE(at + 16),
      packedSize,
      size,
      headerAt,
    })
    at += 46 + nameLength + extraLength + directory.readUInt16LE(at + 32)
  }
  return entries
}

// Zip64: sizes that do not fit 32 bits, in the order of the fields they replace. Some writers always use it.
function wideNumbers(extra: Buffer): number[] {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== 1) continue
    const numbers: number[] = []
    const end = Math.min(at + 4 + extra.readUInt16LE(at + 2), extra.length)
    for (let field = at + 4; field + 8 <= end; field += 8) numbers.push(Number(extra.readBigUInt64LE(field)))
    return numbers
  }
  return []
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position)
  return buffer.subarray(0, bytesRead)
}

function damaged(message: string, cause?: Error): ZipError {
  return new ZipError('damaged', message, { cause })
}

function tooLarge(entry: ZipEntry, limit: number): ZipError {
  return new ZipError('too-large', `${shown(entry.name)} unpacks to more than ${Math.floor(limit / 1024 / 1024)} MiB`)
}
