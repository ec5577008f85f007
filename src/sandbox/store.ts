import type { Journal, JournalLine } from './journal.ts'
import { type CallRecord, type MessageRecord, phoneOf } from './records.ts'
import type { TranscriptEntry } from './transcript.ts'

/** Resources of one kind, oldest first, also by the address they went to. */
class Ledger<T extends { sid: string; serial: number; to: string }> {
  readonly #bySid = new Map<string, T>()
  readonly #byTo = new Map<string, Set<T>>()

  add(record: T): void {
    this.#bySid.set(record.sid, record)
    const same = this.#byTo.get(record.to)
    if (same) same.add(record)
    else this.#byTo.set(record.to, new Set([record]))
  }

  get(sid: string): T | undefined {
    return this.#bySid.get(sid)
  }

  remove(record: T): void {
    this.#bySid.delete(record.sid)
    this.#byTo.get(record.to)?.delete(record)
  }

  /** Newest first. */
  newest(to: string | undefined): T[] {
    const found = to === undefined ? this.#bySid.values() : (this.#byTo.get(to) ?? [])
    return [...found].reverse()
  }
}

/** Everything the carrier knows. Each change goes to the journal; `saved` says when it is on disk. */
export class Store {
  readonly messages = new Ledger<MessageRecord>()
  readonly calls = new Ledger<CallRecord>()
  readonly #journal: Journal
  readonly #received = new Map<string, TranscriptEntry>()
  readonly #sessions = new Map<string, number>()
  readonly #optedOut = new Set<string>()
  #serial = 0

  constructor({ journal, lines }: { journal: Journal; lines: JournalLine[] }) {
    this.#journal = journal
    for (const line of lines) this.#apply(line)
  }

  nextSerial(): number {
    this.#serial += 1
    return this.#serial
  }

  addMessage(record: MessageRecord): void {
    this.#do({ t: 'message', record })
  }

  changeMessage(record: MessageRecord, change: Partial<MessageRecord>): void {
    this.#do({ t: 'message-change', sid: record.sid, change })
  }

  removeMessage(record: MessageRecord): void {
    this.#do({ t: 'message-gone', sid: record.sid })
  }

  addCall(record: CallRecord): void {
    this.#do({ t: 'call', record })
  }

  changeCall(record: CallRecord, change: Partial<CallRecord>): void {
    this.#do({ t: 'call-change', sid: record.sid, change })
  }

  /** A phone got this, or (same sid again) more is known about it. */
  receive(entry: TranscriptEntry): void {
    this.#do({ t: 'received', entry })
  }

  received(sid: string): TranscriptEntry | undefined {
    return this.#received.get(sid)
  }

  transcript(): TranscriptEntry[] {
    return [...this.#received.values()]
  }

  openSession(phone: string, sender: string, at: number): void {
    this.#do({ t: 'session', phone, sender, at })
  }

  /** When this phone last wrote to this sender; undefined for never. */
  sessionSince(phone: string, sender: string): number | undefined {
    return this.#sessions.get(pair(phone, sender))
  }

  setOptOut(phone: string, sender: string, out: boolean): void {
    this.#do({ t: 'opt', phone, sender, out })
  }

  optedOut(phone: string, sender: string): boolean {
    return this.#optedOut.has(pair(phone, sender))
  }

  saved(): Promise<void> {
    return this.#journal.flush()
  }

  #do(line: JournalLine): void {
    this.#apply(line)
    this.#journal.write(line)
  }

  #apply(line: JournalLine): void {
    if (line.t === 'message') this.#keep(this.messages, line.record)
    else if (line.t === 'call') this.#keep(this.calls, line.record)
    else if (line.t === 'message-change') Object.assign(this.messages.get(line.sid) ?? {}, line.change)
    else if (line.t === 'call-change') Object.assign(this.calls.get(line.sid) ?? {}, line.change)
    else if (line.t === 'received') this.#received.set(line.entry.sid, line.entry)
    else if (line.t === 'session') this.#sessions.set(pair(line.phone, line.sender), line.at)
    else if (line.t === 'opt' && line.out) this.#optedOut.add(pair(line.phone, line.sender))
    else if (line.t === 'opt') this.#optedOut.delete(pair(line.phone, line.sender))
    else {
      const gone = this.messages.get(line.sid)
      if (gone) this.messages.remove(gone)
    }
  }

  #keep<T extends { sid: string; serial: number; to: string }>(ledger: Ledger<T>, record: T): void {
    ledger.add(record)
    this.#serial = Math.max(this.#serial, record.serial)
  }
}

function pair(phone: string, sender: string): string {
  return `${phoneOf(phone)} ${sender}`
}
