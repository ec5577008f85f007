import type { MailOutcome } from './mail.ts'

export type MailKind = 'digest' | 'alarm'

export type MailRow = {
  state: 'sending' | 'sent' | 'refused' | 'uncertain'
  attempts: number
  not_before: number
  started_at: number
}

const MINUTE = 60_000
/** Longer than any talk with a server: whoever began it is dead, or cannot write down how it ended. */
const MAIL_LEASE_MS = 10 * MINUTE
/** A digest that no server takes all morning is not news any more. */
const MOST_DIGEST_TRIES = 8

const WAITS = [5, 5, 15, 30].map((minutes) => minutes * MINUTE)
const LONGEST_WAIT = 60 * MINUTE
/** Told twice is better than never, but only once more. */
const MOST_UNCERTAIN_ALARM_TRIES = 2
const UNCERTAIN_WAIT = 15 * MINUTE

/** When a refused mail may be tried again, epoch ms. A server that says "never" is given an hour to be mended. */
export function nextTry({ permanent, attempts, now }: { permanent: boolean; attempts: number; now: number }): number {
  return now + (permanent ? LONGEST_WAIT : (WAITS[attempts - 1] ?? LONGEST_WAIT))
}

/** A digest of which nobody knows whether it arrived never goes again; an alarm does, once. */
export function mayTry(kind: MailKind, row: MailRow | undefined, now: number): boolean {
  if (!row) return true
  // A time further ahead than any wait was written before the clock went back.
  const due = row.not_before <= now || row.not_before > now + 2 * LONGEST_WAIT
  if (row.state === 'refused') return due && (kind === 'alarm' || row.attempts < MOST_DIGEST_TRIES)
  if (row.state === 'uncertain') return due && kind === 'alarm' && row.attempts < MOST_UNCERTAIN_ALARM_TRIES
  return false
}

/** Whoever began to send it did not live, or was not able, to write down the end. */
export function isAbandoned(row: Pick<MailRow, 'state' | 'started_at'>, now: number): boolean {
  return row.state === 'sending' && Math.abs(now - row.started_at) >= MAIL_LEASE_MS
}

/** What the row becomes. */
export function afterOutcome(outcome: MailOutcome, { attempts, now }: { attempts: number; now: number }) {
  const settled = { state: outcome.state, answer: outcome.answer, finished_at: now }
  if (outcome.state === 'refused') return { ...settled, not_before: nextTry({ ...outcome, attempts, now }) }
  if (outcome.state === 'uncertain') return { ...settled, not_before: now + UNCERTAIN_WAIT }
  return settled
}

/** The words of the alarm `mail`; null while it goes well, or may still go well by itself, as with a server that greylists. */
export function mailTrouble(
  outcome: MailOutcome,
  { about, attempts }: { about: string; attempts: number },
): string | null {
  if (outcome.state === 'uncertain') return `nobody knows whether ${about} arrived (${outcome.answer})`
  if (outcome.state === 'refused') {
    const tried = `${about} was refused ${attempts === 1 ? 'once' : `${attempts} times`} (${outcome.answer})`
    return outcome.permanent || attempts >= 3 ? tried : null
  }
  const { refusedAddresses: refused } = outcome
  return refused > 0 ? `the mail server refuses ${refused} of the addresses (${outcome.answer})` : null
}
