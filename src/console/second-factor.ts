import { eq } from 'drizzle-orm'
import type { FastifyReply } from 'fastify'
import type { Tx } from '../db/open.ts'
import type { Vault } from '../db/seal.ts'
import type { SignInPolicy } from '../lib/office.ts'
import { type Account, accountByName, countFailure, isLocked } from './accounts.ts'
import { recordAudit } from './audit.ts'
import { setCookie } from './cookies.ts'
import type { ConsoleDeps } from './deps.ts'
import { officerAt, pathFor, render, safePath, wordsFor } from './pages.ts'
import { newRecoveryCodes, verifyPassword } from './password.ts'
import type { FrameRequest, FrameRoute } from './route.ts'
import { beginSession, endSession, lackingOf, type Session } from './sessions.ts'
import { goOn, renewSession } from './sign-in.ts'
import { newTotpSecret, recoveryHash, totpQr, totpStep } from './totp.ts'

export const secondFactorRoutes: readonly FrameRoute[] = [
  { method: 'GET', path: '/sign-in/code', role: 'signing-in', handle: showCode },
  { method: 'POST', path: '/sign-in/code', role: 'signing-in', guarded: true, handle: takeCode },
  { method: 'GET', path: '/sign-in/enrol', role: 'signing-in', handle: showEnrol },
  { method: 'POST', path: '/sign-in/enrol', role: 'signing-in', guarded: true, handle: enrol },
]

type Taken = { totp_step: number } | { recovery_hashes: string }

async function showCode({ session, query }: FrameRequest, reply: FastifyReply): Promise<unknown> {
  if (session?.lacking !== 'code') return goOn(reply, session?.lacking ?? null, query.get('next'))
  return codePage(reply, query.get('next'), null)
}

async function takeCode({ deps, session, form, now }: FrameRequest, reply: FastifyReply): Promise<unknown> {
  if (session?.lacking !== 'code') return goOn(reply, session?.lacking ?? null, form.next)
  const policy = deps.office.console
  const token = await deps.db.write((tx) =>
    answerTo(tx, { vault: deps.db.vault, session, code: form.code ?? '', now, policy }),
  )
  if (token === null) {
    reply.code(401)
    return codePage(reply, form.next, 'wrong')
  }
  setCookie(reply, deps, 'session', token)
  return goOn(reply, lackingOf({ account: session.account, codeAt: now, policy }), form.next)
}

async function answerTo(
  tx: Tx,
  {
    vault,
    session,
    code,
    now,
    policy,
  }: { vault: Vault; session: Session; code: string; now: number; policy: SignInPolicy },
): Promise<string | null> {
  const account = (await accountByName(tx, session.account.name))!
  const refuse = async (detail: string) => {
    await recordAudit(tx, { officerId: account.id, now, action: 'sign-in.refused', detail })
    return null
  }
  if (isLocked(account, now)) return refuse('locked')
  const taken = await takenBy(vault, { account, code, now })
  if (taken === null) {
    await countFailure(tx, account, now)
    return refuse('code')
  }
  await tx
    .update(tx.t.officers)
    .set({ ...taken, failed_count: 0, locked_until: null })
    .where(eq(tx.t.officers.id, account.id))
  await endSession(tx, session.id, now)
  const action = 'totp_step' in taken ? 'sign-in.code' : 'sign-in.recovery-code'
  await recordAudit(tx, { officerId: account.id, now, action })
  return beginSession(tx, { account, codeAt: now, now, policy })
}

/** What a right code uses up, or null. */
export async function takenBy(
  vault: Vault,
  { account, code, now }: { account: Account; code: string; now: number },
): Promise<Taken | null> {
  const secret = account.totp_secret
  const step = secret ? await totpStep({ secret, code, now, lastStep: account.totp_step }) : null
  if (step !== null) return { totp_step: step }
  const left: string[] = JSON.parse(account.recovery_hashes ?? '[]')
  const hash = recoveryHash(vault, code)
  return left.includes(hash) ? { recovery_hashes: JSON.stringify(left.filter((one) => one !== hash)) } : null
}

/** Required of some roles before any page opens, open to all. Shows a new secret each time until one is confirmed. */
async function showEnrol({ deps, session, query, now }: FrameRequest, reply: FastifyReply): Promise<unknown> {
  if (!mayEnrol(session)) return goOn(reply, session?.lacking ?? null, query.get('next'))
  const { account } = session!
  const secret = account.totp_secret ?? (await newTotpSecret())
  if (account.totp_secret === null) {
    await deps.db.write(async (tx) => {
      await tx.update(tx.t.officers).set({ totp_secret: secret }).where(eq(tx.t.officers.id, account.id))
      await recordAudit(tx, { officerId: account.id, now, action: 'totp.begin' })
    })
  }
  return enrolPage({ reply, deps, secret, session: session!, next: query.get('next'), fault: null })
}

async function enrol({ deps, session, form, now }: FrameRequest, reply: FastifyReply): Promise<unknown> {
  const account = session!.account
  const secret = account.totp_secret
  if (!mayEnrol(session) || secret === null) return goOn(reply, session!.lacking, form.next)
  const refuse = (fault: 'wrong' | 'password') => {
    reply.code(400)
    return enrolPage({ reply, deps, secret, session: session!, next: form.next, fault })
  }
  if (session!.lacking === null && !(await isOwner(deps, { account, password: form.current ?? '', now }))) {
    return refuse('password')
  }
  const step = await totpStep({ secret, code: form.code ?? '', now, lastStep: null })
  if (step === null) return refuse('wrong')
  const codes = newRecoveryCodes()
  const confirmed = {
    totp_confirmed_at: now,
    totp_step: step,
    recovery_hashes: JSON.stringify(codes.map((one) => recoveryHash(deps.db.vault, one))),
  }
  const { token } = await deps.db.write(async (tx) => {
    await tx.update(tx.t.officers).set(confirmed).where(eq(tx.t.officers.id, account.id))
    await recordAudit(tx, { officerId: account.id, now, action: 'totp.confirm' })
    const policy = deps.office.console
    return renewSession(tx, { account: { ...account, ...confirmed }, codeAt: now, now, policy })
  })
  setCookie(reply, deps, 'session', token)
  const t = wordsFor(reply, officerAt(reply))
  return render(reply, officerAt(reply), 'recovery-codes', {
    title: t('recovery.title'),
    codes,
    next: pathFor(reply, safePath(form.next)),
  })
}

/** Whoever sits down at a page that was left open must not make it theirs for good. */
async function isOwner(
  deps: ConsoleDeps,
  { account, password, now }: { account: Account; password: string; now: number },
): Promise<boolean> {
  const right = await verifyPassword(account.password_hash, password, deps.passwordCost)
  if (right && !isLocked(account, now)) return true
  await deps.db.write((tx) => countFailure(tx, account, now))
  return false
}

function mayEnrol(session: Session | null): boolean {
  return (
    session !== null &&
    session.account.totp_confirmed_at === null &&
    (session.lacking === null || session.lacking === 'enrol')
  )
}

function codePage(reply: FastifyReply, next: string | null | undefined, fault: string | null): string {
  const t = wordsFor(reply, null)
  return render(reply, null, 'code', { title: t('code.title'), next: safePath(next), fault })
}

async function enrolPage(page: {
  reply: FastifyReply
  deps: ConsoleDeps
  secret: string
  session: Session
  next: string | null | undefined
  fault: 'wrong' | 'password' | null
}): Promise<string> {
  const { reply, deps, secret, session, fault } = page
  const officer = officerAt(reply)
  return render(reply, officer, 'enrol', {
    title: wordsFor(reply, officer)('enrol.title'),
    qr: await totpQr({ secret, issuer: `Tenggat ${deps.office.shortName}`, label: session.account.name }),
    signedIn: session.lacking === null,
    secret: secret.match(/.{1,4}/g)!.join(' '),
    next: safePath(page.next),
    fault,
  })
}
