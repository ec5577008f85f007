import cookie from '@fastify/cookie'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import fastify, { type FastifyInstance } from 'fastify'
import { AppError, messageOf } from '../lib/errors.ts'
import { RequestCounts } from '../lib/request-counts.ts'
import { refuseOddRequests, serverOptions, type WebPatience } from '../lib/web-server.ts'
import { accountRoutes, firstPage } from './account.ts'
import { readAssets, registerAssets } from './assets.ts'
import { auditRoutes } from './audit-page.ts'
import { registerBodies } from './body.ts'
import { type ConsoleDeps, wallClockOf } from './deps.ts'
import { beginWaiting } from './give-way.ts'
import { registerHealth } from './health.ts'
import { navigationFor } from './navigation.ts'
import { officeFrameRoutes } from './offices-page.ts'
import type { PageFrame } from './pages.ts'
import type { FrameRoute, Route } from './route.ts'
import { secondFactorRoutes } from './second-factor.ts'
import { serveRoute } from './serve.ts'
import { signInRoutes } from './sign-in.ts'
import { answerTrouble, answerUnknown, answerUnreadable } from './trouble.ts'
import { openVisits, type Visits } from './visit.ts'
import { loadWords } from './words.ts'

export type Console = AsyncDisposable & {
  /** http(s)://address:port of the listener itself. */
  url: string
}

/** Frame and pages together: all that can be asked for, beside assets and health. */
export const frameRoutes: readonly FrameRoute[] = [
  ...signInRoutes,
  ...secondFactorRoutes,
  ...accountRoutes,
  ...officeFrameRoutes,
]
export const frameAdminRoutes: readonly Route[] = auditRoutes

const BODY_LIMIT = 64 * 1024
const REQUESTS_PER_MINUTE = 600
/** An import may think for minutes before its answer begins. */
const PATIENCE: WebPatience = { headersMs: 10_000, requestMs: 60_000, idleMs: 600_000, lookEveryMs: 5_000 }

/**
 * The officers' console. Every route is refused unless it allows the officer's role; logs neither query nor address.
 * @throws AppError `unavailable` when the address cannot be listened on.
 */
export async function openConsole(deps: ConsoleDeps, routes: readonly Route[]): Promise<Console> {
  const all = [...routes, ...frameAdminRoutes]
  const assets = readAssets()
  const frame: PageFrame = {
    assets,
    words: await loadWords(),
    offices: deps.offices.all.length,
    base: deps.baseUrl ? new URL(deps.baseUrl).pathname.replace(/\/+$/, '') : '',
    navigation: navigationFor(all),
    now: () => deps.clock.now(),
  }
  const app = openServer(deps)
  const visits = openVisits(deps, frame)
  app.setErrorHandler(answerTrouble(deps))
  await guard(app, deps, visits)
  registerBodies(app)
  registerAssets(app, assets)
  registerHealth(app, deps)
  app.setNotFoundHandler({ preHandler: app.rateLimit() }, answerUnknown)
  const first = routes.some(({ method, path }) => method === 'GET' && path === '/') ? [] : [firstPage]
  const signingIn = { ...deps, clock: wallClockOf(deps) }
  for (const route of frameRoutes) serveRoute(app, { deps: signingIn, visits, route })
  for (const route of [...first, ...all]) serveRoute(app, { deps, visits, route })
  return listen(app, deps)
}

function openServer(deps: ConsoleDeps): FastifyInstance {
  const { http, ...server } = serverOptions(deps.patience ?? PATIENCE)
  const options = {
    ...server,
    logger: false,
    bodyLimit: BODY_LIMIT,
    exposeHeadRoutes: false,
    trustProxy: deps.trustedProxies.length > 0 ? [...deps.trustedProxies] : false,
    frameworkErrors: answerUnreadable,
  }
  if (!deps.tls) return fastify({ ...options, http })
  return fastify({ ...options, https: { ...http, ...deps.tls } }) as unknown as FastifyInstance
}

async function guard(app: FastifyInstance, deps: ConsoleDeps, visits: Visits): Promise<void> {
  app.addHook('onRequest', async (_request, reply) => {
    reply.raw.once('close', beginWaiting(deps.db))
    reply.header('x-robots-tag', 'noindex, nofollow, noarchive').header('cache-control', 'private, no-store')
  })
  await app.register(cookie)
  app.addHook('onRequest', visits.begin)
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        styleSrc: ["'self'"],
        // Tabler draws ticks and arrows of its fields from data: images.
        imgSrc: ["'self'", 'data:'],
        mediaSrc: ["'self'"],
        formAction: ["'self'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    referrerPolicy: { policy: 'same-origin' },
    strictTransportSecurity: deps.secureCookies ? { maxAge: 31_536_000, includeSubDomains: false } : false,
  })
  refuseOddRequests(app)
  await app.register(rateLimit, {
    max: deps.requestsPerMinute ?? REQUESTS_PER_MINUTE,
    timeWindow: '1 minute',
    store: RequestCounts,
  })
}

async function listen(app: FastifyInstance, { listen: { host, port } }: ConsoleDeps): Promise<Console> {
  try {
    return { url: await app.listen({ host, port }), [Symbol.asyncDispose]: () => app.close() }
  } catch (cause) {
    await app.close()
    throw new AppError('unavailable', `CONSOLE_LISTEN ${host}:${port} cannot be listened on: ${messageOf(cause)}`, {
      cause,
    })
  }
}
