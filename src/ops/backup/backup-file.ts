import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { AppError, messageOf } from '../../lib/errors.ts'
import { FrameError, fromFrames, type Seal, toFrames } from './frames.ts'
import { type BackupHeader, damaged, headerBytes, readHeader } from './header.ts'
import { keyFor, newEncryption, sealOf } from './passphrase.ts'

export type Facts = Omit<BackupHeader, 'encryption'>

/** Writes `target`, which must not be there, readable by its owner alone, and syncs it. */
export async function pack(options: {
  database: string
  target: string
  facts: Facts
  passphrase: string | undefined
}): Promise<{ bytes: number }> {
  const { database, target, facts, passphrase } = options
  const secret = passphrase === undefined ? null : await newEncryption(passphrase)
  const lead = headerBytes({ ...facts, encryption: secret?.encryption ?? null })
  const seal: Seal | null = secret && sealOf(secret.encryption, secret.key, lead.subarray(-32))
  await using file = await open(target, 'wx', 0o600)
  let bytes = 0
  const write = async (chunk: Uint8Array) => {
    bytes += (await file.write(chunk)).bytesWritten
  }
  await write(lead)
  await pipeline(createReadStream(database), createGzip(), async (compressed: AsyncIterable<Buffer>) => {
    for await (const frame of toFrames(compressed, seal)) await write(frame)
  })
  await file.sync()
  return { bytes }
}

/** What a backup says of itself, before anything of it is opened. Throws AppError `invalid` for what is none. */
export async function headerOf(source: string): Promise<BackupHeader> {
  await using file = await openSource(source)
  return (await readHeader(file, source)).header
}

/**
 * Writes the database of a backup to `target`, which must not be there, and syncs it.
 * @throws AppError `invalid` where a single bit is not as it was written, `config` without its passphrase.
 */
export async function unpack(options: {
  source: string
  target: string
  passphrase: string | undefined
}): Promise<BackupHeader> {
  const { source, target, passphrase } = options
  await using file = await openSource(source)
  const { header, digest, begins } = await readHeader(file, source)
  const { encryption } = header
  const seal = encryption && sealOf(encryption, await keyFor(encryption, passphrase, source), digest)
  await using out = await open(target, 'wx', 0o600)
  const hash = createHash('sha256')
  let bytes = 0
  const frames = fromFrames(file.createReadStream({ start: begins, autoClose: false }), seal)
  try {
    await pipeline(
      Readable.from(frames, { objectMode: false }),
      createGunzip(),
      async (plain: AsyncIterable<Buffer>) => {
        for await (const chunk of plain) {
          bytes += chunk.length
          // A forged file must not fill the disk.
          if (bytes > header.bytes) throw damaged(source, 'longer than it says')
          hash.update(chunk)
          await out.write(chunk)
        }
      },
    )
  } catch (error) {
    throw faultOf(error, source)
  }
  if (bytes !== header.bytes || hash.digest('hex') !== header.sha256) throw damaged(source, 'checksum')
  await out.sync()
  return header
}

async function openSource(source: string): Promise<FileHandle> {
  try {
    return await open(source, 'r')
  } catch (cause) {
    throw new AppError('usage', `${source} cannot be read: ${messageOf(cause)}`, { cause })
  }
}

/** A disk that is full or fails is not the file's fault. */
function faultOf(error: unknown, source: string): unknown {
  if (error instanceof FrameError) return damaged(source, error.message)
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  if (code?.startsWith('Z_') || code === 'ERR_STREAM_PREMATURE_CLOSE') return damaged(source, 'compression')
  return error
}
