import { and, eq, isNull } from 'drizzle-orm'
import type { Db, Reader, Tx } from '../db/open.ts'
import { AppError } from '../lib/errors.ts'
import { recordAudit } from './audit.ts'
import { type Officer, ROLES, type Role } from './officer.ts'
import { hashPassword, newOneTimePassword, type PasswordCost } from './password.ts'

export type Account = Db['t']['officers']['$inferSelect']

const ONE_TIME_MS = 24 * 3600_000
const FREE_TRIES = 5
const FIRST_LOCK_MS = 30_000
const LONGEST_LOCK_MS = 15 * 60_000
const NAME = /^[a-z][a-z0-9._-]{1,31}$/

type Doing = { db: Db; now: number; passwordCost?: PasswordCost | undefined }

/**
 * A new account with a one-time password, good for 24 hours and shown nowhere else.
 * @throws AppError `usage` for a name or role that cannot be, `conflict` for a name that is taken.
 */
export async function addOfficer(
  { db, now, passwordCost }: Doing,
  given: {
    name: string
    role: string
    /** Null: headquarters. */
    officeCode: string | null
    regencies: readonly string[] | null
    known: readonly string[]
  },
): Promise<{ id: number; password: string }> {
  const name = given.name.toLowerCase()
  if (!NAME.test(name)) {
    throw new AppError(
      'usage',
      `${given.name} is no name for an account; allowed: 2 to 32 of a-z 0-9 . _ - after a letter`,
    )
  }
  const role = roleNamed(given.role)
  refuseStrange(given.regencies ?? [], given.known)
  const password = newOneTimePassword()
  const password_hash = await hashPassword(password, passwordCost)
  const id = await db.write(async (tx) => {
    if (await accountByName(tx, name))
      throw new AppError('conflict', `there is an account ${name} already; to let them in anew: officer reset ${name}`)
    const [row] = await tx
      .insert(tx.t.officers)
      .values({
        name,
        role,
        office_code: given.officeCode,
        regencies: regenciesText(given.regencies ?? []),
        password_hash,
        one_time_until: now + ONE_TIME_MS,
        created_at: now,
      })
      .returning({ id: tx.t.officers.id })
    await recordAudit(tx, { officerId: null, now, action: 'officer.add', subject: subject(row!.id), detail: role })
    return row!.id
  })
  return { id, password }
}

/**
 * Whoever lost password, phone or recovery codes: a new one-time password, second factor anew, every session ended. With
 * `role`, `officeCode` or `regencies` those change too; no regency at all: the whole area.
 */
export async function resetOfficer(
  { db, now, passwordCost }: Doing,
  given: {
    name: string
    role?: string
    officeCode?: string | null
    regencies?: readonly string[]
    known: readonly string[]
  },
): Promise<{ id: number; password: string }> {
  const role = given.role === undefined ? null : roleNamed(given.role)
  refuseStrange(given.regencies ?? [], given.known)
  const password = newOneTimePassword()
  const password_hash = await hashPassword(password, passwordCost)
  const id = await db.write(async (tx) => {
    const account = await known(tx, given.name)
    await tx
      .update(tx.t.officers)
      .set({
        ...(role ? { role } : {}),
        ...(given.officeCode === undefined ? {} : { office_code: given.officeCode }),
        ...(given.regencies ? { regencies: regenciesText(given.regencies) } : {}),
        password_hash,
        one_time_until: now + ONE_TIME_MS,
        totp_secret: null,
        totp_confirmed_at: null,
        totp_step: null,
        recovery_hashes: null,
        failed_count: 0,
        locked_until: null,
        disabled_at: null,
      })
      .where(eq(tx.t.officers.id, account.id))
    await endSessionsOf(tx, account.id, now)
    const detail = role ?? account.role
    await recordAudit(tx, { officerId: null, now, action: 'officer.reset', subject: subject(account.id), detail })
    return account.id
  })
  return { id, password }
}

/** No way in any more, from this moment. What the officer did stays on record. */
export async function disableOfficer({ db, now }: Doing, name: string): Promise<void> {
  await db.write(async (tx) => {
    const account = await known(tx, name)
    await tx.update(tx.t.officers).set({ disabled_at: now }).where(eq(tx.t.officers.id, account.id))
    await endSessionsOf(tx, account.id, now)
    await recordAudit(tx, { officerId: null, now, action: 'officer.disable', subject: subject(account.id) })
  })
}

export async function accountByName(reader: Reader, name: string): Promise<Account | null> {
  const { officers } = reader.t
  const [row] = await reader.select().from(officers).where(eq(officers.name, name.trim().toLowerCase()))
  return row ?? null
}

export async function endSessionsOf(tx: Tx, officerId: number, now: number): Promise<void> {
  const { sessions } = tx.t
  await tx
    .update(sessions)
    .set({ ended_at: now })
    .where(and(eq(sessions.officer_id, officerId), isNull(sessions.ended_at)))
}

/** One more failure: from the fifth on each locks twice as long as the one before. */
export async function countFailure(tx: Tx, account: Pick<Account, 'id'>, now: number): Promise<void> {
  const { officers } = tx.t
  const [row] = await tx.select({ count: officers.failed_count }).from(officers).where(eq(officers.id, account.id))
  const failed_count = (row?.count ?? 0) + 1
  await tx
    .update(officers)
    .set({ failed_count, locked_until: lockedUntil(failed_count, now) })
    .where(eq(officers.id, account.id))
}

export function lockedUntil(failures: number, now: number): number | null {
  if (failures < FREE_TRIES) return null
  return now + Math.min(FIRST_LOCK_MS * 2 ** Math.min(failures - FREE_TRIES, 20), LONGEST_LOCK_MS)
}

export function isLocked(account: Pick<Account, 'locked_until'>, now: number): boolean {
  const until = account.locked_until
  // Longer than any lock: it was set before the clock was set back.
  return until !== null && until > now && until <= now + LONGEST_LOCK_MS
}

export function officerOf(account: Account): Officer {
  const { id, name, role, language, theme, office_code } = account
  return {
    id,
    name,
    role,
    officeCode: office_code,
    regencies: account.regencies === null ? null : JSON.parse(account.regencies),
    language,
    theme,
  }
}

function roleNamed(name: string): Role {
  const role = ROLES.find((one) => one === name)
  if (!role) throw new AppError('usage', `--role ${name} is unknown; allowed: ${ROLES.join(', ')}`)
  return role
}

function refuseStrange(regencies: readonly string[], allowed: readonly string[]): void {
  const strange = regencies.find((one) => !allowed.includes(one))
  if (strange !== undefined)
    throw new AppError('usage', `--regency ${strange} is not of this office; allowed: ${allowed.join(', ')}`)
}

function regenciesText(regencies: readonly string[]): string | null {
  return regencies.length > 0 ? JSON.stringify(regencies) : null
}

async function known(tx: Tx, name: string): Promise<Account> {
  const account = await accountByName(tx, name)
  if (!account) throw new AppError('not-found', `there is no account ${name}`)
  return account
}

function subject(id: number): { kind: string; id: number } {
  return { kind: 'officer', id }
}
