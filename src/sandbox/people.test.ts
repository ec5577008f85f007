import { describe, expect, it } from 'vitest'
import { defaultPerson, personSchema } from './people.ts'

const crowd = Array.from({ length: 2000 }, (_, index) => `+62812${String(3_000_000 + index)}`)

describe('defaultPerson', () => {
  it('makes the same person of the same number and seed, another one with another seed', () => {
    const of = (seed: number): string =>
      JSON.stringify(crowd.slice(0, 50).map((number) => defaultPerson({ number, seed })))
    expect(of(1)).toBe(of(1))
    expect(of(1)).not.toBe(of(2))
  })

  it('makes a mostly pleasant crowd with every kind of trouble in it', () => {
    const people = crowd.map((number) => defaultPerson({ number, seed: 1 }))
    const share = (is: (person: (typeof people)[number]) => boolean): number => people.filter(is).length / people.length
    expect(share(({ answers, presses }) => answers === 'human' && presses?.at(-1) === '1')).toBeGreaterThan(0.7)
    expect(share(({ sms }) => sms === 'delivered')).toBeGreaterThan(0.9)
    expect(new Set(people.map(({ answers }) => answers))).toEqual(
      new Set(['human', 'machine', 'no-answer', 'busy', 'failed']),
    )
    expect(people.every((person) => personSchema.safeParse(person).success)).toBe(true)
  })
})
