import type { Db } from '../db/open.ts'
import { storageFault } from '../db/trouble.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/events.ts'
import { faultText } from '../lib/fault-text.ts'
import type { Duty } from './duties.ts'
import { extendHeld, type RunDeps, runIfDue } from './run-duty.ts'
import { SEEN_EVERY_MS, type Worker } from './workers.ts'

/** How late a duty may begin. */
const TICK_MS = 5_000
const COMPLAIN_EVERY_MS = 60_000

/** Runs duties until it is disposed, which waits for those in flight. */
export type Ticker = AsyncDisposable & {
  /** Runs what is due by the clock now and waits for it and for what was in flight; the names of the duties that ran. */
  runDueNow(): Promise<string[]>
  /** Real milliseconds since it last asked what is due. */
  idleMs(): number
}

export type TickerOptions = {
  db: Db
  clock: Clock
  log: Log
  worker: Worker
  duties: readonly Duty[]
  /** Aborted: no further duty begins. */
  signal?: AbortSignal
}

/**
 * Asks at once and every five seconds which duties are due, and runs them; the database knows what is finished. Every 30
 * seconds it says that the worker lives and extends the leases of what runs.
 */
export function startTicker(options: TickerOptions): Ticker {
  return new RunningTicker(options)
}

class RunningTicker implements Ticker {
  readonly #options: TickerOptions
  readonly #runs: RunDeps
  readonly #lanes: Map<string, Duty[]>
  readonly #inFlight = new Map<string, Promise<string[]>>()
  readonly #timer: NodeJS.Timeout
  #sign: Promise<void> = Promise.resolve()
  #signedAt: number
  #tickedAt = performance.now()
  #complainedAt = Number.NEGATIVE_INFINITY
  #stopping = false

  constructor(options: TickerOptions) {
    const { db, clock, log, worker, duties, signal } = options
    this.#options = options
    this.#runs = { db, clock, log, worker: worker.name, held: new Map(), settled: new Map() }
    this.#lanes = Map.groupBy(duties, (duty) => (duty.rhythm === 'dated' ? 'dated' : duty.name))
    this.#signedAt = clock.now()
    // Not a cron library's tick: that one sleeps for as long as a clock is set back, and blocks while it
    // counts every tick of a clock set forward or of a machine that was suspended. This one is monotonic.
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
    if (signal?.aborted) this.#halt()
    else signal?.addEventListener('abort', () => this.#halt(), { once: true })
    this.#tick()
  }

  async runDueNow(): Promise<string[]> {
    this.#giveSign()
    const before = await Promise.all(this.#inFlight.values())
    const now = await Promise.all(this.#startLanes())
    return [...before, ...now].flat()
  }

  idleMs(): number {
    return performance.now() - this.#tickedAt
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#halt()
    await Promise.all(this.#inFlight.values())
    await this.#sign
  }

  #halt(): void {
    this.#stopping = true
    clearInterval(this.#timer)
  }

  #tick(): void {
    this.#tickedAt = performance.now()
    this.#giveSign()
    void this.#startLanes()
  }

  /** One run at a time in each lane; a lane that is still busy is asked again at the next tick. */
  #startLanes(): Promise<string[]>[] {
    const idle = [...this.#lanes].filter(([lane]) => !this.#inFlight.has(lane))
    return idle.map(([lane, duties]) => {
      const run = this.#runLane(duties).finally(() => this.#inFlight.delete(lane))
      this.#inFlight.set(lane, run)
      return run
    })
  }

  async #runLane(duties: readonly Duty[]): Promise<string[]> {
    const ran: string[] = []
    for (const duty of duties) {
      if (this.#stopping) break
      try {
        if (await runIfDue(this.#runs, duty)) ran.push(duty.name)
      } catch (error) {
        this.#complain(duty, error)
      }
    }
    return ran
  }

  /** While nothing can be written this goes for every duty at every tick: once a minute is enough. */
  #complain(duty: Duty, error: unknown): void {
    const away = storageFault(error, 'the database') !== null
    if (away && performance.now() - this.#complainedAt < COMPLAIN_EVERY_MS) return
    if (away) this.#complainedAt = performance.now()
    this.#options.log.error({ duty: duty.name, fault: faultText(error) }, 'duty neither claimed nor recorded')
  }

  #giveSign(): void {
    const { clock, log, worker } = this.#options
    const now = clock.now()
    // The clock may have gone back.
    if (this.#stopping || Math.abs(now - this.#signedAt) < SEEN_EVERY_MS) return
    this.#signedAt = now
    this.#sign = Promise.all([worker.seen(), extendHeld(this.#runs)]).then(
      () => undefined,
      (error: unknown) => log.error({ fault: faultText(error) }, 'sign of life not recorded'),
    )
  }
}
