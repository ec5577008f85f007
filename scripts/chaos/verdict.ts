import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Db, openSqlite } from '../../src/db/open.ts'
import { openVault } from '../../src/db/seal.ts'
import { AppError } from '../../src/lib/errors.ts'
import type { TranscriptEntry } from '../../src/sandbox/transcript.ts'
import { isReachable } from './people.ts'
import { transcriptIn } from './processes.ts'
import { readTruth, type Told, type Truth, toldBy } from './truth.ts'

export type Figures = {
  /** Daemons that began and never said that they stopped. */
  kills: number
  /** Those that left a trace: requests refused or without an answer, messages and calls that failed, callbacks that never came. */
  faults: number
  /** Rows of which something was attempted. */
  deliveries: number
  /** The following count per notice, role and channel. */
  told_once: number
  told_twice: number
  /** Per notice and role: no channel reached a phone that can be reached. A permit without a notice is one. */
  never_told: number
  /** `delivered` or `read` here, and not there. */
  wrongly_marked: number
}

/** All figures from `transcript.jsonl`, `tenggat.db` and `secret.key` (which opens the numbers in it) in this folder. */
export async function verdictOn(folder: string): Promise<Figures> {
  const keyFile = join(folder, 'secret.key')
  const file = join(folder, 'tenggat.db')
  for (const needed of [transcriptIn(folder), file, keyFile]) {
    if (!existsSync(needed))
      throw new AppError('usage', `${needed} is missing; --verdict takes a folder left by --keep`)
  }
  const truth = await readTruth(transcriptIn(folder))
  const vault = openVault(readFileSync(keyFile, 'utf8'), keyFile)
  await using db = await openSqlite({ file, vault, migrate: false })
  const rows = await linksOf(db)
  const told = await toldByDelivery(db, truth)
  const of = (row: { deliveryId: number }): Told => told.get(row.deliveryId) ?? { told: false, twice: false }

  return {
    kills: (await db.read.select({ stopped: db.t.workers.stopped_at }).from(db.t.workers)).filter(
      (worker) => worker.stopped === null,
    ).length,
    faults: await faultsSeen(db, truth),
    deliveries: new Set(rows.filter((row) => row.attempts > 0).map((row) => row.deliveryId)).size,
    told_once: rows.filter((row) => of(row).told && !of(row).twice).length,
    told_twice: rows.filter((row) => of(row).twice).length,
    never_told: neverTold(rows, of) + (await permitsWithoutNotice(db)),
    wrongly_marked: rows.filter((row) => ['delivered', 'read'].includes(row.state) && !of(row).told).length,
  }
}

type Link = Awaited<ReturnType<typeof linksOf>>[number]

/** One row per notice, role and channel. */
async function linksOf(db: Db) {
  const { deliveries, delivery_notices } = db.t
  const all = await db.read
    .select({
      noticeId: delivery_notices.notice_id,
      role: delivery_notices.role,
      deliveryId: delivery_notices.delivery_id,
    })
    .from(delivery_notices)
  const states = await db.read
    .select({ id: deliveries.id, phone: deliveries.phone, state: deliveries.state, attempts: deliveries.attempts })
    .from(deliveries)
  const byId = new Map(states.map((row) => [row.id, row]))
  return all.map((link) => ({ ...byId.get(link.deliveryId)!, ...link }))
}

function neverTold(rows: readonly Link[], of: (row: Link) => Told): number {
  const notices = [...Map.groupBy(rows, (row) => `${row.noticeId} ${row.role}`).values()]
  return notices.filter(
    (links) => links.some((link) => isReachable(link.phone)) && !links.some((link) => of(link).told),
  ).length
}

async function permitsWithoutNotice(db: Db): Promise<number> {
  const permits = await db.read.select({ id: db.t.permits.id }).from(db.t.permits)
  const cycles = await db.read.select({ id: db.t.cycles.id, permitId: db.t.cycles.permit_id }).from(db.t.cycles)
  const notices = await db.read.select({ cycleId: db.t.notices.cycle_id }).from(db.t.notices)
  const noticed = new Set(notices.map((notice) => notice.cycleId))
  const known = new Set(cycles.filter((cycle) => noticed.has(cycle.id)).map((cycle) => cycle.permitId))
  return permits.filter((permit) => !known.has(permit.id)).length
}

/**
 * Messages are told apart by their link's token, calls by their sid or by the attempt in their URL. Throws for anything at a phone that
 * no delivery accounts for: that would be a message to the wrong person.
 */
async function toldByDelivery(db: Db, truth: Truth): Promise<Map<number, Told>> {
  const { deliveries, attempts } = db.t
  const rows = await db.read
    .select({
      id: deliveries.id,
      channel: deliveries.channel,
      phone: deliveries.phone,
      token_hash: deliveries.token_hash,
    })
    .from(deliveries)
  const byToken = new Map(rows.map((row) => [`${row.channel} ${row.token_hash}`, row]))
  const byId = new Map(rows.map((row) => [row.id, row]))
  const made = await db.read
    .select({ id: attempts.id, sid: attempts.sid, deliveryId: attempts.delivery_id })
    .from(attempts)
  const deliveryOf = new Map(made.map((row) => [row.id, row.deliveryId]))
  const deliveryOfSid = new Map(made.map((row) => [row.sid, row.deliveryId]))
  const ofCall = ({ sid }: TranscriptEntry) =>
    // A call that the database had lost bears the number of an attempt that is no more.
    deliveryOfSid.get(sid) ?? deliveryOf.get(truth.attemptOfCall.get(sid) ?? 0) ?? 0
  const at = (entry: TranscriptEntry): number => {
    const token = entry.link?.split('/').at(-1) ?? ''
    const delivery =
      entry.kind === 'call' ? byId.get(ofCall(entry)) : byToken.get(`${entry.kind} ${db.vault.tokenHash(token)}`)
    if (!delivery || delivery.phone !== entry.to)
      throw new Error(`${entry.kind} ${entry.sid} reached a phone and belongs to no delivery`)
    return delivery.id
  }
  return new Map([...Map.groupBy(truth.entries, at)].map(([id, entries]) => [id, toldBy(entries)]))
}

async function faultsSeen(db: Db, truth: Truth): Promise<number> {
  const { attempts, receipts } = db.t
  const failed = (await db.read.select({ verdict: attempts.verdict }).from(attempts)).filter(
    (row) => row.verdict !== null,
  )
  const came = await db.read
    .select({ sid: receipts.sid, status: receipts.status, signature: receipts.signature })
    .from(receipts)
  const heard = new Set(came.filter((row) => row.signature !== 'poll').map((row) => `${row.sid} ${row.status}`))
  return failed.length + [...truth.callbacks].filter((one) => !heard.has(one)).length
}
