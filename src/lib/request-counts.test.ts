import { describe, expect, it } from 'vitest'
import { RequestCounts } from './request-counts.ts'

const MINUTE = 60_000

describe('the counts of requests', () => {
  it('go up within a window and begin anew with the next one, for each caller and each route', () => {
    let now = 0
    const counts = new RequestCounts(undefined, () => now)
    expect([count(counts, 'a'), count(counts, 'a'), count(counts, 'b')]).toEqual([1, 2, 1])
    expect(count(counts.child(), 'a')).toBe(1)
    now = MINUTE - 1
    expect(count(counts, 'a')).toBe(3)
    now = MINUTE
    expect(count(counts, 'a')).toBe(1)
  })

  it('say how long the window still lasts', () => {
    let now = 0
    const counts = new RequestCounts(undefined, () => now)
    const ttls: number[] = []
    for (now of [0, 20_000]) counts.incr('a', (_error, { ttl }) => ttls.push(ttl), MINUTE)
    expect(ttls).toEqual([MINUTE, 40_000])
  })

  it('do not go by the clock of the machine, which may be set', () => {
    const counts = new RequestCounts()
    const real = Date.now
    expect(count(counts, 'a')).toBe(1)
    try {
      Date.now = () => real() + 24 * 60 * MINUTE
      expect(count(counts, 'a')).toBe(2)
    } finally {
      Date.now = real
    }
  })

  it('forget whoever has not come for longest, and never grow beyond measure', () => {
    const counts = new RequestCounts(undefined, () => 0)
    for (const caller of ['first', 'kept', ...Array.from({ length: 4_998 }, (_, index) => `${index}`)])
      count(counts, caller)
    count(counts, 'kept')
    count(counts, 'one too many')
    expect([count(counts, 'kept'), count(counts, 'first')]).toEqual([3, 1])
  })
})

function count(counts: RequestCounts, caller: string): number {
  let now = 0
  counts.incr(caller, (_error, { current }) => (now = current), MINUTE)
  return now
}
