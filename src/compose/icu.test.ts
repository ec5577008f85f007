import { describe, expect, it } from 'vitest'
import { faultsOf, formatter } from './icu.ts'

describe('faultsOf', () => {
  it.each([
    ['nothing wrong', 'until {expires}', { needs: ['expires'] }, []],
    ['nothing allowed', 'until {expires}', { needs: [] }, ['{expires} does not exist here; allowed: no argument']],
    ['needed, missing', 'soon', { needs: ['expires'] }, ['{expires} is missing']],
    [
      'needed, in one branch',
      '{extend, select, yes {by {day}} other {}}',
      { needs: ['day'], may: ['extend'] },
      ['{day} is missing in a branch'],
    ],
    [
      'needed, in all branches',
      '{extend, select, yes {by {day}} other {on {day}}}',
      { needs: ['day'], may: ['extend'] },
      [],
    ],
    ['a brief one counts', 'by {day_brief}', { needs: ['day'], brief: ['day'] }, []],
    [
      'an unknown choice',
      '{hurry, select, soon {} other {}}',
      { needs: [], may: ['hurry'] },
      ['"soon" is no value of {hurry}; allowed: yes, other'],
    ],
    ['any number in a plural', '{count, plural, =0 {none} one {#} other {#}}', { needs: ['count'] }, []],
    ['an apostrophe is a letter', "l'Indonésie, n'est, {expires}", { needs: ['expires'] }, []],
    ['angle brackets are letters', 'a < b', { needs: [] }, []],
  ])('finds %s', (_, message, slots, faults) => {
    expect(faultsOf(message, slots)).toEqual(faults)
  })

  it('says why a message cannot be read', () => {
    expect(faultsOf('{expires', { needs: ['expires'] })).toEqual([expect.stringMatching(/^not a valid ICU message \(/)])
    expect(faultsOf('{count, plural, one {x}}', { needs: ['count'] })).toEqual([
      expect.stringMatching(/^not a valid ICU message \(/),
    ])
  })
})

describe('formatter', () => {
  it('writes numbers with Latin digits in every language', () => {
    for (const locale of ['ar', 'bn', 'my', 'fa', 'hi', 'ur']) {
      expect(formatter(locale)('{count, plural, other {#}}', { count: 23 })).toBe('23')
    }
  })

  it('closes the gap that an empty branch leaves, and keeps lines', () => {
    expect(formatter('en')('one {hurry, select, yes {two} other {}} three\n\nfour ', { hurry: 'no' })).toBe(
      'one three\n\nfour',
    )
  })

  it('lets a date that ends in a full stop end its sentence', () => {
    expect(formatter('de')('bis {day}. Danke.', { day: '28. Sept.' })).toBe('bis 28. Sept. Danke.')
  })

  it('throws for a value that is missing', () => {
    expect(() => formatter('en')('{expires}', {})).toThrow(/expires/)
  })
})
