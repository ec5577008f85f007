import type { Words } from '../console/words.ts'
import type { Db, Tx } from '../db/open.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/events.ts'
import { faultText } from '../lib/fault-text.ts'
import type { Office } from '../lib/office.ts'
import { isMailAddress, type MailServer } from '../lib/smtp-url.ts'
import type { Letter, MailOutcome, Post } from './mail.ts'
import { type Began, beginMails, endMails } from './mail-record.ts'
import type { MailKind } from './mail-rules.ts'

/** What every mail needs. */
export type PostOffice = {
  db: Db
  clock: Clock
  log: Log
  office: Office
  words: Words
  templatesDir: string
  /** CONSOLE_BASE_URL; without it mails hold no links. */
  consoleBaseUrl: string | undefined
  from: string
  post: Post
}

export type Written = Pick<Letter, 'subject' | 'text' | 'html' | 'attachments'>

/** MAIL_FROM, else the user of SMTP_URL where that is an address, else `tenggat` at the first reader's domain. */
export function senderOf({
  mailFrom,
  server,
  readers,
}: {
  mailFrom: string | undefined
  server: MailServer
  readers: readonly string[]
}): string {
  if (mailFrom !== undefined) return mailFrom
  const user = server.auth?.user ?? ''
  if (isMailAddress(user)) return user
  return `tenggat@${readers[0]?.split('@')[1] ?? 'localhost.localdomain'}`
}

/**
 * Sends one letter on record: what it is about is committed as being sent before the connection, and how it ended after.
 * `begin` runs in the transaction of the first; `write` writes the letter for what may be sent of `abouts`. Null when nothing may.
 */
export async function sendOnRecord<Noted>(
  mail: PostOffice,
  task: {
    kind: MailKind
    abouts: readonly string[]
    to: readonly string[]
    begin?: (tx: Tx) => Promise<Noted>
    write: (began: readonly Began[], noted: Noted | undefined) => Written | Promise<Written>
  },
): Promise<{ outcome: MailOutcome; began: readonly Began[] } | null> {
  const { db, clock, log } = mail
  const { kind, abouts, to } = task
  const { began, noted } = await db.write(async (tx) => {
    const began = await beginMails(tx, { kind, abouts, now: clock.now() })
    return { began, noted: began.length > 0 ? await task.begin?.(tx) : undefined }
  })
  if (began.length === 0) return null

  const outcome = await outcomeOf(mail, { to, began, write: () => task.write(began, noted) })
  await db.write((tx) => endMails(tx, { began, outcome, now: clock.now() }))
  const ids = { kind, about: began.map(({ about }) => about), answer: outcome.answer }
  if (outcome.state === 'sent') log.info({ ...ids, refused_addresses: outcome.refusedAddresses }, 'mail sent')
  else log.error({ ...ids, attempts: began[0]?.attempts }, `mail ${outcome.state}`)
  return { outcome, began }
}

async function outcomeOf(
  mail: PostOffice,
  { to, began, write }: { to: readonly string[]; began: readonly Began[]; write: () => Written | Promise<Written> },
): Promise<MailOutcome> {
  let written: Written
  try {
    written = await write()
  } catch (error) {
    // A template that an office edited may be at fault: nothing was handed to anybody, so it may be tried again.
    mail.log.error({ fault: faultText(error) }, 'mail not written')
    return { state: 'refused', permanent: true, answer: 'not written: see templates/mail' }
  }
  return mail.post({
    ...written,
    from: { name: mail.office.name, address: mail.from },
    to,
    messageId: messageIdOf(mail, began),
    writtenAt: mail.clock.now(),
  })
}

/** The same for the same things told, after a restore from a backup too: a mail server or reader can drop a double. */
function messageIdOf({ db, from }: PostOffice, began: readonly Began[]): string {
  const abouts = began.map(({ about }) => about).sort()
  return `<${db.vault.token('mail', ...abouts)}@${from.split('@')[1]}>`
}

/** A page of the console, where its address is known. */
export function linkTo({ consoleBaseUrl: base }: Pick<PostOffice, 'consoleBaseUrl'>): (path: string) => string | null {
  return (path) => (base === undefined ? null : `${base}${path}`)
}
