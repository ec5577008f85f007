/** Of so many callers; whoever has not come for longest is forgotten first. */
const MOST = 5_000

type Told = (error: null, result: { current: number; ttl: number }) => void

/**
 * Requests per caller and time window, for @fastify/rate-limit. Its own store goes by the wall clock: set back a day, it would count
 * a whole day together and turn everybody away.
 */
export class RequestCounts {
  readonly #counts = new Map<string, { current: number; since: number }>()
  readonly #now: () => number

  /** The rate limiter hands it its settings, of which none is needed. `now` in tests: milliseconds of a clock that nobody sets. */
  constructor(_settings?: unknown, now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** One more; `ttl` milliseconds are left of its window. */
  incr(caller: string, tell: Told, windowMs: number): void {
    const now = this.#now()
    const known = this.#counts.get(caller)
    const { current, since } = known && now - known.since < windowMs ? known : { current: 0, since: now }
    this.#counts.delete(caller)
    this.#counts.set(caller, { current: current + 1, since })
    if (this.#counts.size > MOST) this.#counts.delete(this.#counts.keys().next().value!)
    tell(null, { current: current + 1, ttl: windowMs - (now - since) })
  }

  /** Each route counts for itself. */
  child(): RequestCounts {
    return new RequestCounts(undefined, this.#now)
  }
}
