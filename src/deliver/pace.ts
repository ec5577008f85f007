import { eq, sql } from 'drizzle-orm'
import { databaseNow } from '../db/dialect.ts'
import type { Db } from '../db/open.ts'

/** What a worker takes at a time: the more, the longer the others wait when it dies with it. */
const PORTION_MS = 500

/**
 * The starts of one channel, handed out one after another to all workers, so that together they keep to the rate. They lie
 * in the database and go by its clock. On SQLite there is one process, which hands them out itself, by a clock that nobody sets.
 */
export class Pace {
  readonly #db: Db
  readonly #key: string
  readonly #stepMs: number
  /** No more than this many starts are to be asked for at once. */
  readonly portion: number
  #next = 0

  constructor(db: Db, { channel, perSecond }: { channel: string; perSecond: number }) {
    this.#db = db
    this.#key = `pace:${channel}`
    this.#stepMs = 1_000 / perSecond
    this.portion = this.#shared ? Math.max(1, Math.floor(PORTION_MS / this.#stepMs)) : Number.POSITIVE_INFINITY
  }

  /** How long to wait before asking: others have taken what is ahead. */
  async crowdedFor(): Promise<number> {
    if (!this.#shared) return 0
    const { meta } = this.#db.t
    const [row] = await this.#db.read
      .select({ ahead: sql<number>`cast(${meta.value} as double precision) - ${databaseNow()}` })
      .from(meta)
      .where(eq(meta.key, this.#key))
    return Math.max(0, (row?.ahead ?? 0) - PORTION_MS)
  }

  /** When each of so many may start, in milliseconds from now. */
  async starts(count: number): Promise<number[]> {
    if (count === 0) return []
    const span = count * this.#stepMs
    if (!this.#shared) return this.#steps(this.#own(span), count)
    const { meta } = this.#db.t
    const first = await this.#db.write(
      async (tx) => {
        await tx.insert(meta).values({ key: this.#key, value: '0' }).onConflictDoNothing()
        const [row] = await tx.all<{ first: number }>(sql`
          update meta
          set value = cast(greatest(cast(value as double precision), ${databaseNow()}) + ${span} as text)
          where key = ${this.#key}
          returning cast(value as double precision) - ${span} - ${databaseNow()} as first`)
        return row!.first
      },
      { beside: true },
    )
    return this.#steps(first, count)
  }

  #own(span: number): number {
    const now = performance.now()
    const first = Math.max(this.#next, now)
    this.#next = first + span
    return first - now
  }

  #steps(first: number, count: number): number[] {
    return Array.from({ length: count }, (_, index) => first + index * this.#stepMs)
  }

  get #shared(): boolean {
    return this.#db.engine === 'postgres'
  }
}
