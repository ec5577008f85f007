import { describe, expect, it } from 'vitest'
import {
  type ContactState,
  type CycleFacts,
  contactOf,
  isCounted,
  isRenewedBeforeTold,
  type Outcome,
  outcomeOf,
  shareOf,
} from './report-rules.ts'

const nothing: CycleFacts = {
  told: false,
  sponsorTold: false,
  attempted: false,
  noticed: false,
  withdrawn: false,
  knownLate: false,
  successor: 'none',
  successorBeforeTold: false,
  extended: 'no',
  corrected: false,
  held: 'no',
  case: 'none',
}

const renewedFirst: Partial<CycleFacts> = { told: true, successor: 'in-time', successorBeforeTold: true }

describe('how far a notice came', () => {
  it.each<[string, Partial<CycleFacts>, ContactState]>([
    ['confirmed by the resident', { told: true, sponsorTold: true, attempted: true, noticed: true }, 'told'],
    ['confirmed by the sponsor alone', { sponsorTold: true, attempted: true, noticed: true }, 'sponsor'],
    ['taken by the carrier, and no more is known', { attempted: true, noticed: true }, 'attempted'],
    ['due, but no channel was open', { noticed: true }, 'unreached'],
    ['due, but renewed before anything was sent', { noticed: true, withdrawn: true, successor: 'in-time' }, 'not-due'],
    [
      'due, but held before anything was sent, and stayed on',
      { noticed: true, withdrawn: true, case: 'open' },
      'unreached',
    ],
    ['renewed before anything was due', { successor: 'in-time' }, 'not-due'],
    ['held for as long as it was valid', { held: 'other' }, 'not-due'],
    ['valid while nothing ran, and stayed on', { case: 'open' }, 'missed'],
    ['in the register only after the end', { knownLate: true }, 'known-late'],
    ['an officer reached them by phone though nothing could be sent', { told: true, noticed: true }, 'told'],
  ])('%s', (_name, facts, contact) => {
    expect(contactOf({ ...nothing, ...facts })).toBe(contact)
  })
})

describe('what became of a cycle', () => {
  it.each<[string, Partial<CycleFacts>, Outcome]>([
    ['a newer permit issued by the last lawful day', { successor: 'in-time' }, 'renewed'],
    ['… though its file came late and a case was opened', { successor: 'in-time', case: 'open' }, 'renewed'],
    ['… and the officer closed that case as renewed', { successor: 'in-time', case: 'renewed' }, 'renewed'],
    ['a newer permit issued later', { successor: 'later', case: 'open' }, 'renewed-later'],
    ['the same permit with a later end, known in time', { extended: 'in-time' }, 'renewed'],
    ['… known later, but never an overstay', { extended: 'later' }, 'renewed'],
    ['… known later, after a case was opened', { extended: 'later', case: 'open' }, 'renewed-later'],
    ['an application filed and paid in time', { held: 'applied' }, 'renewed'],
    ['… and granted later', { held: 'applied', successor: 'later' }, 'renewed'],
    ['… and refused: a case is open', { held: 'applied', case: 'open' }, 'open'],
    ['… and refused: deported', { held: 'applied', case: 'deported' }, 'overstayed'],
    ['an officer found that it was filed in time', { case: 'applied-before-expiry' }, 'renewed'],
    ['closed as renewed, no date is known', { case: 'renewed' }, 'renewed-later'],
    ['left, and held for it on the last lawful day', { held: 'left' }, 'left'],
    ['… found by an officer afterwards', { held: 'left', case: 'left' }, 'left'],
    ['closed as left, no date is known', { case: 'left' }, 'left-later'],
    ['paid and left', { case: 'paid-and-left' }, 'overstayed'],
    ['detained', { case: 'detained' }, 'overstayed'],
    ['deported although a newer permit was issued', { case: 'deported', successor: 'in-time' }, 'overstayed'],
    ['banned from entry', { case: 'entry-ban' }, 'overstayed'],
    ['a case that nobody has decided', { case: 'open' }, 'open'],
    ['ended, and no pass has run since', {}, 'open'],
    ['died', { case: 'died' }, 'not-counted'],
    ['became a citizen', { case: 'naturalised' }, 'not-counted'],
    ['a mistake, said the officer', { case: 'data-error' }, 'not-counted'],
    ['a mistake: the permit ends earlier', { corrected: true, case: 'open' }, 'not-counted'],
    ['held for another reason', { held: 'other' }, 'not-counted'],
    ['… which ended, and a case was opened', { held: 'other', case: 'open' }, 'open'],
  ])('%s', (_name, facts, outcome) => {
    expect(outcomeOf({ ...nothing, ...facts })).toBe(outcome)
  })
})

describe('who is counted', () => {
  it.each<[string, Partial<CycleFacts>, boolean]>([
    ['told and renewed afterwards', { told: true, successor: 'in-time' }, true],
    ['told when the newer permit had been issued already', renewedFirst, false],
    ['… but deported all the same', { ...renewedFirst, case: 'deported' }, true],
    ['not told, and renewed before anybody could have been', { ...renewedFirst, told: false }, true],
    ['told, and nothing is known since', { told: true, case: 'open' }, true],
    ['told, and died', { told: true, case: 'died' }, false],
  ])('%s: %j is %s', (_name, facts, counted) => {
    expect(isCounted({ ...nothing, ...facts })).toBe(counted)
  })

  it('says apart who renewed before being told', () => {
    expect(isRenewedBeforeTold({ ...nothing, ...renewedFirst })).toBe(true)
    expect(isRenewedBeforeTold({ ...nothing, ...renewedFirst, told: false })).toBe(false)
  })
})

describe('a share', () => {
  it.each([
    [0, 0, null],
    [0, 3, 0],
    [3, 4, 0.75],
    [2, 3, 0.6667],
    [5, 5, 1],
  ])('of %i in %i is %s', (count, of, share) => {
    expect(shareOf(count, of)).toEqual({ count, of, share })
  })
})
