/** Where every "now" comes from. Only app.ts and the entry points make a real one. */
export type Clock = {
  /** Epoch milliseconds. */
  now(): number
}

export const systemClock: Clock = { now: () => Date.now() }

/** The real clock shifted so that it reads `startsAt` (epoch ms) at the moment of the call, and runs on from there. */
export function clockStartingAt(startsAt: number): Clock {
  const begun = performance.now()
  return { now: () => Math.floor(startsAt + (performance.now() - begun)) }
}

/** A clock that stands still until it is told to move: simulated days in demo, soak and tests. */
export class SteppedClock implements Clock {
  #now: number

  constructor(startsAt: number) {
    this.#now = startsAt
  }

  now(): number {
    return this.#now
  }

  set(instant: number): void {
    this.#now = instant
  }

  advance(milliseconds: number): void {
    this.#now += milliseconds
  }
}
