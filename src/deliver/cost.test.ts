import { describe, expect, it } from 'vitest'
import type { Channel } from '../lib/office.ts'
import { costOf, destinationOf, type Usage } from './cost.ts'

const office = {
  prices: {
    currency: 'USD',
    smsSegment: new Map([
      ['+62', 0.5],
      ['+6281', 0.4],
      ['other', 0.1],
    ]),
    callMinute: new Map([
      ['+62', 0.2],
      ['other', 0.3],
    ]),
    whatsappMessage: new Map([['other', 0.05]]),
  },
}
const usage = (part: Partial<Usage>): Usage => ({ segments: 0, seconds: 0, messages: 0, ...part })

describe('the price of a delivery', () => {
  it.each<[string, Channel, string, Partial<Usage>, number]>([
    ['an SMS by its segments', 'sms', '+6221555000', { segments: 3 }, 1.5],
    ['the longest prefix that fits', 'sms', '+62812555000', { segments: 1 }, 0.4],
    ['a country that is not listed', 'sms', '+4917139200', { segments: 2 }, 0.2],
    ['a call of one second by the begun minute', 'call', '+62812555000', { seconds: 1 }, 0.2],
    ['a call of exactly a minute', 'call', '+62812555000', { seconds: 60 }, 0.2],
    ['a call of a minute and a second', 'call', '+62812555000', { seconds: 61 }, 0.4],
    ['a call that nobody took', 'call', '+62812555000', { seconds: 0 }, 0],
    ['a WhatsApp message by itself', 'whatsapp', '+62812555000', { messages: 1 }, 0.05],
  ])('charges %s', (_case, channel, to, part, cost) => {
    expect(costOf(office, channel, to, usage(part))).toBeCloseTo(cost, 10)
  })

  it('is the same for a number and for the prefix that stands for it', () => {
    for (const number of ['+62812555000', '+6221555000', '+4917139200']) {
      const destination = destinationOf(office, 'sms', number)
      expect(costOf(office, 'sms', destination, usage({ segments: 1 }))).toBe(
        costOf(office, 'sms', number, usage({ segments: 1 })),
      )
    }
    expect(destinationOf(office, 'sms', '+62812555000')).toBe('+6281')
    expect(destinationOf(office, 'call', '+62812555000')).toBe('+62')
    expect(destinationOf(office, 'whatsapp', '+62812555000')).toBe('other')
  })
})
