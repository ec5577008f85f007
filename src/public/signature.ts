import { timingSafeEqual } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { getExpectedTwilioSignature, validateRequest } from 'twilio/lib/webhooks/webhooks.js'
import { type PublicCounts, type PublicDeps, publicUrl } from './deps.ts'

export type Form = Readonly<Record<string, string>>

/**
 * Lets only what the carrier signed pass. The signature covers the URL as the carrier knows it, so ours is built from the configured
 * base, never from Host (twilio/twilio-node#505). Without a token or a header everything is refused.
 */
export function requireSignature(deps: PublicDeps, counts: PublicCounts) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    if (isSigned(deps, request)) return undefined
    counts.forged += 1
    // Anybody can send these: a hundred of them are one line.
    if (counts.forged % 100 === 1) {
      const about = { event: 'webhook.forged', route: request.routeOptions.url, forged: counts.forged }
      deps.log.warn(about, 'refused a webhook without a good signature')
    }
    return reply.code(403).type('text/plain; charset=utf-8').send('forbidden\n')
  }
}

/** The fields of a form post; of a repeated field the first. A NUL, which PostgreSQL keeps in no text, is shown as what it is: a fault. */
export function formOf(request: FastifyRequest): Form {
  const body = (request.body ?? {}) as Record<string, string | string[]>
  return Object.fromEntries(
    Object.entries(body).map(([name, value]) => [
      name,
      (typeof value === 'string' ? value : value[0]!).replaceAll('\0', '\ufffd'),
    ]),
  )
}

export function signatureOf(request: FastifyRequest): string {
  const header = request.headers['x-twilio-signature']
  return typeof header === 'string' ? header : ''
}

/** Our address as the carrier called and signed it. */
export function signedUrl(deps: PublicDeps, request: FastifyRequest): string {
  return publicUrl(deps, request.originalUrl)
}

function isSigned(deps: PublicDeps, request: FastifyRequest): boolean {
  const signature = signatureOf(request)
  if (deps.twilioAuthToken === '' || signature === '' || !request.originalUrl.startsWith('/')) return false
  const body = (request.body ?? {}) as Record<string, unknown>
  return (
    body.AccountSid === deps.accountSid && isSignedBy(deps.twilioAuthToken, signature, signedUrl(deps, request), body)
  )
}

/** The SDK tries the URL with and without a port, and spelled in other ways; nearly always it was signed as it stands. */
function isSignedBy(token: string, signature: string, url: string, body: Record<string, unknown>): boolean {
  const [given, usual] = [Buffer.from(signature), Buffer.from(getExpectedTwilioSignature(token, url, body))]
  if (given.length === usual.length && timingSafeEqual(given, usual)) return true
  return validateRequest(token, signature, url, { ...body })
}
