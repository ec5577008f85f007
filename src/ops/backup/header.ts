import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { z } from 'zod'
import { AppError } from '../../lib/errors.ts'

/**
 * A backup file: magic and format number, length of the header (4 bytes), the header as JSON, the SHA-256 of all that; then the
 * database, compressed by gzip, in frames (frames.ts). Of the people in it the header says how many there are, nothing else.
 */
const MAGIC = Buffer.from('TENGGAT BACKUP\n')
const FORMAT = 1
const LONGEST_HEADER = 256 * 1024

const instant = z.int().min(0)
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)

const headerSchema = z.object({
  office: z.string(),
  /** Epoch ms. Everything committed before is in it. */
  made_at: instant,
  /** The steps that the database had been brought through, in order. */
  migrations: z.array(z.string()).min(1),
  /** Rows by table. */
  tables: z.record(z.string(), z.int().min(0)),
  bytes: z.int().min(1),
  sha256,
  /** Tells whether a SECRET_KEY_FILE is the one that made the links; reveals nothing of it. */
  key_check: z.string(),
  encryption: z
    .object({
      cipher: z.literal('aes-256-gcm'),
      kdf: z.literal('scrypt'),
      n: z
        .int()
        .min(2 ** 14)
        .max(2 ** 20),
      r: z.int().min(8).max(16),
      p: z.int().min(1).max(16),
      salt: z.string(),
      nonce: z.string(),
      /** Tells a wrong passphrase from a damaged file. */
      check: z.string(),
    })
    .nullable(),
})

export type BackupHeader = z.output<typeof headerSchema>
export type Encryption = NonNullable<BackupHeader['encryption']>

export function headerBytes(header: BackupHeader): Buffer {
  const json = Buffer.from(JSON.stringify(header))
  const lead = Buffer.concat([MAGIC, Buffer.from([FORMAT]), lengthBytes(json.length), json])
  return Buffer.concat([lead, digestOf(lead)])
}

/**
 * @returns the header, its digest (which seals the frames to it) and where the frames begin.
 * @throws AppError `invalid` for a file that is not a backup of ours, is of a newer format, or has a damaged header.
 */
export async function readHeader(
  file: FileHandle,
  name: string,
): Promise<{ header: BackupHeader; digest: Buffer; begins: number }> {
  const start = await bytesAt(file, 0, MAGIC.length + 5)
  if (!start.subarray(0, MAGIC.length).equals(MAGIC)) throw refused(name, 'is not a backup of this program')
  const format = start.readUInt8(MAGIC.length)
  if (format > FORMAT)
    throw refused(name, `has format ${format}, this program reads ${FORMAT}: restore it with the newer one`)
  const length = start.length < MAGIC.length + 5 ? 0 : start.readUInt32BE(MAGIC.length + 1)
  if (length === 0 || length > LONGEST_HEADER) throw damaged(name, 'header')
  const lead = await bytesAt(file, 0, MAGIC.length + 5 + length)
  const digest = await bytesAt(file, lead.length, 32)
  if (!digestOf(lead).equals(digest)) throw damaged(name, 'header')
  return { header: parse(lead.subarray(MAGIC.length + 5), name), digest, begins: lead.length + digest.length }
}

export function damaged(name: string, where: string): AppError {
  return refused(name, `is damaged (${where})`)
}

export function refused(name: string, why: string): AppError {
  return new AppError('invalid', `${name} ${why}`)
}

function parse(json: Buffer, name: string): BackupHeader {
  const parsed = headerSchema.safeParse(JSON.parse(json.toString('utf8')))
  if (parsed.success) return parsed.data
  throw refused(name, `says something that this program does not know: ${parsed.error.issues[0]?.path.join('.')}`)
}

async function bytesAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length)
  const { bytesRead } = await file.read(buffer, 0, length, position)
  return buffer.subarray(0, bytesRead)
}

function lengthBytes(length: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(length)
  return bytes
}

function digestOf(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest()
}
