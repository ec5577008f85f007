import { Readable } from 'node:stream'
import type { NodemailerError } from 'nodemailer/lib/errors'
import type SMTPConnection from 'nodemailer/lib/smtp-connection'
import type { SMTPConnectionSendInfo } from 'nodemailer/lib/smtp-connection'
import type { MailServer } from '../lib/smtp-url.ts'

export type Letter = {
  from: { name: string; address: string }
  to: readonly string[]
  subject: string
  text: string
  html: string
  attachments: readonly { filename: string; contentType: string; content: Buffer }[]
  /** With its angle brackets. */
  messageId: string
  /** Epoch ms. */
  writtenAt: number
}

/**
 * `refused`: certainly not taken; `permanent` when the same mail will be refused again. `uncertain`: the words were handed
 * over and no answer came. `answer` is the server's code and where in the talk it fell, never its text: that may name an
 * address or quote the mail.
 */
export type MailOutcome =
  /** `refusedAddresses`: how many of them the server did not want. */
  | { state: 'sent'; answer: string; refusedAddresses: number }
  | { state: 'refused'; answer: string; permanent: boolean }
  | { state: 'uncertain'; answer: string }

/** Hands a letter to a mail server. It answers for every fault of the wire by an outcome. */
export type Post = (letter: Letter) => Promise<MailOutcome>

const CONNECT_MS = 15_000
const ANSWER_MS = 30_000
/** For the whole talk; must stay well below the lease of a mail in mail-record.ts. */
const TALK_MS = 90_000

/** `talkMs`: after so long the connection is cut, whatever it is doing. */
export function postBy(server: MailServer, { talkMs = TALK_MS }: { talkMs?: number } = {}): Post {
  return async (letter) => {
    const { default: Composer } = await import('nodemailer/lib/mail-composer')
    const mime = new Composer(composed(letter)).compile()
    return handOver({ server, letter, bytes: await mime.build(), talkMs })
  }
}

function composed({ from, to, subject, text, html, attachments, messageId, writtenAt }: Letter) {
  return {
    from,
    to: to.map((address) => ({ name: '', address })),
    subject: subject.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').slice(0, 200),
    text,
    html,
    attachments: [...attachments],
    messageId,
    date: new Date(writtenAt),
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
    disableFileAccess: true,
    disableUrlAccess: true,
  }
}

function settingsOf({ host, port, secure, requireTls }: MailServer, talkMs: number) {
  const open = !secure && !requireTls
  return {
    host,
    port,
    secure,
    requireTLS: requireTls,
    connectionTimeout: Math.min(CONNECT_MS, talkMs),
    greetingTimeout: Math.min(CONNECT_MS, talkMs),
    socketTimeout: Math.min(ANSWER_MS, talkMs),
    dnsTimeout: Math.min(CONNECT_MS, talkMs),
    // On this machine nobody stands between: its own certificate is as good as none.
    ...(open && { opportunisticTLS: true, tls: { rejectUnauthorized: false } }),
  }
}

type Begin<Said> = (done: (error?: Error | null, said?: Said) => void) => void
type Step = <Said>(begin: Begin<Said>) => Promise<Said | undefined>

/**
 * Connects, takes TLS and signs in as for every mail, does what `work` does, and hangs up. After `talkMs` the connection is cut.
 * @throws what `isFault` knows
 */
export async function talkTo<Result>(
  { server, talkMs }: { server: MailServer; talkMs: number },
  work: (connection: SMTPConnection, step: Step) => Promise<Result>,
): Promise<Result> {
  const { default: Connection } = await import('nodemailer/lib/smtp-connection')
  const connection = new Connection(settingsOf(server, talkMs))
  const { promise: broken, reject } = Promise.withResolvers<never>()
  broken.catch(() => undefined)
  connection.on('error', reject)
  const timer = setTimeout(() => reject(Object.assign(new Error('too slow'), { code: 'ETIMEDOUT' })), talkMs)
  const step: Step = <Said>(begin: Begin<Said>) =>
    Promise.race([
      broken,
      new Promise<Said | undefined>((resolve, refuse) =>
        begin((error, said) => (error ? refuse(error) : resolve(said))),
      ),
    ])
  try {
    await step((done) => connection.connect(done))
    const { auth } = server
    if (auth && connection.allowsAuth) await step((done) => connection.login({ credentials: auth, ...auth }, done))
    const result = await work(connection, step)
    connection.quit()
    return result
  } catch (error) {
    connection.close()
    throw error
  } finally {
    clearTimeout(timer)
  }
}

type Talk = { server: MailServer; letter: Letter; bytes: Buffer; talkMs: number }

async function handOver({ server, letter, bytes, talkMs }: Talk): Promise<MailOutcome> {
  let handedOver = false
  // Read only once the server has said 354: from then on a broken connection leaves us in doubt.
  const body = new Readable({
    read() {
      handedOver = true
      this.push(bytes)
      this.push(null)
    },
  })
  const envelope = { from: letter.from.address, to: [...letter.to] }
  try {
    const info = await talkTo({ server, talkMs }, (connection, step) =>
      step<SMTPConnectionSendInfo>((done) => connection.send(envelope, body, done)),
    )
    const [first] = info?.rejectedErrors ?? []
    return {
      state: 'sent',
      answer: first ? answerOf(first) : codeIn(info?.response ?? ''),
      refusedAddresses: info?.rejected.length ?? 0,
    }
  } catch (error) {
    if (!isFault(error)) throw error
    return outcomeOf(error, handedOver)
  }
}

/** nodemailer's errors have a code; their messages quote the server, which quotes addresses. */
export function isFault(error: unknown): error is NodemailerError {
  return error instanceof Error && typeof (error as NodemailerError).code === 'string'
}

/** RFC 5321, 4.2.1: an answer of 4yz or 5yz, to the end of the data too, says that the server does not have the mail. */
function outcomeOf(fault: NodemailerError, handedOver: boolean): MailOutcome {
  const answer = answerOf(fault)
  const { responseCode } = fault
  if (responseCode !== undefined)
    return { state: 'refused', answer, permanent: responseCode >= 500 && responseCode !== 503 }
  return handedOver ? { state: 'uncertain', answer } : { state: 'refused', answer, permanent: false }
}

/** What went wrong, without the server's own words. */
export function answerOf({ code, originalCode, response, command }: NodemailerError): string {
  const what = response ? codeIn(response) : (originalCode ?? code ?? 'no code')
  return command ? `${what} at ${command.replace(/[^A-Z0-9 -]/gi, '').slice(0, 30)}` : what
}

/** `550 5.1.1` of "550 5.1.1 <budi@example.org>: no such user". */
function codeIn(response: string): string {
  return /^\d{3}(?:[ -]\d\.\d{1,3}\.\d{1,3})?/.exec(response)?.[0].replace('-', ' ') ?? 'no code'
}
