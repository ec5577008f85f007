import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'

/** As many as one statement is asked to write. */
const MOST = 200

type Waiting<Item, Result> = { item: Item; answer: PromiseWithResolvers<Result> }

/**
 * Does at once what is asked for at the same time: one write, and one wait for the disk, for all of it. What comes meanwhile waits
 * for the next. Where a batch fails, each of its items is tried alone, so that none pays for another.
 */
export class Together<Item, Result> {
  readonly #work: (items: Item[]) => Promise<Result[]>
  readonly #gatherMs: number
  #waiting: Waiting<Item, Result>[] = []
  #running: Promise<void> | undefined

  /**
   * `work` gives the results in the order of its items, once they are safe. `gatherMs`: how long the first of them waits for
   * others; without it, as long as each turn of the loop brings more.
   */
  constructor(work: (items: Item[]) => Promise<Result[]>, { gatherMs = 0 } = {}) {
    this.#work = work
    this.#gatherMs = gatherMs
  }

  add(item: Item): Promise<Result> {
    const answer = Promise.withResolvers<Result>()
    this.#waiting.push({ item, answer })
    this.#running ??= this.#run()
    return answer.promise
  }

  async #run(): Promise<void> {
    do {
      await this.#gather()
      await this.#settle(this.#waiting.splice(0, MOST))
    } while (this.#waiting.length > 0)
    // In the same turn as the last look: what comes later begins anew.
    this.#running = undefined
  }

  async #gather(): Promise<void> {
    if (this.#gatherMs > 0) {
      await sleep(this.#gatherMs)
      return
    }
    // What the sockets bring in one turn of the loop belongs together, and what they bring in the next, until one brings nothing.
    for (let before = 0; before < this.#waiting.length && before < MOST; ) {
      before = this.#waiting.length
      await nextTurn()
    }
  }

  async #settle(batch: Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await this.#work(batch.map(({ item }) => item))
      for (const [index, { answer }] of batch.entries()) answer.resolve(results[index]!)
    } catch (error) {
      if (batch.length === 1) batch[0]!.answer.reject(error)
      else for (const one of batch) await this.#settle([one])
    }
  }
}
