import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { and, eq, isNull } from 'drizzle-orm'
import type { Db, Tx } from '../db/open.ts'
import { type Account, TOTP_ROLES } from './accounts.ts'

/** What still stands between this session and the pages; null: nothing. */
export type Lacking = 'password' | 'enrol' | 'code' | null

export type Session = { id: number; token: string; account: Account; lacking: Lacking; codeAt: number | null }

const IDLE_MS = 30 * 60_000
const ABSOLUTE_MS = 12 * 3600_000
/** To finish signing in. */
const UNFINISHED_MS = 15 * 60_000
/** `seen_at` is written at most this often. */
const SEEN_EVERY_MS = 60_000

/** Begins a session. Its token goes to the browser; the database keeps a digest. */
export async function beginSession(
  tx: Tx,
  { account, codeAt, now }: { account: Account; codeAt: number | null; now: number },
): Promise<string> {
  const token = newToken()
  const finished = lackingOf(account, codeAt) === null
  await tx.insert(tx.t.sessions).values({
    token_hash: digest(token),
    officer_id: account.id,
    code_at: codeAt,
    created_at: now,
    seen_at: now,
    expires_at: now + (finished ? ABSOLUTE_MS : UNFINISHED_MS),
  })
  return token
}

/** The live session of this token, and marks that it was seen. */
export async function sessionOf(db: Db, token: string, now: number): Promise<Session | null> {
  const { sessions, officers } = db.t
  const [row] = await db.read
    .select({ session: sessions, account: officers })
    .from(sessions)
    .innerJoin(officers, eq(sessions.officer_id, officers.id))
    .where(and(eq(sessions.token_hash, digest(token)), isNull(sessions.ended_at), isNull(officers.disabled_at)))
  if (!row || row.session.expires_at <= now || row.session.seen_at + IDLE_MS <= now) return null
  const { id, code_at, seen_at } = row.session
  if (now - seen_at >= SEEN_EVERY_MS) {
    await db.write(async (tx) => {
      await tx.update(tx.t.sessions).set({ seen_at: now }).where(eq(tx.t.sessions.id, id))
    })
  }
  return { id, token, account: row.account, lacking: lackingOf(row.account, code_at), codeAt: code_at }
}

export async function endSession(tx: Tx, id: number, now: number): Promise<void> {
  await tx.update(tx.t.sessions).set({ ended_at: now }).where(eq(tx.t.sessions.id, id))
}

/** Random, for a session or for a form that is filled in without one. */
export function newToken(): string {
  return randomBytes(32).toString('base64url')
}

/** What the forms of the holder of this token carry. */
export function csrfOf(token: string): string {
  return createHmac('sha256', token).update('csrf').digest('base64url')
}

export function isCsrf(token: string, given: string | undefined): boolean {
  const expected = Buffer.from(csrfOf(token))
  const actual = Buffer.from(given ?? '')
  return expected.length === actual.length && timingSafeEqual(expected, actual)
}

/** What an officer who showed a second factor at `codeAt` (or not) still lacks. */
export function lackingOf(account: Account, codeAt: number | null): Lacking {
  if (account.totp_confirmed_at !== null && codeAt === null) return 'code'
  if (account.one_time_until !== null) return 'password'
  if (account.totp_confirmed_at === null && TOTP_ROLES.includes(account.role)) return 'enrol'
  return null
}

function digest(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}
