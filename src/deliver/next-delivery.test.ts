import { describe, expect, it } from 'vitest'
import type { Channel } from '../lib/office.ts'
import type { PhoneNumber } from '../lib/phone.ts'
import { nextDelivery, type Tried } from './next-delivery.ts'

const phone = (index: string, closed: Channel[] = [], line: 'mobile' | 'fixed' = 'mobile') => ({
  number: `+62${index}` as PhoneNumber,
  index,
  country: 'ID',
  line,
  closed,
})
const dead: Channel[] = ['sms', 'call', 'whatsapp']
const tried = (...channels: Channel[]): Tried[] => channels.map((channel) => ({ role: 'resident', channel }))

describe('the delivery after one that reached nobody', () => {
  it.each<[string, Parameters<typeof nextDelivery>[0], ReturnType<typeof nextDelivery>]>([
    [
      'the other channel',
      { role: 'resident', tried: tried('sms'), phone: phone('1'), sponsorPhone: null },
      { role: 'resident', channel: 'call' },
    ],
    [
      'a call after WhatsApp',
      { role: 'resident', tried: tried('sms', 'whatsapp'), phone: phone('1'), sponsorPhone: null },
      { role: 'resident', channel: 'call' },
    ],
    [
      'nothing when both were tried on a good number',
      { role: 'resident', tried: tried('sms', 'call'), phone: phone('1'), sponsorPhone: phone('2') },
      null,
    ],
    [
      'the sponsor when the number is dead',
      { role: 'resident', tried: tried('sms', 'call'), phone: phone('1', dead), sponsorPhone: phone('2') },
      { role: 'sponsor', channel: 'sms' },
    ],
    [
      'a call to a sponsor with a landline',
      { role: 'resident', tried: tried('sms', 'call'), phone: phone('1', dead), sponsorPhone: phone('2', [], 'fixed') },
      { role: 'sponsor', channel: 'call' },
    ],
    [
      'nothing when the sponsor has the same phone',
      { role: 'resident', tried: tried('sms', 'call'), phone: phone('1', dead), sponsorPhone: phone('1', dead) },
      null,
    ],
    [
      'nothing when the sponsor was told already',
      {
        role: 'resident',
        tried: [...tried('sms', 'call'), { role: 'sponsor', channel: 'sms' }],
        phone: phone('1', dead),
        sponsorPhone: phone('2'),
      },
      null,
    ],
    [
      "the sponsor's other channel",
      { role: 'sponsor', tried: [{ role: 'sponsor', channel: 'sms' }], phone: null, sponsorPhone: phone('2') },
      { role: 'sponsor', channel: 'call' },
    ],
    [
      'nobody else while one channel of the resident is open',
      { role: 'resident', tried: tried('sms', 'call'), phone: phone('1', ['sms']), sponsorPhone: phone('2') },
      null,
    ],
    [
      'not a closed channel',
      { role: 'resident', tried: tried('sms'), phone: phone('1', ['call']), sponsorPhone: null },
      null,
    ],
  ])('is %s', (_case, input, next) => {
    expect(nextDelivery(input)).toEqual(next)
  })
})
