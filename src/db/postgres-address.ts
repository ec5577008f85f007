import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import { AppError, messageOf } from '../lib/errors.ts'

const MODES = ['disable', 'require', 'verify-ca', 'verify-full'] as const
const PARAMETERS = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey'] as const

/** Where the server is and how it is spoken to. */
export type PostgresAddress = {
  host: string
  port: number
  user: string
  password: string | undefined
  database: string
  ssl: false | ConnectionOptions
}

/**
 * Reads `postgres://user:password@host:port/database?sslmode=…`. `sslmode` means what libpq says (postgresql.org/docs/current/libpq-ssl.html),
 * but without it a server that is not on this machine must prove who it is (`verify-full`), and the half-hearted `allow` and `prefer` are refused.
 * @throws AppError `config` that never holds the password.
 */
export function readPostgresUrl(text: string): PostgresAddress {
  const url = URL.canParse(text) ? new URL(text) : null
  const refuse = (what: string): never => {
    throw new AppError(
      'config',
      `${what}; allowed: postgres://user:password@host:port/database?sslmode=${MODES.join('|')}`,
    )
  }
  if (!url || !isPostgresUrl(text)) return refuse('not the address of a PostgreSQL database')
  const { hostname, searchParams } = url
  const unknown = [...searchParams.keys()].find((name) => !PARAMETERS.some((known) => known === name))
  if (unknown) return refuse(`the parameter ${unknown} is not known`)
  const database = decodeURIComponent(url.pathname.slice(1))
  if (!hostname || !url.username || !database) return refuse('host, user and database are needed')
  const host = decodeURIComponent(hostname).replace(/^\[|\]$/g, '')
  const local = host === 'localhost' || host === '::1' || host.startsWith('127.')
  const said = searchParams.get('sslmode') ?? (local ? 'disable' : 'verify-full')
  const mode = MODES.find((one) => one === said)
  if (!mode) return refuse(`sslmode=${said}`)
  return {
    host,
    port: Number(url.port || 5432),
    user: decodeURIComponent(url.username),
    password: url.password ? decodeURIComponent(url.password) : undefined,
    database,
    ssl: mode === 'disable' ? false : tlsOptions(mode, searchParams),
  }
}

export function isPostgresUrl(text: string): boolean {
  return /^postgres(ql)?:\/\//.test(text)
}

function tlsOptions(mode: (typeof MODES)[number], given: URLSearchParams): ConnectionOptions {
  const ca = fileOf(given, 'sslrootcert')
  const cert = fileOf(given, 'sslcert')
  const key = fileOf(given, 'sslkey')
  return {
    ...(ca ? { ca } : {}),
    ...(cert ? { cert } : {}),
    ...(key ? { key } : {}),
    // As with libpq: `require` alone only encrypts, and with a root certificate it is `verify-ca`.
    ...(mode === 'require' && !ca ? { rejectUnauthorized: false } : {}),
    ...(mode === 'verify-full' ? {} : { checkServerIdentity: () => undefined }),
  }
}

function fileOf(given: URLSearchParams, name: string): string | undefined {
  const path = given.get(name)
  if (!path) return undefined
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new AppError('config', `DATABASE_URL: ${name} ${path} cannot be read: ${messageOf(cause)}`, { cause })
  }
}
