import { createHash } from 'node:crypto'
import { audioLengthMs } from './audio-length.ts'
import type { Answer, Outgoing } from './outgoing.ts'

export type Fetched =
  | { ok: true; url: string; contentType: string; sha256: string; lastsMs: number }
  | { ok: false; fault: 'unreachable' | 'not-audio' | 'wrong-type' | 'too-large'; reason: string }

/** What `<Play>` takes; no Ogg. https://www.twilio.com/docs/voice/twiml/play#supported-audio-file-types */
export const playTypes: ReadonlySet<string> = new Set([
  'audio/mpeg',
  'audio/wav',
  'audio/wave',
  'audio/x-wav',
  'audio/aiff',
  'audio/x-aifc',
  'audio/x-aiff',
  'audio/x-gsm',
  'audio/gsm',
  'audio/ulaw',
])

/** What a WhatsApp message takes. https://www.twilio.com/docs/whatsapp/guidance-whatsapp-media-messages */
export const whatsappTypes: ReadonlySet<string> = new Set([
  'audio/ogg',
  'audio/amr',
  'audio/3gpp',
  'audio/aac',
  'audio/mpeg',
  'image/jpeg',
  'image/png',
  'image/webp',
  'video/mp4',
  'application/pdf',
])

const whatsappLargest = { image: 5 * 1024 * 1024, other: 16 * 1024 * 1024 }

/** Bytes that were fetched, kept so that the phones page can play them. The oldest go first once there are too many. */
export class MediaShelf {
  readonly #kept = new Map<string, { bytes: Buffer; contentType: string }>()
  readonly #largestTotal = 64 * 1024 * 1024
  #total = 0

  keep(bytes: Buffer, contentType: string): string {
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    if (this.#kept.has(sha256)) return sha256
    this.#kept.set(sha256, { bytes, contentType })
    this.#total += bytes.length
    for (const [oldest, { bytes: old }] of this.#kept) {
      if (this.#total <= this.#largestTotal || oldest === sha256) break
      this.#kept.delete(oldest)
      this.#total -= old.length
    }
    return sha256
  }

  get(sha256: string): { bytes: Buffer; contentType: string } | undefined {
    return this.#kept.get(sha256)
  }
}

/** Fetches audio as the carrier does, HEAD then GET; both must say the same acceptable content type. */
export async function fetchMedia({
  url,
  types,
  outgoing,
  shelf,
}: {
  url: string
  types: ReadonlySet<string>
  outgoing: Outgoing
  shelf: MediaShelf
}): Promise<Fetched> {
  const head = await outgoing.ask({ url, method: 'HEAD' })
  const headFault = faultOf(head, types)
  if (headFault) return headFault
  const got = await outgoing.ask({ url, method: 'GET' })
  const fault = faultOf(got, types)
  if (fault) return fault
  if (got.kind !== 'answer' || head.kind !== 'answer') throw new Error('unreachable')
  if (got.contentType !== head.contentType) {
    return { ok: false, fault: 'wrong-type', reason: `HEAD says ${head.contentType}, GET says ${got.contentType}` }
  }
  const { contentType, body } = got
  if (types === whatsappTypes && body.length > whatsappLargest[contentType.startsWith('image/') ? 'image' : 'other']) {
    return { ok: false, fault: 'too-large', reason: `${body.length} bytes` }
  }
  const told = Number(got.header('x-audio-duration-ms'))
  const lastsMs = told > 0 ? told : contentType.startsWith('audio/') ? audioLengthMs(body) : 0
  return { ok: true, url, contentType, sha256: shelf.keep(body, contentType), lastsMs }
}

function faultOf(answer: Answer, types: ReadonlySet<string>): Extract<Fetched, { ok: false }> | undefined {
  if (answer.kind === 'too-large') return { ok: false, fault: 'too-large', reason: answer.reason }
  if (answer.kind !== 'answer') return { ok: false, fault: 'unreachable', reason: answer.reason }
  if (answer.status < 200 || answer.status > 299)
    return { ok: false, fault: 'unreachable', reason: `HTTP ${answer.status}` }
  if (types.has(answer.contentType)) return undefined
  const fault = answer.contentType.startsWith('audio/') ? 'wrong-type' : 'not-audio'
  return { ok: false, fault, reason: `Content-Type ${answer.contentType || 'is missing'}` }
}
