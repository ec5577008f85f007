import { isLoopbackHost } from './web-address.ts'

export type MailServer = {
  host: string
  port: number
  /** TLS from the first byte. */
  secure: boolean
  /** Not a word before STARTTLS; only on this machine may a mail travel in the open. */
  requireTls: boolean
  auth?: { user: string; pass: string }
}

/** The whole shape of SMTP_URL, for people. */
export const SMTP_URL_SHAPE = 'smtps://user:password@host:465 or smtp://user:password@host:587'

/** Null unless it is `smtp(s)://[user:password@]host[:port]` and nothing more. */
export function parseSmtpUrl(text: string): MailServer | null {
  const url = URL.parse(text)
  if (!url || !/^smtps?:$/.test(url.protocol) || !/^(\[[\da-f:.]+\]|[\w.-]+)$/i.test(url.hostname)) return null
  if (url.search !== '' || url.hash !== '' || !['', '/'].includes(url.pathname)) return null
  const user = decoded(url.username)
  const pass = decoded(url.password)
  if (user === null || pass === null || (user === '') !== (pass === '')) return null
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const secure = url.protocol === 'smtps:'
  const here = isLoopbackHost(host)
  return {
    host,
    port: url.port === '' ? (secure ? 465 : here ? 25 : 587) : Number(url.port),
    secure,
    requireTls: !secure && !here,
    ...(user !== '' && { auth: { user, pass } }),
  }
}

/** What may stand in an envelope and a header as it is: nothing that ends a line, quotes or names a second one. */
export function isMailAddress(text: string): boolean {
  return text.length <= 254 && /^[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/.test(text)
}

function decoded(part: string): string | null {
  try {
    const text = decodeURIComponent(part)
    return /[\p{Cc}]/u.test(text) ? null : text
  } catch (error) {
    if (error instanceof URIError) return null
    throw error
  }
}
