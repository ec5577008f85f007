import type { Fault } from '../../src/sandbox/faults.ts'
import { LONGEST_LATENCY_MS, LONGEST_LISTING_DELAY_MS } from './ground.ts'

/** [0, 1), the same row of numbers for the same seed. */
export function seeded(seed: number): () => number {
  let state = (seed * 2_654_435_761 + 1) % 2_147_483_647 || 1
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}

/**
 * What goes wrong for the next seconds: each fault with a rate of its own, between none and its worst. Sums stay so low
 * that the carrier is not taken for dead (five requests in a row without an answer pause everything).
 */
export function weather(random: () => number): Fault[] {
  const upTo = (worst: number) => Math.round(random() * worst * 1_000) / 1_000
  const create = { on: 'create' } as const
  const faults: Fault[] = [
    { kind: 'latency', ms: 100 + Math.round(random() * (LONGEST_LATENCY_MS - 100)), rate: upTo(0.04), on: 'any' },
    { kind: 'too-many-requests', retryAfterS: 0.3, rate: upTo(0.02), ...create },
    { kind: 'server-error', when: 'before', status: 503, rate: upTo(0.06), ...create },
    { kind: 'server-error', when: 'after', status: 500, rate: upTo(0.08), ...create },
    { kind: 'server-error', when: 'before', status: 502, rate: upTo(0.2), on: 'read' },
    { kind: 'cut', when: 'before', rate: upTo(0.03), ...create },
    { kind: 'cut', when: 'after', rate: upTo(0.04), ...create },
    { kind: 'refuse', code: 30_022, rate: upTo(0.02), resource: 'messages', ...create },
    { kind: 'fail', code: 30_008, status: 'undelivered', rate: upTo(0.03), resource: 'messages' },
    { kind: 'fail', code: 30_017, status: 'failed', rate: upTo(0.03), resource: 'messages' },
    { kind: 'fail', code: 22_005, status: 'failed', rate: upTo(0.03), resource: 'calls' },
    { kind: 'lose-callback', rate: upTo(0.2) },
    { kind: 'double-callback', rate: upTo(0.2) },
    { kind: 'reorder-callback', rate: upTo(0.2) },
    { kind: 'delay-callback', ms: 50 + Math.round(random() * 1_500), rate: upTo(0.2) },
    { kind: 'listing-delay', ms: Math.round(random() * LONGEST_LISTING_DELAY_MS) },
  ]
  // Whether a fault strikes a phone depends on its place in the list.
  return faults
    .map((fault) => ({ fault, place: random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ fault }) => fault)
}
