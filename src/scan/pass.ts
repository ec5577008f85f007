import { setImmediate as nextTurn } from 'node:timers/promises'
import { and, eq, inArray } from 'drizzle-orm'
import type { Db, Tx } from '../db/open.ts'
import { addDays, type CivilDate } from '../lib/civil-date.ts'
import type { Log } from '../lib/events.ts'
import type { Office } from '../lib/office.ts'
import type { Offices } from '../lib/offices.ts'
import { type Candidate, loadCandidates, type PageKey, pageOfPermits } from './candidates.ts'
import { type Decision, decide, type WantedDelivery } from './decide.ts'
import { addDeliveries, firstStart, type Wanted } from './plan-deliveries.ts'
import { newReference } from './reference.ts'
import { lastOverstayNoticeDay } from './stages.ts'
import { withToldMarks } from './told-marks.ts'

export type ScanDeps = {
  db: Db
  log: Log
  /** In one time zone: `today` is theirs. */
  offices: Offices
  /** The language a resident is told in: own choice, register, nationality. */
  languageOf: (person: { nationality: string; language: string | null; chosenLanguage: string | null }) => string
  /** Epoch ms; one for the whole pass. */
  now: number
  today: CivilDate
  /** [0, 1), for references. */
  random: () => number
}

export type ScanResult = {
  permits_looked_at: number
  notices_new: number
  notices_reopened: number
  deliveries_new: number
  superseded: number
  held: number
  /** New or reopened notices by stage. */
  by_stage: Record<string, number>
}

const PAGE = 500
const REFERENCE_LENGTH = 4

/**
 * One pass over the permits whose stage of the day may have come. Idempotent: a second pass on the same day writes nothing.
 * With `dryRun` nothing is written and the counts say what would be.
 */
export async function scanPass(deps: ScanDeps, options: { dryRun?: boolean } = {}): Promise<ScanResult> {
  const { db, offices, today } = deps
  const result: ScanResult = {
    permits_looked_at: 0,
    notices_new: 0,
    notices_reopened: 0,
    deliveries_new: 0,
    superseded: 0,
    held: 0,
    by_stage: {},
  }
  const window = {
    offices,
    from: addDays(today, -lastOverstayNoticeDay),
    to: addDays(today, Math.max(...offices.all.map(furthestStage))),
    limit: PAGE,
  }
  let after: PageKey | null = null
  for (;;) {
    const page: (PageKey & { permitId: number })[] = await pageOfPermits(db.read, { ...window, after })
    if (page.length === 0) break
    after = page.at(-1)!
    await nextTurn()
    result.permits_looked_at += page.length
    const ids = page.map((row) => row.permitId)
    const looked = await decideAll(db.read, ids, deps)
    result.held += looked.filter(({ decision }) => decision.what === 'nothing' && decision.reason === 'held').length
    const due = looked.filter(({ decision }) => decision.what !== 'nothing')
    if (due.length === 0) continue
    if (options.dryRun) {
      for (const { decision } of due) count(result, decision)
      continue
    }
    const written = await db.write((tx) =>
      writePage(
        tx,
        due.map(({ candidate }) => candidate.permitId),
        deps,
      ),
    )
    for (const { decision } of written.decided) count(result, decision)
    result.deliveries_new += written.deliveries
    result.superseded += written.superseded
  }
  deps.log.info({ ...result, today }, 'scanned')
  return result
}

type Decided = { candidate: Candidate; decision: Decision }

async function decideAll(reader: Db['read'], permitIds: number[], deps: ScanDeps): Promise<Decided[]> {
  const candidates = await withToldMarks(reader, deps.db.vault, await loadCandidates(reader, permitIds, deps.today))
  return candidates.map((candidate) => ({
    candidate,
    decision: decide(candidate, { ...deps, office: deps.offices.of(candidate.officeCode) }),
  }))
}

/** Decides again inside the transaction: an import or an officer may have come between. */
async function writePage(
  tx: Tx,
  permitIds: number[],
  deps: ScanDeps,
): Promise<{ decided: Decided[]; deliveries: number; superseded: number }> {
  const decided = await decideAll(tx, permitIds, deps)
  const wanted: Wanted[] = []
  const superseded: number[] = []
  for (const { candidate, decision } of decided) {
    const office = deps.offices.of(candidate.officeCode)
    if (decision.what === 'create') {
      const noticeId = await createNotice(tx, candidate, decision, deps)
      wanted.push(
        ...decision.wanted.map((one) => asWanted(candidate, { ...one, noticeId, stage: decision.stage, office })),
      )
      superseded.push(...decision.supersedes)
    }
    if (decision.what === 'reopen') {
      const { notice } = decision
      for (const one of decision.wanted) {
        const existing = notice.deliveries.find((row) => row.role === one.role && row.channel === one.channel)
        if (existing) await reopen(tx, existing.id, one, { office, now: deps.now })
        else wanted.push(asWanted(candidate, { ...one, noticeId: notice.id, stage: notice.stage, office }))
      }
    }
  }
  const vault = deps.db.vault
  const deliveries =
    wanted.length === 0 ? 0 : await addDeliveries(tx, { vault, wanted, today: deps.today, now: deps.now })
  return { decided, deliveries, superseded: await cancelSuperseded(tx, superseded, deps.now) }
}

async function createNotice(
  tx: Tx,
  candidate: Candidate,
  decision: Extract<Decision, { what: 'create' }>,
  deps: ScanDeps,
): Promise<number> {
  const { cycles, notices } = tx.t
  const cycleId = candidate.cycleId ?? (await createCycle(tx, candidate, deps.now))
  for (let length = REFERENCE_LENGTH; ; length++) {
    const reference = newReference(candidate.officeCode, length, deps.random)
    const taken = await tx.select({ id: notices.id }).from(notices).where(eq(notices.reference, reference))
    if (taken.length > 0) continue
    const [row] = await tx
      .insert(notices)
      .values({
        cycle_id: cycleId,
        stage: decision.stage,
        plan_stage: decision.planStage,
        reference,
        created_on: deps.today,
        created_at: deps.now,
      })
      .returning({ id: notices.id })
    return row!.id
  }

  async function createCycle(tx: Tx, { permitId, residentId, expiresOn }: Candidate, now: number): Promise<number> {
    const [row] = await tx
      .insert(cycles)
      .values({ permit_id: permitId, resident_id: residentId, expires_on: expiresOn, created_at: now })
      .returning({ id: cycles.id })
    return row!.id
  }
}

function asWanted(
  { issuedBy, permitNo, expiresOn }: Candidate,
  { phone, ...one }: WantedDelivery & Pick<Wanted, 'noticeId' | 'stage' | 'office'>,
): Wanted {
  return { ...one, issuedBy, permitNo, expiresOn, phone: phone.number, phoneCountry: phone.country }
}

/** The same row again, to the phone of today. */
async function reopen(
  tx: Tx,
  deliveryId: number,
  wanted: WantedDelivery,
  { office, now }: { office: Office; now: number },
): Promise<void> {
  const { deliveries } = tx.t
  await tx
    .update(deliveries)
    .set({
      state: 'queued',
      reason: null,
      office_code: office.code,
      phone: wanted.phone.number,
      phone_index: wanted.phone.index,
      phone_country: wanted.phone.country,
      language: wanted.language,
      not_before: firstStart(office, wanted.channel, now),
      state_since: now,
    })
    .where(and(eq(deliveries.id, deliveryId), eq(deliveries.state, 'cancelled')))
}

/** What still waits of older notices of the same cycle is overtaken, unless it carries other people's notices too: the claim drops its part then. */
async function cancelSuperseded(tx: Tx, noticeIds: number[], now: number): Promise<number> {
  const { deliveries, delivery_notices } = tx.t
  if (noticeIds.length === 0) return 0
  const links = await tx
    .select({ deliveryId: deliveries.id })
    .from(delivery_notices)
    .innerJoin(deliveries, eq(deliveries.id, delivery_notices.delivery_id))
    .where(and(inArray(delivery_notices.notice_id, noticeIds), eq(deliveries.state, 'queued')))
  const affected = [...new Set(links.map((link) => link.deliveryId))]
  if (affected.length === 0) return 0
  const all = await tx
    .select({ deliveryId: delivery_notices.delivery_id, noticeId: delivery_notices.notice_id })
    .from(delivery_notices)
    .where(inArray(delivery_notices.delivery_id, affected))
  const old = new Set(noticeIds)
  const wholly = affected.filter((id) => all.every((link) => link.deliveryId !== id || old.has(link.noticeId)))
  if (wholly.length === 0) return 0
  await tx
    .update(deliveries)
    .set({ state: 'cancelled', reason: 'superseded', state_since: now, lease_until: null, poll_at: null })
    .where(and(inArray(deliveries.id, wholly), eq(deliveries.state, 'queued')))
  return wholly.length
}

/** The most days before expiry at which any kind is told. */
export function furthestStage(office: Office): number {
  const stages = [office.stages, ...office.kinds.values()].flatMap((plans) => [...plans.keys()])
  return Math.max(...stages)
}

function count(result: ScanResult, decision: Decision): void {
  if (decision.what === 'nothing') return
  const stage = decision.what === 'create' ? decision.stage : decision.notice.stage
  result.by_stage[stage] = (result.by_stage[stage] ?? 0) + 1
  if (decision.what === 'create') result.notices_new += 1
  else result.notices_reopened += 1
}
