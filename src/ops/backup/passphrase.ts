import { createHmac, randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { AppError, messageOf } from '../../lib/errors.ts'
import { NONCE_PREFIX_BYTES, type Seal } from './frames.ts'
import { type Encryption, refused } from './header.ts'

const SHORTEST = 12
/** 32 MB and a tenth of a second on a small server; owasp.org, Password Storage Cheat Sheet. */
const COST = { n: 2 ** 15, r: 8, p: 3 } as const

/** @throws AppError `config` for a file that cannot be read or holds a passphrase that can be guessed. */
export function readPassphrase(file: string): string {
  try {
    return checkedPassphrase(readFileSync(file, 'utf8'), file)
  } catch (error) {
    if (error instanceof AppError) throw error
    throw new AppError('config', `the passphrase file ${file} cannot be read: ${messageOf(error)}`, { cause: error })
  }
}

export function checkedPassphrase(text: string, source: string): string {
  const passphrase = text.trim()
  if (passphrase.length >= SHORTEST) return passphrase
  throw new AppError('config', `the passphrase in ${source} is too short; allowed: at least ${SHORTEST} characters`)
}

/** A key of its own for each file. */
export async function newEncryption(passphrase: string): Promise<{ encryption: Encryption; key: Buffer }> {
  const salt = randomBytes(16)
  const key = await derive(passphrase, { ...COST, salt })
  return {
    key,
    encryption: {
      cipher: 'aes-256-gcm',
      kdf: 'scrypt',
      ...COST,
      salt: salt.toString('base64url'),
      nonce: randomBytes(NONCE_PREFIX_BYTES).toString('base64url'),
      check: checkOf(key).toString('base64url'),
    },
  }
}

/** @throws AppError `config` where the passphrase is missing or is not the one of this file. */
export async function keyFor(encryption: Encryption, passphrase: string | undefined, name: string): Promise<Buffer> {
  if (passphrase === undefined) {
    throw new AppError('config', `${name} is encrypted: give --passphrase-file or set BACKUP_PASSPHRASE_FILE`)
  }
  const { n, r, p } = encryption
  const salt = Buffer.from(encryption.salt, 'base64url')
  const check = Buffer.from(encryption.check, 'base64url')
  const noncePrefix = Buffer.from(encryption.nonce, 'base64url')
  if (check.length !== 16 || noncePrefix.length !== NONCE_PREFIX_BYTES)
    throw refused(name, 'has an encryption that this program does not know')
  const key = await derive(passphrase, { n, r, p, salt })
  if (!timingSafeEqual(checkOf(key), check)) throw new AppError('config', `the passphrase is not the one of ${name}`)
  return key
}

export function sealOf(encryption: Encryption, key: Buffer, digest: Buffer): Seal {
  return { key, noncePrefix: Buffer.from(encryption.nonce, 'base64url'), digest }
}

function derive(
  passphrase: string,
  { n, r, p, salt }: { n: number; r: number; p: number; salt: Buffer },
): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const maxmem = 2 * 128 * n * r + 128 * r * p
  scrypt(passphrase.normalize('NFC'), salt, 32, { N: n, r, p, maxmem }, (error, key) =>
    error ? reject(error) : resolve(key),
  )
  return promise
}

function checkOf(key: Buffer): Buffer {
  return createHmac('sha256', key).update('tenggat backup passphrase').digest().subarray(0, 16)
}
