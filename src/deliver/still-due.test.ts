import { describe, expect, it } from 'vitest'
import { civilDate } from '../lib/civil-date.ts'
import { type CancelReason, type NoticeNow, whyNot } from './still-due.ts'

const EXPIRES = civilDate('2026-06-15')
const notice = (about: Partial<NoticeNow> = {}): NoticeNow => ({
  stage: 14,
  role: 'resident',
  newestStage: 14,
  cycleExpiresOn: EXPIRES,
  permitExpiresOn: EXPIRES,
  isCurrent: true,
  held: false,
  answers: [],
  phoneIndex: 'p',
  ...about,
})

describe('a notice immediately before it is sent', () => {
  it.each<[string, Partial<NoticeNow>, { today?: string; attempts?: number }, CancelReason | null]>([
    ['nothing changed', {}, {}, null],
    ['the permit was renewed', { permitExpiresOn: civilDate('2026-08-15') }, {}, 'renewed'],
    ['another permit is current now', { isCurrent: false }, {}, 'renewed'],
    ['a hold was set', { held: true }, {}, 'held'],
    ['a later stage has come', { newestStage: 7 }, {}, 'superseded'],
    ['it is the last lawful day', {}, { today: '2026-06-15' }, null],
    ['the permit ended during an outage', {}, { today: '2026-06-16' }, 'permit_over'],
    ['an overstay notice on day 14', { stage: -7, newestStage: -7 }, { today: '2026-06-29' }, null],
    ['an overstay notice after day 14', { stage: -7, newestStage: -7 }, { today: '2026-06-30' }, 'permit_over'],
    ['it was understood before a retry', { answers: ['understood'] }, { attempts: 1 }, 'understood'],
    ['it was understood but this was never tried', { answers: ['understood'] }, { attempts: 0 }, null],
    ['help was asked for', { answers: ['help'] }, { attempts: 1 }, null],
    ['the number was corrected', { phoneIndex: 'q' }, {}, 'corrected'],
    ['the number was removed', { phoneIndex: null }, {}, 'corrected'],
    ['renewed and held: the renewal is the reason', { held: true, isCurrent: false }, {}, 'renewed'],
  ])('when %s', (_case, about, { today = '2026-06-01', attempts = 0 }, reason) => {
    expect(whyNot(notice(about), { phoneIndex: 'p', attempts, today: civilDate(today) })).toBe(reason)
  })
})
