import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { SMTPServer, type SMTPServerDataStream, type SMTPServerOptions, type SMTPServerSession } from 'smtp-server'
import type { MailServer } from '../src/lib/smtp-url.ts'

export type ReceivedMail = { from: string; to: string[]; raw: string; secure: boolean; user: string | null }

export type TestMailServer = AsyncDisposable & {
  url: string
  server: MailServer
  /** What was taken, to the last dot, in order. */
  mails: ReceivedMail[]
  /** What was given in full, taken or not. */
  offered: string[]
  /** How many connections there were. */
  connections(): number
}

/** Cuts every connection at once; only without TLS: Node 26 dies of a TCP socket that is torn away below its TLS. */
type Session = { hangUp(): void }

/** `onEnd`: what the server says to the end of the data; nothing is said while the promise is open. */
export type Manners = Partial<Pick<SMTPServerOptions, 'secure' | 'onAuth' | 'size'>> & {
  /** A refusal of this recipient, with its code. */
  refuses?: (address: string) => Error | null
  /** When the first of the data is there. */
  onStart?: (session: Session) => void
  onEnd?: (session: Session) => Promise<Error | null> | Error | null
  /** STARTTLS. Default false. */
  offersTls?: boolean
}

/** A real SMTP server on loopback. */
export async function openMailServer(manners: Manners = {}): Promise<TestMailServer> {
  const mails: ReceivedMail[] = []
  const offered: string[] = []
  let connections = 0
  const sockets = new Set<Socket>()
  const hangUp = () => {
    for (const socket of sockets) socket.destroy()
  }
  const { refuses, onStart, onEnd, offersTls = false, ...options } = manners
  const take = async (stream: SMTPServerDataStream, session: SMTPServerSession): Promise<Error | null> => {
    const parts: Buffer[] = []
    for await (const part of stream) {
      if (parts.length === 0) onStart?.({ hangUp })
      parts.push(part as Buffer)
    }
    const raw = Buffer.concat(parts).toString('utf8')
    offered.push(raw)
    const refused = (await onEnd?.({ hangUp })) ?? null
    if (refused) return refused
    mails.push({
      from: session.envelope.mailFrom === false ? '' : session.envelope.mailFrom.address,
      to: session.envelope.rcptTo.map(({ address }) => address),
      raw,
      secure: session.secure,
      user: typeof session.user === 'string' ? session.user : null,
    })
    return null
  }
  const smtp = new SMTPServer({
    authOptional: options.onAuth === undefined,
    // The certificate that the package brings is nobody's: what verifies it must refuse it.
    ...(offersTls ? {} : { disabledCommands: ['STARTTLS'] }),
    logger: false,
    disableReverseLookup: true,
    closeTimeout: 50,
    ...options,
    onConnect(_session, done) {
      connections += 1
      done()
    },
    onRcptTo({ address }, _session, done) {
      done(refuses?.(address) ?? null)
    },
    onData(stream, session, done) {
      take(stream, session).then(done, done)
    },
  })
  smtp.on('error', () => undefined)
  smtp.server.on('connection', (socket) => sockets.add(socket))
  const listening = smtp.listen(0, '127.0.0.1')
  if (!listening.listening) await once(listening, 'listening')
  const { port } = listening.address() as AddressInfo
  const secure = options.secure === true
  return {
    url: `${secure ? 'smtps' : 'smtp'}://127.0.0.1:${port}`,
    server: { host: '127.0.0.1', port, secure, requireTls: false },
    mails,
    offered,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => smtp.close(() => resolve()))
    },
  }
}

export function refusal(code: number, text: string): Error {
  return Object.assign(new Error(text), { responseCode: code })
}

export type ReadMail = {
  headers: Map<string, string>
  text: string
  html: string
  attachments: { filename: string; content: Buffer }[]
}

/** The mail as its reader's program takes it apart. */
export function readMail(raw: string): ReadMail {
  const mail: ReadMail = { headers: partOf(raw).headers, text: '', html: '', attachments: [] }
  addPart(mail, raw)
  return mail
}

function addPart(mail: ReadMail, raw: string): void {
  const { headers, body } = partOf(raw)
  const type = headers.get('content-type') ?? 'text/plain'
  const boundary = /boundary="?([^";]+)"?/.exec(type)?.[1]
  if (boundary !== undefined) {
    for (const part of body.split(`--${boundary}`).slice(1, -1)) addPart(mail, part.replace(/^\r\n/, ''))
    return
  }
  const content = decodedBody(body, headers.get('content-transfer-encoding') ?? '7bit')
  const filename = /filename="?([^";]+)"?/.exec(headers.get('content-disposition') ?? '')?.[1]
  if (filename !== undefined) mail.attachments.push({ filename, content })
  else if (type.startsWith('text/html')) mail.html += content.toString('utf8')
  else mail.text += content.toString('utf8').replaceAll('\r\n', '\n')
}

function partOf(raw: string): { headers: Map<string, string>; body: string } {
  const end = raw.indexOf('\r\n\r\n')
  const lines = raw
    .slice(0, end)
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n')
  const headers = new Map(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), words(line.slice(colon + 1).trim())]
    }),
  )
  return { headers, body: raw.slice(end + 4) }
}

/** RFC 2047. */
function words(header: string): string {
  const joined = header.replace(/\?=\s+=\?/g, '?==?')
  return joined.replace(/=\?utf-8\?([qb])\?([^?]*)\?=/gi, (_all, how: string, text: string) =>
    how.toLowerCase() === 'b'
      ? Buffer.from(text, 'base64').toString('utf8')
      : unquoted(text.replaceAll('_', ' ')).toString('utf8'),
  )
}

function decodedBody(body: string, encoding: string): Buffer {
  if (encoding === 'base64') return Buffer.from(body, 'base64')
  if (encoding === 'quoted-printable') return unquoted(body.replace(/=\r\n/g, ''))
  return Buffer.from(body, 'utf8')
}

function unquoted(text: string): Buffer {
  const bytes = text.replace(/=([0-9A-F]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1')
}
