import { describe, expect, it } from 'vitest'
import { examine, fault, sentence, warn } from './finding.ts'

describe('an examination', () => {
  it('tells what each check found, in the order of the table', async () => {
    const findings = await examine([
      { name: 'disk', look: async () => [] },
      { name: 'mail', look: async () => [warn('Nobody is told.', 'Set it.'), fault('It is refused.', 'Mend it.')] },
    ])
    expect(findings).toEqual([
      { check: 'disk', level: 'ok', wrong: null, mend: null },
      { check: 'mail', level: 'warn', wrong: 'Nobody is told.', mend: 'Set it.' },
      { check: 'mail', level: 'fault', wrong: 'It is refused.', mend: 'Mend it.' },
    ])
  })

  it('is not held up by a check that never ends', async () => {
    const never = new Promise<never>(() => undefined)
    const findings = await examine([
      { name: 'stuck', withinMs: 20, look: () => never },
      { name: 'disk', look: async () => [] },
    ])
    expect(findings.map(({ check, level }) => `${level} ${check}`)).toEqual(['fault stuck', 'ok disk'])
    expect(findings[0]!.wrong).toContain('0.02 seconds')
  })

  it('names a check that breaks, without the words of its error', async () => {
    const findings = await examine([
      { name: 'broken', look: () => Promise.reject(new TypeError('+6281399887701 is not a phone')) },
    ])
    expect(findings).toMatchObject([{ check: 'broken', level: 'fault' }])
    expect(findings[0]!.wrong).toContain('TypeError')
    expect(JSON.stringify(findings)).not.toContain('81399887701')
  })
})

describe('a sentence', () => {
  it.each([
    ['the file is empty', 'The file is empty.'],
    [' It is. ', 'It is.'],
  ])('of %j is %j', (text, said) => {
    expect(sentence(text)).toBe(said)
  })
})
