import { describe, expect, it } from 'vitest'
import type { Channel, PlannedChannel } from '../lib/office.ts'
import { channelsFor, isClosed, nextChannel, type PhoneState } from './channels.ts'

const phone = (state: Partial<PhoneState> = {}): PhoneState => ({
  line: 'mobile',
  closed: [],
  whatsapp: false,
  ...state,
})

describe('the channels of a plan', () => {
  it.each<[PlannedChannel[], Partial<PhoneState>, Channel[]]>([
    [['sms', 'voice'], {}, ['sms', 'call']],
    [['sms'], {}, ['sms']],
    [['sms', 'voice'], { whatsapp: true }, ['sms', 'whatsapp']],
    [['sms', 'voice'], { whatsapp: true, closed: ['whatsapp'] }, ['sms', 'call']],
    [['sms'], { line: 'fixed' }, ['call']],
    [['sms', 'voice'], { line: 'fixed' }, ['call']],
    [['sms'], { closed: ['sms'] }, ['call']],
    [['sms', 'voice'], { closed: ['call'] }, ['sms']],
    [['sms', 'voice'], { closed: ['sms', 'call', 'whatsapp'] }, []],
    [['sms'], { line: 'unknown' }, ['sms']],
  ])('%j with %j means %j', (planned, state, channels) => {
    expect(channelsFor(planned, phone(state))).toEqual(channels)
  })
})

describe('the next channel', () => {
  it.each<[Channel[], Partial<PhoneState>, Channel | null]>([
    [['sms'], {}, 'call'],
    [['call'], {}, 'sms'],
    [['sms', 'call'], {}, null],
    [['sms', 'whatsapp'], {}, 'call'],
    [['whatsapp'], {}, 'call'],
    [['call'], { line: 'fixed' }, null],
    [['sms'], { closed: ['call'] }, null],
  ])('after %j with %j is %j', (tried, state, next) => {
    expect(nextChannel(tried, phone(state))).toBe(next)
  })

  it('says when a phone has no open channel left', () => {
    expect(isClosed(phone({ line: 'fixed', closed: ['call'] }))).toBe(true)
    expect(isClosed(phone({ closed: ['sms'] }))).toBe(false)
  })
})
