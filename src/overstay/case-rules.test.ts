import { describe, expect, it } from 'vitest'
import { addDays } from '../lib/civil-date.ts'
import {
  type CaseFacts,
  contactText,
  levelsAbove,
  openingOf,
  proposalFor,
  readContact,
  reviewCase,
  suggestedOutcome,
} from './case-rules.ts'
import { office, on } from './fixture.ts'

const expiresOn = on('2026-10-01')
const day = (days: number) => addDays(expiresOn, days)

describe('a new case', () => {
  it.each([
    [1, 'verify', false],
    [7, 'verify', false],
    [8, 'summon', false],
    [30, 'summon', false],
    [31, 'field-check', false],
    [59, 'field-check', false],
    [60, 'field-check', true],
    [61, 'over-60', false],
  ])('opened on day %i begins as %s', (days, level, day60) => {
    const opening = openingOf({ office, expiresOn, knownSince: day(-100), today: day(days) })
    expect(opening).toEqual({ level, knownLate: false, day60 })
  })

  it.each([
    ['the day before it ends', -1, false],
    ['on its last lawful day', 0, false],
    ['the day after it ended', 1, true],
    ['long after it ended', 200, true],
  ])('of a permit that came in %s is marked so: day %i, %s', (_when, knownOn, knownLate) => {
    const opening = openingOf({ office, expiresOn, knownSince: day(knownOn), today: day(200) })
    expect(opening.knownLate).toBe(knownLate)
    expect(opening.level).toBe(knownLate ? 'verify' : 'over-60')
  })
})

describe('closing is proposed', () => {
  const own = { isCurrent: true, expiresOn }
  it.each([
    ['not while the permit is current and nobody holds it', own, false, null, null],
    ['by a live hold, with its reason', own, false, 'left', 'held:left'],
    ['by another permit that is current', { isCurrent: false, expiresOn }, true, null, 'renewed'],
    ['by another permit rather than by a hold', { isCurrent: false, expiresOn }, true, 'applied', 'renewed'],
    ['by a later end of the same permit', { isCurrent: true, expiresOn: day(180) }, false, null, 'renewed'],
    ['by an earlier end, as a correction', { isCurrent: true, expiresOn: day(-3) }, false, null, 'corrected'],
    ['when no permit is current', { isCurrent: false, expiresOn }, false, null, 'not-current'],
  ] as const)('%s', (_what, permit, otherIsCurrent, hold, proposal) => {
    expect(proposalFor({ expiresOn, permit, otherIsCurrent, hold })).toBe(proposal)
  })

  it('and the likely outcome guessed only where there is one', () => {
    expect(suggestedOutcome('held:applied')).toBe('applied-before-expiry')
    expect(suggestedOutcome('renewed')).toBe('renewed')
    expect(suggestedOutcome('held:other')).toBeNull()
    expect(suggestedOutcome(null)).toBeNull()
  })
})

describe('the review of an open case', () => {
  const facts: CaseFacts = {
    expiresOn,
    level: 'verify',
    knownLate: false,
    officerSaw: false,
    day60Flagged: false,
    proposed: null,
    proposal: null,
  }
  const steps = (days: number, given: Partial<CaseFacts> = {}) =>
    reviewCase({ office, today: day(days), facts: { ...facts, ...given } })

  it.each([
    ['nothing on day 1', 1, {}, []],
    ['nothing on day 7', 7, {}, []],
    ['the next level on day 8', 8, {}, [{ kind: 'escalated', level: 'summon', skipped: [] }]],
    ['nothing on day 30', 30, { level: 'summon' }, []],
    ['a field check on day 31', 31, { level: 'summon' }, [{ kind: 'escalated', level: 'field-check', skipped: [] }]],
    ['nothing on day 59', 59, { level: 'field-check' }, []],
    ['a flag on day 60', 60, { level: 'field-check' }, [{ kind: 'day-60' }]],
    ['one flag only on day 60', 60, { level: 'field-check', day60Flagged: true }, []],
    ['the last level on day 61', 61, { level: 'field-check' }, [{ kind: 'escalated', level: 'over-60', skipped: [] }]],
    ['nothing more on day 300', 300, { level: 'over-60' }, []],
    [
      'one step to the right level after downtime',
      70,
      {},
      [{ kind: 'escalated', level: 'over-60', skipped: ['summon', 'field-check'] }],
    ],
    ['no lower level than an officer set', 5, { level: 'field-check' }, []],
    ['nothing for a permit known late', 90, { knownLate: true }, []],
    ['a flag for a permit known late', 60, { knownLate: true }, [{ kind: 'day-60' }]],
    [
      'the level by days once an officer saw who was known late',
      90,
      { knownLate: true, officerSaw: true, level: 'summon' },
      [{ kind: 'escalated', level: 'over-60', skipped: ['field-check'] }],
    ],
    ['a proposal, and no level with it', 40, { proposal: 'renewed' }, [{ kind: 'proposed', proposal: 'renewed' }]],
    ['nothing while the proposal stands', 60, { proposal: 'renewed', proposed: 'renewed' }, []],
    [
      'another proposal for another reason',
      5,
      { proposal: 'renewed', proposed: 'held:applied' },
      [{ kind: 'proposed', proposal: 'renewed' }],
    ],
    [
      'the withdrawal, and the level reached meanwhile',
      31,
      { proposed: 'held:applied' },
      [
        { kind: 'withdrawn', was: 'held:applied' },
        { kind: 'escalated', level: 'field-check', skipped: ['summon'] },
      ],
    ],
    ['nothing when the clock went back before the first day', 0, {}, []],
  ] as [string, number, Partial<CaseFacts>, unknown[]][])('brings %s', (_what, days, given, expected) => {
    expect(steps(days, given)).toEqual(expected)
  })
})

describe('levels', () => {
  it('above one are those an officer may set', () => {
    expect(levelsAbove(office, 'summon')).toEqual(['field-check', 'over-60'])
    expect(levelsAbove(office, 'over-60')).toEqual([])
  })
})

describe('the text of a contact', () => {
  it('carries its channel', () => {
    expect(readContact(contactText('visit', 'bertemu: sudah pindah'))).toEqual({
      channel: 'visit',
      what: 'bertemu: sudah pindah',
    })
    expect(readContact('tanpa saluran')).toEqual({ channel: 'phone', what: 'tanpa saluran' })
  })
})
