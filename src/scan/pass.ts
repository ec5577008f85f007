import { and, eq, inArray, sql } from 'drizzle-orm'
import { textsIn } from '../db/dialect.ts'
import type { Db, Tx } from '../db/open.ts'
import type { CivilDate } from '../lib/civil-date.ts'
import type { Log } from '../lib/events.ts'
import type { Office } from '../lib/office.ts'
import type { Offices } from '../lib/offices.ts'
import { type Candidate, loadCandidates } from './candidates.ts'
import { type Decision, decide, type WantedDelivery } from './decide.ts'
import { addDeliveries, firstStart, type Wanted } from './plan-deliveries.ts'
import { newReference } from './reference.ts'
import { withToldMarks } from './told-marks.ts'
import { permitsInSight } from './windows.ts'

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
  for await (const ids of permitsInSight({ read: db.read, offices }, { first: today, last: today, limit: PAGE })) {
    result.permits_looked_at += ids.length
    const looked = options.dryRun
      ? { decided: await decideAll(db.read, ids, deps), deliveries: 0, superseded: 0 }
      : await db.write((tx) => writePage(tx, ids, deps))
    for (const { decision } of looked.decided) count(result, decision)
    result.deliveries_new += looked.deliveries
    result.superseded += looked.superseded
  }
  deps.log.info({ ...result, today }, 'scanned')
  return result
}

type Decided = { candidate: Candidate; decision: Decision }

async function decideAll(reader: Db['read'], permitIds: number[], deps: ScanDeps): Promise<Decided[]> {
  const candidates = await withToldMarks(reader, deps.db.vault, await loadCandidates(reader, permitIds, deps.today))
  const here = new Set(deps.offices.all.map(({ code }) => code))
  // Who went to another time zone since the page was read is told by the pass of that one.
  const ours = candidates.filter(({ officeCode }) => here.has(officeCode))
  return ours.map((candidate) => ({
    candidate,
    decision: decide(candidate, { ...deps, office: deps.offices.of(candidate.officeCode) }),
  }))
}

/** Decides inside the transaction: an import or an officer may come between two pages. */
async function writePage(
  tx: Tx,
  permitIds: number[],
  deps: ScanDeps,
): Promise<{ decided: Decided[]; deliveries: number; superseded: number }> {
  const decided = await decideAll(tx, permitIds, deps)
  const wanted: Wanted[] = []
  const superseded: number[] = []
  const created = await createNotices(tx, decided.filter(isCreated), deps)
  for (const { candidate, decision } of decided) {
    const office = deps.offices.of(candidate.officeCode)
    if (decision.what === 'create') {
      const noticeId = created.get(candidate.permitId)!
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

type Created = { candidate: Candidate; decision: Extract<Decision, { what: 'create' }> }

function isCreated(one: Decided): one is Created {
  return one.decision.what === 'create'
}

/** Their ids by permit. */
async function createNotices(tx: Tx, created: readonly Created[], deps: ScanDeps): Promise<Map<number, number>> {
  if (created.length === 0) return new Map()
  const { notices } = tx.t
  const cycleIds = await cyclesOf(tx, created, deps.now)
  const references = await freeReferences(tx, created, deps.random)
  const rows = await tx
    .insert(notices)
    .values(
      created.map(({ candidate, decision }, index) => ({
        cycle_id: cycleIds.get(candidate.permitId)!,
        stage: decision.stage,
        plan_stage: decision.planStage,
        reference: references[index]!,
        created_on: deps.today,
        created_at: deps.now,
      })),
    )
    .returning({ id: notices.id, reference: notices.reference })
  const ids = new Map(rows.map(({ id, reference }) => [reference, id]))
  return new Map(created.map(({ candidate }, index) => [candidate.permitId, ids.get(references[index]!)!]))
}

/** The cycle of each permit, begun where it has none. */
async function cyclesOf(tx: Tx, created: readonly Created[], now: number): Promise<Map<number, number>> {
  const { cycles } = tx.t
  const known = created.flatMap(({ candidate: { permitId, cycleId } }) =>
    cycleId === null ? [] : [[permitId, cycleId] as const],
  )
  const begun = created.filter(({ candidate }) => candidate.cycleId === null)
  if (begun.length === 0) return new Map(known)
  const rows = await tx
    .insert(cycles)
    .values(
      begun.map(({ candidate: { permitId, residentId, expiresOn } }) => ({
        permit_id: permitId,
        resident_id: residentId,
        expires_on: expiresOn,
        created_at: now,
      })),
    )
    .returning({ id: cycles.id, permitId: cycles.permit_id })
  return new Map([...known, ...rows.map(({ id, permitId }) => [permitId, id] as const)])
}

/** One for each, longer where the short one is taken. */
async function freeReferences(tx: Tx, created: readonly Created[], random: () => number): Promise<string[]> {
  const { notices } = tx.t
  const draw = (index: number, length: number) => newReference(created[index]!.candidate.officeCode, length, random)
  const references = created.map((_, index) => draw(index, REFERENCE_LENGTH))
  for (let length = REFERENCE_LENGTH + 1; ; length++) {
    const rows = await tx
      .select({ reference: notices.reference })
      .from(notices)
      .where(sql`${notices.reference} in ${textsIn(tx.engine, references)}`)
    const taken = new Set(rows.map(({ reference }) => reference))
    const again = references.flatMap((reference, index) => {
      const isTaken = taken.has(reference)
      taken.add(reference)
      return isTaken ? [index] : []
    })
    if (again.length === 0) return references
    for (const index of again) references[index] = draw(index, length)
  }
}

function asWanted(
  { issuedBy, permitNo, expiresOn }: Candidate,
  { phone, ...one }: WantedDelivery & Pick<Wanted, 'noticeId' | 'stage' | 'office'>,
): Wanted {
  const { number, index, country } = phone
  return { ...one, issuedBy, permitNo, expiresOn, phone: number, phoneIndex: index, phoneCountry: country }
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

function count(result: ScanResult, decision: Decision): void {
  if (decision.what === 'nothing') {
    if (decision.reason === 'held') result.held += 1
    return
  }
  const stage = decision.what === 'create' ? decision.stage : decision.notice.stage
  result.by_stage[stage] = (result.by_stage[stage] ?? 0) + 1
  if (decision.what === 'create') result.notices_new += 1
  else result.notices_reopened += 1
}
