import { timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { accountRoutes } from './api-account.ts'
import { callRoutes } from './api-calls.ts'
import { messageRoutes } from './api-messages.ts'
import type { Exchange } from './exchange.ts'
import { Form } from './form.ts'
import { phoneOf } from './records.ts'
import { errorBody, Refusal, refuse } from './refusals.ts'
import { formOf, type Result, type Route, sidOf } from './route.ts'

/** Twilio's REST API, version 2010-04-01, under the account of `exchange`. */
export function apiRoutes(
  app: FastifyInstance,
  { exchange, startedAt }: { exchange: Exchange; startedAt: number },
): void {
  const routes = [...messageRoutes(exchange), ...callRoutes(exchange), ...accountRoutes(exchange, startedAt)]
  app.addHook('onRequest', async (request) => checkAccess(request, exchange))
  app.setErrorHandler((error, _request, reply) => sendError(reply, error))
  app.setNotFoundHandler((request, reply) =>
    sendError(reply, new Refusal(20404, `The requested resource ${request.url.split('?')[0]} was not found`)),
  )
  for (const route of routes) {
    const url = route.path === '' ? '/Accounts/:account' : `/Accounts/:account/${route.path}`
    app.route({
      method: route.method,
      url,
      handler: (request, reply) => exchange.scheduler.during(() => serve({ exchange, route, request, reply })),
    })
  }
}

async function serve({
  exchange,
  route,
  request,
  reply,
}: {
  exchange: Exchange
  route: Route
  request: FastifyRequest
  reply: FastifyReply
}): Promise<FastifyReply> {
  const { faults, scheduler } = exchange
  const { resource, action } = route
  if (resource === undefined || action === 'change') return send(reply, await route.handler(request))
  const occasion = { resource, action, to: phoneOf(whom(request, exchange)) }
  const latency = faults.strike('latency', occasion)
  if (latency) await scheduler.pause(latency.ms)
  const busy = faults.strike('too-many-requests', occasion)
  if (busy) return sendError(reply.header('Retry-After', String(busy.retryAfterS)), new Refusal(20429))
  const cut = faults.strike('cut', occasion)
  const broken = faults.strike('server-error', occasion)
  const refused = faults.strike('refuse', occasion)
  if (cut?.when === 'before') return drop(request, reply)
  if (broken?.when === 'before') return reply.status(broken.status).send(serverError(broken.status))
  if (refused) throw new Refusal(refused.code)
  const result = await route.handler(request)
  if (cut) return drop(request, reply)
  if (broken) return reply.status(broken.status).send(serverError(broken.status))
  return send(reply, result)
}

/** The phone that a request is about, as far as it says. */
function whom(request: FastifyRequest, { store }: Exchange): string {
  const form =
    request.method === 'POST' ? formOf(request) : new Form(new URL(request.url, 'http://sandbox').searchParams)
  const sid = sidOf(request)
  return form.text('To') ?? store.messages.get(sid)?.to ?? store.calls.get(sid)?.to ?? ''
}

async function checkAccess(
  request: FastifyRequest,
  { accountSid, authToken, faults, behaviour }: Exchange,
): Promise<void> {
  const given = Buffer.from(request.headers.authorization ?? '')
  const expected = Buffer.from(`Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`)
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) refuse(20003)
  if (faults.standing('account')?.state === 'suspended') refuse(20003, 'Authenticate: the account is suspended')
  const account = String((request.params as Record<string, string> | null)?.account ?? accountSid).replace(
    /\.json$/,
    '',
  )
  if (account !== accountSid) refuse(20404, `The requested resource ${request.url.split('?')[0]} was not found`)
  const creates = request.method === 'POST' && /\/(Messages|Calls)\.json$/.test(request.url)
  if (behaviour().testCredentials && !creates) refuse(20008)
}

function send(reply: FastifyReply, { status, body }: Result): FastifyReply {
  return body === undefined ? reply.status(status).send() : reply.status(status).send(body)
}

function sendError(reply: FastifyReply, error: unknown): FastifyReply {
  if (error instanceof Refusal) {
    if (error.status === 401) reply.header('WWW-Authenticate', 'Basic realm="Twilio API"')
    return reply.status(error.status).send(errorBody(error))
  }
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500
  const message = error instanceof Error ? error.message : String(error)
  return reply.status(status).send(errorBody({ code: status < 500 ? 20001 : 20500, message, status }))
}

function serverError(status: number): object {
  return errorBody({ code: 20500, message: 'An internal server error has occurred', status })
}

function drop(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.hijack()
  request.raw.socket.destroy()
  return reply
}
