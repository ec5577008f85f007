import { setTimeout as sleep } from 'node:timers/promises'
import PQueue from 'p-queue'
import { clearAlarm, raiseAlarm } from '../db/alarms.ts'
import { faultText } from '../lib/fault-text.ts'
import type { Channel } from '../lib/office.ts'
import type { PhoneNumber } from '../lib/phone.ts'
import { windowAt } from '../lib/window.ts'
import type { Outgoing, Sent } from './carrier.ts'
import { answerListeners, callUnheard } from './listen.ts'
import { isNew } from './lost.ts'
import { type Claimed, claim } from './outbox.ts'
import { Pace } from './pace.ts'
import { afterProbe, liftExpired, livePauses, pause } from './pauses.ts'
import { prepareVoiceNotes } from './prepare-voice.ts'
import { applyReceipts, pollSilent } from './receipts.ts'
import { BELIEVABLE_LEASES, reconcile, recoverLeases } from './reconcile.ts'
import { adoptAll, giveBack, recordFault } from './record.ts'
import { type DeliverDeps, senderOf, todayOf } from './settings.ts'
import { Together } from './together.ts'
import { statusCallbackOf } from './words.ts'

/** So many answers in a row that show a sick carrier open the breaker. */
const BREAKER_AFTER = 5
const BREAKER_MS = 30_000
/**
 * The carrier's answers of so long go on record together. Nobody waits for them; who was killed before looks them up, as with an
 * answer that never came.
 */
const ANSWERS_MS = 25
/** How long one round goes on sending. */
const ROUND_MS = 15_000
/** A claim is not begun unless this share of its lease is left: its outcome must be known before the lease ends. */
const LEASE_RESERVE = 0.5

export type DrainResult = { attempts: number; accepted: number; refused: number; uncertain: number; taken: number }

/** Asked before each claim. */
export type MayBegin = () => boolean | Promise<boolean>

/** Sends what is due, channel by channel, within windows, rates and pauses. One per process. */
export class Dispatcher {
  readonly #deps: DeliverDeps
  readonly #queues: Record<Channel, PQueue>
  readonly #paces: Record<Channel, Pace>
  readonly #inFlight = new Set<Promise<void>>()
  readonly #accepted: Together<{ attemptId: number; sid: string }, void>
  readonly #halt = new AbortController()
  /** What the carrier answered, since the program started. */
  readonly counts: Readonly<Record<Channel, { accepted: number; refused: number; uncertain: number }>> = {
    sms: { accepted: 0, refused: 0, uncertain: 0 },
    whatsapp: { accepted: 0, refused: 0, uncertain: 0 },
    call: { accepted: 0, refused: 0, uncertain: 0 },
  }
  #sick = 0
  #stopping = false

  constructor(deps: DeliverDeps) {
    this.#deps = deps
    this.#accepted = new Together(
      async (accepted) => {
        await deps.db.write((tx) => adoptAll(tx, accepted, deps.clock.now()), { beside: true })
        return accepted.map((): void => undefined)
      },
      { gatherMs: ANSWERS_MS },
    )
    // The rate is kept by Pace: the queue's own intervals go by the wall clock, and stand still while that is set back.
    const queue = (channel: Channel) => new PQueue({ concurrency: deps.office.rates[channel].concurrency })
    this.#queues = { sms: queue('sms'), whatsapp: queue('whatsapp'), call: queue('call') }
    const pace = (channel: Channel) => new Pace(deps.db, { channel, perSecond: deps.office.rates[channel].perSecond })
    this.#paces = { sms: pace('sms'), whatsapp: pace('whatsapp'), call: pace('call') }
  }

  /** No further claims; resolves when the calls in flight have their outcomes on record. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.#halt.abort()
    await Promise.all(this.#inFlight)
  }

  /**
   * One round: merge receipts, recover, look up, prepare voices, then send everything that is due now.
   * Resolves when nothing that is due is left, or what is left must wait. While `mayBegin` says no,
   * nothing new is sent, called or spoken.
   */
  async drain({ mayBegin = always }: { mayBegin?: MayBegin } = {}): Promise<DrainResult> {
    const deps = this.#deps
    const result: DrainResult = { attempts: 0, accepted: 0, refused: 0, uncertain: 0, taken: 0 }
    await applyReceipts(deps)
    await liftExpired(deps.db, deps.clock.now())
    await recoverLeases(deps)
    if (!(await this.#accountWorks())) return result
    await reconcile(deps)
    await pollSilent(deps)
    if (!(await mayBegin())) return result
    await answerListeners(deps)
    await callUnheard(deps)
    const roundEnds = performance.now() + ROUND_MS
    const channels = await Promise.allSettled([
      this.#drainChannel('sms', result, mayBegin),
      this.#drainChannel('whatsapp', result, mayBegin),
      // Speaking takes a while; no text waits for it.
      prepareVoiceNotes(deps, () => this.#stopping || performance.now() > roundEnds).then(() =>
        this.#drainChannel('call', result, mayBegin),
      ),
    ])
    // Only when all have come to rest: the next round must not run beside what is left of this one.
    for (const channel of channels) if (channel.status === 'rejected') throw channel.reason
    // What came while nothing was sent has the next round to itself.
    if (result.taken > 0) await applyReceipts(deps)
    return result
  }

  async #drainChannel(channel: Channel, result: DrainResult, mayBegin: MayBegin): Promise<void> {
    const deps = this.#deps
    const queue = this.#queues[channel]
    const pace = this.#paces[channel]
    const { perSecond, concurrency } = deps.office.rates[channel]
    const most = Math.max(
      1,
      Math.min(concurrency * 2, Math.ceil((perSecond * deps.patience.leaseMs * LEASE_RESERVE) / 2_000)),
    )
    const inFlight = new Set<Promise<void>>()
    // Receipts, leases and look-ups have their turn between rounds: a long queue must not keep them waiting.
    const roundEnds = performance.now() + ROUND_MS
    try {
      for (;;) {
        const now = deps.clock.now()
        if (this.#stopping || performance.now() > roundEnds || !this.#anyOpen(channel, now)) break
        if (!(await mayBegin())) break
        const { live } = await livePauses(deps.db.read, now)
        if (live.some((one) => one.scope === 'account' || one.scope === `channel:${channel}`)) break
        const free = most - inFlight.size
        if (free < Math.max(1, most / 4)) {
          await Promise.race(inFlight)
          continue
        }
        const crowded = await pace.crowdedFor()
        if (crowded > 0) {
          await this.#wait(Math.min(crowded, ROUND_MS))
          continue
        }
        const { claimed, taken } = await claim(deps, {
          channel,
          limit: Math.min(free, pace.portion),
          now,
          today: todayOf(deps),
          pausedRoutes: new Set(live.map((one) => one.scope).filter((scope) => scope.startsWith('route:'))),
        })
        result.taken += taken
        if (taken === 0) break
        deps.reach.note('attempts', Math.max(0, ...claimed.map(({ attemptId }) => attemptId)))
        const starts = await pace.starts(claimed.length)
        for (const [index, one] of claimed.entries()) {
          const attempt: Promise<void> = this.#wait(starts[index]!)
            .then(() => this.#attempt(one, queue, result))
            .finally(() => {
              inFlight.delete(attempt)
              this.#inFlight.delete(attempt)
            })
          inFlight.add(attempt)
          this.#inFlight.add(attempt)
        }
      }
    } finally {
      await Promise.all(inFlight)
    }
  }

  /** Its place in the queue is the next one's as soon as the carrier has answered: the answer goes on record meanwhile. */
  async #attempt(claimed: Claimed, queue: PQueue, result: DrainResult): Promise<void> {
    const deps = this.#deps
    try {
      const sent = await queue.add(() => this.#send(claimed))
      if (sent === null) return
      const ill = this.#isIll(sent)
      const now = deps.clock.now()
      const when = { now, today: todayOf(deps) }
      if (sent.ok) await this.#accepted.add({ attemptId: claimed.attemptId, sid: sent.sid })
      else await deps.db.write((tx) => recordFault(tx, deps, claimed, sent.fault, when), { beside: true })
      const came = sent.ok ? 'accepted' : sent.fault.verdict === 'uncertain' ? 'uncertain' : 'refused'
      result.attempts += 1
      result[came] += 1
      this.counts[claimed.channel][came] += 1
      if (ill) await this.#openBreaker()
      deps.log.info(
        {
          delivery: claimed.deliveryId,
          attempt: claimed.attemptId,
          channel: claimed.channel,
          ...(sent.ok ? { sid: sent.sid } : sent.fault),
        },
        'attempted',
      )
    } catch (error) {
      // The attempt stays pending and its lease runs out: the look-up will find what happened.
      deps.log.error({ attempt: claimed.attemptId, fault: faultText(error) }, 'outcome not recorded')
    }
  }

  /** Null when it was not sent, and that is on record. */
  async #send(claimed: Claimed): Promise<Sent | null> {
    const deps = this.#deps
    const { lookBack } = claimed
    if (lookBack && !this.#stopping && !(await isNew(deps, claimed, lookBack))) return null
    const outgoing = this.#outgoing(claimed)
    if (outgoing !== null) return deps.carrier.send(outgoing)
    await deps.db.write((tx) => giveBack(tx, claimed, deps.clock.now()), { beside: true })
    return null
  }

  #anyOpen(channel: Channel, now: number): boolean {
    return this.#deps.offices.all.some((office) => windowAt(office, channel, now).mayStart)
  }

  /** Cut short when sending stops. */
  async #wait(milliseconds: number): Promise<void> {
    if (milliseconds < 1 || this.#stopping) return
    try {
      await sleep(milliseconds, undefined, { signal: this.#halt.signal })
    } catch (error) {
      if (!this.#stopping) throw error
    }
  }

  /** Null when too little of the lease or of the window is left to begin. */
  #outgoing(claimed: Claimed): Outgoing | null {
    const { clock, publicBaseUrl, patience } = this.#deps
    const { office } = this.#deps.at(claimed.officeCode)
    const now = clock.now()
    const window = windowAt(office, claimed.channel, now)
    const left = claimed.leaseUntil - now
    // More than a whole lease: the clock was set back, and nobody can tell any more when this one ends.
    const holds = left >= patience.leaseMs * LEASE_RESERVE && left <= patience.leaseMs * BELIEVABLE_LEASES
    if (this.#stopping || !window.mayStart || !holds) return null
    const statusCallback = statusCallbackOf(publicBaseUrl, claimed.attemptId)
    const to: PhoneNumber = claimed.to
    const { words } = claimed
    const from = senderOf(this.#deps, claimed.officeCode, claimed.channel)
    switch (words.channel) {
      case 'sms':
        return { kind: 'sms', ...from, to, body: words.body, validitySeconds: window.validitySeconds, statusCallback }
      case 'whatsapp':
        return {
          kind: 'whatsapp',
          ...from,
          to,
          contentSid: words.contentSid,
          variables: words.variables,
          validitySeconds: window.validitySeconds,
          statusCallback,
        }
      case 'call':
        return { kind: 'call', ...from, to, url: `${publicBaseUrl}/twilio/call/${claimed.attemptId}`, statusCallback }
    }
  }

  /** With so many connections that fail or answers of 5xx in a row, in the order in which they came. */
  #isIll(sent: Sent): boolean {
    const sick = !sent.ok && sent.fault.code === null && ['busy', 'uncertain'].includes(sent.fault.verdict)
    this.#sick = sick ? this.#sick + 1 : 0
    return this.#sick === BREAKER_AFTER
  }

  /** Everything waits until a probe succeeds. */
  async #openBreaker(): Promise<void> {
    const now = this.#deps.clock.now()
    await this.#deps.db.write(async (tx) => {
      await pause(tx, { scope: 'account', reason: 'breaker', code: null, until: now + BREAKER_MS, now })
      await raiseAlarm(tx, { kind: 'carrier', detail: 'breaker', now })
    })
  }

  /** False while the account is paused. At the pause's end a harmless request decides. */
  async #accountWorks(): Promise<boolean> {
    const { db, carrier, clock, log } = this.#deps
    const { live, ripe } = await livePauses(db.read, clock.now())
    if (ripe) {
      const answer = await carrier.probe()
      await afterProbe(db, ripe, answer.ok, clock.now())
      log.info({ works: answer.ok }, 'carrier probed')
      if (!answer.ok) return false
      this.#sick = 0
      await db.write(async (tx) => {
        for (const kind of ['account', 'carrier']) await clearAlarm(tx, { kind, now: clock.now() })
      })
      return true
    }
    return !live.some((one) => one.scope === 'account')
  }
}

function always(): boolean {
  return true
}
