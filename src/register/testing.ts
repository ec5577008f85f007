import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32, deflateRawSync } from 'node:zlib'
import { civilDate } from '../lib/civil-date.ts'
import type { RowFault } from './fault.ts'
import { columnsOf } from './headers.ts'
import { type RegisterRow, readRow } from './parse-row.ts'
import type { SourceRow } from './row.ts'
import { openRegisterFile, type RegisterFile } from './source.ts'

export const testToday = civilDate('2026-11-22')

export type ReadFile = {
  file: RegisterFile
  sources: SourceRow[]
  good: { line: number; row: RegisterRow; remarks: RowFault[] }[]
  bad: { line: number; faults: RowFault[] }[]
}

/** Writes `bytes` to a file of its own, reads it to its end as an import would, and removes it. */
export async function readBytes(bytes: string | Uint8Array, name = 'register.csv'): Promise<ReadFile> {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'tenggat-register-'))
  const path = join(folder.path, name)
  await writeFile(path, bytes)
  const file = await openRegisterFile(path)
  const { columns } = columnsOf(file.header)
  const result: ReadFile = { file, sources: [], good: [], bad: [] }
  for await (const source of file.rows) {
    result.sources.push(source)
    const parsed = readRow(source, columns, testToday)
    if ('faults' in parsed) result.bad.push({ line: source.line, faults: parsed.faults })
    else result.good.push({ line: source.line, ...parsed })
  }
  return result
}

/** A ZIP of these parts; `wide` writes its sizes as zip64; `tamper` changes what the
 * directory says of each. */
export function zipOf(
  parts: Record<string, string | Uint8Array>,
  {
    stored = false,
    wide = false,
    tamper = {},
  }: { stored?: boolean; wide?: boolean; tamper?: { size?: number; crc?: number; flags?: number } } = {},
): Buffer {
  const bodies: Buffer[] = []
  const directory: Buffer[] = []
  let at = 0
  for (const [name, content] of Object.entries(parts)) {
    const bytes = Buffer.from(content)
    const packed = stored ? bytes : deflateRawSync(bytes)
    const local = Buffer.alloc(30)
    local.write('PK\x03\x04', 'latin1')
    local.writeUInt16LE(name.length, 26)
    const entry = Buffer.alloc(46)
    entry.write('PK\x01\x02', 'latin1')
    entry.writeUInt16LE(tamper.flags ?? 0, 8)
    entry.writeUInt16LE(stored ? 0 : 8, 10)
    entry.writeUInt32LE(tamper.crc ?? crc32(bytes), 16)
    entry.writeUInt32LE(packed.length, 20)
    entry.writeUInt32LE(tamper.size ?? bytes.length, 24)
    entry.writeUInt16LE(name.length, 28)
    entry.writeUInt32LE(at, 42)
    const extra = Buffer.alloc(wide ? 28 : 0)
    if (wide) {
      entry.writeUInt16LE(28, 30)
      for (const field of [20, 24, 42]) entry.writeUInt32LE(0xffffffff, field)
      extra.writeUInt16LE(1)
      extra.writeUInt16LE(24, 2)
      const numbers = [bytes.length, packed.length, at]
      for (const [index, value] of numbers.entries()) extra.writeBigUInt64LE(BigInt(value), 4 + 8 * index)
    }
    bodies.push(local, Buffer.from(name), packed)
    directory.push(Buffer.concat([entry, Buffer.from(name), extra]))
    at += 30 + name.length + packed.length
  }
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(directory.length, 8)
  end.writeUInt16LE(directory.length, 10)
  end.writeUInt32LE(Buffer.concat(directory).length, 12)
  end.writeUInt32LE(at, 16)
  return Buffer.concat([...bodies, ...directory, end])
}
