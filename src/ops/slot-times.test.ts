import { afterEach, describe, expect, it } from 'vitest'
import { newestSlot, slotsBetween } from './slot-times.ts'

const at = (text: string) => Date.parse(text)
const text = (instant: number | null) => (instant === null ? null : new Date(instant).toISOString().slice(0, 16))

describe('the newest slot', () => {
  // Asia/Jakarta is UTC+7 all year, so 06:00 there is 23:00Z of the day before.
  it.each([
    [
      'just before the time of day it is yesterday’s',
      '0 6 * * *',
      'Asia/Jakarta',
      '2026-11-21T22:59:59Z',
      '2026-11-20T23:00',
    ],
    ['at the time of day it is today’s', '0 6 * * *', 'Asia/Jakarta', '2026-11-21T23:00:00Z', '2026-11-21T23:00'],
    ['just before midnight there', '0 6 * * *', 'Asia/Jakarta', '2026-11-22T16:59:59Z', '2026-11-21T23:00'],
    ['just after midnight there', '0 6 * * *', 'Asia/Jakarta', '2026-11-22T17:00:00Z', '2026-11-21T23:00'],
    ['at midnight itself', '0 0 * * *', 'Asia/Jakarta', '2026-11-22T17:00:00Z', '2026-11-22T17:00'],
    ['a minute before midnight', '59 23 * * *', 'Asia/Jakarta', '2026-11-22T17:00:00Z', '2026-11-22T16:59'],
    ['every minute', '* * * * *', 'Asia/Jakarta', '2026-11-22T10:07:59.999Z', '2026-11-22T10:07'],
    ['every ten minutes, across midnight', '*/10 * * * *', 'Asia/Jakarta', '2026-11-22T17:09:00Z', '2026-11-22T17:00'],
    ['on weekdays only, asked on a Sunday', '0 6 * * 1-5', 'Asia/Jakarta', '2026-11-22T05:00:00Z', '2026-11-19T23:00'],
    ['on Sundays, written as 7', '0 6 * * 7', 'Asia/Jakarta', '2026-11-22T05:00:00Z', '2026-11-21T23:00'],
    ['on 29 February', '0 6 29 2 *', 'Asia/Jakarta', '2028-03-01T00:00:00Z', '2028-02-28T23:00'],
    ['once a year, eleven months ago', '30 7 1 10 *', 'Asia/Jakarta', '2026-09-01T00:00:00Z', '2025-10-01T00:30'],
    ['an office in the east of the country', '0 6 * * *', 'Asia/Jayapura', '2026-11-21T21:00:00Z', '2026-11-21T21:00'],
    [
      'in the hour that a clock change skips',
      '30 2 * * *',
      'Europe/Berlin',
      '2026-03-29T12:00:00Z',
      '2026-03-29T01:30',
    ],
    [
      'in the hour that comes twice, the first time',
      '30 2 * * *',
      'Europe/Berlin',
      '2026-10-25T00:45:00Z',
      '2026-10-25T00:30',
    ],
    [
      'in the hour that comes twice, the second time',
      '30 2 * * *',
      'Europe/Berlin',
      '2026-10-25T01:45:00Z',
      '2026-10-25T00:30',
    ],
    [
      'every ten minutes in the hour that comes twice',
      '*/10 * * * *',
      'Europe/Berlin',
      '2026-10-25T01:45:00Z',
      '2026-10-25T01:40',
    ],
    ['never, when nothing was planned for a year', '0 6 29 2 *', 'Asia/Jakarta', '2027-11-22T00:00:00Z', null],
  ])('%s', (_, cron, timeZone, now, expected) => {
    expect(text(newestSlot(cron, timeZone, at(now)))).toBe(expected)
  })
})

describe('the slots between two instants', () => {
  it('leave out the first instant and include the last', () => {
    const slots = slotsBetween('0 6 * * *', 'Asia/Jakarta', at('2026-11-19T23:00:00Z'), at('2026-11-21T23:00:00Z'))
    expect(slots.map(text)).toEqual(['2026-11-20T23:00', '2026-11-21T23:00'])
  })

  it.each([
    ['a night of spring', '2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z', 23 * 6],
    ['a night of autumn', '2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z', 25 * 6],
  ])('come every ten minutes of real time through %s', (_, from, to, count) => {
    const slots = slotsBetween('*/10 * * * *', 'Europe/Berlin', at(from), at(to))
    expect(slots.length).toBe(count)
    expect(new Set(slots.map((slot, index) => slot - (slots[index - 1] ?? at(from))))).toEqual(new Set([600_000]))
  })

  it('come once a day through both clock changes', () => {
    const slots = slotsBetween('30 2 * * *', 'Europe/Berlin', at('2025-12-31T23:00:00Z'), at('2026-12-31T23:00:00Z'))
    expect(slots.length).toBe(365)
  })

  it('are none when the clock has gone back', () => {
    expect(slotsBetween('* * * * *', 'Asia/Jakarta', at('2026-11-22T10:00:00Z'), at('2026-11-22T09:00:00Z'))).toEqual(
      [],
    )
  })
})

describe('the zone of the host', () => {
  const zone = process.env.TZ
  afterEach(() => {
    if (zone === undefined) delete process.env.TZ
    else process.env.TZ = zone
  })

  it.each(['UTC', 'Europe/Berlin', 'America/New_York', 'Pacific/Kiritimati', 'Asia/Jakarta'])(
    'does not move a slot of the office: %s, through both of its clock changes',
    (name) => {
      process.env.TZ = name
      expect(new Intl.DateTimeFormat().resolvedOptions().timeZone).toBe(name)
      for (const [from, to] of [
        ['2026-03-01T00:00:00Z', '2026-04-05T00:00:00Z'],
        ['2026-10-20T00:00:00Z', '2026-11-05T00:00:00Z'],
      ] as const) {
        const slots = slotsBetween('0 6 * * *', 'Asia/Jakarta', at(from), at(to))
        expect(slots.length).toBe((at(to) - at(from)) / 86_400_000)
        expect(new Set(slots.map((slot) => text(slot)?.slice(11)))).toEqual(new Set(['23:00']))
      }
    },
  )
})

describe('a cron expression', () => {
  it.each([
    '',
    '0 6 * *',
    '0 0 6 * * *',
    '@daily',
    '60 6 * * *',
    '0 24 * * *',
    '0 6 L * *',
    '0 6 * * 1#2',
    '0 6 31 2 *',
    'x',
  ])('is refused when it is %j', (cron) => {
    expect(() => newestSlot(cron, 'Asia/Jakarta', 0)).toThrow(RangeError)
  })
})
