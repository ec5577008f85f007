import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { AppError } from '../lib/errors.ts'

/** Seals personal values for the database and derives everything that must stay the same when the sealing key changes. */
export type Vault = {
  /** AES-256-GCM under the current key; `place` (table.column) is bound in, so a sealed value moved elsewhere does not open. */
  seal(plain: string, place: string): string
  /** Throws when the key is unknown or the value was tampered with or moved. */
  open(sealed: string, place: string): string
  /** Keyed digest for exact search of a sealed value; the same for the same value for as long as the database lives. */
  blind(value: string, place: string): string
  /** 128 bits of HMAC under the link key, base64url (22 characters): public tokens that come out the same after a restore. */
  token(...parts: readonly (string | number)[]): string
  /** SHA-256 of a public token: what the database stores of it. */
  tokenHash(token: string): string
}

const KEY_BYTES = 32

/** The line ids that never rotate; every other line is a sealing key, the first of them is current. */
export const FIXED_KEYS = ['link', 'index'] as const

/** The contents of a new `SECRET_KEY_FILE`: one sealing key and the two keys that are never rotated. */
export function newKeyFile(id: string): string {
  const line = (name: string) => `${name}:${randomBytes(KEY_BYTES).toString('base64')}`
  return `${[line(id), ...FIXED_KEYS.map(line)].join('\n')}\n`
}

/**
 * Reads `id:base64` lines (blank lines and # comments skipped). A file without `link` or `index` lines derives them from
 * its last sealing key, the oldest.
 * @throws AppError `config` naming the line and what is allowed; never the key.
 */
export function openVault(keyFile: string, source: string): Vault {
  const keys = parseKeys(keyFile, source)
  const sealing = [...keys].filter(([id]) => !isFixed(id))
  const [currentId, currentKey] =
    sealing[0] ?? fail(source, 'holds no sealing key; allowed: lines "id:base64 of 32 bytes"')
  const oldest = sealing.at(-1)![1]
  const linkKey = keys.get('link') ?? derive(oldest, 'tenggat link')
  const pool = new NoncePool()
  const indexKey = keys.get('index') ?? derive(oldest, 'tenggat index')

  return {
    seal(plain, place) {
      const iv = pool.take()
      const cipher = createCipheriv('aes-256-gcm', currentKey, iv)
      cipher.setAAD(Buffer.from(place))
      const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
      return `${currentId}.${Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64url')}`
    },
    open(sealed, place) {
      const dot = sealed.indexOf('.')
      const id = sealed.slice(0, dot)
      const key = keys.get(id)
      if (dot < 1 || !key) throw new AppError('config', `${source} lacks the key "${id}" that ${place} was sealed with`)
      const bytes = Buffer.from(sealed.slice(dot + 1), 'base64url')
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12))
      decipher.setAAD(Buffer.from(place))
      decipher.setAuthTag(bytes.subarray(12, 28))
      return decipher.update(bytes.subarray(28), undefined, 'utf8') + decipher.final('utf8')
    },
    blind: (value, place) => hmac(indexKey, [place, value]).subarray(0, 16).toString('base64url'),
    token: (...parts) => hmac(linkKey, parts).subarray(0, 16).toString('base64url'),
    tokenHash: (token) => createHmac('sha256', 'tenggat token').update(token).digest('base64url'),
  }
}

/** Nonces cut from a larger draw: a call to the system's generator for each costs a third of sealing. */
class NoncePool {
  #drawn = Buffer.alloc(0)

  take(): Buffer {
    if (this.#drawn.length < 12) this.#drawn = randomBytes(12 * 256)
    const nonce = this.#drawn.subarray(0, 12)
    this.#drawn = this.#drawn.subarray(12)
    return nonce
  }
}

function parseKeys(keyFile: string, source: string): Map<string, Buffer> {
  const keys = new Map<string, Buffer>()
  for (const [index, raw] of keyFile.split(/\r?\n/).entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const match = /^([a-z0-9-]{1,20}):([A-Za-z0-9+/]+=*)$/.exec(line)
    const key = match ? Buffer.from(match[2]!, 'base64') : undefined
    if (!match || key?.length !== KEY_BYTES) {
      fail(source, `line ${index + 1} is not a key; allowed: "id:base64 of 32 bytes", id of a-z, 0-9 and -`)
    }
    if (keys.has(match![1]!)) fail(source, `line ${index + 1} repeats the key id "${match![1]}"; each id stands once`)
    keys.set(match![1]!, key!)
  }
  return keys
}

function isFixed(id: string): boolean {
  return (FIXED_KEYS as readonly string[]).includes(id)
}

function derive(key: Buffer, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', purpose, KEY_BYTES))
}

/** Parts are length-prefixed, so ("ab","c") and ("a","bc") differ. */
function hmac(key: Buffer, parts: readonly (string | number)[]): Buffer {
  const mac = createHmac('sha256', key)
  for (const part of parts) {
    const text = String(part)
    mac.update(`${Buffer.byteLength(text)}:${text}`)
  }
  return mac.digest()
}

function fail(source: string, what: string): never {
  throw new AppError('config', `SECRET_KEY_FILE ${source}: ${what}`)
}
