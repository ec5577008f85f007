import { describe, expect, it } from 'vitest'
import type { DeliveryState } from '../db/schema.ts'
import { civilDate } from '../lib/civil-date.ts'
import { mayRetry, type Retry, type RetryGround, type RetryRefusal } from './may-retry.ts'
import type { NoticeNow } from './still-due.ts'

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
const ground = (about: Partial<RetryGround> = {}): RetryGround => ({
  state: 'exhausted',
  phoneIndex: 'p',
  tried: true,
  today: civilDate('2026-06-03'),
  notices: [notice()],
  closed: new Map(),
  pausedRoutes: new Set(),
  ...about,
})
const to = (number: 'p' | 'q'): Retry => ({ may: true, to: number === 'p' ? 'same' : 'corrected' })
const no = (why: RetryRefusal): Retry => ({ may: false, why })

describe('sending once more by hand', () => {
  it.each<[DeliveryState, Retry]>([
    ['exhausted', to('p')],
    ['undelivered', to('p')],
    ['failed', to('p')],
    ['set_aside', to('p')],
    ['queued', no('waiting')],
    ['sending', no('under-way')],
    ['uncertain', no('under-way')],
    ['accepted', no('under-way')],
    ['sent', no('under-way')],
    ['delivered', no('told')],
    ['read', no('told')],
    ['cancelled', no('cancelled')],
  ])('of a delivery that is %s', (state, retry) => {
    expect(mayRetry(ground({ state }))).toEqual(retry)
  })

  it.each<[string, Partial<NoticeNow>, Partial<RetryGround>, Retry]>([
    ['the stage of the day', {}, {}, to('p')],
    ['days after its stage while no later notice exists', {}, { today: civilDate('2026-06-08') }, to('p')],
    ['on the last lawful day', {}, { today: civilDate('2026-06-15') }, to('p')],
    ['once the permit has ended', {}, { today: civilDate('2026-06-16') }, no('permit_over')],
    ['once a later stage has come', { newestStage: 7 }, {}, no('superseded')],
    ['once the permit was renewed', { permitExpiresOn: civilDate('2027-06-15') }, {}, no('renewed')],
    ['once another permit is the current one', { isCurrent: false }, {}, no('renewed')],
    ['while there is a hold', { held: true }, {}, no('held')],
    ['once it was understood', { answers: ['understood'] }, {}, no('understood')],
    ['understood, but this one was never with the carrier', { answers: ['understood'] }, { tried: false }, to('p')],
    ['to a number that was corrected since', { phoneIndex: 'q' }, {}, to('q')],
    ['when the record has no number any more', { phoneIndex: null }, {}, no('no-phone')],
    ['to a number that the carrier calls dead', {}, { closed: new Map([['p', 'dead_number']]) }, no('dead_number')],
    ['to a number that said stop', {}, { closed: new Map([['p', 'opted_out']]) }, no('opted_out')],
    ['past a dead number to its successor', { phoneIndex: 'q' }, { closed: new Map([['p', 'dead_number']]) }, to('q')],
    [
      'when the successor is dead too',
      { phoneIndex: 'q' },
      { closed: new Map([['q', 'dead_number']]) },
      no('dead_number'),
    ],
    ['while the route is paused', {}, { pausedRoutes: new Set(['p']) }, no('route')],
    [
      'by a route that is open though the old one is paused',
      { phoneIndex: 'q' },
      { pausedRoutes: new Set(['p']) },
      to('q'),
    ],
    ['of an overstay notice on day 14', { stage: -7, newestStage: -7 }, { today: civilDate('2026-06-29') }, to('p')],
    [
      'of an overstay notice after day 14',
      { stage: -7, newestStage: -7 },
      { today: civilDate('2026-06-30') },
      no('permit_over'),
    ],
  ])('%s', (_case, about, more, retry) => {
    expect(mayRetry(ground({ notices: [notice(about)], ...more }))).toEqual(retry)
  })

  it.each<[string, Partial<NoticeNow>[], Retry]>([
    ['goes on for those who are still to be told', [{ held: true }, {}], to('p')],
    ['follows all of them to one new number', [{ phoneIndex: 'q' }, { phoneIndex: 'q' }], to('q')],
    ['stays where one of them still is', [{ phoneIndex: 'q' }, {}], to('p')],
    ['has no number when they parted', [{ phoneIndex: 'q' }, { phoneIndex: 'r' }], no('parted')],
    ['has nobody left', [{ held: true }, { isCurrent: false }], no('held')],
    ['never had anybody', [], no('permit_over')],
  ])('of a shared delivery %s', (_case, notices, retry) => {
    expect(mayRetry(ground({ notices: notices.map(notice) }))).toEqual(retry)
  })
})
