import { and, asc, eq, gt, inArray, min, ne, sql } from 'drizzle-orm'
import { idsIn } from '../db/dialect.ts'
import type { Reader } from '../db/open.ts'
import type { Line } from '../db/schema.ts'
import type { CivilDate } from '../lib/civil-date.ts'
import type { Answer, Role } from '../lib/office.ts'
import type { PhoneNumber } from '../lib/phone.ts'
import { heldResidents, issuedBy, phoneColumns } from '../scan/candidates.ts'
import type { NoticeNow } from './still-due.ts'

/** One notice of a delivery with all that words, addresses and cancelling depend on. */
export type NoticeFactsRow = NoticeNow & {
  deliveryId: number
  linkId: number
  noticeId: number
  planStage: number
  cycleId: number
  residentId: number
  reference: string
  /** The office that the resident belongs to. */
  officeCode: string
  /** The one under which the permit came in. */
  issuedBy: string
  permitNo: string
  kind: string
  phone: PhoneNumber | null
  phoneCountry: string | null
  phoneLine: Line | null
}

/** The notices of these deliveries, in the order in which a link is made from them (office, permit number). */
export async function loadNotices(reader: Reader, deliveryIds: number[], today: CivilDate): Promise<NoticeFactsRow[]> {
  if (deliveryIds.length === 0) return []
  const { delivery_notices, notices, cycles, permits, residents, acknowledgements } = reader.t
  const rows = await reader
    .select({
      deliveryId: delivery_notices.delivery_id,
      linkId: delivery_notices.id,
      role: delivery_notices.role,
      noticeId: notices.id,
      stage: notices.stage,
      planStage: notices.plan_stage,
      reference: notices.reference,
      cycleId: cycles.id,
      cycleExpiresOn: cycles.expires_on,
      residentId: permits.resident_id,
      officeCode: permits.office_code,
      issuedBy: issuedBy(permits),
      permitNo: permits.permit_no,
      kind: permits.kind,
      permitExpiresOn: permits.expires_on,
      isCurrent: permits.is_current,
      ...phoneColumns(residents),
    })
    .from(delivery_notices)
    .innerJoin(notices, eq(notices.id, delivery_notices.notice_id))
    .innerJoin(cycles, eq(cycles.id, notices.cycle_id))
    .innerJoin(permits, eq(permits.id, cycles.permit_id))
    .innerJoin(residents, eq(residents.id, permits.resident_id))
    .where(sql`${delivery_notices.delivery_id} in ${idsIn(reader.engine, deliveryIds)}`)
    .orderBy(asc(issuedBy(permits)), asc(permits.permit_no), asc(notices.id))

  const cycleIds = [...new Set(rows.map((row) => row.cycleId))]
  const newest = await reader
    .select({ cycleId: notices.cycle_id, stage: min(notices.stage) })
    .from(notices)
    .where(sql`${notices.cycle_id} in ${idsIn(reader.engine, cycleIds)}`)
    .groupBy(notices.cycle_id)
  const newestStage = new Map(newest.map((row) => [row.cycleId, Number(row.stage)]))
  const residentIds = [...new Set(rows.map((row) => row.residentId))]
  const heldIds = await heldResidents(reader, residentIds, today)
  const answered = await reader
    .select({ cycleId: acknowledgements.cycle_id, role: acknowledgements.role, answer: acknowledgements.answer })
    .from(acknowledgements)
    .where(sql`${acknowledgements.cycle_id} in ${idsIn(reader.engine, cycleIds)}`)
  const answers = new Map<string, Answer[]>()
  for (const { cycleId, role, answer } of answered) {
    const key = `${cycleId} ${role}`
    answers.set(key, [...(answers.get(key) ?? []), answer])
  }

  return rows.map((row) => {
    const sponsor = row.role === 'sponsor'
    return {
      deliveryId: row.deliveryId,
      linkId: row.linkId,
      noticeId: row.noticeId,
      cycleId: row.cycleId,
      residentId: row.residentId,
      reference: row.reference,
      officeCode: row.officeCode,
      issuedBy: row.issuedBy,
      permitNo: row.permitNo,
      kind: row.kind,
      stage: row.stage,
      planStage: row.planStage,
      role: row.role as Role,
      newestStage: newestStage.get(row.cycleId) ?? row.stage,
      cycleExpiresOn: row.cycleExpiresOn,
      permitExpiresOn: row.permitExpiresOn,
      isCurrent: row.isCurrent === 1,
      held: heldIds.has(row.residentId),
      answers: answers.get(`${row.cycleId} ${row.role}`) ?? [],
      phoneIndex: sponsor ? row.sponsor_phone_index : row.phone_index,
      phone: (sponsor ? row.sponsor_phone : row.phone) as PhoneNumber | null,
      phoneCountry: sponsor ? row.sponsor_phone_country : row.phone_country,
      phoneLine: sponsor ? row.sponsor_phone_line : row.phone_line,
    }
  })
}

/** Those deliveries that the carrier has had. An attempt that it never took was none: "understood" must not end a stage that nobody has heard of. */
export async function carrierHas(reader: Reader, deliveryIds: number[]): Promise<Set<number>> {
  if (deliveryIds.length === 0) return new Set()
  const { attempts } = reader.t
  const taken = await reader
    .selectDistinct({ id: attempts.delivery_id })
    .from(attempts)
    .where(and(inArray(attempts.delivery_id, deliveryIds), gt(attempts.number, 0), ne(attempts.outcome, 'not-sent')))
  return new Set(taken.map((row) => row.id))
}
