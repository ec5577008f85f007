import { failureOf } from './callbacks.ts'
import type { Exchange } from './exchange.ts'
import { fetchMedia, playTypes } from './media.ts'
import type { Person } from './people.ts'
import type { CallRecord } from './records.ts'
import type { Heard } from './transcript.ts'
import { numberIn, type Page, pageAt, readTwiml, spokenMs, TwimlFault } from './twiml.ts'
import type { Element } from './xml.ts'

/** One connected call. Its time is call time: nobody waits for it. */
export type Talk = {
  call: CallRecord
  person: Person
  heard: Heard[]
  presses: string[]
  gathers: number
  elapsedMs: number
  /** Call time at which the line is cut: the person hangs up, or the time limit. */
  limitMs: number
  over: boolean
  rejected: 'busy' | 'no-answer' | null
}

/** Where a document came from: what is relative in it is relative to this. */
type Source = { url: string | null }

const longestChain = 50
const voicemailMs = 180_000

export function startTalk({ call, person, machine }: { call: CallRecord; person: Person; machine: boolean }): Talk {
  const patience = machine ? voicemailMs : (person.hangsUpAfterMs ?? Number.POSITIVE_INFINITY)
  const limitMs = Math.min(patience, call.plan.timeLimitS * 1000)
  return {
    call,
    person,
    heard: [],
    presses: [],
    gathers: 0,
    elapsedMs: 0,
    limitMs,
    over: limitMs === 0,
    rejected: null,
  }
}

/** Follows the client's TwiML from its first document until somebody ends the call. */
export async function converse(exchange: Exchange, talk: Talk, first: Page | { twiml: string }): Promise<void> {
  let next: Page | undefined
  try {
    next = 'twiml' in first ? await perform(exchange, talk, readTwiml(first.twiml), { url: null }) : first
    for (let pages = 0; next && !talk.over; pages += 1) {
      if (pages === longestChain) throw new TwimlFault(12200, `more than ${longestChain} documents in one call`)
      const page = next
      next = await perform(exchange, talk, await load(exchange, talk, page), page)
    }
  } catch (error) {
    if (!(error instanceof TwimlFault)) throw error
    exchange.alert({ sid: talk.call.sid, code: error.code, url: error.url ?? next?.url ?? '', text: error.message })
    applicationError(talk)
  }
}

/** Call time passes, until `until` or the end of the call; returns how much was heard. */
export function listen(talk: Talk, milliseconds: number, until = Number.POSITIVE_INFINITY): number {
  const heard = Math.max(0, Math.min(milliseconds, until - talk.elapsedMs, talk.limitMs - talk.elapsedMs))
  talk.elapsedMs += heard
  if (talk.elapsedMs >= talk.limitMs) talk.over = true
  return heard
}

async function load(exchange: Exchange, talk: Talk, page: Page): Promise<Element[]> {
  const { plan } = talk.call
  try {
    return await fetchPage(exchange, talk, page)
  } catch (error) {
    if (!(error instanceof TwimlFault) || plan.fallbackUrl === null) throw error
    exchange.alert({ sid: talk.call.sid, code: error.code, url: page.url, text: error.message })
    const params = { ...page.params, ErrorCode: String(error.code), ErrorUrl: page.url }
    return fetchPage(exchange, talk, { url: plan.fallbackUrl, method: plan.fallbackMethod, params })
  }
}

async function fetchPage({ callbacks, accountSid }: Exchange, { call }: Talk, page: Page): Promise<Element[]> {
  const params = { ...callParams(call, accountSid), ...page.params }
  const answer = await callbacks.ask({ ...page, params })
  const failure = failureOf(answer)
  if (failure || answer.kind !== 'answer') throw new TwimlFault(11200, failure ?? 'no answer')
  if (!/^(text|application)\/xml$/.test(answer.contentType)) {
    throw new TwimlFault(12300, `Content-Type ${answer.contentType || 'is missing'}`)
  }
  return readTwiml(answer.body.toString('utf8'))
}

/** https://www.twilio.com/docs/voice/twiml#request-parameters */
export function callParams(call: CallRecord, accountSid: string): Record<string, string> {
  return {
    CallSid: call.sid,
    AccountSid: accountSid,
    From: call.from,
    To: call.to,
    Caller: call.from,
    Called: call.to,
    CallStatus: call.status,
    ApiVersion: '2010-04-01',
    Direction: call.direction,
  }
}

async function perform(exchange: Exchange, talk: Talk, verbs: Element[], source: Source): Promise<Page | undefined> {
  for (const [index, verb] of verbs.entries()) {
    if (exchange.hangUps.has(talk.call.sid)) talk.over = true
    if (talk.over) return undefined
    if (verb.name === 'Redirect') return pageAt(verb.text, source.url, verb.attributes.method)
    if (verb.name === 'Hangup') break
    if (verb.name === 'Reject') {
      if (index === 0 && talk.call.direction === 'inbound')
        talk.rejected = verb.attributes.reason === 'busy' ? 'busy' : 'no-answer'
      break
    }
    if (verb.name === 'Gather') {
      const next = await gather(exchange, talk, verb, source)
      if (next) return next
    } else await prompt(exchange, talk, verb, source)
  }
  talk.over = true
  return undefined
}

/** Plays, says or waits; stops early at `until` (a key is pressed) or when the call ends. */
async function prompt(exchange: Exchange, talk: Talk, verb: Element, source: Source, until?: number): Promise<void> {
  const piece = await pieceOf(exchange, verb, source)
  const times = numberIn(verb, 'loop', 1) || 1000
  for (let time = 0; time < times && !talk.over && talk.elapsedMs < (until ?? Number.POSITIVE_INFINITY); time += 1) {
    const heardMs = listen(talk, piece.lastsMs, until)
    talk.heard.push({ ...piece, heardMs })
    if (piece.lastsMs === 0) break
  }
}

async function pieceOf(exchange: Exchange, verb: Element, source: Source): Promise<Heard> {
  const piece = { url: null, sha256: null, contentType: null, words: null, heardMs: 0 }
  if (verb.name === 'Pause') return { ...piece, what: 'pause', lastsMs: numberIn(verb, 'length', 1) * 1000 }
  if (verb.name === 'Say') {
    const words = verb.text.trim().replace(/\s+/g, ' ')
    return { ...piece, what: 'say', words, lastsMs: spokenMs(words) }
  }
  const digits = verb.attributes.digits
  if (digits !== undefined) return { ...piece, what: 'say', words: `tones ${digits}`, lastsMs: digits.length * 500 }
  const { url } = pageAt(verb.text, source.url, undefined)
  const got = await fetchMedia({ url, types: playTypes, outgoing: exchange.outgoing, shelf: exchange.shelf })
  if (got.ok) return { ...piece, ...got, what: 'play' }
  const code = { unreachable: 11200, 'too-large': 11200, 'not-audio': 12300, 'wrong-type': 13420 }[got.fault]
  throw new TwimlFault(code, `<Play> ${got.reason}`, { url })
}

/** https://www.twilio.com/docs/voice/twiml/gather */
async function gather(exchange: Exchange, talk: Talk, verb: Element, source: Source): Promise<Page | undefined> {
  const { person } = talk
  const wish = person.answers === 'human' ? person.presses?.[talk.gathers] : undefined
  talk.gathers += 1
  const begun = talk.elapsedMs
  const early = wish !== undefined && person.pressesAfterMs !== undefined ? begun + person.pressesAfterMs : undefined
  for (const child of verb.children) {
    if (talk.over || (early !== undefined && talk.elapsedMs >= early)) break
    await prompt(exchange, talk, child, source, early)
  }
  const timeoutMs = numberIn(verb, 'timeout', 5) * 1000
  const pressAt = wish === undefined ? undefined : (early ?? talk.elapsedMs + Math.min(1000, timeoutMs / 2))
  if (talk.over) return undefined
  if (wish === undefined || pressAt === undefined || pressAt > talk.elapsedMs + timeoutMs) {
    listen(talk, timeoutMs)
    return talk.over || verb.attributes.actionOnEmptyResult !== 'true'
      ? undefined
      : actionPage(verb, source, { Digits: '' })
  }
  listen(talk, pressAt - talk.elapsedMs)
  return talk.over ? undefined : pressed(talk, verb, source, { wish, timeoutMs })
}

function pressed(
  talk: Talk,
  verb: Element,
  source: Source,
  { wish, timeoutMs }: { wish: string; timeoutMs: number },
): Page | undefined {
  const finish = verb.attributes.finishOnKey ?? '#'
  const stop = finish === '' ? -1 : wish.indexOf(finish)
  const digits = (stop < 0 ? wish : wish.slice(0, stop)).slice(0, numberIn(verb, 'numDigits', 32))
  const complete = stop >= 0 || digits.length === numberIn(verb, 'numDigits', 32)
  talk.presses.push(wish)
  if (!complete) listen(talk, timeoutMs)
  if (talk.over || digits === '') return undefined
  return actionPage(verb, source, { Digits: digits, ...(stop >= 0 ? { FinishedOnKey: finish } : {}) })
}

function actionPage(verb: Element, source: Source, params: Record<string, string>): Page {
  const { action, method } = verb.attributes
  if (action === undefined && source.url === null) throw new TwimlFault(12200, '<Gather> in Twiml needs an action')
  return { ...pageAt(action ?? source.url ?? '', source.url, method), params }
}

/** "An application error has occurred. Goodbye." */
function applicationError(talk: Talk): void {
  const words = 'An application error has occurred. Goodbye.'
  const heardMs = listen(talk, spokenMs(words))
  talk.heard.push({ what: 'say', url: null, sha256: null, contentType: null, words, lastsMs: spokenMs(words), heardMs })
  talk.over = true
}
