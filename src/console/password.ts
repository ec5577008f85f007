import { argon2, randomBytes, randomInt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import PQueue from 'p-queue'
import { isGuessable } from './guessable.ts'

/** `memoryKiB` of each computation, `passes` over it. */
export type PasswordCost = { memoryKiB: number; passes: number }

export const MIN_LENGTH = 12
export const MAX_LENGTH = 200
const COST: PasswordCost = { memoryKiB: 32_768, passes: 3 }
const TAG_BYTES = 32
const SALT_BYTES = 16
/** Without what is read wrongly on paper: 0 O, 1 l I. */
const LETTERS = 'abcdefghijkmnpqrstuvwxyz23456789'

const argon2Async = promisify(argon2)
/** Each takes its memory: many at once would take the server's. */
const queue = new PQueue({ concurrency: 2 })

/** The argon2id hash as a PHC string, with a salt of its own. */
export async function hashPassword(password: string, cost: PasswordCost = COST): Promise<string> {
  const salt = randomBytes(SALT_BYTES)
  const tag = await compute(password, salt, cost)
  return `$argon2id$v=19$m=${cost.memoryKiB},t=${cost.passes},p=1$${base64(salt)}$${base64(tag)}`
}

/** Takes the same time for a wrong password as for the right one; `null` (no such account) takes it too and is always false. */
export async function verifyPassword(
  hash: string | null,
  password: string,
  cost: PasswordCost = COST,
): Promise<boolean> {
  const match = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=1\$([\w+/]+)\$([\w+/]+)$/.exec(hash ?? '')
  if (!match) {
    await compute(password, Buffer.alloc(SALT_BYTES), cost)
    return false
  }
  const made = { memoryKiB: Number(match[1]), passes: Number(match[2]) }
  const expected = Buffer.from(match[4]!, 'base64')
  const same = timingSafeEqual(await compute(password, Buffer.from(match[3]!, 'base64'), made), expected)
  return same && password.length <= MAX_LENGTH
}

/** 80 bits in groups, to be read from one screen and typed at another: `k7f3-9xqa-…`. */
export function newOneTimePassword(): string {
  return groups(16)
}

/** 50 bits each; one replaces one code of the app. */
export function newRecoveryCodes(count = 8): string[] {
  return Array.from({ length: count }, () => groups(10, 5))
}

/** What keeps a password from being taken, or null. */
export function passwordFault(password: string, name: string): 'short' | 'long' | 'name' | 'simple' | null {
  if ([...password].length < MIN_LENGTH) return 'short'
  if (password.length > MAX_LENGTH) return 'long'
  if (password.toLowerCase().includes(name.toLowerCase())) return 'name'
  if (new Set(password.toLowerCase()).size < 5 || isGuessable(password)) return 'simple'
  return null
}

function compute(password: string, salt: Buffer, { memoryKiB, passes }: PasswordCost): Promise<Buffer> {
  const message = password.slice(0, MAX_LENGTH).normalize('NFC')
  return queue.add(() =>
    argon2Async('argon2id', { message, nonce: salt, parallelism: 1, tagLength: TAG_BYTES, memory: memoryKiB, passes }),
  )
}

function groups(length: number, size = 4): string {
  const letters = Array.from({ length }, () => LETTERS[randomInt(LETTERS.length)]).join('')
  return letters.match(new RegExp(`.{${size}}`, 'g'))!.join('-')
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}
