import type { Method } from './records.ts'
import { type Element, parseXml } from './xml.ts'

export type Page = { url: string; method: Method; params: Record<string, string> }

/** A fault in the client's TwiML, with the code that the carrier's debugger would show. */
export class TwimlFault extends Error {
  override name = 'TwimlFault'
  readonly code: number
  /** What could not be used, where that is not the document itself. */
  readonly url: string | undefined

  constructor(code: number, message: string, options: ErrorOptions & { url?: string } = {}) {
    super(message, options)
    this.code = code
    this.url = options.url
  }
}

/** The verbs of a voice document. Throws a TwimlFault: 12100 not XML or no `<Response>`, 12200 a verb not simulated here. */
export function readTwiml(text: string): Element[] {
  const root = parsed(text)
  if (root.name !== 'Response') throw new TwimlFault(12100, `the root element is <${root.name}>, not <Response>`)
  for (const verb of root.children) checkVerb(verb, verbs)
  return root.children
}

/** An address inside a document, which may be relative to the document's own URL. */
export function pageAt(target: string, base: string | null, method: string | undefined): Page {
  const text = target.trim()
  if (!URL.canParse(text, base ?? undefined)) throw new TwimlFault(11100, `not a URL: ${text}`)
  if (method !== undefined && method !== 'GET' && method !== 'POST') throw new TwimlFault(12200, `method ${method}`)
  return {
    url: URL.canParse(text) ? text : new URL(text, base ?? undefined).href,
    method: method ?? 'POST',
    params: {},
  }
}

/** How long a voice takes to say something: about 15 characters a second. */
export function spokenMs(words: string): number {
  return Math.round((words.length / 15) * 1000)
}

/** A whole number in an attribute. */
export function numberIn(verb: Element, name: string, otherwise: number): number {
  const text = verb.attributes[name]
  if (text === undefined || text === 'auto') return otherwise
  if (!/^\d+$/.test(text)) throw new TwimlFault(12200, `<${verb.name} ${name}="${text}"> is not a whole number`)
  return Number(text)
}

const prompts: Readonly<Record<string, readonly string[]>> = {
  Play: ['loop', 'digits'],
  Say: ['voice', 'language', 'loop'],
  Pause: ['length'],
}
const verbs: Readonly<Record<string, readonly string[]>> = {
  ...prompts,
  Gather: ['input', 'action', 'method', 'timeout', 'numDigits', 'finishOnKey', 'actionOnEmptyResult', 'language'],
  Redirect: ['method'],
  Hangup: [],
  Reject: ['reason'],
}

function checkVerb(verb: Element, allowed: Readonly<Record<string, readonly string[]>>): void {
  const attributes = allowed[verb.name]
  if (!attributes) throw new TwimlFault(12200, `<${verb.name}> is not possible here`)
  const unknown = Object.keys(verb.attributes).find((name) => !attributes.includes(name))
  if (unknown) throw new TwimlFault(12200, `<${verb.name}> has no attribute ${unknown}`)
  if (verb.name === 'Gather' && !/(^|\s)dtmf(\s|$)/.test(verb.attributes.input ?? 'dtmf')) {
    throw new TwimlFault(12200, '<Gather> without dtmf is not simulated')
  }
  for (const child of verb.children) checkVerb(child, verb.name === 'Gather' ? prompts : {})
}

function parsed(text: string): Element {
  try {
    return parseXml(text)
  } catch (cause) {
    throw new TwimlFault(12100, `not well-formed XML: ${cause instanceof Error ? cause.message : ''}`, { cause })
  }
}
