import { expect, it } from 'vitest'
import { fuzz } from '../scripts/drills/fuzz.ts'

// Ten thousand at night: scripts/drills/fuzz.ts.
it.each(['console', 'public'] as const)(
  'the %s listener answers 300 requests that a grammar made up',
  async (listener) => {
    const figures = await fuzz({ listener, requests: 300, seed: 7 })
    expect(figures.faults).toEqual([])
    const answered = Object.values(figures.answers).reduce((sum, count) => sum + count, 0)
    expect(answered).toBe(300)
    // A grammar of nothing but refusals would prove little.
    expect(figures.reached).toBeGreaterThan(10)
  },
)
