import { describe, expect, it } from 'vitest'
import { addDays, civilDate } from '../lib/civil-date.ts'
import { mayBeLost } from '../scan/lost.ts'
import type { Listed } from './carrier.ts'
import { type LookBack, lostAmong } from './lost.ts'

const HOUR = 3_600_000
const FROM = Date.parse('2026-06-01T19:30:00Z')
const UNTIL = Date.parse('2026-06-03T02:00:00Z')
const PATH = '/n/0123456789abcdefghijkl'

describe('whether a notice may have been told in a gap', () => {
  const gap = { from: FROM, until: UNTIL }
  const day = civilDate('2026-06-03')

  it.each<[string, number, number, boolean]>([
    ['its stage began on the last day of the gap', 14, 14, true],
    ['it began long before, and is told late', 14, 9, true],
    ['it begins on the day after', 14, 15, false],
    ['the day after the end, on the last day of the gap', -1, -1, true],
    ['the day after the end, later', -1, 0, false],
  ])('%s', (_case, stage, daysLeft, lost) => {
    expect(mayBeLost({ stage, expiresOn: addDays(day, daysLeft) }, gap, 'Asia/Jakarta')).toBe(lost)
  })

  it('never without a gap', () => {
    expect(mayBeLost({ stage: 14, expiresOn: day }, null, 'Asia/Jakarta')).toBe(false)
  })
})

describe('what the carrier has of a delivery that the database may have lost', () => {
  const listed = (sid: string, about: Partial<Listed> = {}): Listed => ({
    sid,
    status: 'delivered',
    errorCode: null,
    body: '',
    createdAt: FROM + HOUR,
    ...about,
  })
  const lost = (
    channel: 'sms' | 'call',
    items: Listed[],
    about: Partial<LookBack> & { known?: string[] } = {},
  ): string[] => {
    const { known = [], ...back } = about
    return lostAmong({
      channel,
      path: channel === 'call' ? null : PATH,
      listed: items,
      known: new Set(known),
      back: { from: FROM, until: UNTIL, begunAt: FROM - 100 * HOUR, others: 0, ...back },
    }).map(({ sid }) => sid)
  }

  it('is every message with our link, whatever the domain was, oldest first', () => {
    const newer = listed('SM2', { body: `… https://new.example${PATH}`, createdAt: FROM + 3 * HOUR })
    const older = listed('SM1', { body: `… https://old.example${PATH} .` })
    expect(lost('sms', [newer, listed('SM3', { body: '/n/another' }), older])).toEqual(['SM1', 'SM2'])
  })

  it('is none that an attempt has already', () => {
    expect(lost('sms', [listed('SM1', { body: PATH })], { known: ['SM1'] })).toEqual([])
  })

  it('is every call to the number since the gap began, and since the stage began', () => {
    const calls = [listed('CA3', { createdAt: UNTIL + HOUR }), listed('CA2'), listed('CA1', { createdAt: FROM - HOUR })]
    expect(lost('call', calls)).toEqual(['CA2'])
    expect(lost('call', calls, { begunAt: FROM + 2 * HOUR })).toEqual([])
  })

  it('is the oldest call alone where others wait for a look at the same number', () => {
    const calls = [listed('CA2', { createdAt: FROM + 2 * HOUR }), listed('CA1')]
    expect(lost('call', calls, { others: 1 })).toEqual(['CA1'])
    expect(lost('call', calls, { known: ['CA1'] })).toEqual(['CA2'])
  })
})
