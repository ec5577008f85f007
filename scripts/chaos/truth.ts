import { readFile } from 'node:fs/promises'
import { dateAt } from '../../src/lib/civil-date.ts'
import type { JournalLine } from '../../src/sandbox/journal.ts'
import type { TranscriptEntry } from '../../src/sandbox/transcript.ts'
import { TIME_ZONE } from '../../test/ground.ts'

/** What the phones got and what the carrier tried to tell of it, read from the sandbox's file alone. */
export type Truth = {
  /** What arrived or rang at a phone. */
  entries: TranscriptEntry[]
  /** By call sid, the attempt in the URL that the call was made with. */
  attemptOfCall: Map<string, number>
  /** Status callbacks that were due, as `sid status`. */
  callbacks: Set<string>
}

const CALL_EVENTS = new Set(['ringing', 'in-progress', 'completed', 'busy', 'no-answer', 'failed', 'canceled'])
const BEFORE_THE_NOTE_IS_OVER = 3

export async function readTruth(file: string): Promise<Truth> {
  const entries = new Map<string, TranscriptEntry>()
  const truth: Truth = { entries: [], attemptOfCall: new Map(), callbacks: new Set() }
  const text = await readFile(file, 'utf8')
  for (const row of text.slice(0, text.lastIndexOf('\n') + 1).split('\n')) {
    if (row === '') continue
    const line = JSON.parse(row) as JournalLine
    if (line.t === 'received' && line.entry.direction === 'to-phone') entries.set(line.entry.sid, line.entry)
    if (line.t === 'call') truth.attemptOfCall.set(line.record.sid, attemptIn(line.record.plan.url))
    if (line.t === 'message-change' && line.change.status && line.change.updatedAt) {
      truth.callbacks.add(`${line.sid} ${line.change.status}`)
    }
    if (line.t === 'call-change' && line.change.status && CALL_EVENTS.has(line.change.status)) {
      truth.callbacks.add(`${line.sid} ${line.change.status}`)
    }
  }
  return { ...truth, entries: [...entries.values()] }
}

/** What one delivery came to at its phone. */
export type Told = { told: boolean; twice: boolean }

/**
 * A message tells when it arrives; twice is when two arrive.
 *
 * A call tells when a person presses 1 or 2, or hears greeting, note and question to their end. Ringing again after a call
 * that told nobody (busy, unanswered, hung up, a machine) is right, on another day. So a call was made twice when the
 * phone rings again after a call that told somebody, or rings twice on one day. A call that broke off with the
 * carrier's "application error" may be repeated on another day even if the note had been heard: the program was dead
 * when its key press came in, and nobody can know of it.
 */
export function toldBy(entries: readonly TranscriptEntry[]): Told {
  const inOrder = entries.toSorted((a, b) => a.at - b.at)
  if (inOrder[0]?.kind !== 'call') return { told: inOrder.length > 0, twice: inOrder.length > 1 }
  const days = new Set(inOrder.map((call) => dateAt(call.at, TIME_ZONE)))
  const last = inOrder.at(-1)
  return {
    told: inOrder.some(callTold),
    twice: days.size < inOrder.length || inOrder.some((call) => call !== last && callTold(call) && !brokeOff(call)),
  }
}

function callTold(call: TranscriptEntry): boolean {
  if (call.answeredBy !== 'human') return false
  const heardToTheEnd = call.heard.filter((piece) => !isError(piece) && piece.heardMs >= piece.lastsMs)
  return call.presses.some((keys) => /[12]/.test(keys)) || heardToTheEnd.length >= BEFORE_THE_NOTE_IS_OVER
}

function brokeOff(call: TranscriptEntry): boolean {
  return call.heard.some(isError)
}

function isError(piece: TranscriptEntry['heard'][number]): boolean {
  return piece.what === 'say' && (piece.words?.startsWith('An application error') ?? false)
}

function attemptIn(url: string | null): number {
  const id = url?.match(/\/twilio\/call\/(\d+)$/)?.[1]
  if (id === undefined) throw new Error(`a call was made with the URL ${url}, which names no attempt`)
  return Number(id)
}
