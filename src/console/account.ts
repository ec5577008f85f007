import { and, eq, gt, isNull } from 'drizzle-orm'
import type { FastifyReply } from 'fastify'
import { AppError } from '../lib/errors.ts'
import { countFailure, endSessionsOf, isLocked } from './accounts.ts'
import { clearBrowser, setCookie } from './cookies.ts'
import { LANGUAGES, THEMES } from './officer.ts'
import { pathFor, render, safePath, wordsFor } from './pages.ts'
import { hashPassword, newRecoveryCodes, verifyPassword } from './password.ts'
import type { FrameRequest, FrameRoute } from './route.ts'
import { takenBy } from './second-factor.ts'
import { newPasswordFault, renewSession } from './sign-in.ts'
import { recoveryHash } from './totp.ts'

export const accountRoutes: readonly FrameRoute[] = [
  { method: 'GET', path: '/account', role: 'signed-in', handle: showAccount },
  { method: 'POST', path: '/account/settings', role: 'signed-in', handle: saveSettings },
  { method: 'POST', path: '/account/password', role: 'signed-in', guarded: true, handle: changePassword },
  { method: 'POST', path: '/account/recovery', role: 'signed-in', guarded: true, handle: renewRecovery },
  { method: 'POST', path: '/account/sign-out-everywhere', role: 'signed-in', handle: signOutEverywhere },
]

/** Where nothing else is the first page. */
export const firstPage: FrameRoute = {
  method: 'GET',
  path: '/',
  role: 'signed-in',
  handle: async (_request, reply) => reply.redirect(pathFor(reply, '/account'), 303),
}

async function showAccount(request: FrameRequest, reply: FastifyReply): Promise<unknown> {
  return accountPage(request, reply, {})
}

/** Language and theme; also what the switches in the masthead post. */
async function saveSettings({ deps, session, form }: FrameRequest, reply: FastifyReply): Promise<unknown> {
  const { account } = session!
  const language = form.language === undefined ? account.language : LANGUAGES.find((one) => one === form.language)
  const theme = form.theme === undefined ? account.theme : THEMES.find((one) => one === form.theme)
  if (!language) throw new AppError('invalid', `language ${form.language} is unknown; allowed: ${LANGUAGES.join(', ')}`)
  if (!theme) throw new AppError('invalid', `theme ${form.theme} is unknown; allowed: ${THEMES.join(', ')}`)
  await deps.db.write(async (tx) => {
    await tx.update(tx.t.officers).set({ language, theme }).where(eq(tx.t.officers.id, account.id))
  })
  return reply.redirect(pathFor(reply, safePath(form.back)), 303)
}

/** The old password once more, and every other session ends. */
async function changePassword(request: FrameRequest, reply: FastifyReply): Promise<unknown> {
  const { deps, session, form, now } = request
  const { account } = session!
  const right = await verifyPassword(account.password_hash, form.current ?? '', deps.passwordCost)
  if (!right || isLocked(account, now)) {
    await deps.db.write((tx) => countFailure(tx, account, now))
    reply.code(400)
    return accountPage(request, reply, { passwordFault: 'current' })
  }
  const passwordFault = await newPasswordFault({ form, account, cost: deps.passwordCost })
  if (passwordFault) {
    reply.code(400)
    return accountPage(request, reply, { passwordFault })
  }
  const password_hash = await hashPassword(form.password!, deps.passwordCost)
  const { token } = await deps.db.write(async (tx) => {
    await tx.update(tx.t.officers).set({ password_hash, failed_count: 0 }).where(eq(tx.t.officers.id, account.id))
    return renewSession(tx, { account, codeAt: session!.codeAt, now, policy: deps.office.console })
  })
  setCookie(reply, deps, 'session', token)
  return reply.redirect(pathFor(reply, '/account', { said: 'account.password' }), 303)
}

/** New recovery codes for a code of the app; the old ones are void. */
async function renewRecovery(request: FrameRequest, reply: FastifyReply): Promise<unknown> {
  const { deps, session, officer, form, now } = request
  const { account } = session!
  const codes = newRecoveryCodes()
  const done = await deps.db.write(async (tx) => {
    const taken = isLocked(account, now) ? null : await takenBy(deps.db.vault, { account, code: form.code ?? '', now })
    if (taken === null) {
      await countFailure(tx, account, now)
      return false
    }
    const recovery_hashes = JSON.stringify(codes.map((code) => recoveryHash(deps.db.vault, code)))
    await tx
      .update(tx.t.officers)
      .set({ ...taken, recovery_hashes })
      .where(eq(tx.t.officers.id, account.id))
    return true
  })
  if (!done) {
    reply.code(400)
    return accountPage(request, reply, { recoveryFault: 'wrong' })
  }
  const t = wordsFor(reply, officer)
  return render(reply, officer, 'recovery-codes', {
    title: t('recovery.title'),
    codes,
    next: pathFor(reply, '/account'),
  })
}

async function signOutEverywhere({ deps, session, now }: FrameRequest, reply: FastifyReply): Promise<unknown> {
  await deps.db.write((tx) => endSessionsOf(tx, session!.account.id, now))
  clearBrowser(reply, deps)
  return reply.redirect(pathFor(reply, '/sign-in', { said: 'signed-out' }), 303)
}

async function accountPage(
  { deps, officer, session, now }: FrameRequest,
  reply: FastifyReply,
  faults: { passwordFault?: string; recoveryFault?: string },
): Promise<string> {
  const { sessions } = deps.db.t
  const { account } = session!
  const live = and(eq(sessions.officer_id, account.id), isNull(sessions.ended_at), gt(sessions.expires_at, now))
  return render(reply, officer, 'account', {
    title: wordsFor(reply, officer)('account.title'),
    passwordFault: null,
    recoveryFault: null,
    ...faults,
    totp: account.totp_confirmed_at !== null,
    recoveryLeft: JSON.parse(account.recovery_hashes ?? '[]').length,
    sessions: await deps.db.read.$count(sessions, live),
  })
}
