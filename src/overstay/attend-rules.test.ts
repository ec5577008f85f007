import { describe, expect, it } from 'vitest'
import { addDays } from '../lib/civil-date.ts'
import {
  answerWantsOfficer,
  isConfirmed,
  isMinor,
  isWrongNumber,
  type PhoneFacts,
  phoneCauses,
  phoneIsSettled,
} from './attend-rules.ts'
import type { Contact } from './contacts.ts'
import { on } from './fixture.ts'

const today = on('2026-11-10')
const inDays = (days: number) => addDays(today, days)

function contact(given: Partial<Contact> = {}): Contact {
  return { at: 10, role: 'resident', channel: 'sms', what: 'x', by: null, kind: 'delivery', confirms: true, ...given }
}

const mobile = { line: 'mobile', optedOut: [], dead: [], whatsapp: false } as const

describe('an officer must reach the resident', () => {
  const facts: PhoneFacts = {
    today,
    expiresOn: inDays(14),
    phone: mobile,
    firstNoticeOn: today,
    newestNotice: { stage: 14, deliveries: ['queued', 'queued'] },
    contacts: [],
    minor: false,
  }
  const notice = (stage: number, ...deliveries: PhoneFacts['newestNotice']['deliveries']) => ({ stage, deliveries })
  const week = { expiresOn: inDays(7), firstNoticeOn: inDays(-7) }
  const allOut = { ...mobile, optedOut: ['sms', 'call', 'whatsapp'] } as const

  it.each([
    ['not while the first notice is under way', {}, []],
    ['who has no phone', { phone: null, newestNotice: notice(60) }, ['no-phone']],
    ['not who has no phone, where the notice went out before it was taken away', { phone: null }, []],
    [
      'whose number is dead on every channel',
      { phone: { ...mobile, dead: ['sms', 'call'] }, newestNotice: notice(14) },
      ['no-phone'],
    ],
    [
      'whose landline takes no calls, as the carrier says',
      { phone: { ...mobile, line: 'fixed', dead: ['call'] }, newestNotice: notice(60) },
      ['no-phone'],
    ],
    [
      'not whose landline can be called',
      { phone: { ...mobile, line: 'fixed' }, newestNotice: notice(60, 'queued') },
      [],
    ],
    ['whose every try failed', { newestNotice: notice(14, 'exhausted', 'undelivered', 'failed') }, ['unreachable']],
    ['whose delivery could not be made', { newestNotice: notice(14, 'set_aside') }, ['unreachable']],
    ['not while one try is left', { newestNotice: notice(14, 'exhausted', 'queued') }, []],
    ['not while one may still have arrived', { newestNotice: notice(14, 'exhausted', 'sent') }, []],
    ['not when all was called off', { newestNotice: notice(14, 'cancelled') }, []],
    ['who opted out of everything', { phone: allOut }, ['opted-out']],
    ['who opted out of everything, though an SMS had arrived', { phone: allOut, contacts: [contact()] }, ['opted-out']],
    [
      'not who opted out of everything after answering',
      { phone: allOut, contacts: [contact({ kind: 'answer', channel: 'key' })] },
      [],
    ],
    ['not who opted out of one channel only', { phone: { ...mobile, optedOut: ['call'] } }, []],
    [
      'who opted out of what was not dead already',
      { phone: { ...mobile, optedOut: ['call'], dead: ['sms'] } },
      ['opted-out'],
    ],
    [
      'who left only WhatsApp open, where it could not be used',
      { phone: { ...mobile, optedOut: ['sms', 'call'], whatsapp: true }, newestNotice: notice(14) },
      ['opted-out'],
    ],
    [
      'not who left WhatsApp open, where it is used',
      { phone: { ...mobile, optedOut: ['sms', 'call'], whatsapp: true }, newestNotice: notice(14, 'queued') },
      [],
    ],
    ['who is unconfirmed 7 days before the end', week, ['unconfirmed']],
    ['who is unconfirmed at stage 7', { ...week, newestNotice: notice(7, 'sent') }, ['unconfirmed']],
    ['not who is unconfirmed 8 days before', { ...week, expiresOn: inDays(8) }, []],
    ['not who is confirmed', { ...week, contacts: [contact()] }, []],
    ['who only had something sent', { ...week, contacts: [contact({ confirms: false })] }, ['unconfirmed']],
    ['whose sponsor alone is confirmed', { ...week, contacts: [contact({ role: 'sponsor' })] }, ['unconfirmed']],
    ['not a minor whose sponsor is', { ...week, minor: true, contacts: [contact({ role: 'sponsor' })] }, []],
    ['not on the day of a late first notice', { expiresOn: inDays(3), newestNotice: notice(3, 'queued') }, []],
    ['the day after a late first notice', { expiresOn: inDays(2), firstNoticeOn: inDays(-1) }, ['unconfirmed']],
    [
      'at once, where no day is left to wait',
      { expiresOn: inDays(1), newestNotice: notice(1, 'queued') },
      ['unconfirmed'],
    ],
    ['after the end, too', { expiresOn: inDays(-3), firstNoticeOn: inDays(-10) }, ['unconfirmed']],
    [
      'for two reasons, the plainer first',
      { ...week, newestNotice: notice(7, 'exhausted') },
      ['unreachable', 'unconfirmed'],
    ],
  ] as [string, Partial<PhoneFacts>, string[]][])('%s', (_who, given, causes) => {
    expect(phoneCauses({ ...facts, ...given })).toEqual(causes)
  })
})

describe('a phone follow-up is settled', () => {
  const early = contact({ at: 5 })
  const late = contact({ at: 50 })
  it.each([
    ['by a receipt', 'unconfirmed', [early], true],
    ['by an answer', 'unreachable', [contact({ kind: 'answer' })], true],
    ['not by a sponsor', 'no-phone', [contact({ role: 'sponsor' })], false],
    ['not by nothing', 'unconfirmed', [], false],
    ['not by what arrived before everything was opted out of', 'opted-out', [early], false],
    ['by what arrived after it', 'opted-out', [early, late], true],
    ['by an officer who spoke with the one who opted out', 'opted-out', [contact({ kind: 'officer' })], true],
  ] as const)('%s', (_how, cause, contacts, settled) => {
    expect(phoneIsSettled({ cause, openedAt: 20, contacts, minor: false })).toBe(settled)
  })
})

describe('confirmed', () => {
  it('needs something that confirms', () => {
    expect(isConfirmed({ contacts: [contact({ confirms: false })], minor: true })).toBe(false)
  })
})

describe('a wrong number', () => {
  it.each([
    ['call', 'mobile', true],
    ['call', 'fixed', true],
    ['sms', 'mobile', true],
    ['sms', 'unknown', true],
    ['sms', 'fixed', false],
    ['whatsapp', 'mobile', false],
  ] as const)('dead for %s on a %s line: %s', (channel, line, wrong) => {
    expect(isWrongNumber({ channel, line })).toBe(wrong)
  })
})

describe('an answer wants an officer', () => {
  const expiresOn = on('2026-11-20')
  it.each([
    ['applied', '2026-11-20', true, true],
    ['applied', '2026-11-21', true, false],
    ['applied', '2026-11-10', false, false],
    ['leaving', '2026-11-21', true, true],
    ['leaving', '2026-11-10', false, false],
    ['help', '2026-12-20', false, true],
    ['understood', '2026-11-10', true, false],
  ] as const)('%s on %s, pending %s: %s', (answer, answeredOn, pending, wants) => {
    expect(answerWantsOfficer({ answer, answeredOn: on(answeredOn), expiresOn, pending })).toBe(wants)
  })
})

describe('a minor', () => {
  it.each([
    ['2008-11-10', false],
    ['2008-11-11', true],
    ['2020-01-01', true],
    [null, false],
  ])('born %s: %s', (born, minor) => {
    expect(isMinor(born === null ? null : on(born), today)).toBe(minor)
  })

  it('born on 29 February comes of age on 1 March', () => {
    expect(isMinor(on('2008-02-29'), on('2026-02-28'))).toBe(true)
    expect(isMinor(on('2008-02-29'), on('2026-03-01'))).toBe(false)
  })
})
