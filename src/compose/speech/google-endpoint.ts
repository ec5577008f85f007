import { AppError } from '../../lib/errors.ts'

export type Transport = 'grpc' | 'rest'

/** Where to reach Google's service. `trusted` is loopback: no encryption, no credentials. */
export type Endpoint = { host?: string; port?: number; transport: Transport; trusted: boolean }

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])

/**
 * Reads an endpoint as an operator writes it: nothing (the public service), `host[:port]`, `https://host[:port]` (REST), or
 * on loopback `http://host:port` (REST). `transport` decides where the form leaves it open. Throws `config`.
 */
export function parseEndpoint({ endpoint, transport }: { endpoint?: string; transport?: Transport }): Endpoint {
  if (endpoint === undefined || endpoint === '') return { transport: transport ?? 'grpc', trusted: false }
  const scheme = /^https?:\/\//.exec(endpoint)?.[0]
  const url = URL.parse(scheme ? endpoint : `https://${endpoint}`)
  if (!url || url.hostname === '' || url.pathname !== '/') throw malformed(endpoint)
  const trusted = LOOPBACK.has(url.hostname)
  if (scheme === 'http://' && !trusted) throw malformed(endpoint)
  const port = portOf({ url, scheme })
  return {
    host: url.hostname,
    ...(port === undefined ? {} : { port }),
    transport: transport ?? (scheme ? 'rest' : 'grpc'),
    trusted,
  }
}

function portOf({ url, scheme }: { url: URL; scheme: string | undefined }): number | undefined {
  if (url.port !== '') return Number(url.port)
  return scheme === 'http://' ? 80 : undefined
}

function malformed(endpoint: string): AppError {
  const allowed = 'host:port, https://host[:port], or http://127.0.0.1:port'
  return new AppError('config', `GOOGLE_TTS_ENDPOINT is ${endpoint}; allowed: ${allowed}`)
}
