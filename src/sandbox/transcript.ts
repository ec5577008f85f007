import type { Button } from './records.ts'

/** One thing that reached the other end: played or spoken in a call, or attached to a message. */
export type Heard = {
  what: 'play' | 'say' | 'pause' | 'media'
  url: string | null
  /** Of the bytes that were really fetched. */
  sha256: string | null
  contentType: string | null
  words: string | null
  lastsMs: number
  heardMs: number
}

/**
 * What one phone really got: a message that arrived, a call that rang, or (direction `from-phone`) a call that was
 * made from it. This is the truth to hold a client's own records against.
 */
export type TranscriptEntry = {
  /** Epoch milliseconds, by the sandbox's clock. */
  at: number
  sid: string
  kind: 'sms' | 'whatsapp' | 'call'
  direction: 'to-phone' | 'from-phone'
  /** Plain numbers, without `whatsapp:`. */
  to: string
  from: string
  body: string | null
  buttons: Button[]
  /** The first link in the body, else the first media or `<Play>` URL. */
  link: string | null
  heard: Heard[]
  presses: string[]
  /** The call's or message's last status: `delivered`, `read`, `sent` (no receipt), `completed`, `busy`, `no-answer` … */
  status: string
  answeredBy: string | null
  durationS: number | null
}

/**
 * How often each phone got each link: key `number link`. Calls count once they were answered, calls from the phone
 * never. A client that sends nothing twice shows no value above 1.
 */
export function countByPhoneAndLink(entries: readonly TranscriptEntry[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const entry of entries) {
    if (entry.direction !== 'to-phone' || entry.link === null) continue
    if (entry.kind === 'call' && entry.status !== 'completed') continue
    const key = `${entry.to} ${entry.link}`
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return counts
}

/** The first http(s) link in a text, without the punctuation that ends its sentence. */
export function firstLink(text: string): string | null {
  return text.match(/https?:\/\/[^\s<>"']+/)?.[0].replace(/[.,;:!?)\]]+$/, '') ?? null
}
