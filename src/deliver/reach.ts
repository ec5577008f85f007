import { randomUUID } from 'node:crypto'
import { closeSync, constants, fsyncSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { eq, max } from 'drizzle-orm'
import { clearAlarm, raiseAlarm } from '../db/alarms.ts'
import type { EngineName } from '../db/dialect.ts'
import { type Gap, lastId, recordGap } from '../db/gap.ts'
import type { Db, Reader } from '../db/open.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/events.ts'

/** How far this program got with its database, kept beside it: a database that has gone back in time does not know it. */
export type Mark = {
  /** Which database. */
  database: string
  /** Which run of the machine. What a killed process wrote is safe for as long as that lasts. */
  boot: string
  reached: Reached
  /** The program ended by itself, with everything on disk. */
  clean: boolean
}

/** The newest attempt that was handed to the carrier, and the newest receipt that it was told we have. 0: none. */
export type Reached = { attempts: number; receipts: number }

/** Disposed when nothing is sent any more. */
export type Reach = Disposable & {
  /** To be told after the commit, and before the carrier hears of it. */
  note(what: keyof Reached, id: number): void
}

export type Loss = 'none' | 'perhaps' | 'certain' | 'other-database'

const FILE = 'reach.json'
const DATABASE_ID = 'database_id'
/** One block of any disk: written whole or not at all. */
const LENGTH = 512

/**
 * Compares the database with the mark that the last run has left in `folder`, and records the gap if anything is missing or
 * may be. From then on the mark is kept up to date.
 */
export async function openReach(options: {
  folder: string
  db: Db
  clock: Clock
  log: Log
  boot?: string
}): Promise<Reach> {
  const { folder, db, clock, log, boot = thisBoot() } = options
  const file = join(folder, FILE)
  const mark = readMark(file)
  const database = await databaseId(db)
  const reached = await newestOf(db.read)
  const now = clock.now()
  const loss = lossOf({ mark, database, reached, boot, engine: db.engine })
  if (loss === 'none') await db.write((tx) => clearAlarm(tx, { kind: 'lost', now }))
  else await lookBackFrom(db, loss, { now, log, known: mark?.reached ?? null })

  mkdirSync(folder, { recursive: true })
  return new KeptMark(file, { database, boot, reached: await newestOf(db.read), clean: false })
}

/** What the mark says about the database that was found. */
export function lossOf(found: {
  mark: Mark | null
  database: string
  reached: Reached
  boot: string
  engine: EngineName
}): Loss {
  const { mark, database, reached, boot, engine } = found
  // Another machine's PostgreSQL keeps its own word, and a further worker has no mark yet.
  const mayForget = engine === 'sqlite'
  if (mark && mark.reached.attempts > 0 && mark.database !== database) return 'other-database'
  if (mark && (mark.reached.attempts > reached.attempts || mark.reached.receipts > reached.receipts)) return 'certain'
  if (!mayForget || (mark && (mark.clean || (boot !== '' && mark.boot === boot)))) return 'none'
  return mark || reached.attempts > 0 ? 'perhaps' : 'none'
}

/** Of a database that was put in place of another on purpose: there is no gap beyond the one on record. */
export function leaveMark(folder: string, mark: Mark): void {
  mkdirSync(folder, { recursive: true })
  using kept = new KeptMark(join(folder, FILE), mark)
  void kept
}

/** Made once; a copy of the database has it, too. */
export async function databaseId(db: Db): Promise<string> {
  return db.write(async (tx) => {
    const { meta } = tx.t
    await tx.insert(meta).values({ key: DATABASE_ID, value: randomUUID() }).onConflictDoNothing()
    const [row] = await tx.select({ value: meta.value }).from(meta).where(eq(meta.key, DATABASE_ID))
    return row!.value
  })
}

/** Empty where the system does not say: then each start is taken for the first after a power cut. */
export function thisBoot(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== undefined) return ''
    throw error
  }
}

export async function newestOf(reader: Reader): Promise<Reached> {
  return { attempts: await lastId(reader, 'attempts'), receipts: await lastId(reader, 'receipts') }
}

async function lookBackFrom(
  db: Db,
  loss: Exclude<Loss, 'none'>,
  { now, log, known }: { now: number; log: Log; known: Reached | null },
): Promise<void> {
  const gap: Gap = { from: loss === 'other-database' ? 0 : await newestInstant(db.read), until: now }
  await db.write(async (tx) => {
    await recordGap(tx, gap)
    if (loss !== 'perhaps') await raiseAlarm(tx, { kind: 'lost', detail: 'the database has lost its newest part', now })
  })
  log.warn({ loss, known, ...gap }, 'what was sent since is looked up at the carrier before anything is sent')
}

/** The newest thing that the database knows of (epoch ms); 0 when it knows of nothing. */
async function newestInstant(reader: Reader): Promise<number> {
  const { attempts, receipts, slots, workers } = reader.t
  const newest = await Promise.all([
    reader.select({ at: max(attempts.started_at) }).from(attempts),
    reader.select({ at: max(receipts.received_at) }).from(receipts),
    reader.select({ at: max(slots.started_at) }).from(slots),
    reader.select({ at: max(workers.seen_at) }).from(workers),
  ])
  return Math.max(...newest.map(([row]) => Number(row?.at ?? 0)))
}

function readMark(file: string): Mark | null {
  try {
    const { database, boot, reached, clean } = JSON.parse(readFileSync(file, 'utf8')) as Partial<Mark>
    if (typeof database !== 'string' || typeof boot !== 'string' || !reached) return null
    const { attempts, receipts } = reached
    if (!Number.isInteger(attempts) || !Number.isInteger(receipts)) return null
    return { database, boot, reached: { attempts, receipts }, clean: clean === true }
  } catch (error) {
    // Missing or torn: then nothing is known, and that is the careful answer.
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code !== undefined) return null
    throw error
  }
}

/** Between start and end only written, not synced: a killed process loses nothing, and a power cut shows by itself. */
class KeptMark implements Reach {
  readonly #file: number
  #mark: Mark
  #open = true

  constructor(path: string, mark: Mark) {
    this.#mark = mark
    this.#file = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600)
    this.#write()
    ftruncateSync(this.#file, LENGTH)
    fsyncSync(this.#file)
  }

  note(what: keyof Reached, id: number): void {
    const { reached } = this.#mark
    if (!this.#open || id <= reached[what]) return
    this.#mark = { ...this.#mark, reached: { ...reached, [what]: id } }
    this.#write()
  }

  [Symbol.dispose](): void {
    if (!this.#open) return
    this.#open = false
    this.#mark = { ...this.#mark, clean: true }
    this.#write()
    fsyncSync(this.#file)
    closeSync(this.#file)
  }

  #write(): void {
    writeSync(this.#file, JSON.stringify(this.#mark).padEnd(LENGTH), 0)
  }
}
