import { type FileHandle, open, readFile } from 'node:fs/promises'
import type { CallRecord, MessageRecord } from './records.ts'
import type { TranscriptEntry } from './transcript.ts'

export type JournalLine =
  | { t: 'message'; record: MessageRecord }
  | { t: 'message-change'; sid: string; change: Partial<MessageRecord> }
  | { t: 'message-gone'; sid: string }
  | { t: 'call'; record: CallRecord }
  | { t: 'call-change'; sid: string; change: Partial<CallRecord> }
  | { t: 'received'; entry: TranscriptEntry }
  | { t: 'session'; phone: string; sender: string; at: number }
  | { t: 'opt'; phone: string; sender: string; out: boolean }

type Batch = { lines: string[]; done: PromiseWithResolvers<void> }

/**
 * The sandbox's memory on disk: one JSON object per line, only ever appended. Lines written meanwhile are synced
 * together. Without a file it keeps nothing.
 */
export class Journal implements AsyncDisposable {
  readonly #file: FileHandle | undefined
  #next: Batch = emptyBatch()
  #current: Batch | undefined
  #failure: unknown
  #closed = false

  private constructor(file: FileHandle | undefined) {
    this.#file = file
  }

  /** Reads what is there; a last line torn by a crash is cut off. Any other unreadable line throws. */
  static async open(path: string | undefined): Promise<{ journal: Journal; lines: JournalLine[] }> {
    if (path === undefined) return { journal: new Journal(undefined), lines: [] }
    const file = await open(path, 'a')
    const text = await readFile(path, 'utf8')
    const whole = text.slice(0, text.lastIndexOf('\n') + 1)
    if (whole.length < text.length) await file.truncate(Buffer.byteLength(whole))
    return { journal: new Journal(file), lines: parse(whole, path) }
  }

  write(line: JournalLine): void {
    if (!this.#file || this.#closed) return
    this.#next.lines.push(`${JSON.stringify(line)}\n`)
    if (!this.#current) this.#commit().catch((error: unknown) => this.#fail(error))
  }

  /** Resolves when every line written so far is on disk. */
  async flush(): Promise<void> {
    const batch = this.#next.lines.length > 0 ? this.#next : this.#current
    await batch?.done.promise
    if (this.#failure) throw new Error('sandbox: the transcript file cannot be written', { cause: this.#failure })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    await this.flush()
    await this.#file?.close()
  }

  async #commit(): Promise<void> {
    while (this.#next.lines.length > 0) {
      const batch = this.#next
      this.#current = batch
      this.#next = emptyBatch()
      await this.#file?.appendFile(batch.lines.join(''))
      await this.#file?.datasync()
      batch.done.resolve()
    }
    this.#current = undefined
  }

  #fail(error: unknown): void {
    this.#failure = error
    this.#current?.done.resolve()
    this.#next.done.resolve()
    this.#current = undefined
  }
}

/** The transcript in a journal file, also while a sandbox is writing it. */
export async function readTranscript(path: string): Promise<TranscriptEntry[]> {
  const text = await readFile(path, 'utf8')
  const entries = new Map<string, TranscriptEntry>()
  for (const line of parse(text.slice(0, text.lastIndexOf('\n') + 1), path)) {
    if (line.t === 'received') entries.set(line.entry.sid, line.entry)
  }
  return [...entries.values()]
}

/** The latest instant in a journal file (epoch ms), or undefined where there is none: a clock must not start before it. */
export async function lastInstant(path: string): Promise<number | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  const lines = parse(text.slice(0, text.lastIndexOf('\n') + 1), path)
  const last = lines.reduce((latest, line) => Math.max(latest, instantIn(line)), 0)
  return last > 0 ? last : undefined
}

function instantIn(line: JournalLine): number {
  if (line.t === 'message' || line.t === 'call') return line.record.updatedAt
  if (line.t === 'message-change' || line.t === 'call-change') return line.change.updatedAt ?? 0
  if (line.t === 'received') return line.entry.at
  return line.t === 'session' ? line.at : 0
}

function parse(text: string, path: string): JournalLine[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line, index) => {
      try {
        return JSON.parse(line) as JournalLine
      } catch (cause) {
        throw new Error(`${path}: line ${index + 1} is not JSON`, { cause })
      }
    })
}

function emptyBatch(): Batch {
  return { lines: [], done: Promise.withResolvers() }
}
