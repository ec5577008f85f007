import { describe, expect, it } from 'vitest'
import { brake } from './brake.ts'

describe('the brake', () => {
  it.each([
    {
      says: 'lets the first file into an empty register',
      running: 0,
      changed: 0,
      leftOut: 0,
      force: false,
      stop: false,
    },
    { says: 'lets anything into a register of nine', running: 9, changed: 9, leftOut: 0, force: false, stop: false },
    { says: 'lets exactly half change', running: 10, changed: 5, leftOut: 0, force: false, stop: false },
    { says: 'stops where more than half would change', running: 10, changed: 6, leftOut: 0, force: false, stop: true },
    {
      says: 'stops where more than half are left out',
      running: 138,
      changed: 0,
      leftOut: 70,
      force: false,
      stop: true,
    },
    { says: 'adds up the changed and the left out', running: 138, changed: 35, leftOut: 35, force: false, stop: true },
    { says: 'lets half of an odd number pass', running: 11, changed: 3, leftOut: 2, force: false, stop: false },
    { says: 'obeys --force', running: 138, changed: 138, leftOut: 0, force: true, stop: false },
  ])('$says', ({ stop, ...register }) => {
    expect(brake(register).stop).toBe(stop)
  })

  it('names the counts and the way out in both languages', () => {
    const result = brake({ running: 20, changed: 12, leftOut: 3, force: false })
    if (!result.stop) throw new Error('did not stop')
    for (const text of [result.reason.id, result.reason.en]) expect(text).toMatch(/20.*12.*3.*--force/)
  })
})
