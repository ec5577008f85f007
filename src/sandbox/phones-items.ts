import type { Button, MessageRecord } from './records.ts'
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

export type Happening =
  | { at: number; phone: string; entry: TranscriptEntry }
  | { at: number; phone: string; message: MessageRecord }

export type Look = {
  timeZone: string
  /** Whether the bytes are still here to be played. */
  isKept: (sha256: string) => boolean
}

/** What one phone shows, with a line before each new day. */
export function withDays(all: Happening[], { timeZone, isKept }: Look): Item[] {
  let day = ''
  return all.flatMap((one): Item[] => {
    const label = formatter(timeZone, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' }).format(
      one.at,
    )
    const item = 'entry' in one ? itemOf(one.entry, { timeZone, isKept }) : replyItem(one.message, timeZone)
    if (label === day) return [item]
    day = label
    return [{ kind: 'day', label }, item]
  })
}

function itemOf(entry: TranscriptEntry, { timeZone, isKept }: Look): Item {
  const time = clockTime(entry.at, timeZone)
  const pieces = piecesOf(entry.heard, isKept)
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

export function callLabel({ direction, status, answeredBy }: TranscriptEntry): string {
  if (direction === 'from-phone') return status === 'completed' ? 'Outgoing call' : 'Outgoing call, not taken'
  if (answeredBy?.startsWith('machine')) return 'Voicemail answered'
  return callLabels[status] ?? status
}

function piecesOf(heard: readonly Heard[], isKept: Look['isKept']): PlayedPiece[] {
  return heard
    .filter(({ what }) => what !== 'pause')
    .map(({ sha256, words, url, lastsMs, heardMs }) => ({
      sha256: sha256 !== null && isKept(sha256) ? sha256 : null,
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

export function clockTime(instant: number, timeZone: string): string {
  return formatter(timeZone, { hour: '2-digit', minute: '2-digit' }).format(instant)
}

const formatters = new Map<string, Intl.DateTimeFormat>()

/** Kept, because making one takes longer than using it a thousand times. */
function formatter(timeZone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = JSON.stringify([timeZone, options])
  const known = formatters.get(key) ?? new Intl.DateTimeFormat('en-GB', { timeZone, ...options })
  formatters.set(key, known)
  return known
}

function minutes(milliseconds: number): string {
  const all = Math.round(milliseconds / 1000)
  return `${Math.floor(all / 60)}:${String(all % 60).padStart(2, '0')}`
}
