import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { and, eq, isNull, lt } from 'drizzle-orm'
import type { Db, Tx } from '../db/open.ts'
import type { SignInPolicy } from '../lib/office.ts'
import type { Offices } from '../lib/offices.ts'
import type { Account } from './accounts.ts'

/** What still stands between this session and the pages; null: nothing. */
export type Lacking = 'password' | 'enrol' | 'code' | null

export type Session = {
  id: number
  token: string
  account: Account
  lacking: Lacking
  codeAt: number | null
  /** That somebody of headquarters chose to look at. */
  officeCode: string | null
}

/** To finish signing in. */
const UNFINISHED_MS = 15 * 60_000
/** After its last possible moment. */
const KEPT_MS = 30 * 24 * 3_600_000
/** `seen_at` is written at most this often. */
const SEEN_EVERY_MS = 60_000

/** Begins a session. Its token goes to the browser; the database keeps a digest. */
export async function beginSession(
  tx: Tx,
  { account, codeAt, now, policy }: { account: Account; codeAt: number | null; now: number; policy: SignInPolicy },
): Promise<string> {
  const token = newToken()
  const finished = lackingOf({ account, codeAt, policy }) === null
  await tx.insert(tx.t.sessions).values({
    token_hash: digest(token),
    officer_id: account.id,
    code_at: codeAt,
    created_at: now,
    seen_at: now,
    expires_at: now + (finished ? policy.absoluteMs : UNFINISHED_MS),
  })
  return token
}

/** The live session of this token, and marks that it was seen. */
export async function sessionOf(
  db: Db,
  { token, now, policy, offices }: { token: string; now: number; policy: SignInPolicy; offices: Offices },
): Promise<Session | null> {
  const { sessions, officers } = db.t
  const [row] = await db.read
    .select({ session: sessions, account: officers })
    .from(sessions)
    .innerJoin(officers, eq(sessions.officer_id, officers.id))
    .where(and(eq(sessions.token_hash, digest(token)), isNull(sessions.ended_at), isNull(officers.disabled_at)))
  if (!row || isOver(row.session, { now, policy })) return null
  const { id, code_at, seen_at, office_code: officeCode } = row.session
  if (Math.abs(now - seen_at) >= SEEN_EVERY_MS) {
    await db.write(async (tx) => {
      await tx.update(tx.t.sessions).set({ seen_at: now }).where(eq(tx.t.sessions.id, id))
    })
  }
  const { account } = row
  // Of an office that is no longer here: nothing would be theirs to see.
  if (account.office_code !== null && offices.all.every(({ code }) => code !== account.office_code)) return null
  return { id, token, account, lacking: lackingOf({ account, codeAt: code_at, policy }), codeAt: code_at, officeCode }
}

/** Also when it could not have begun by now: the clock was set back, and nobody can tell how long it was left alone. */
function isOver(
  { expires_at, seen_at }: { expires_at: number; seen_at: number },
  { now, policy }: { now: number; policy: SignInPolicy },
): boolean {
  if (expires_at <= now || seen_at + policy.idleMs <= now) return true
  return expires_at > now + policy.absoluteMs + policy.idleMs || seen_at > now + policy.idleMs
}

export async function endSession(tx: Tx, id: number, now: number): Promise<void> {
  await tx.update(tx.t.sessions).set({ ended_at: now }).where(eq(tx.t.sessions.id, id))
}

/** From now on pages are those of this office. */
export async function lookAtOffice(tx: Tx, id: number, officeCode: string): Promise<void> {
  await tx.update(tx.t.sessions).set({ office_code: officeCode }).where(eq(tx.t.sessions.id, id))
}

/** Removes the rows of sessions that ended, or could end, long ago; what their officers did stands in the audit. */
export async function cleanSessions(db: Db, now: number): Promise<number> {
  const { sessions } = db.t
  const gone = await db.write((tx) =>
    tx
      .delete(sessions)
      .where(lt(sessions.expires_at, now - KEPT_MS))
      .returning({ id: sessions.id }),
  )
  return gone.length
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
export function lackingOf({
  account,
  codeAt,
  policy,
}: {
  account: Account
  codeAt: number | null
  policy: SignInPolicy
}): Lacking {
  if (account.totp_confirmed_at !== null && codeAt === null) return 'code'
  if (account.one_time_until !== null) return 'password'
  if (account.totp_confirmed_at === null && policy.secondFactor.includes(account.role)) return 'enrol'
  return null
}

function digest(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}
