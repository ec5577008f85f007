export type Random = () => number

/** mulberry32: small, quick and the same everywhere. */
export function seeded(seed: number): Random {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** `chance` is at least 0 and below 1, as everywhere here. */
export function weighted<T>(lots: readonly (readonly [T, number])[], chance: number): T {
  let left = chance * lots.reduce((sum, [, share]) => sum + share, 0)
  for (const [what, share] of lots) {
    left -= share
    if (left < 0) return what
  }
  return lots.at(-1)![0]
}

export function pick<T>(list: readonly T[], chance: number): T {
  return list[Math.floor(chance * list.length)]!
}
