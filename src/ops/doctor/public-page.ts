import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { TLSSocket } from 'node:tls'
import type { Vault } from '../../db/seal.ts'
import { ANSWER_HEADER, answerTo, CHALLENGE_HEADER } from '../../public/own-page.ts'
import { fault, type Trouble, warn } from './finding.ts'

/** `trouble`: why the certificate is not believed. `validTo` is epoch ms. */
export type Certificate = { validTo: number; trouble: string | null }

export type Page =
  | { reached: false; code: string }
  | { reached: true; status: number; location: string | null; ours: boolean; certificate: Certificate | null }

const WITHIN_MS = 10_000
const RENEW_MS = 14 * 24 * 3_600_000

/**
 * Fetches the first page by its public address, through name server, firewall and proxy as anybody would. A certificate that
 * is not believed is reported and not refused: nothing secret is sent.
 * @param ca further certificates to believe, as PEM
 */
export async function lookAtPublicPage(options: {
  publicBaseUrl: string
  vault: Vault
  /** Random, unguessable: the answer to it proves that the page is ours. */
  challenge: string
  ca?: string | undefined
  withinMs?: number
}): Promise<Page> {
  const { publicBaseUrl, vault, challenge, withinMs = WITHIN_MS } = options
  const url = new URL(`${publicBaseUrl}/`)
  const settings = {
    agent: false,
    signal: AbortSignal.timeout(withinMs),
    headers: { [CHALLENGE_HEADER]: challenge, 'cache-control': 'no-cache' },
  }
  const secure = url.protocol === 'https:'
  const tls = { rejectUnauthorized: false, ...(options.ca === undefined ? {} : { ca: [options.ca] }) }
  try {
    const request = secure ? httpsRequest(url, { ...settings, ...tls }) : httpRequest(url, settings)
    request.end()
    const [answer] = (await once(request, 'response', { signal: settings.signal })) as [IncomingMessage]
    const certificate = secure ? certificateOf(answer.socket as TLSSocket) : null
    answer.destroy()
    return {
      reached: true,
      status: answer.statusCode ?? 0,
      location: answer.headers.location ?? null,
      ours: answer.headers[ANSWER_HEADER] === answerTo(vault, challenge),
      certificate,
    }
  } catch (error) {
    const { name, code } = error as Error & { code?: string }
    return { reached: false, code: name === 'TimeoutError' || name === 'AbortError' ? 'no answer' : (code ?? name) }
  }
}

/** `daemonRuns` false: that nobody answers behind the proxy is no news. */
export function judgePublicPage(
  page: Page,
  { publicBaseUrl, now, daemonRuns }: { publicBaseUrl: string; now: number; daemonRuns: boolean },
): Trouble[] {
  const { host } = new URL(publicBaseUrl)
  if (!page.reached) {
    if (!daemonRuns && page.code === 'ECONNREFUSED') return []
    return [
      fault(
        `PUBLIC_BASE_URL cannot be reached: ${host} gives ${page.code}.`,
        'Look at the name server entry, the firewall (ports 80 and 443) and the reverse proxy; no webhook and no resident gets through.',
      ),
    ]
  }
  const certificate = judgeCertificate(page.certificate, { host, now })
  if (!daemonRuns && [502, 503, 504].includes(page.status)) return certificate
  return [...certificate, ...(page.ours && page.status === 200 ? [] : [judgeForeign(page, host)])]
}

function judgeForeign(page: Extract<Page, { reached: true }>, host: string): Trouble {
  const proxy =
    'the reverse proxy must hand every path of PUBLIC_BASE_URL on to PUBLIC_LISTEN of this very installation.'
  if (page.location !== null) {
    const target = URL.parse(page.location, `https://${host}`)?.host ?? 'another address'
    return fault(
      `PUBLIC_BASE_URL redirects to ${target}.`,
      `Set PUBLIC_BASE_URL to the address that answers itself; ${proxy}`,
    )
  }
  if (page.status !== 200) return fault(`PUBLIC_BASE_URL answers with HTTP ${page.status}.`, `Mend it: ${proxy}`)
  return fault(`What answers at PUBLIC_BASE_URL (${host}) is not this program.`, `Mend it: ${proxy}`)
}

function judgeCertificate(certificate: Certificate | null, { host, now }: { host: string; now: number }): Trouble[] {
  if (certificate === null) return []
  const { validTo, trouble } = certificate
  const until = new Date(validTo).toISOString().slice(0, 10)
  const renew = 'Renew it (certbot renew, or look why Caddy does not) and reload the reverse proxy.'
  if (validTo <= now) return [fault(`The certificate of ${host} ended on ${until}.`, renew)]
  if (trouble !== null) {
    return [
      fault(
        `The certificate of ${host} is not believed (${trouble}), so neither the carrier nor a resident will come.`,
        'Use a certificate of a public authority for exactly this name, with its intermediate certificates.',
      ),
    ]
  }
  return validTo - now < RENEW_MS ? [warn(`The certificate of ${host} ends on ${until}.`, renew)] : []
}

function certificateOf(socket: TLSSocket): Certificate {
  const trouble = socket.authorized ? null : String(socket.authorizationError)
  return { validTo: Date.parse(socket.getPeerCertificate().valid_to), trouble }
}
