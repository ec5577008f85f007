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
  /** The id of the key that seals now; a sealed value begins with `id.`. */
  currentKey(): string
}

/** The key file's text where it has changed since this was last asked, else null; `now`: even if it was asked just before. */
export type Reread = (asked: { now: boolean }) => string | null

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
 * its last sealing key, the oldest. With `reread` a key that comes to the file later is taken up without a restart; a file whose
 * other two keys differ is not ours and is left alone.
 * @throws AppError `config` naming the line and what is allowed; never the key.
 */
export function openVault(keyFile: string, source: string, { reread }: { reread?: Reread } = {}): Vault {
  let ring = ringOf(keyFile, source)
  const { linkKey, indexKey } = ring
  const pool = new NoncePool()
  const refresh = (now: boolean): void => {
    const text = reread?.({ now })
    const next = text ? soundRing(text, source) : null
    if (next?.linkKey.equals(linkKey) && next.indexKey.equals(indexKey)) ring = next
  }

  return {
    seal(plain, place) {
      refresh(false)
      const { id, key } = ring.current
      const iv = pool.take()
      const cipher = createCipheriv('aes-256-gcm', key, iv)
      cipher.setAAD(Buffer.from(place))
      const body = [cipher.update(plain, 'utf8'), cipher.final()]
      return `${id}.${Buffer.concat([iv, cipher.getAuthTag(), ...body]).toString('base64url')}`
    },
    open(sealed, place) {
      const dot = sealed.indexOf('.')
      const id = sealed.slice(0, dot)
      if (dot > 0 && !ring.keys.has(id)) refresh(true)
      const key = ring.keys.get(id)
      if (dot < 1 || !key) throw new AppError('config', `${source} lacks the key "${id}" that ${place} was sealed with`)
      const bytes = Buffer.from(sealed.slice(dot + 1), 'base64url')
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12))
      decipher.setAAD(Buffer.from(place))
      decipher.setAuthTag(bytes.subarray(12, 28))
      return decipher.update(bytes.subarray(28), undefined, 'utf8') + decipher.final('utf8')
    },
    blind: (value, place) => hmac(indexKey, [place, value]),
    token: (...parts) => hmac(linkKey, parts),
    tokenHash: (token) => createHmac('sha256', 'tenggat token').update(token).digest('base64url'),
    currentKey() {
      refresh(true)
      return ring.current.id
    },
  }
}

/** The ids of the keys that seal or have sealed, the current one first. */
export function sealingKeys(keyFile: string, source: string): string[] {
  return [...parseKeys(keyFile, source).keys()].filter((id) => !isFixed(id))
}

/** The file with a new sealing key in front. What was derived from the oldest key so far gets lines of its own, for good. */
export function withNewKey(keyFile: string, { id, source }: { id: string; source: string }): string {
  const keys = parseKeys(keyFile, source)
  const { linkKey, indexKey } = ringOf(keyFile, source)
  const derived = { link: linkKey, index: indexKey }
  const missing = FIXED_KEYS.filter((name) => !keys.has(name)).map(
    (name) => `${name}:${derived[name].toString('base64')}`,
  )
  const fresh = `${id}:${randomBytes(KEY_BYTES).toString('base64')}`
  const changed = `${[fresh, keyFile.trimEnd(), ...missing].join('\n')}\n`
  parseKeys(changed, source)
  return changed
}

/** The file without these sealing keys; comments stay. */
export function withoutKeys(keyFile: string, { ids, source }: { ids: readonly string[]; source: string }): string {
  const kept = keyFile.split(/\r?\n/).filter((line) => !ids.some((id) => line.trim().startsWith(`${id}:`)))
  const changed = kept.join('\n')
  const [before, after] = [ringOf(keyFile, source), ringOf(changed, source)]
  if (!before.linkKey.equals(after.linkKey) || !before.indexKey.equals(after.indexKey)) {
    fail(source, 'has no lines "link" and "index" of its own, and the oldest key stands for them')
  }
  return changed
}

/** Null for a file that somebody is editing by hand: the keys in memory go on, and what cannot be opened says so. */
function soundRing(keyFile: string, source: string): Ring | null {
  try {
    return ringOf(keyFile, source)
  } catch (error) {
    if (error instanceof AppError) return null
    throw error
  }
}

type Ring = {
  keys: Map<string, Buffer>
  current: { id: string; key: Buffer }
  linkKey: Buffer
  indexKey: Buffer
}

function ringOf(keyFile: string, source: string): Ring {
  const keys = parseKeys(keyFile, source)
  const sealing = [...keys].filter(([id]) => !isFixed(id))
  const [id, key] = sealing[0] ?? fail(source, 'holds no sealing key; allowed: lines "id:base64 of 32 bytes"')
  const oldest = sealing.at(-1)![1]
  return {
    keys,
    current: { id, key },
    linkKey: keys.get('link') ?? derive(oldest, 'tenggat link'),
    indexKey: keys.get('index') ?? derive(oldest, 'tenggat index'),
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

/** The first 128 bits, base64url. Parts are length-prefixed, so ("ab","c") and ("a","bc") differ. */
function hmac(key: Buffer, parts: readonly (string | number)[]): string {
  let message = ''
  for (const part of parts) message += `${Buffer.byteLength(String(part))}:${part}`
  const digest = createHmac('sha256', key).update(message).digest('base64url')
  // As text at once, a third of the time goes. The 22nd character has two bits of the 128, and four that are not asked for.
  return digest.slice(0, 21) + 'AQgw'[BASE64URL.indexOf(digest[21]!) >> 4]
}

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

function fail(source: string, what: string): never {
  throw new AppError('config', `SECRET_KEY_FILE ${source}: ${what}`)
}
