import type { Socket } from 'node:net'
import { errorCodes, type FastifyInstance, type FastifyReply } from 'fastify'

/** How long a client may take, in milliseconds: a slow one holds its connection no longer. */
export type WebPatience = {
  /** From the connection's first byte to the end of the headers. */
  headersMs: number
  /** To the end of the body. */
  requestMs: number
  /** Without a byte in either direction. */
  idleMs: number
  /** How often the two first are looked at. */
  lookEveryMs: number
}

/** More at once are turned away: each takes a file descriptor, which the database and the carrier need too. */
export const MOST_CONNECTIONS = 500

/** Longer than the minute for which reverse proxies keep a connection, so that it is they who end it. */
const KEEP_ALIVE_MS = 72_000

/** Of answers that no page frame stands around. */
export const BARE_HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'private, no-store',
  'content-security-policy':
    "default-src 'none';style-src 'self';base-uri 'none';form-action 'none';frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}

/** What both listeners are made with, TLS or not. */
export function serverOptions({ headersMs, requestMs, idleMs, lookEveryMs }: WebPatience) {
  return {
    connectionTimeout: idleMs,
    keepAliveTimeout: Math.min(idleMs, KEEP_ALIVE_MS),
    requestTimeout: requestMs,
    http: { headersTimeout: headersMs, requestTimeout: requestMs, connectionsCheckingInterval: lookEveryMs },
    forceCloseConnections: 'idle' as const,
    clientErrorHandler: answerUnparsed,
    schemaController: { compilersFactory: { buildValidator: noSchema, buildSerializer: noSchema } },
  }
}

/** No route of ours has one, and the compilers that fastify would load for them take 6 MB. */
function noSchema(): never {
  throw new Error('a route with a schema needs the compilers of fastify: see serverOptions')
}

/** Bounds the connections, and refuses what no client of ours sends: packed bodies (415) and NUL in a path (400). */
export function refuseOddRequests(app: FastifyInstance): void {
  app.server.maxConnections = MOST_CONNECTIONS
  app.addHook('onRequest', async (request) => {
    const packed = request.headers['content-encoding']
    if (packed !== undefined && packed.toLowerCase() !== 'identity')
      throw new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE()
    if (request.url.includes('%00')) throw new errorCodes.FST_ERR_BAD_URL(request.routeOptions.url ?? '')
  })
}

export function withBareHeaders(reply: FastifyReply): FastifyReply {
  return reply.headers(BARE_HEADERS)
}

const UNPARSED: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
}

/** What is no HTTP, or never became a whole request, is answered without a word of ours and loses its connection. */
function answerUnparsed(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  const status = UNPARSED[error.code ?? ''] ?? '400 Bad Request'
  const headers = Object.entries({ ...BARE_HEADERS, connection: 'close', 'content-length': '0' })
  if (socket.writable)
    socket.write(`HTTP/1.1 ${status}\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`)
  socket.destroy(error)
}
