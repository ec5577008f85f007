import { Worker } from 'node:worker_threads'
import { messageOf } from '../../lib/errors.ts'
import type { Pcm } from './audio.ts'
import type { Fault, Spoken, Utterance } from './port.ts'
import type { Rendered, Request } from './speech-worker.ts'

const WORKER_FILE = new URL('./speech-worker.ts', import.meta.url)
const MEMORY_MB = 256

type Reply = Spoken | Rendered

/**
 * The one thread that speaks (espeak) and encodes, so that the event loop never waits for sound. Started with the first
 * request, ended after `idleMs` without one (it holds 100 MB and more), started anew after a crash, among them `memoryMb` of heap used up, or
 * when a request took longer than `timeoutMs`. Works on one request at a time; never keeps the process alive by itself.
 */
export class Studio implements AsyncDisposable {
  #timeoutMs: number
  #idleMs: number
  #memoryMb: number
  #worker: Worker | undefined
  #settle: ((reply: Reply) => void) | undefined
  #queue: Promise<unknown> = Promise.resolve()
  #waiting = 0
  #idleTimer: NodeJS.Timeout | undefined
  #closed = false

  constructor({ timeoutMs = 60_000, idleMs = 5_000, memoryMb = MEMORY_MB } = {}) {
    this.#timeoutMs = timeoutMs
    this.#idleMs = idleMs
    this.#memoryMb = memoryMb
  }

  /** Faults: `voice`, `too-long`, `refused`, `deadline`, `crashed`, and `unavailable` once disposed. */
  async speak(utterance: Utterance): Promise<Spoken> {
    const reply = await this.#enqueue({ kind: 'speak', utterance })
    return reply.ok && 'rendition' in reply ? mixedUp() : reply
  }

  /** One note out of one or several utterances, `gapSeconds` apart. Faults: `deadline`, `crashed`, `unavailable`. */
  async render(parts: readonly Pcm[], gapSeconds: number): Promise<Rendered> {
    const reply = await this.#enqueue({ kind: 'render', parts, gapSeconds })
    return reply.ok && 'audio' in reply ? mixedUp() : reply
  }

  /** Answers what is waiting with `unavailable` and ends the thread. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    clearTimeout(this.#idleTimer)
    this.#settle?.(closed())
    await this.#stop()
    await this.#queue
  }

  #enqueue(request: Request): Promise<Reply> {
    this.#waiting++
    clearTimeout(this.#idleTimer)
    const reply = this.#queue.then(() => this.#exchange(request))
    this.#queue = reply.then(() => this.#rest())
    return reply
  }

  async #exchange(request: Request): Promise<Reply> {
    if (this.#closed) return closed()
    const { promise, resolve } = Promise.withResolvers<Reply>()
    this.#settle = resolve
    const worker = this.#start()
    const timer = setTimeout(() => resolve(tookTooLong(this.#timeoutMs)), this.#timeoutMs)
    worker.ref()
    worker.postMessage(request)
    const reply = await promise
    clearTimeout(timer)
    worker.unref()
    this.#settle = undefined
    if (!reply.ok && (reply.reason === 'crashed' || reply.reason === 'deadline')) await this.#stop()
    return reply
  }

  #start(): Worker {
    if (this.#worker) return this.#worker
    const worker = new Worker(WORKER_FILE, {
      name: 'speech',
      // The options of the process (--eval and its kin) would otherwise reach the thread and fail it.
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: this.#memoryMb },
    })
    const gone = (message: string) => {
      if (this.#worker !== worker) return
      this.#worker = undefined
      this.#settle?.({ ok: false, reason: 'crashed', message })
    }
    worker.on('message', (reply: Reply) => {
      if (this.#worker === worker) this.#settle?.(reply)
    })
    worker.on('error', (error) => gone(`the speech thread failed: ${messageOf(error)}`))
    worker.on('exit', (code) => gone(`the speech thread ended with code ${code}`))
    this.#worker = worker
    return worker
  }

  async #stop(): Promise<void> {
    const worker = this.#worker
    this.#worker = undefined
    await worker?.terminate()
  }

  #rest(): void {
    this.#waiting--
    if (this.#waiting > 0 || this.#closed) return
    this.#idleTimer = setTimeout(() => void this.#stop(), this.#idleMs).unref()
  }
}

function tookTooLong(timeoutMs: number): Fault {
  return { ok: false, reason: 'deadline', message: `the speech thread did not answer within ${timeoutMs} ms` }
}

function closed(): Fault {
  return { ok: false, reason: 'unavailable', message: 'the speech thread is closed' }
}

function mixedUp(): never {
  throw new Error('the speech thread answered another question')
}
