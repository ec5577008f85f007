import { describe, expect, it } from 'vitest'
import { civilDate, instantOf } from '../../lib/civil-date.ts'
import { countsAsBornOn, type Keep, mayRedactBefore, type PersonFacts, whyKept, whyRefused } from './rules.ts'

const timeZone = 'Asia/Jakarta'
const today = civilDate('2031-06-01')
const at = (date: string) => instantOf(civilDate(date), '12:00', timeZone)

/** The last permit ended more than five years ago, and everything with it. */
const gone: PersonFacts = {
  erased: false,
  lastEnd: civilDate('2026-06-01'),
  currentEnd: civilDate('2026-06-01'),
  lastDone: at('2026-05-01'),
  openCases: 0,
  openFollowUps: 0,
  heldFor: [],
  inFlight: 0,
  listed: false,
}

describe('who is erased by the rule "residents"', () => {
  it.each<[string, Partial<PersonFacts>, Keep | null]>([
    ['everything is over', {}, null],
    ['the last permit ended 1825 days ago', { lastEnd: civilDate('2026-06-02') }, 'permit'],
    ['… 1826 days ago', { lastEnd: civilDate('2026-06-01') }, null],
    ['a permit ends in the future', { lastEnd: civilDate('2032-01-01') }, 'permit'],
    ['never had a permit, and came in long ago', { lastEnd: null, currentEnd: null }, null],
    ['a case was closed last year', { lastDone: at('2030-06-01') }, 'recent'],
    ['a case is open', { openCases: 1 }, 'case'],
    ['a follow-up is open', { openFollowUps: 1 }, 'follow-up'],
    ['held because they left', { heldFor: ['left'] }, null],
    ['held because they died', { heldFor: ['died', 'naturalised'] }, null],
    ['a refugee, who is still here', { heldFor: ['refugee'] }, 'hold'],
    ['left, and filed an application', { heldFor: ['left', 'applied'] }, 'hold'],
    ['a message is on its way', { inFlight: 1 }, 'in-flight'],
    ['the office still lists them', { listed: true }, 'listed'],
    ['erased before', { erased: true, openCases: 1 }, 'erased'],
  ])('%s: %j gives %s', (_name, change, kept) => {
    expect(whyKept({ ...gone, ...change }, { today, days: 1825, timeZone })).toBe(kept)
  })
})

describe('a request to erase', () => {
  const current = { currentEnd: civilDate('2031-06-01') }
  it.each<[string, Partial<PersonFacts>, { ordinary: Keep | null; forced: Keep | null }]>([
    ['everything is over', {}, { ordinary: null, forced: null }],
    [
      'an open follow-up and a place on the list are no reason',
      { openFollowUps: 1, listed: true },
      { ordinary: null, forced: null },
    ],
    ['the permit ends today', current, { ordinary: 'permit', forced: null }],
    ['it ended yesterday', { currentEnd: civilDate('2031-05-31') }, { ordinary: null, forced: null }],
    ['a case is open', { openCases: 1 }, { ordinary: 'case', forced: null }],
    ['a message is on its way', { inFlight: 1 }, { ordinary: 'in-flight', forced: 'in-flight' }],
    ['erased before', { erased: true }, { ordinary: 'erased', forced: 'erased' }],
  ])('%s', (_name, change, { ordinary, forced }) => {
    const facts = { ...gone, ...change }
    expect(whyRefused(facts, { today, force: false })).toBe(ordinary)
    expect(whyRefused(facts, { today, force: true })).toBe(forced)
  })
})

describe('what may be blotted out at the carrier', () => {
  const backup = { daily: 14, weekly: 8 }
  it.each([
    ['older than the words are kept here', { messages: 400, oldestBackup: at('2031-04-01') }, '2030-04-27'],
    ['older than the oldest backup', { messages: 30, oldestBackup: at('2031-02-01') }, '2031-02-01'],
    [
      'older than the policy keeps backups, though the folder is empty',
      { messages: 30, oldestBackup: null },
      '2031-03-30',
    ],
    [
      'older than the policy keeps backups, though the folder is new',
      { messages: 30, oldestBackup: at('2031-05-31') },
      '2031-03-30',
    ],
  ])('%s', (_name, input, day) => {
    const before = mayRedactBefore({ today, backup, timeZone, ...input })
    expect(Temporal.Instant.fromEpochMilliseconds(before).toZonedDateTimeISO(timeZone).toPlainDate().toString()).toBe(
      day,
    )
  })
})

describe('the day that stands for a birth date', () => {
  const ends = ['2024-02-29', '2026-06-01', '2030-01-15'].map(civilDate)
  it.each([
    ['nobody knew it', null, null],
    ['an adult all the time', '1990-01-01', null],
    ['a child until the second permit', '2008-07-01', '2008-06-02'],
    ['a child all the time', '2020-01-01', '2012-01-16'],
    ['eighteen on the very day', '2008-06-01', '2006-03-01'],
  ])('%s', (_name, born, expected) => {
    const stands = countsAsBornOn(born === null ? null : civilDate(born), ends)
    expect(stands).toBe(expected)
    for (const end of born === null ? [] : ends) expect(isChild(stands, end)).toBe(isChild(born, end))
  })

  /** As the report asks it. */
  function isChild(born: string | null, end: string): boolean {
    return born !== null && born > `${Number(end.slice(0, 4)) - 18}${end.slice(4)}`
  }
})
