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
  lastAt: number
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

/** All phones that anything happened on, the latest first. `seenAt` says when each was last looked at. */
export function phoneCards(
  exchange: Exchange,
  { seen, timeZone }: { seen: ReadonlyMap<string, number>; timeZone: string },
): PhoneCard[] {
  const byPhone = Map.groupBy(happenings(exchange), ({ phone }) => phone)
  return [...byPhone]
    .map(([number, all]): PhoneCard => {
      const got = all.flatMap((one) => ('entry' in one ? [one.entry] : []))
      const newest = all.at(-1)!
      const call = got.findLast(({ kind }) => kind === 'call')
      return {
        number,
        ...identity(number, got),
        preview: previewOf(all.findLast(hasWords) ?? newest),
        lastAt: newest.at,
        time: clockTime(newest.at, timeZone),
        lastCall: call ? callLabel(call) : null,
        counts: {
          sms: got.filter(({ kind }) => kind === 'sms').length,
          whatsapp: got.filter(({ kind }) => kind === 'whatsapp').length,
          call: got.filter(({ kind }) => kind === 'call').length,
        },
        unread: Math.max(0, got.filter(({ direction }) => direction === 'to-phone').length - (seen.get(number) ?? 0)),
      }
    })
    .sort((a, b) => b.lastAt - a.lastAt)
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
