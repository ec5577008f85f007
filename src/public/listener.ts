import type { AddressInfo } from 'node:net'
import formbody from '@fastify/formbody'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { storageFault } from '../db/trouble.ts'
import { AppError, messageOf } from '../lib/errors.ts'
import { faultText } from '../lib/fault-text.ts'
import { RequestCounts } from '../lib/request-counts.ts'
import { refuseOddRequests, serverOptions, type WebPatience, withBareHeaders } from '../lib/web-server.ts'
import { within } from '../lib/within.ts'
import { registerAudio } from './audio.ts'
import { registerCalls } from './call.ts'
import type { PublicCounts, PublicDeps } from './deps.ts'
import { registerHome } from './home-page.ts'
import { registerInboundMessage } from './inbound-message.ts'
import { registerNotePage } from './note-page.ts'
import { openPages, type Pages } from './pages.ts'
import { requireSignature } from './signature.ts'
import { registerStatus } from './status.ts'

export type PublicListener = AsyncDisposable & {
  /** http://address:port of the listener itself. */
  url: string
  address: AddressInfo
  counts: Readonly<PublicCounts>
  /** False once it takes no connections any more. */
  listening(): boolean
}

const BODY_LIMIT = 64 * 1024
const REQUESTS_PER_MINUTE = 600
/** The carrier hangs up after 15 seconds; told "later" before, it knows that we live. */
const WEBHOOK_MS = 10_000
/** While nothing can be written, every webhook fails: so many of them are one line. */
const AWAY_PER_LINE = 100
/** Telephones on a poor line stop and go on while they fetch a recording. */
const PATIENCE: WebPatience = { headersMs: 10_000, requestMs: 15_000, idleMs: 90_000, lookEveryMs: 5_000 }

/**
 * What the internet may reach, and nothing else. Sets no cookie, logs no path (it may hold a token) and no address.
 * @throws AppError `unavailable` when the address cannot be listened on.
 */
export async function openPublicListener(
  deps: PublicDeps & { listen: { host: string; port: number } },
): Promise<PublicListener> {
  const counts: PublicCounts = { requests: 0, forged: 0, receipts: 0, repeated: 0, errors: 0 }
  const pages = openPages(deps)
  const onError = troubleFor(deps, counts, pages)
  const app = fastify({
    ...serverOptions(deps.patience ?? PATIENCE),
    logger: false,
    bodyLimit: BODY_LIMIT,
    trustProxy: deps.trustedProxies.length > 0 ? [...deps.trustedProxies] : false,
    // A path that is not even an encoded one; its text would else come back as JSON.
    frameworkErrors: (error, _request, reply) => pages.sendTrouble(withBareHeaders(reply), error.statusCode ?? 400),
  })
  app.setErrorHandler(onError)
  await guard(app, deps, counts)
  app.setNotFoundHandler({ preHandler: app.rateLimit() }, (_request, reply) => pages.sendUnknown(reply))
  pages.register(app)
  registerHome(app, deps, pages)
  registerNotePage(app, deps, pages)
  registerAudio(app, deps, pages)
  await app.register((twilio, _options, ready) => {
    answerInTime(twilio, deps.webhookMs ?? WEBHOOK_MS)
    twilio.addHook('preHandler', requireSignature(deps, counts))
    registerStatus(twilio, deps, counts)
    registerInboundMessage(twilio, deps, counts)
    registerCalls(twilio, deps, counts)
    ready()
  })
  return listen(app, deps, counts)
}

/** Not fastify's handlerTimeout: it ends with the request's body, so a form is waited for without end. */
function answerInTime(app: FastifyInstance, milliseconds: number): void {
  app.addHook('onRoute', (route) => {
    const { handler } = route
    route.handler = function (request, reply) {
      return within(milliseconds, Promise.resolve(handler.call(this, request, reply)), 'a webhook')
    }
  })
}

async function guard(app: FastifyInstance, deps: PublicDeps, counts: PublicCounts): Promise<void> {
  app.addHook('onRequest', async (request, reply) => {
    counts.requests += 1
    if (isWebhook(request.routeOptions.url)) withBareHeaders(reply)
    reply.header('x-robots-tag', 'noindex, nofollow, noarchive').header('cache-control', 'private, no-store')
  })
  app.addHook('onRoute', (route) => {
    if (isWebhook(route.url)) route.helmet = false
  })
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'"],
        mediaSrc: ["'self'"],
        formAction: ["'self'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    referrerPolicy: { policy: 'no-referrer' },
    strictTransportSecurity: deps.publicBaseUrl.startsWith('https:')
      ? { maxAge: 31_536_000, includeSubDomains: false }
      : false,
  })
  refuseOddRequests(app)
  await app.register(rateLimit, {
    max: deps.requestsPerMinute ?? REQUESTS_PER_MINUTE,
    timeWindow: '1 minute',
    store: RequestCounts,
    // The carrier comes from few addresses, and all at once.
    // The carrier fetches every sound of every call from a few addresses; 128 random bits need no throttle.
    allowList: (request) => request.url.startsWith('/twilio/') || request.url.startsWith('/audio/'),
  })
  await app.register(formbody, { bodyLimit: BODY_LIMIT })
}

/** Helmet works its headers out anew for each request. No browser shows what a webhook answers: a few set words do. */
function isWebhook(route: string | undefined): boolean {
  return route?.startsWith('/twilio/') === true
}

function troubleFor(deps: PublicDeps, counts: PublicCounts, pages: Pages) {
  let timesAway = 0
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    // The database is away: the carrier asks again later, and so do people.
    const away =
      (error instanceof AppError && error.code === 'unavailable') || storageFault(error, 'the database') !== null
    const status = away ? 503 : (error.statusCode ?? 500)
    if (away) timesAway += 1
    if (status >= 500) counts.errors += 1
    if (status >= 500 && (!away || timesAway % AWAY_PER_LINE === 1)) {
      deps.log.error(
        {
          event: 'public.error',
          route: request.routeOptions.url,
          ...(away ? { fault: faultText(error), times: timesAway } : traceOf(error)),
        },
        'a public request failed',
      )
    }
    return pages.sendTrouble(reply, status)
  }
}

/** Name, code and places only: a database error's message holds the values of its query. */
function traceOf(error: Error & { code?: string }): { name: string; code: string | undefined; at: string[] } {
  const at = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  return { name: error.name, code: error.code, at: at.slice(0, 8).map((line) => line.trim()) }
}

async function listen(
  app: FastifyInstance,
  { listen: { host, port } }: { listen: { host: string; port: number } },
  counts: PublicCounts,
): Promise<PublicListener> {
  try {
    const url = await app.listen({ host, port })
    return {
      url,
      address: app.server.address() as AddressInfo,
      counts,
      listening: () => app.server.listening,
      [Symbol.asyncDispose]: () => app.close(),
    }
  } catch (cause) {
    await app.close()
    throw new AppError('unavailable', `PUBLIC_LISTEN ${host}:${port} cannot be listened on: ${messageOf(cause)}`, {
      cause,
    })
  }
}
