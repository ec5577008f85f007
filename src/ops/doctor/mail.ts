import type { MailServer } from '../../lib/smtp-url.ts'
import { answerOf, isFault, talkTo } from '../mail.ts'
import { fault, type Trouble, warn } from './finding.ts'

/** `answer`: the server's code and the step at which it fell, without its words. */
export type Greeting = { ok: true } | { ok: false; answer: string }

const TALK_MS = 12_000

/** Connects, says EHLO, takes TLS and signs in as a mail would, and hangs up. Nothing is sent. */
export async function greetMailServer(server: MailServer, talkMs = TALK_MS): Promise<Greeting> {
  try {
    const connection = await talkTo({ server, talkMs }, async (signedIn) => signedIn)
    connection.close()
    return { ok: true }
  } catch (error) {
    if (!isFault(error)) throw error
    return { ok: false, answer: error.code === 'ETIMEDOUT' ? 'no answer' : answerOf(error) }
  }
}

/** `greeting`: null where no server is configured. */
export function judgeMail(greeting: Greeting | null, { alarmTo }: { alarmTo: readonly string[] }): Trouble[] {
  if (greeting === null) {
    return [
      warn(
        'No mail server is configured, so nobody is told when something goes wrong.',
        'Set SMTP_URL, ALARM_TO and DIGEST_TO.',
      ),
    ]
  }
  if (!greeting.ok) {
    return [
      fault(
        `The mail server does not take us (${greeting.answer}).`,
        'Compare SMTP_URL with what its provider says: host, port, user and password, and whether this machine may reach that port.',
      ),
    ]
  }
  return alarmTo.length > 0
    ? []
    : [warn('Nobody is named who gets the alarms by mail.', 'Set ALARM_TO to the operator’s address.')]
}

export function judgeHeartbeat(configured: boolean): Trouble[] {
  if (configured) return []
  return [
    warn(
      'Nobody outside notices when this whole machine is gone.',
      'Set HEARTBEAT_URL to a service that expects one call a day and complains without it.',
    ),
  ]
}
