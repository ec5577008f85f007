import { eq } from 'drizzle-orm'
import type { FastifyReply } from 'fastify'
import type { Tx } from '../db/open.ts'
import type { SignInPolicy } from '../lib/office.ts'
import { type Account, accountByName, countFailure, endSessionsOf, isLocked } from './accounts.ts'
import { recordAudit } from './audit.ts'
import { clearBrowser, clearCookie, setCookie } from './cookies.ts'
import { pathFor, render, safePath, wordsFor } from './pages.ts'
import { hashPassword, passwordFault, verifyPassword } from './password.ts'
import type { FrameRequest, FrameRoute } from './route.ts'
import { beginSession, endSession, type Lacking, lackingOf, type Session } from './sessions.ts'

type Answer = { token: string; account: Account } | { refused: 'wrong' | 'expired' }

export const signInRoutes: readonly FrameRoute[] = [
  { method: 'GET', path: '/sign-in', role: 'anyone', handle: showSignIn },
  { method: 'POST', path: '/sign-in', role: 'anyone', guarded: true, handle: signIn },
  { method: 'GET', path: '/sign-in/password', role: 'signing-in', handle: showNewPassword },
  { method: 'POST', path: '/sign-in/password', role: 'signing-in', guarded: true, handle: setNewPassword },
  { method: 'POST', path: '/sign-out', role: 'signing-in', handle: signOut },
]

/** To what this session lacks, or to where its officer wanted to go. */
export function goOn(reply: FastifyReply, lacking: Lacking, next: string | null | undefined): FastifyReply {
  const wanted = safePath(next)
  if (lacking === null) return reply.redirect(pathFor(reply, wanted), 303)
  return reply.redirect(pathFor(reply, `/sign-in/${lacking}`, wanted === '/' ? {} : { next: wanted }), 303)
}

async function showSignIn({ officer, session, query }: FrameRequest, reply: FastifyReply): Promise<unknown> {
  if (officer || session) return goOn(reply, session?.lacking ?? null, query.get('next'))
  return signInPage(reply, { next: query.get('next') })
}

async function signIn(request: FrameRequest, reply: FastifyReply): Promise<unknown> {
  const { deps, form, now } = request
  const name = (form.name ?? '').slice(0, 100)
  const before = await accountByName(deps.db.read, name)
  const right = await verifyPassword(before?.password_hash ?? null, form.password ?? '', deps.passwordCost)
  const policy = deps.office.console
  const answer = await deps.db.write((tx) =>
    answerTo(tx, { name, right, checked: before, now, policy, session: request.session }),
  )
  if ('refused' in answer) {
    reply.code(401)
    return signInPage(reply, { next: form.next, name, fault: answer.refused })
  }
  clearCookie(reply, deps, 'form')
  setCookie(reply, deps, 'session', answer.token)
  return goOn(reply, lackingOf({ account: answer.account, codeAt: null, policy }), form.next)
}

/** Decides on the account as it is now: guesses that were checked side by side are counted one after the other. */
async function answerTo(
  tx: Tx,
  {
    name,
    right,
    checked,
    now,
    policy,
    session,
  }: {
    name: string
    right: boolean
    checked: Account | null
    now: number
    policy: SignInPolicy
    session: Session | null
  },
): Promise<Answer> {
  const account = await accountByName(tx, name)
  const record = (action: string, detail?: string) =>
    recordAudit(tx, { officerId: account?.id ?? null, now, action, ...(detail ? { detail } : {}) })
  if (!account || account.disabled_at !== null || isLocked(account, now)) {
    await record('sign-in.refused', account ? (account.disabled_at !== null ? 'disabled' : 'locked') : 'unknown')
    return { refused: 'wrong' }
  }
  if (!right || checked?.password_hash !== account.password_hash) {
    await countFailure(tx, account, now)
    await record('sign-in.refused', 'password')
    return { refused: 'wrong' }
  }
  if (account.one_time_until !== null && account.one_time_until <= now) {
    await record('sign-in.refused', 'expired')
    return { refused: 'expired' }
  }
  // With a second factor the count goes on until that is right too.
  if (account.totp_confirmed_at === null) {
    await tx.update(tx.t.officers).set({ failed_count: 0, locked_until: null }).where(eq(tx.t.officers.id, account.id))
  }
  await record('sign-in.password')
  // Whoever signs in over a session, perhaps another's, leaves none behind.
  if (session) await endSession(tx, session.id, now)
  return { token: await beginSession(tx, { account, codeAt: null, now, policy }), account }
}

function signInPage(
  reply: FastifyReply,
  page: { next: string | null | undefined; name?: string; fault?: string },
): string {
  const t = wordsFor(reply, null)
  return render(reply, null, 'sign-in', {
    fault: null,
    name: '',
    ...page,
    title: t('signIn.title'),
    next: safePath(page.next),
  })
}

async function showNewPassword({ session, query }: FrameRequest, reply: FastifyReply): Promise<unknown> {
  if (session?.lacking !== 'password') return goOn(reply, session?.lacking ?? null, query.get('next'))
  return newPasswordPage(reply, query.get('next'), null)
}

/** The one-time password gives way to one that only the officer knows. */
async function setNewPassword({ deps, session, form, now }: FrameRequest, reply: FastifyReply): Promise<unknown> {
  if (session?.lacking !== 'password') return goOn(reply, session?.lacking ?? null, form.next)
  const { account } = session
  const fault = await newPasswordFault({ form, account, cost: deps.passwordCost })
  if (fault) {
    reply.code(400)
    return newPasswordPage(reply, form.next, fault)
  }
  const password_hash = await hashPassword(form.password!, deps.passwordCost)
  const { token, lacking } = await deps.db.write(async (tx) => {
    await tx.update(tx.t.officers).set({ password_hash, one_time_until: null }).where(eq(tx.t.officers.id, account.id))
    await recordAudit(tx, { officerId: account.id, now, action: 'sign-in.new-password' })
    const renewed = { ...account, one_time_until: null }
    return renewSession(tx, { account: renewed, codeAt: session.codeAt, now, policy: deps.office.console })
  })
  setCookie(reply, deps, 'session', token)
  return goOn(reply, lacking, form.next)
}

/** Ends every session of this officer and begins a new one: what the old tokens could do, nobody can any more. */
export async function renewSession(
  tx: Tx,
  { now, ...signedIn }: { account: Account; codeAt: number | null; now: number; policy: SignInPolicy },
): Promise<{ token: string; lacking: Lacking }> {
  await endSessionsOf(tx, signedIn.account.id, now)
  return { token: await beginSession(tx, { ...signedIn, now }), lacking: lackingOf(signedIn) }
}

/** Key of the words that say what is wrong with a new password, or null. */
export async function newPasswordFault(given: {
  form: Record<string, string>
  account: Account
  cost: Parameters<typeof verifyPassword>[2]
}): Promise<string | null> {
  const { form, account, cost } = given
  const password = form.password ?? ''
  const fault = passwordFault(password, account.name)
  if (fault) return fault
  if (password !== form.again) return 'again'
  return (await verifyPassword(account.password_hash, password, cost)) ? 'same' : null
}

function newPasswordPage(reply: FastifyReply, next: string | null | undefined, fault: string | null): string {
  const t = wordsFor(reply, null)
  return render(reply, null, 'new-password', { title: t('newPassword.title'), next: safePath(next), fault })
}

async function signOut({ deps, session, now }: FrameRequest, reply: FastifyReply): Promise<unknown> {
  await deps.db.write(async (tx) => {
    await endSession(tx, session!.id, now)
    await recordAudit(tx, { officerId: session!.account.id, now, action: 'sign-out' })
  })
  clearBrowser(reply, deps)
  return reply.redirect(
    pathFor(reply, '/sign-in', { said: 'signed-out', lang: session!.account.language === 'en' ? 'en' : null }),
    303,
  )
}
