import type { Clock } from '../lib/clock.ts'

/** Thrown into background work that is still waiting when the sandbox closes. */
class Closing extends Error {
  override name = 'Closing'
}

/**
 * The sandbox's background work: everything that goes on after an API call was answered. Pauses are real
 * milliseconds; `until` waits for the sandbox's clock, which a test may move by hand.
 */
export class Scheduler implements Disposable {
  readonly #clock: Clock
  readonly #pauses = new Map<NodeJS.Timeout, (reason: Error) => void>()
  #asleep: { at: number; wake: () => void; drop: (reason: Error) => void }[] = []
  #watch: NodeJS.Timeout | undefined
  #running = 0
  #waiters: (() => void)[] = []
  #defects: unknown[] = []
  #closed = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Starts `work`; `idle` waits for it. What it throws comes out of `idle`. */
  run(work: () => Promise<void>): void {
    this.#running += 1
    work()
      .catch((error: unknown) => {
        if (!(error instanceof Closing)) this.#defects.push(error)
      })
      .finally(() => this.#leave())
  }

  /** The same for work that its caller awaits: `idle` waits for it, its error goes to the caller. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#running += 1
    try {
      return await work()
    } finally {
      this.#leave()
    }
  }

  pause(milliseconds: number): Promise<void> {
    if (this.#closed) return Promise.reject(new Closing())
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const timer = setTimeout(() => {
      this.#pauses.delete(timer)
      resolve()
    }, milliseconds)
    this.#pauses.set(timer, reject)
    return promise
  }

  /** Waits until the clock reads `instant`. Only for work started by `run`; while it waits, `idle` does not wait for it. */
  async until(instant: number): Promise<void> {
    if (this.#closed) throw new Closing()
    if (instant <= this.#clock.now()) return
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#asleep.push({ at: instant, wake: resolve, drop: reject })
    this.#watch ??= setInterval(() => this.pump(), 20).unref()
    this.#leave()
    try {
      await promise
    } catch (error) {
      this.#running += 1
      throw error
    }
  }

  /** Wakes what the clock has reached. */
  pump(): void {
    const now = this.#clock.now()
    const due = this.#asleep.filter(({ at }) => at <= now).sort((a, b) => a.at - b.at)
    if (due.length === 0) return
    this.#asleep = this.#asleep.filter(({ at }) => at > now)
    if (this.#asleep.length === 0) this.#stopWatching()
    this.#running += due.length
    for (const { wake } of due) wake()
  }

  /** Resolves when nothing is under way any more but what waits for the clock. Throws what background work threw. */
  async idle(): Promise<void> {
    for (;;) {
      this.pump()
      if (this.#running === 0) break
      await new Promise<void>((resolve) => this.#waiters.push(resolve))
    }
    const defects = this.#defects.splice(0)
    if (defects.length > 0) throw new AggregateError(defects, `sandbox: background work failed: ${defects.join('; ')}`)
  }

  [Symbol.dispose](): void {
    this.#closed = true
    this.#stopWatching()
    for (const [timer, reject] of this.#pauses) {
      clearTimeout(timer)
      reject(new Closing())
    }
    this.#pauses.clear()
    for (const { drop } of this.#asleep.splice(0)) drop(new Closing())
  }

  #leave(): void {
    this.#running -= 1
    if (this.#running === 0) for (const resolve of this.#waiters.splice(0)) resolve()
  }

  #stopWatching(): void {
    clearInterval(this.#watch)
    this.#watch = undefined
  }
}
