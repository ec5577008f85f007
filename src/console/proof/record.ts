import { asc, eq, inArray } from 'drizzle-orm'
import type { Db } from '../../db/open.ts'
import type { Channel } from '../../db/schema.ts'
import type { CivilDate } from '../../lib/civil-date.ts'
import { AppError } from '../../lib/errors.ts'
import type { Office } from '../../lib/office.ts'
import { type Contact, contactsOf } from '../../overstay/contacts.ts'
import { auditHead } from '../audit.ts'
import type { TimelineDelivery } from '../delivery-history-query.ts'
import type { Officer } from '../officer.ts'
import { type ResidentFile, residentFile } from '../residents-query.ts'
import { type TimelineEntry, timelineOf } from '../timeline-query.ts'
import { type ProofAudio, proofAudios } from './audio.ts'
import { type ProofReceipt, proofReceipts } from './receipts.ts'

export type ProofScope = {
  db: Db
  office: Office
  today: CivilDate
  officer: Pick<Officer, 'regencies'>
  audioDir: string
}

export type ProofNotice = Extract<TimelineEntry, { kind: 'notice' }>
export type ProofEvent = Exclude<TimelineEntry, { kind: 'notice' }>
export type ProofOptOut = { at: number; withdrawnAt: number | null; phone: string; channel: Channel; via: string }

/** All that is known of whether the holder of one permit was told, oldest first. */
export type ProofRecord = {
  resident: ResidentFile['resident']
  permit: ResidentFile['permits'][number]
  /** Of every `expires_on` that this permit had. */
  notices: ProofNotice[]
  /** What came of them and what else was recorded, of the person too. */
  events: ProofEvent[]
  optOuts: ProofOptOut[]
  contacts: Contact[]
  cases: ResidentFile['cases']
  receipts: ProofReceipt[]
  audios: ProofAudio[]
  auditHead: string
}

/** @throws AppError `not-found`, also for a permit of somebody outside the officer's area. */
export async function proofRecord(scope: ProofScope, permitId: number): Promise<ProofRecord> {
  const { db } = scope
  const { permits, cycles } = db.t
  const [owner] = await db.read.select({ id: permits.resident_id }).from(permits).where(eq(permits.id, permitId))
  if (!owner) throw new AppError('not-found', `tidak ada izin ${permitId}`)
  const { resident, permits: theirs, cases } = await residentFile(scope, owner.id)
  const permit = theirs.find(({ id }) => id === permitId)!
  const ids = (
    await db.read.select({ id: cycles.id }).from(cycles).where(eq(cycles.permit_id, permitId)).orderBy(asc(cycles.id))
  ).map(({ id }) => id)

  const history = (await timelineOf(db.read, { residentId: resident.id, cycles: ids })).toSorted((a, b) => a.at - b.at)
  const notices = history.filter((entry) => entry.kind === 'notice')
  const events = history.filter((entry) => entry.kind !== 'notice')
  const deliveries = notices.flatMap((notice) => notice.deliveries)
  const phones = [...deliveries.map(({ phone }) => phone), resident.phone, resident.sponsor_phone]
  const optOuts = await optOutsOf(db, [...new Set(phones.flatMap((phone) => phone ?? []))])
  return {
    resident,
    permit,
    notices,
    events,
    optOuts,
    contacts: [...(await contactsOf(db.read, ids)).values()].flat().sort((a, b) => a.at - b.at),
    cases: cases.filter((one) => one.permit_id === permitId),
    receipts: await proofReceipts(db, { deliveries, told: toldByReply(events, optOuts) }),
    audios: await proofAudios(db, { ids: audioIds(deliveries), audioDir: scope.audioDir }),
    auditHead: await auditHead(db.read),
  }
}

/** The permit of a case, for those who come from its page. */
export async function permitOfCase(db: Db, caseId: number): Promise<number> {
  const { overstay_cases } = db.t
  const [row] = await db.read
    .select({ id: overstay_cases.permit_id })
    .from(overstay_cases)
    .where(eq(overstay_cases.id, caseId))
  if (!row) throw new AppError('not-found', `tidak ada kasus ${caseId}`)
  return row.id
}

async function optOutsOf(db: Db, phones: readonly string[]): Promise<ProofOptOut[]> {
  if (phones.length === 0) return []
  const { opt_outs } = db.t
  const phoneOf = new Map(phones.map((phone) => [db.vault.blind(phone, 'phone'), phone]))
  const rows = await db.read
    .select()
    .from(opt_outs)
    .where(inArray(opt_outs.phone_index, [...phoneOf.keys()]))
    .orderBy(asc(opt_outs.since), asc(opt_outs.id))
  return rows.map(({ since, withdrawn_at, phone_index, channel, via }) => ({
    at: since,
    withdrawnAt: withdrawn_at,
    phone: phoneOf.get(phone_index)!,
    channel,
    via,
  }))
}

/** What came as a message of the person's own, which has an id of its own. */
function toldByReply(events: readonly ProofEvent[], optOuts: readonly ProofOptOut[]): { at: number; status: string }[] {
  return [
    ...events.flatMap((one) =>
      one.kind === 'answer' && one.via === 'whatsapp' ? [{ at: one.at, status: `button:${one.answer}` }] : [],
    ),
    ...optOuts.map(({ at }) => ({ at, status: 'optout' })),
  ]
}

function audioIds(deliveries: readonly TimelineDelivery[]): number[] {
  const ids = deliveries.flatMap(({ voiceNote, attempts }) => [
    voiceNote?.id ?? null,
    ...attempts.map(({ voiceNoteId }) => voiceNoteId),
  ])
  return [...new Set(ids.flatMap((id) => id ?? []))].sort((a, b) => a - b)
}
