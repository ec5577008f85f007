import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Office } from '../lib/office.ts'
import { officerOf } from './accounts.ts'
import { queryOf } from './asked.ts'
import { readCookie, setCookie } from './cookies.ts'
import { type ConsoleDeps, wallClockOf } from './deps.ts'
import type { Officer } from './officer.ts'
import { beginVisit, type PageFrame } from './pages.ts'
import { csrfOf, newToken, type Session, sessionOf } from './sessions.ts'

export type Visitor = {
  session: Session | null
  /** Null until signing in is finished. */
  officer: Officer | null
  /** Whose residents this visitor sees. */
  office: Office
  /** What the forms of this visitor are tied to. */
  formToken: string
}

export type Visits = {
  /** First of all: who asks, and in which language. */
  begin(request: FastifyRequest, reply: FastifyReply): Promise<void>
  of(request: FastifyRequest): Visitor
}

/** Served to anyone; nobody is looked up for them. */
const UNASKED = /^\/(?:assets\/|healthz|readyz|metrics)/

export function openVisits(deps: ConsoleDeps, frame: PageFrame): Visits {
  const visitors = new WeakMap<FastifyRequest, Visitor>()
  return {
    async begin(request, reply) {
      if (UNASKED.test(request.url)) return
      const token = readCookie(request, deps, 'session')
      const session =
        token === null
          ? null
          : await sessionOf(deps.db, {
              token,
              now: wallClockOf(deps).now(),
              policy: deps.office.console,
              offices: deps.offices,
            })
      const officer = session?.lacking === null ? officerOf(session.account) : null
      const office = officeOf(session, deps)
      const formToken = session?.token ?? formTokenOf(request, reply, deps)
      visitors.set(request, { session, officer, office, formToken })
      const asked = queryOf(request.url).get('lang')
      const language = session?.account.language ?? (asked === 'en' ? 'en' : 'id')
      beginVisit(request, { frame, csrf: csrfOf(formToken), language, officer, office })
    },
    of(request) {
      const visitor = visitors.get(request)
      if (!visitor) throw new Error('a request was served before it was begun')
      return visitor
    },
  }
}

/** An officer's own; for headquarters the one that was chosen last, while there is such an office. */
function officeOf(session: Session | null, { offices }: ConsoleDeps): Office {
  if (session === null) return offices.home
  if (session.account.office_code !== null) return offices.of(session.account.office_code)
  return offices.all.find(({ code }) => code === session.officeCode) ?? offices.home
}

function formTokenOf(request: FastifyRequest, reply: FastifyReply, deps: ConsoleDeps): string {
  const kept = readCookie(request, deps, 'form')
  if (kept !== null) return kept
  const made = newToken()
  setCookie(reply, deps, 'form', made)
  return made
}
