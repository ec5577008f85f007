import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { dateAt } from '../lib/civil-date.ts'
import { accessTo } from './access.ts'
import { officerOf } from './accounts.ts'
import { queryOf } from './asked.ts'
import { recordAudit } from './audit.ts'
import { bodyOf } from './body.ts'
import { type ConsoleDeps, depsAt, wallClockOf } from './deps.ts'
import { pathFor, safePath } from './pages.ts'
import type { ConsoleRequest, FrameRequest, FrameRoute, Route } from './route.ts'
import { csrfOf, isCsrf } from './sessions.ts'
import { answerRefused } from './trouble.ts'
import type { Visits } from './visit.ts'

type Serving = { deps: ConsoleDeps; visits: Visits; route: Route | FrameRoute }

const GUARDED_PER_MINUTE = 30

/** One route behind its fences: session and role before the body is read, then the form's token, then the audit. */
export function serveRoute(app: FastifyInstance, { deps, visits, route }: Serving): void {
  const guarded = 'guarded' in route && route.guarded === true
  app.route({
    method: route.method,
    url: route.path,
    ...(route.bodyLimit === undefined ? {} : { bodyLimit: route.bodyLimit }),
    config: guarded ? { rateLimit: { max: GUARDED_PER_MINUTE, timeWindow: '1 minute' } } : {},
    onRequest: (request, reply) => admit({ deps, visits, route }, request, reply),
    preHandler: async (request, reply) => {
      if (route.method === 'POST' && !isOurForm(request, visits)) return answerRefused(request, reply)
    },
    handler: async (request, reply) => {
      const asked = requestOf({ deps, visits, route }, request)
      if (isPage(route)) {
        const page = { ...asked, officer: asked.officer! }
        await auditPage(deps, route, page)
        return route.handle(page, reply)
      }
      return route.handle(asked, reply)
    },
  })
}

async function admit({ deps, visits, route }: Serving, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const { session } = visits.of(request)
  const visitor = session && { officer: officerOf(session.account), lacking: session.lacking }
  switch (accessTo(route.role, visitor)) {
    case 'allow':
      return undefined
    case 'sign-in':
      return reply.redirect(pathFor(reply, '/sign-in', wayBack(request)), 303)
    case 'finish':
      return reply.redirect(pathFor(reply, `/sign-in/${session!.lacking}`, wayBack(request)), 303)
    case 'forbidden':
      await deps.db.write((tx) =>
        recordAudit(tx, {
          officerId: session!.account.id,
          now: wallClockOf(deps).now(),
          action: 'denied',
          detail: `${route.method} ${route.path}`,
        }),
      )
      return answerRefused(request, reply)
  }
}

/** Where to go after signing in; a form would have to be filled in again. */
function wayBack(request: FastifyRequest): { next?: string } {
  const path = request.method === 'GET' ? safePath(request.url) : '/'
  return path === '/' ? {} : { next: path }
}

function isOurForm(request: FastifyRequest, visits: Visits): boolean {
  const site = request.headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false
  return isCsrf(visits.of(request).formToken, bodyOf(request).fields.get('csrf') ?? undefined)
}

function isPage(route: Route | FrameRoute): route is Route {
  return route.role !== 'anyone' && route.role !== 'signing-in'
}

async function auditPage(deps: ConsoleDeps, route: Route, request: ConsoleRequest): Promise<void> {
  if (route.method === 'GET' && !route.audit) return
  const subject = route.audit?.subject?.(request)
  await deps.db.write((tx) =>
    request.record(tx, { action: route.audit?.action ?? `POST ${route.path}`, ...(subject ? { subject } : {}) }),
  )
}

function requestOf({ deps: all, visits }: Serving, request: FastifyRequest): FrameRequest {
  const { session, officer, office, formToken } = visits.of(request)
  const deps = depsAt(all, office.code)
  const { fields, files } = bodyOf(request)
  const now = deps.clock.now()
  return {
    deps,
    officer,
    session,
    params: { ...(request.params as Record<string, string>) },
    query: queryOf(request.url),
    form: Object.fromEntries(fields),
    fields,
    files,
    csrf: csrfOf(formToken),
    now,
    today: dateAt(now, deps.office.timeZone),
    async record(tx, entry) {
      await recordAudit(tx, { ...entry, officerId: session?.account.id ?? null, now: wallClockOf(deps).now() })
    },
  }
}
