import { describe, expect, it } from 'vitest'
import type { DeliveryState } from '../db/schema.ts'
import type { PhoneNumber } from '../lib/phone.ts'
import type { CarrierFault, Listed, Verdict } from './carrier.ts'
import { afterFault, afterLookup, callOutcome, isForward, type Lookup, nextPoll } from './outcome.ts'

const NOW = Date.UTC(2026, 5, 1, 3)
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const TO = '+6281234567890' as PhoneNumber

describe('what follows from a fault', () => {
  const following = (verdict: Verdict, options: Partial<CarrierFault> & { tries?: number } = {}) => {
    const { tries = 0, ...fault } = options
    return afterFault({
      fault: { verdict, code: null, httpStatus: 400, ...fault },
      channel: 'sms',
      to: TO,
      tries,
      now: NOW,
    })
  }

  it('an unknown outcome is looked up, never sent again at once', () => {
    expect(following('uncertain')).toEqual({ attempt: 'uncertain', delivery: 'uncertain', reason: 'uncertain' })
  })

  it('a busy carrier has processed nothing: due again when it says, and its channel waits', () => {
    expect(following('busy', { code: 20429, retryAfterMs: 7_000 })).toEqual({
      attempt: 'not-sent',
      delivery: 'queued',
      reason: 'busy:20429',
      notBefore: NOW + 7_000,
      pause: { scope: 'channel:sms', until: NOW + 7_000 },
    })
  })

  it('an account fault marks nobody as failed and pauses everything', () => {
    expect(following('account', { code: 20003 })).toMatchObject({
      attempt: 'not-sent',
      delivery: 'queued',
      notBefore: NOW,
      pause: { scope: 'account' },
      alarm: 'account',
    })
  })

  it('a route fault pauses this channel to this country and takes the next channel', () => {
    expect(following('route', { code: 21408 })).toMatchObject({
      delivery: 'exhausted',
      pause: { scope: 'route:sms:+62', until: NOW + 6 * HOUR },
      next: true,
      alarm: 'route',
    })
  })

  it('a dead number is dead on every channel, a closed channel only there', () => {
    expect(following('recipient', { code: 30005 })).toMatchObject({
      delivery: 'exhausted',
      dead: ['sms', 'call', 'whatsapp'],
      next: true,
    })
    expect(following('channel', { code: 21614 })).toMatchObject({ delivery: 'exhausted', dead: ['sms'], next: true })
  })

  it('who said stop is opted out of this channel', () => {
    expect(following('opted-out', { code: 21610 })).toMatchObject({ delivery: 'exhausted', optOut: true, next: true })
  })

  it('a defect of ours is set aside, loudly', () => {
    expect(following('defect', { code: 21602 })).toMatchObject({ delivery: 'set_aside', alarm: 'defect' })
  })

  it.each([
    [0, 30003, 15 * MINUTE],
    [1, 30003, HOUR],
    [2, 30003, 4 * HOUR],
    [3, 30003, null],
    [0, 30008, 15 * MINUTE],
    [1, 30008, null],
  ])('after %i tries a transient %i waits %s', (tries, code, wait) => {
    const decision = following('transient', { code, tries })
    if (wait === null) expect(decision).toMatchObject({ delivery: 'exhausted', next: true })
    else expect(decision).toMatchObject({ delivery: 'queued', notBefore: NOW + wait })
  })
})

describe('what a call came to', () => {
  const call = (status: string, about: { answeredBy?: string; digits?: string; heard?: boolean } = {}) =>
    callOutcome({
      status,
      answeredBy: about.answeredBy ?? null,
      digits: about.digits ?? null,
      heard: about.heard ?? false,
    })

  it.each([
    ['in-progress', { digits: '1' }, { state: 'delivered' }],
    ['completed', { digits: '2', answeredBy: 'machine_start' }, { state: 'delivered' }],
    ['completed', { answeredBy: 'human', heard: true }, { state: 'delivered' }],
    ['completed', { answeredBy: 'human' }, { state: 'undelivered', reason: 'hung-up' }],
    ['completed', { answeredBy: 'machine_end_beep', heard: true }, { state: 'undelivered', reason: 'machine' }],
    ['completed', { answeredBy: 'fax' }, { state: 'undelivered', reason: 'machine' }],
    ['completed', { answeredBy: 'unknown', heard: true }, { state: 'undelivered', reason: 'unknown' }],
    ['completed', {}, { state: 'undelivered', reason: 'unknown' }],
    ['completed', { answeredBy: 'human', digits: '9' }, { state: 'undelivered', reason: 'hung-up' }],
    ['busy', {}, { state: 'undelivered', reason: 'busy' }],
    ['no-answer', {}, { state: 'undelivered', reason: 'no-answer' }],
    ['failed', {}, { state: 'undelivered', reason: 'failed' }],
    ['canceled', {}, { state: 'undelivered', reason: 'cancelled' }],
    ['ringing', {}, { state: 'sent' }],
  ] as const)('%s with %j is %j', (status, about, outcome) => {
    expect(call(status, about)).toEqual(outcome)
  })
})

describe("what follows from the carrier's list", () => {
  const LINK = 'https://t.example/n/abc'
  const message = (about: Partial<Listed> = {}): Listed => ({
    sid: 'SM1',
    status: 'queued',
    errorCode: null,
    body: `… ${LINK}`,
    createdAt: NOW,
    ...about,
  })
  const look = (
    listed: Listed[],
    about: { channel?: 'sms' | 'call'; known?: string[]; age?: number; link?: string | null } = {},
  ): Lookup =>
    afterLookup({
      channel: about.channel ?? 'sms',
      link: about.link === undefined ? LINK : about.link,
      listed,
      known: new Set(about.known ?? []),
      startedAt: NOW - (about.age ?? 0),
      now: NOW,
      patience: { listingMs: 2 * MINUTE, everyMs: 20_000 },
    })

  it('adopts the message that holds our link', () => {
    expect(look([message({ sid: 'SM9', body: 'other' }), message()])).toMatchObject({ what: 'adopt', sid: 'SM1' })
  })

  it('does not adopt what an earlier attempt of ours already has', () => {
    expect(look([message()], { known: ['SM1'], age: 3 * MINUTE })).toEqual({ what: 'send-again' })
  })

  it('asks again while the carrier may not have listed it yet', () => {
    expect(look([], { age: 30_000 })).toEqual({ what: 'ask-again', at: NOW + 20_000 })
    expect(look([], { age: 110_000 })).toEqual({ what: 'ask-again', at: NOW + 10_000 })
  })

  it('sends again only when patience is over', () => {
    expect(look([], { age: 2 * MINUTE })).toEqual({ what: 'send-again' })
  })

  it('takes a call by its number alone', () => {
    expect(look([message({ sid: 'CA1', body: '' })], { channel: 'call', link: null })).toMatchObject({
      what: 'adopt',
      sid: 'CA1',
    })
  })

  it('never matches a message without a link of ours', () => {
    expect(look([message({ body: '' })], { link: null, age: 3 * MINUTE })).toEqual({ what: 'send-again' })
  })
})

describe('states', () => {
  it.each<[DeliveryState, DeliveryState, boolean]>([
    ['accepted', 'sent', true],
    ['sent', 'accepted', false],
    ['delivered', 'undelivered', false],
    ['undelivered', 'delivered', true],
    ['queued', 'delivered', true],
    ['exhausted', 'delivered', true],
    ['delivered', 'read', true],
    ['read', 'delivered', false],
    ['delivered', 'delivered', false],
  ])('%s to %s is forward: %s', (current, incoming, forward) => {
    expect(isForward(current, incoming)).toBe(forward)
  })

  it('are polled soon, then hourly, then daily, then never', () => {
    expect(nextPoll('sms', NOW, NOW)).toBe(NOW + 10 * MINUTE)
    expect(nextPoll('call', NOW, NOW)).toBe(NOW + 5 * MINUTE)
    expect(nextPoll('sms', NOW, NOW + HOUR)).toBe(NOW + 2 * HOUR)
    expect(nextPoll('sms', NOW, NOW + 30 * HOUR)).toBe(NOW + 54 * HOUR)
    expect(nextPoll('sms', NOW, NOW + 100 * HOUR)).toBeNull()
  })
})
