import { describe, expect, it } from 'vitest'
import { afterOutcome, isAbandoned, type MailKind, type MailRow, mailTrouble, mayTry, nextTry } from './mail-rules.ts'

const MINUTE = 60_000
const now = 1_000_000_000
const row = (given: Partial<MailRow>): MailRow => ({
  state: 'refused',
  attempts: 1,
  not_before: now,
  started_at: now - MINUTE,
  ...given,
})

describe('whether a mail may be sent', () => {
  it.each<[string, MailKind, MailRow | undefined, boolean]>([
    ['a new one', 'digest', undefined, true],
    ['one that went out', 'digest', row({ state: 'sent' }), false],
    ['one in other hands', 'digest', row({ state: 'sending' }), false],
    ['a refused one whose time has come', 'digest', row({}), true],
    ['a refused one before its time', 'digest', row({ not_before: now + 1 }), false],
    [
      'a refused one whose time was set before the clock went back',
      'digest',
      row({ not_before: now + 121 * MINUTE }),
      true,
    ],
    ['a digest refused eight times', 'digest', row({ attempts: 8 }), false],
    ['an alarm refused eighty times', 'alarm', row({ attempts: 80 }), true],
    ['a digest that may have arrived', 'digest', row({ state: 'uncertain' }), false],
    ['an alarm that may have arrived', 'alarm', row({ state: 'uncertain' }), true],
    ['an alarm that may have arrived a moment ago', 'alarm', row({ state: 'uncertain', not_before: now + 1 }), false],
    ['an alarm that may have arrived twice', 'alarm', row({ state: 'uncertain', attempts: 2 }), false],
  ])('%s', (_case, kind, given, may) => {
    expect(mayTry(kind, given, now)).toBe(may)
  })
})

describe('the wait after a refusal', () => {
  it.each([
    [1, false, 5],
    [2, false, 5],
    [3, false, 15],
    [4, false, 30],
    [5, false, 60],
    [500, false, 60],
    [1, true, 60],
  ])('is after the %i. try (for good: %s) %i minutes', (attempts, permanent, minutes) => {
    expect(nextTry({ permanent, attempts, now })).toBe(now + minutes * MINUTE)
  })
})

describe('a mail whose sender is gone', () => {
  it('is known by its age, on either side of a clock that was moved', () => {
    expect(isAbandoned({ state: 'sending', started_at: now - 9 * MINUTE }, now)).toBe(false)
    expect(isAbandoned({ state: 'sending', started_at: now - 10 * MINUTE }, now)).toBe(true)
    expect(isAbandoned({ state: 'sending', started_at: now + 10 * MINUTE }, now)).toBe(true)
    expect(isAbandoned({ state: 'sent', started_at: 0 }, now)).toBe(false)
  })
})

describe('the alarm about mail', () => {
  const about = 'digest:2026-12-06'
  it('waits for the third refusal that may pass, and for none that will not', () => {
    const refused = (permanent: boolean, attempts: number) =>
      mailTrouble({ state: 'refused', permanent, answer: '451 at RCPT TO' }, { about, attempts })
    expect(refused(false, 2)).toBeNull()
    expect(refused(false, 3)).toBe('digest:2026-12-06 was refused 3 times (451 at RCPT TO)')
    expect(refused(true, 1)).toBe('digest:2026-12-06 was refused once (451 at RCPT TO)')
  })

  it('names a doubt, and readers whom the server does not know', () => {
    expect(mailTrouble({ state: 'uncertain', answer: 'x' }, { about, attempts: 1 })).toContain('nobody knows')
    const sent = { state: 'sent' as const, answer: '550' }
    expect(mailTrouble({ ...sent, refusedAddresses: 1 }, { about, attempts: 1 })).toContain('1 of the addresses')
    expect(mailTrouble({ ...sent, refusedAddresses: 0 }, { about, attempts: 1 })).toBeNull()
  })
})

describe('what a mail becomes', () => {
  it('keeps the time at which it may be tried again', () => {
    const refused = { state: 'refused' as const, permanent: false, answer: '451' }
    expect(afterOutcome(refused, { attempts: 1, now })).toEqual({
      state: 'refused',
      answer: '451',
      finished_at: now,
      not_before: now + 5 * MINUTE,
    })
  })
})
