import type { Exchange } from './exchange.ts'
import { guessLanguage, type LanguageGuess } from './language.ts'
import { countryOf, formatNumber } from './numbers.ts'
import { describePerson } from './people.ts'
import { callLabel, clockTime, type Happening, type Item, withDays } from './phones-items.ts'
import { phoneOf } from './records.ts'
import type { TranscriptEntry } from './transcript.ts'

export type PhoneCard = {
  number: string
  label: string
  country: string
  language: LanguageGuess | undefined
  /** The newest words, or else the newest call. */
  preview: { kind: 'sms' | 'whatsapp' | 'call'; text: string }
  time: string
  counts: { sms: number; whatsapp: number; call: number }
  lastCall: string | null
  unread: number
}

export type PhonePage = {
  number: string
  label: string
  country: string
  language: LanguageGuess | undefined
  habits: string[]
  items: Item[]
  whatsappSender: string | null
  callNumber: string | null
  clock: string
}

/** Everything seen on phones, oldest first. */
function happenings({ store }: Exchange): Happening[] {
  const entries: Happening[] = store.transcript().map((entry) => ({
    at: entry.at,
    phone: entry.direction === 'to-phone' ? entry.to : entry.from,
    entry,
  }))
  const written = store.messages
    .newest(undefined)
    .reverse()
    .filter(({ direction }) => direction === 'inbound')
    .map((message): Happening => ({ at: message.createdAt, phone: phoneOf(message.from ?? ''), message }))
  return [...entries, ...written].sort((a, b) => a.at - b.at)
}

export type PhoneList = {
  /** The latest first. */
  cards: PhoneCard[]
  /** How many more there are that match. */
  hidden: number
  totals: { phones: number; sms: number; whatsapp: number; call: number }
}

/** Phones that anything happened on. `seen` says how many things of each were looked at; `wanted` is searched for. */
export function phoneList(
  exchange: Exchange,
  {
    seen,
    timeZone,
    wanted,
    atMost,
  }: { seen: ReadonlyMap<string, number>; timeZone: string; wanted: string; atMost: number },
): PhoneList {
  const all = happenings(exchange)
  const byPhone = [...Map.groupBy(all, ({ phone }) => phone)]
  const matching = byPhone
    .filter(([number, own]) => wanted === '' || searchText(number, own).includes(wanted))
    .sort(([, a], [, b]) => b.at(-1)!.at - a.at(-1)!.at)
  const count = (kind: TranscriptEntry['kind']): number =>
    all.filter((one) => 'entry' in one && one.entry.kind === kind).length
  return {
    cards: matching
      .slice(0, atMost)
      .map(([number, own]) => cardOf(number, own, { seen: seen.get(number) ?? 0, timeZone })),
    hidden: Math.max(0, matching.length - atMost),
    totals: { phones: byPhone.length, sms: count('sms'), whatsapp: count('whatsapp'), call: count('call') },
  }
}

function cardOf(number: string, own: Happening[], { seen, timeZone }: { seen: number; timeZone: string }): PhoneCard {
  const got = own.flatMap((one) => ('entry' in one ? [one.entry] : []))
  const newest = own.at(-1)!
  const call = got.findLast(({ kind }) => kind === 'call')
  const count = (kind: TranscriptEntry['kind']): number => got.filter((entry) => entry.kind === kind).length
  return {
    number,
    ...identity(number, got),
    preview: previewOf(own.findLast(hasWords) ?? newest),
    time: clockTime(newest.at, timeZone),
    lastCall: call ? callLabel(call) : null,
    counts: { sms: count('sms'), whatsapp: count('whatsapp'), call: count('call') },
    unread: Math.max(0, got.filter(({ direction }) => direction === 'to-phone').length - seen),
  }
}

function searchText(number: string, own: Happening[]): string {
  const texts = own.map((one) => ('entry' in one ? one.entry.body : one.message.body) ?? '')
  const language = guessLanguage(texts.findLast((text) => text !== '') ?? '')?.name
  return [number, formatNumber(number), language, ...texts].join(' ').toLowerCase()
}

export function phonePage(exchange: Exchange, { number, timeZone }: { number: string; timeZone: string }): PhonePage {
  const all = happenings(exchange).filter(({ phone }) => phone === number)
  const got = all.flatMap((one) => ('entry' in one ? [one.entry] : []))
  const behaviour = exchange.behaviour()
  const whatsapp = got.findLast(({ kind }) => kind === 'whatsapp')
  const call = got.findLast(({ kind, direction }) => kind === 'call' && direction === 'to-phone')
  return {
    number,
    ...identity(number, got),
    habits: describePerson(exchange.personAt(number)),
    items: withDays(all, { timeZone, isKept: (sha256) => exchange.shelf.get(sha256) !== undefined }),
    whatsappSender: whatsapp ? `whatsapp:${whatsapp.from}` : (behaviour.senders?.whatsapp[0] ?? null),
    callNumber: call?.from ?? behaviour.senders?.calls[0] ?? null,
    clock: clockTime(exchange.clock.now(), timeZone),
  }
}

/** How many things this phone has got: what a look at its page marks as seen. */
export function receivedCount({ store }: Exchange, number: string): number {
  return store.transcript().filter(({ direction, to }) => direction === 'to-phone' && to === number).length
}

function identity(
  number: string,
  got: TranscriptEntry[],
): { label: string; country: string; language: LanguageGuess | undefined } {
  const text = got.findLast(({ body }) => body)?.body ?? ''
  return { label: formatNumber(number), country: countryOf(number) ?? '··', language: guessLanguage(text) }
}

function hasWords(one: Happening): boolean {
  return 'message' in one || Boolean(one.entry.body)
}

function previewOf(one: Happening): PhoneCard['preview'] {
  if ('message' in one) return { kind: one.message.channel, text: `You: ${one.message.body}` }
  const { entry } = one
  return { kind: entry.kind, text: entry.kind === 'call' ? callLabel(entry) : entry.body || 'Voice note' }
}
