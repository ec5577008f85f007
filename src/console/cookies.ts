import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ConsoleDeps } from './deps.ts'

/** `session`: who is signed in. `form`: ties a form to the browser that asked for it while nobody is. */
export type CookieName = 'session' | 'form'
type Deps = Pick<ConsoleDeps, 'secureCookies'>

export function readCookie(request: FastifyRequest, { secureCookies }: Deps, name: CookieName): string | null {
  const value = request.cookies[fullName(name, secureCookies)]
  return value !== undefined && /^[\w-]{43}$/.test(value) ? value : null
}

/** Ends with the browser; sent to us alone, never to a script, never along from another site. */
export function setCookie(reply: FastifyReply, { secureCookies }: Deps, name: CookieName, token: string): void {
  reply.setCookie(fullName(name, secureCookies), token, {
    path: '/',
    httpOnly: true,
    sameSite: 'strict',
    secure: secureCookies,
  })
}

export function clearCookie(reply: FastifyReply, { secureCookies }: Deps, name: CookieName): void {
  reply.clearCookie(fullName(name, secureCookies), {
    path: '/',
    httpOnly: true,
    sameSite: 'strict',
    secure: secureCookies,
  })
}

/** At the end of a session: its cookie goes, and what a browser may have kept of its pages. */
export function clearBrowser(reply: FastifyReply, deps: Deps): void {
  clearCookie(reply, deps, 'session')
  // Browsers heed it over https only, and complain elsewhere.
  if (deps.secureCookies) reply.header('clear-site-data', '"cache", "storage"')
}

function fullName(name: CookieName, secure: boolean): string {
  return `${secure ? '__Host-' : ''}tenggat-${name}`
}
