import type { Exchange } from './exchange.ts'
import { guessLanguage, type LanguageGuess } from './language.ts'
import { countryOf, formatNumber } from './numbers.ts'
import { describePerson } from './people.ts'
import { type Button, type MessageRecord, phoneOf } from './records.ts'
import type { Heard, TranscriptEntry } from './transcript.ts'

export type TextPart = { text: string; href: string | null }
export type PlayedPiece = {
  sha256: string | null
  words: string | null
  url: string | null
  seconds: string
  heardPart: number
}

export type Item =
  | { kind: 'day'; label: string }
  | {
      kind: 'message'
      channel: 'sms' | 'whatsapp'
      mine: boolean
      from: string
      time: string
      parts: TextPart[]
      rtl: boolean
      status: string
      buttons: Button[]
      replyTo: string
      media: PlayedPiece[]
    }
  | {
      kind: 'call'
      mine: boolean
      missed: boolean
      other: string
      time: string
      label: string
      lasted: string
      presses: string[]
      answeredBy: string | null
      pieces: PlayedPiece[]
    }

export type PhoneCard = {
  number: string
  label: string
  country: string
  language: LanguageGuess | undefined
  last: { kind: 'sms' | 'whatsapp' | 'call'; text: string; time: string; at: number }
  counts: { sms: number; whatsapp: number; call: number }
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

type Happening =
  | { at: number; phone: string; entry: TranscriptEntry }
  | { at: number; phone: string; message: MessageRecord }

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
      const last =
        'entry' in newest
          ? previewOf(newest.entry)
          : { kind: newest.message.channel, text: `You: ${newest.message.body}` }
      return {
        number,
        ...identity(number, got),
        last: { ...last, at: newest.at, time: clockTime(newest.at, timeZone) },
        counts: {
          sms: got.filter(({ kind }) => kind === 'sms').length,
          whatsapp: got.filter(({ kind }) => kind === 'whatsapp').length,
          call: got.filter(({ kind }) => kind === 'call').length,
        },
        unread: Math.max(0, got.filter(({ direction }) => direction === 'to-phone').length - (seen.get(number) ?? 0)),
      }
    })
    .sort((a, b) => b.last.at - a.last.at)
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
    items: withDays(all, timeZone),
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

function previewOf(entry: TranscriptEntry): { kind: TranscriptEntry['kind']; text: string } {
  if (entry.kind === 'call') return { kind: 'call', text: callLabel(entry) }
  return { kind: entry.kind, text: entry.body || 'Voice note' }
}

function withDays(all: Happening[], timeZone: string): Item[] {
  let day = ''
  return all.flatMap((one): Item[] => {
    const label = new Intl.DateTimeFormat('en-GB', {
      timeZone,
      weekday: 'long',
      day: 'numeric',
      month: 'long',
      year: 'numeric',
    }).format(one.at)
    const item = 'entry' in one ? itemOf(one.entry, timeZone) : replyItem(one.message, timeZone)
    if (label === day) return [item]
    day = label
    return [{ kind: 'day', label }, item]
  })
}

function itemOf(entry: TranscriptEntry, timeZone: string): Item {
  const time = clockTime(entry.at, timeZone)
  const pieces = piecesOf(entry.heard)
  if (entry.kind !== 'call') {
    const { kind: channel, from, status, buttons, body } = entry
    const text = body ?? ''
    const replyTo = `${channel === 'whatsapp' ? 'whatsapp:' : ''}${from}`
    return {
      kind: 'message',
      channel,
      mine: false,
      from,
      time,
      parts: linkParts(text),
      rtl: isRtl(text),
      status,
      buttons,
      replyTo,
      media: pieces,
    }
  }
  const mine = entry.direction === 'from-phone'
  const answered = entry.status === 'completed' || entry.status === 'in-progress'
  return {
    kind: 'call',
    mine,
    missed: !answered,
    other: mine ? entry.to : entry.from,
    time,
    label: callLabel(entry),
    lasted: entry.durationS ? minutes(entry.durationS * 1000) : '',
    presses: entry.presses,
    answeredBy: entry.answeredBy,
    pieces,
  }
}

function replyItem(message: MessageRecord, timeZone: string): Item {
  const { body, channel, createdAt, to } = message
  return {
    kind: 'message',
    channel,
    mine: true,
    from: to,
    time: clockTime(createdAt, timeZone),
    parts: linkParts(body),
    rtl: isRtl(body),
    status: 'read',
    buttons: [],
    replyTo: '',
    media: [],
  }
}

const callLabels: Readonly<Record<string, string>> = {
  completed: 'Answered call',
  'in-progress': 'Call in progress',
  ringing: 'Ringing',
  busy: 'Line was busy',
  'no-answer': 'Missed call',
  canceled: 'Canceled call',
}

function callLabel({ direction, status, answeredBy }: TranscriptEntry): string {
  if (direction === 'from-phone') return status === 'completed' ? 'Outgoing call' : 'Outgoing call, not taken'
  if (answeredBy?.startsWith('machine')) return 'Voicemail answered'
  return callLabels[status] ?? status
}

function piecesOf(heard: readonly Heard[]): PlayedPiece[] {
  return heard
    .filter(({ what }) => what !== 'pause')
    .map(({ sha256, words, url, lastsMs, heardMs }) => ({
      sha256,
      words,
      url,
      seconds: minutes(lastsMs),
      heardPart: lastsMs === 0 ? 100 : Math.round((heardMs / lastsMs) * 100),
    }))
}

function linkParts(text: string): TextPart[] {
  return text
    .split(/(https?:\/\/[^\s<>"']*[^\s<>"'.,;:!?)\]])/)
    .map((part, index) => ({ text: part, href: index % 2 === 1 ? part : null }))
    .filter(({ text: part }) => part !== '')
}

function isRtl(text: string): boolean {
  return /^[^\p{L}]*[\p{Script=Arabic}\p{Script=Hebrew}]/u.test(text)
}

function clockTime(instant: number, timeZone: string): string {
  return new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit' }).format(instant)
}

function minutes(milliseconds: number): string {
  const all = Math.round(milliseconds / 1000)
  return `${Math.floor(all / 60)}:${String(all % 60).padStart(2, '0')}`
}
