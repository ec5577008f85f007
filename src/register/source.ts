import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import { openCsv } from './csv.ts'
import { type Reason, RegisterFileError } from './fault.ts'
import type { RegisterTable } from './row.ts'
import { openXlsx } from './xlsx.ts'

export type { SourceRow } from './row.ts'

/**
 * `bytesRead()` grows to `bytes` while the rows are walked, which can be done once. `delimiter` is a CSV's, `sheet` the name
 * of the XLSX sheet that is read.
 */
export type RegisterFile = RegisterTable & { bytes: number; format: 'csv' | 'xlsx'; delimiter?: string; sheet?: string }

const headBytes = 256 * 1024

/**
 * Opens a register of foreigners, CSV or XLSX by its content, whatever its name. The header has every required column.
 * Throws a RegisterFileError (code `invalid`) where the file as a whole cannot be read, also while the rows are walked;
 * a row that cannot be read is a row with a fatal fault.
 */
export async function openRegisterFile(path: string): Promise<RegisterFile> {
  const { head, bytes } = await readHead(path)
  const other = otherFormat(head)
  if (other) throw new RegisterFileError(basename(path), other)
  if (isZip(head)) return { ...(await openXlsx(path, bytes)), bytes, format: 'xlsx' }
  return { ...(await openCsv(path, head)), bytes, format: 'csv' }
}

async function readHead(path: string): Promise<{ head: Buffer; bytes: number }> {
  const refuse = (id: string, en: string, cause?: unknown) =>
    new RegisterFileError(basename(path), { id, en }, { cause })
  try {
    await using file = await open(path)
    const stat = await file.stat()
    if (!stat.isFile()) throw refuse('bukan berkas', 'is not a file')
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(stat.size, headBytes)), 0)
    const head = buffer.subarray(0, bytesRead)
    if (/^[\s\ufeff]*$/.test(head.toString('utf8')) && bytesRead === stat.size)
      throw refuse('berkas kosong', 'is empty')
    return { head, bytes: stat.size }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR')
      throw refuse('berkas tidak ditemukan', 'there is no such file', error)
    if (error.code === 'EACCES' || error.code === 'EPERM')
      throw refuse('berkas tidak boleh dibaca', 'may not be read by this program', error)
    throw error
  }
}

// PK and a control character: an archive, an empty one, or one of several volumes.
function isZip(head: Buffer): boolean {
  return head.toString('latin1', 0, 2) === 'PK' && head[2]! < 9
}

function otherFormat(head: Buffer): Reason | null {
  const start = head.toString('latin1', 0, 8)
  if (start === '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1') {
    return {
      id: 'berkas .xls lama atau XLSX terkunci kata sandi; simpan ulang sebagai .xlsx tanpa kata sandi',
      en: 'is an old .xls file, or an XLSX locked with a password; save it again as .xlsx without one',
    }
  }
  if (/^\s*<(?:!doctype|html|table|\?xml)/i.test(head.toString('utf8', 0, 200).replace('\ufeff', ''))) {
    return {
      id: 'halaman web atau XML, walau mungkin bernama .xls; buka lalu simpan sebagai .xlsx',
      en: 'is a web page or XML, whatever its name; open it in a spreadsheet and save it as .xlsx',
    }
  }
  if (start.startsWith('%PDF')) return { id: 'berkas PDF, bukan register', en: 'is a PDF, not a register' }
  return null
}
