import { AsyncLocalStorage } from 'node:async_hooks'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type Database from 'better-sqlite3'
import { Checkpoints } from './checkpoint.ts'
import { isContention } from './dialect.ts'
import type { Tx } from './open.ts'
import { StorageFault, storageFault } from './trouble.ts'

/** What waits together commits together, up to this many. */
const GROUP = 200
/** What a connection holds of the file, and what the one that writes may hold for a while. The rest is at hand in the system's own cache. */
export const USUAL_KB = 4_000
const ROOM_KB = 96_000

type Waiting = {
  work: (tx: Tx) => Promise<unknown>
  resolve: (result: unknown) => void
  reject: (error: unknown) => void
}

const inWrite = new AsyncLocalStorage<true>()

/** Throws when called from inside a `write` callback: its transaction would wait for itself. */
export function refuseNested(): void {
  if (inWrite.getStore()) throw new Error('db.write inside db.write: pass the tx on instead')
}

export function insideWrite<Result>(work: () => Promise<Result>): Promise<Result> {
  return inWrite.run(true, work)
}

/** One writer, in order; waiting callbacks run behind savepoints of one transaction and learn of its commit. */
export class WriteQueue {
  readonly #client: Database.Database
  readonly #checkpoints: Checkpoints
  readonly #tx: Tx
  readonly #file: string
  readonly #patienceMs: number
  #waiting: Waiting[] = []
  #running: Promise<void> | undefined
  #closed = false
  #roomy = 0
  #trouble: StorageFault | null = null
  #met: StorageFault | null = null

  constructor(parts: { client: Database.Database; tx: Tx; file: string; patienceMs: number }) {
    this.#client = parts.client
    this.#checkpoints = new Checkpoints(parts.client)
    this.#tx = parts.tx
    this.#file = parts.file
    this.#patienceMs = parts.patienceMs
  }

  /** What was met since this was last asked. */
  takeTrouble(): StorageFault | null {
    const met = this.#met
    this.#met = null
    return met
  }

  /** What kept the last group from being committed; null when it was. */
  get trouble(): StorageFault | null {
    return this.#trouble
  }

  write<Result>(work: (tx: Tx) => Promise<Result>): Promise<Result> {
    refuseNested()
    if (this.#closed) return Promise.reject(new Error('the database is closed'))
    return new Promise<Result>((resolve, reject) => {
      this.#waiting.push({ work, resolve: resolve as (result: unknown) => void, reject })
      this.#running ??= this.#drain()
    })
  }

  /** Each page of an index that is looked up and written again and again is a call to the system where it is not at hand. */
  async withRoom<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#roomy++ === 0) this.#client.pragma(`cache_size = -${ROOM_KB}`)
    this.#checkpoints.seldom = true
    try {
      return await work()
    } finally {
      this.#roomy -= 1
      if (this.#roomy === 0 && this.#client.open) {
        this.#checkpoints.seldom = false
        this.#client.pragma(`cache_size = -${USUAL_KB}`)
        this.#client.pragma('shrink_memory')
      }
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#running
  }

  async #drain(): Promise<void> {
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      await this.#commitTogether(this.#waiting.splice(0, GROUP))
      // Queries are synchronous: without a turn of the loop a long pass would leave webhooks and answers unheard.
      await nextTurn()
    }
    // In the same turn as the last look at the queue: a write that comes later starts a drain of its own.
    this.#running = undefined
  }

  async #commitTogether(group: Waiting[]): Promise<void> {
    const settle: (() => void)[] = []
    try {
      await this.#begin()
      for (const one of group) settle.push(await this.#runOne(one))
      this.#client.exec('commit')
    } catch (error) {
      if (this.#client.inTransaction) this.#client.exec('rollback')
      this.#trouble = storageFault(error, this.#file)
      this.#met = this.#trouble ?? this.#met
      for (const one of group) one.reject(this.#trouble ?? error)
      return
    }
    this.#trouble = null
    for (const tell of settle) tell()
    this.#checkpoints.afterCommit()
  }

  async #runOne(one: Waiting): Promise<() => void> {
    this.#client.exec('savepoint one')
    let strayed = false
    const watch = setImmediate(() => {
      strayed = true
    })
    try {
      const result = await insideWrite(() => one.work(this.#tx))
      if (strayed) throw new Error('db.write awaited something other than a query')
      this.#client.exec('release one')
      return () => one.resolve(result)
    } catch (error) {
      // A full disk ends the whole transaction by itself; nothing of the group was written then.
      if (!this.#client.inTransaction) throw error
      this.#client.exec('rollback to one; release one')
      const fault = storageFault(error, this.#file)
      return () => {
        this.#trouble = fault
        this.#met = fault ?? this.#met
        one.reject(fault ?? error)
      }
    } finally {
      clearImmediate(watch)
    }
  }

  async #begin(): Promise<void> {
    const begun = performance.now()
    for (let wait = 5; ; wait = Math.min(wait * 2, 250)) {
      try {
        this.#client.exec('begin immediate')
        return
      } catch (error) {
        if (!isContention('sqlite', error)) throw error
        if (performance.now() - begun > this.#patienceMs) throw error
        await new Promise((resolve) => setTimeout(resolve, wait))
      }
    }
  }
}

/**
 * A full disk can end a transaction in the middle. Whatever its callback still asks for, having caught the fault perhaps as one
 * of its own, would be committed by itself.
 */
export function onlyInTransaction(client: Database.Database, file: string): void {
  const prepare = client.prepare.bind(client)
  const guarded = (text: string): Database.Statement => {
    if (!client.inTransaction) throw new StorageFault('disk', `the disk of ${file} ended a transaction`)
    return prepare(text)
  }
  client.prepare = guarded as typeof client.prepare
}
