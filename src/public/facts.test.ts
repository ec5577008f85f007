import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ToldNotice } from '../deliver/find-by-token.ts'
import { civilDate } from '../lib/civil-date.ts'
import { loadOffice } from '../lib/office.ts'
import { liveNotices, pageFactsOf } from './facts.ts'

const office = await loadOffice(join(import.meta.dirname, '../../templates/office.yaml'))
const today = civilDate('2026-11-23')

describe('which notices a link still tells', () => {
  it.each([
    ['before expiry', {}, '2026-12-06', true],
    ['30 days after it', {}, '2027-01-05', true],
    ['31 days after it', {}, '2027-01-06', false],
    ['once superseded', { superseded: true }, '2026-11-23', false],
    ['held, before expiry', { heldUntil: 'forever' }, '2026-12-06', true],
    ['held, after expiry', { heldUntil: 'forever' }, '2026-12-07', false],
    ['held until that day', { heldUntil: civilDate('2026-12-07') }, '2026-12-07', false],
    ['held until the day before', { heldUntil: civilDate('2026-12-06') }, '2026-12-07', true],
  ] as const)('%s', (_, told, day, lives) => {
    expect(liveNotices([notice(told)], civilDate(day)).length).toBe(lives ? 1 : 0)
  })
})

describe('what a page says', () => {
  it('of several are the dates of the first to end', () => {
    const notices = [notice({ expiresOn: civilDate('2026-12-09'), permitKind: 'F' }), notice({})]
    expect(pageFactsOf(notices, { office, today, link: '' })).toMatchObject({
      expiresOn: '2026-12-06',
      lastFilingDay: '2026-12-04',
      count: 2,
      extend: 'ask',
      permitKind: null,
      daysLeft: 13,
    })
  })

  it('counts only those that have not ended, as long as there is one', () => {
    const notices = [notice({ expiresOn: civilDate('2026-11-20') }), notice({})]
    expect(pageFactsOf(notices, { office, today, link: '' })).toMatchObject({
      overstay: false,
      count: 1,
      expiresOn: '2026-12-06',
    })
    expect(pageFactsOf(notices.slice(0, 1), { office, today, link: '' })).toMatchObject({
      overstay: true,
      daysLeft: -3,
    })
  })

  it('speaks to the sponsor only where nobody else is told', () => {
    const sponsor = notice({ role: 'sponsor' })
    expect(pageFactsOf([sponsor], { office, today, link: '' }).role).toBe('sponsor')
    expect(pageFactsOf([sponsor, notice({})], { office, today, link: '' }).role).toBe('resident')
  })
})

function notice(told: Partial<ToldNotice>): ToldNotice {
  return {
    officeCode: 'BLT',
    noticeId: 1,
    cycleId: 1,
    residentId: 1,
    reference: 'BLT-7K3Q',
    stage: 14,
    planStage: 14,
    role: 'resident',
    expiresOn: civilDate('2026-12-06'),
    permitKind: 'ITAS',
    superseded: false,
    heldUntil: null,
    chosenLanguage: null,
    initials: 'M. S.',
    nationality: 'TL',
    ...told,
  }
}
