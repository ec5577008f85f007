import type { Engine, Fault, SpeechFault } from './port.ts'

/** Faults that the next request would meet too, whatever it says. */
const OF_THE_ENGINE: readonly SpeechFault[] = ['quota', 'unavailable', 'deadline', 'credentials']
const FAULTS_IN_A_ROW = 3
const REST_MS = 10 * 60_000

/** Leaves an engine alone for ten minutes after three such faults in a row: each request to it may take seconds to fail. */
export class Rests {
  readonly #engines = new Map<Engine, { faults: number; last: Fault; until: number }>()

  /** What an engine at rest would answer; null when it may be asked. `now` in epoch ms. */
  faultOf(engine: Engine, now: number): Fault | null {
    const known = this.#engines.get(engine)
    return known && now < known.until ? known.last : null
  }

  spoke(engine: Engine): void {
    this.#engines.delete(engine)
  }

  failed(engine: Engine, fault: Fault, now: number): void {
    if (!OF_THE_ENGINE.includes(fault.reason)) return
    const faults = (this.#engines.get(engine)?.faults ?? 0) + 1
    this.#engines.set(engine, { faults, last: fault, until: faults < FAULTS_IN_A_ROW ? now : now + REST_MS })
  }
}
