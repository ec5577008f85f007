import { getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks.js'
import { hex32 } from './chance.ts'
import type { Alert } from './exchange.ts'
import type { Faults } from './faults.ts'
import type { Answer, Outgoing } from './outgoing.ts'
import { type Overrides, readOverrides } from './overrides.ts'
import type { Method } from './records.ts'
import type { Scheduler } from './scheduler.ts'

export type Params = Record<string, string>

export type Notice = {
  sid: string
  /** The phone that it is about, for faults. */
  to: string
  resource: 'messages' | 'calls'
  status: string
  url: string
  method: Method
  params: Params
}

/**
 * The carrier's signed requests to its client. Notices about one message or call go out one after the other unless a
 * fault says otherwise.
 */
export class Callbacks {
  readonly #scheduler: Scheduler
  readonly #outgoing: Outgoing
  readonly #faults: Faults
  readonly #authToken: string
  readonly #seed: number
  readonly #gapMs: number
  readonly #alert: (alert: Omit<Alert, 'at'>) => void
  readonly #chains = new Map<string, Promise<void>>()
  readonly #held = new Map<string, Notice>()
  #count = 0

  constructor(parts: {
    scheduler: Scheduler
    outgoing: Outgoing
    faults: Faults
    authToken: string
    seed: number
    gapMs: number
    alert: (alert: Omit<Alert, 'at'>) => void
  }) {
    this.#scheduler = parts.scheduler
    this.#outgoing = parts.outgoing
    this.#faults = parts.faults
    this.#authToken = parts.authToken
    this.#seed = parts.seed
    this.#gapMs = parts.gapMs
    this.#alert = parts.alert
  }

  /** Sends in the background. */
  post(notice: Notice): void {
    if (this.#faults.strike('lose-callback', notice)) return
    const held = this.#held.get(notice.sid)
    if (!held && this.#faults.strike('reorder-callback', notice)) {
      this.#held.set(notice.sid, notice)
      return
    }
    this.#send(notice)
    if (held) this.settle(notice.sid)
  }

  /** No more notices will come about `sid`: one still held back goes out now. */
  settle(sid: string): void {
    const held = this.#held.get(sid)
    if (!held) return
    this.#held.delete(sid)
    this.#send(held)
  }

  /** Asks and waits for the answer, with the retries that the URL's fragment asks for. */
  async ask({ url, method, params }: { url: string; method: Method; params: Params }): Promise<Answer> {
    const overrides = readOverrides(url)
    this.#count += 1
    const token = hex32(this.#seed, 'idempotency', this.#count)
    for (let left = overrides.retries; ; left -= 1) {
      const answer = await this.#once({ overrides, method, params, token })
      if (left === 0 || !mayRetry(answer, overrides)) return answer
      await this.#scheduler.pause(this.#gapMs)
    }
  }

  #send(notice: Notice): void {
    const delay = this.#faults.strike('delay-callback', notice)
    const copies = this.#faults.strike('double-callback', notice) ? 2 : 1
    if (delay) {
      this.#scheduler.run(async () => {
        await this.#scheduler.pause(delay.ms)
        await this.#deliver(notice, copies)
      })
      return
    }
    const before = this.#chains.get(notice.sid) ?? Promise.resolve()
    const work = before.then(() => this.#deliver(notice, copies))
    this.#chains.set(notice.sid, work)
    this.#scheduler.run(async () => {
      await work
      if (this.#chains.get(notice.sid) === work) this.#chains.delete(notice.sid)
    })
  }

  async #deliver(notice: Notice, copies: number): Promise<void> {
    for (let copy = 0; copy < copies; copy += 1) {
      const answer = await this.ask(notice)
      const reason = failureOf(answer)
      if (reason) this.#alert({ sid: notice.sid, code: 11200, url: notice.url, text: reason })
    }
  }

  #once({
    overrides,
    method,
    params,
    token,
  }: {
    overrides: Overrides
    method: Method
    params: Params
    token: string
  }): Promise<Answer> {
    const query = new URLSearchParams(params).toString()
    const url =
      method === 'GET' && query ? `${overrides.url}${overrides.url.includes('?') ? '&' : '?'}${query}` : overrides.url
    return this.#outgoing.ask({
      url,
      method,
      headers: {
        'x-twilio-signature': getExpectedTwilioSignature(this.#authToken, url, method === 'GET' ? {} : params),
        'i-twilio-idempotency-token': token,
        ...(method === 'POST' ? { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' } : {}),
      },
      ...(method === 'POST' ? { body: query } : {}),
      readTimeoutMs: overrides.readTimeoutMs,
      totalTimeoutMs: overrides.totalTimeoutMs,
    })
  }
}

/** Why an answer is no success; undefined where it is one. */
export function failureOf(answer: Answer): string | undefined {
  if (answer.kind !== 'answer') return answer.reason
  return answer.status >= 200 && answer.status < 300 ? undefined : `HTTP ${answer.status}`
}

function mayRetry(answer: Answer, { retryOn }: Overrides): boolean {
  if (answer.kind === 'answer') return retryOn.has(answer.status >= 500 ? '5xx' : '4xx') && answer.status >= 400
  return answer.kind !== 'too-large' && retryOn.has(answer.kind === 'timeout' ? 'rt' : 'ct')
}
