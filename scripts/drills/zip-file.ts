import { closeSync, openSync, writeSync } from 'node:fs'
import { crc32, createDeflateRaw } from 'node:zlib'

/** What is packed into one entry, and what the directory says of it where that is not the truth. */
export type Part = {
  name: string
  pieces: Iterable<Uint8Array | string>
  says?: { size?: number; packedSize?: number; crc?: number; headerAt?: number; flags?: number; zip64?: bigint }
}

type Listed = Required<Pick<Part, 'name'>> & {
  says: Part['says']
  crc: number
  packed: number
  size: number
  at: number
}

/** Writes a ZIP piece by piece, however large; its directory may lie. */
export async function writeZip(path: string, parts: readonly Part[]): Promise<void> {
  const file = openSync(path, 'w')
  try {
    let at = 0
    const write = (bytes: Uint8Array) => {
      writeSync(file, bytes)
      at += bytes.length
    }
    const listed: Listed[] = []
    for (const part of parts) {
      const start = at
      const local = Buffer.alloc(30)
      local.write('PK\x03\x04', 'latin1')
      local.writeUInt16LE(Buffer.byteLength(part.name), 26)
      write(Buffer.concat([local, Buffer.from(part.name)]))
      const before = at
      const { crc, size } = await pack(part.pieces, write)
      listed.push({ name: part.name, says: part.says, crc, size, packed: at - before, at: start })
    }
    const directoryAt = at
    for (const one of listed) write(directoryEntry(one))
    const end = Buffer.alloc(22)
    end.write('PK\x05\x06', 'latin1')
    end.writeUInt16LE(listed.length, 8)
    end.writeUInt16LE(listed.length, 10)
    end.writeUInt32LE(at - directoryAt, 12)
    end.writeUInt32LE(directoryAt, 16)
    write(end)
  } finally {
    closeSync(file)
  }
}

async function pack(
  pieces: Iterable<Uint8Array | string>,
  write: (bytes: Uint8Array) => void,
): Promise<{ crc: number; size: number }> {
  let crc = 0
  let size = 0
  const deflate = createDeflateRaw({ level: 1 })
  const written = (async () => {
    for await (const chunk of deflate as AsyncIterable<Buffer>) write(chunk)
  })()
  for (const piece of pieces) {
    const bytes = Buffer.from(piece as string)
    crc = crc32(bytes, crc)
    size += bytes.length
    if (!deflate.write(bytes)) await new Promise((resolve) => deflate.once('drain', resolve))
  }
  deflate.end()
  await written
  return { crc, size }
}

function directoryEntry({ name, says = {}, crc, packed, size, at }: Listed): Buffer {
  const entry = Buffer.alloc(46)
  const extra = Buffer.alloc(says.zip64 === undefined ? 0 : 28)
  entry.write('PK\x01\x02', 'latin1')
  entry.writeUInt16LE(says.flags ?? 0, 8)
  entry.writeUInt16LE(8, 10)
  entry.writeUInt32LE(says.crc ?? crc, 16)
  entry.writeUInt32LE(says.packedSize ?? packed, 20)
  entry.writeUInt32LE(says.size ?? size, 24)
  entry.writeUInt16LE(Buffer.byteLength(name), 28)
  entry.writeUInt32LE(says.headerAt ?? at, 42)
  if (says.zip64 !== undefined) {
    entry.writeUInt16LE(extra.length, 30)
    for (const field of [20, 24, 42]) entry.writeUInt32LE(0xffffffff, field)
    extra.writeUInt16LE(1)
    extra.writeUInt16LE(24, 2)
    for (const index of [0, 1, 2]) extra.writeBigUInt64LE(says.zip64, 4 + 8 * index)
  }
  return Buffer.concat([entry, Buffer.from(name), extra])
}
