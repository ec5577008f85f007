import type { Answered, CarrierFault, Probed } from '../../deliver/carrier.ts'
import { fault, type Trouble, warn } from './finding.ts'

const SKEW_MS = 30_000

export function judgeCarrier(answer: Answered<Probed>): Trouble[] {
  if (answer.ok) return judgeBalance(answer.value)
  const code = codeOf(answer.fault)
  if (answer.fault.verdict === 'busy' || answer.fault.verdict === 'uncertain') {
    return [
      fault(
        `The carrier does not answer a harmless request (${code}).`,
        'Look whether this machine reaches api.twilio.com (or TWILIO_API_BASE_URL) and whether status.twilio.com reports trouble.',
      ),
    ]
  }
  return [
    fault(
      `The carrier refuses a harmless request (${code}).`,
      'Compare TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN with the console at Twilio, and look whether the account is active there.',
    ),
  ]
}

/** `skewMs`: the carrier's clock minus ours. */
export function judgeClock({ skewMs }: Pick<Probed, 'skewMs'>): Trouble[] {
  if (skewMs === null || Math.abs(skewMs) <= SKEW_MS) return []
  const seconds = Math.round(Math.abs(skewMs) / 1_000)
  return [
    fault(
      `The clock of this machine is ${seconds} seconds ${skewMs > 0 ? 'behind' : 'ahead of'} the carrier's.`,
      'Switch on time synchronisation (timedatectl set-ntp true) and look at it again with timedatectl.',
    ),
  ]
}

export type Senders = {
  sms: string | undefined
  messagingService: string | undefined
  call: string | undefined
  whatsapp: string | undefined
}

/**
 * Residents recognise us by the senders that the office publishes; others look like a fraud. `ownsCall`: whether the account may
 * call from the number, null where it could not be asked.
 */
export function judgeSenders(
  used: Senders,
  published: { sms: string; call: string; whatsapp: string },
  ownsCall: Answered<boolean> | null,
): Trouble[] {
  const troubles: Trouble[] = []
  const compare = (name: string, mine: string | undefined, theirs: string) => {
    if (mine === undefined || mine === theirs) return
    troubles.push(
      fault(
        `${name} is ${mine}, but the office tells residents to expect ${theirs}.`,
        `Correct ${name}, or the senders in OFFICE_FILE.`,
      ),
    )
  }
  if (used.messagingService === undefined) compare('TWILIO_SMS_FROM', used.sms, published.sms)
  compare('TWILIO_CALL_FROM', used.call, published.call)
  compare('TWILIO_WHATSAPP_FROM', used.whatsapp, published.whatsapp)
  if (used.call !== undefined && ownsCall?.ok && !ownsCall.value) {
    troubles.push(
      fault(
        `The account at the carrier has no number ${used.call}, so every call will be refused.`,
        "Correct TWILIO_CALL_FROM, or buy or verify that number in the carrier's console.",
      ),
    )
  }
  if (ownsCall && !ownsCall.ok) {
    troubles.push(
      warn(
        `Whether the account may call from TWILIO_CALL_FROM could not be asked (${codeOf(ownsCall.fault)}).`,
        "Look it up in the carrier's console under phone numbers.",
      ),
    )
  }
  return troubles
}

function judgeBalance({ balance, currency }: Probed): Trouble[] {
  if (balance === null || balance > 0) return []
  return [
    fault(
      `The balance at the carrier is ${balance.toFixed(2)} ${currency ?? ''}`
        .trimEnd()
        .concat('; nothing will be sent.'),
      'Pay in at Twilio, and switch on automatic recharge there.',
    ),
  ]
}

function codeOf({ code, httpStatus }: CarrierFault): string {
  return code !== null ? `error ${code}` : httpStatus !== null ? `HTTP ${httpStatus}` : 'no answer'
}
