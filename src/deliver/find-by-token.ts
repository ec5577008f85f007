import { and, desc, eq, gt, inArray, isNotNull, isNull } from 'drizzle-orm'
import type { Db, Reader } from '../db/open.ts'
import type { Channel, Role } from '../db/schema.ts'
import type { CivilDate } from '../lib/civil-date.ts'

/** One notice of a delivery, without anything that names its resident but initials and nationality. */
export type ToldNotice = {
  officeCode: string
  noticeId: number
  cycleId: number
  residentId: number
  reference: string
  stage: number
  planStage: number
  /** To whom this delivery tells it. */
  role: Role
  expiresOn: CivilDate
  permitKind: string
  /** A newer permit or another date has taken its place since. */
  superseded: boolean
  /** Last day of a hold that is not lifted; `forever` where it has none; null without a hold. */
  heldUntil: CivilDate | 'forever' | null
  chosenLanguage: string | null
  initials: string
  /** ISO 3166 alpha-2. */
  nationality: string
}

export type ToldDelivery = {
  id: number
  /** The office that its first resident belongs to now. */
  officeCode: string
  channel: Channel
  language: string
  dueOn: CivilDate
  voiceNoteId: number | null
  /** The first to end comes first; never empty. */
  notices: ToldNotice[]
}

const TOKEN = /^[\w-]{22}$/

/** The delivery of a link. The token is looked up by its keyed hash, so the time that takes says nothing about other tokens. */
export async function findByToken(db: Db, token: string): Promise<ToldDelivery | undefined> {
  if (!TOKEN.test(token)) return undefined
  const { deliveries } = db.t
  const [row] = await db.read
    .select({ id: deliveries.id })
    .from(deliveries)
    .where(eq(deliveries.token_hash, db.vault.tokenHash(token)))
    .orderBy(desc(deliveries.id))
    .limit(1)
  return row && findDelivery(db.read, row.id)
}

export async function findDelivery(reader: Reader, deliveryId: number): Promise<ToldDelivery | undefined> {
  const { deliveries } = reader.t
  const [row] = await reader
    .select({
      id: deliveries.id,
      channel: deliveries.channel,
      language: deliveries.language,
      dueOn: deliveries.due_on,
      voiceNoteId: deliveries.voice_note_id,
    })
    .from(deliveries)
    .where(eq(deliveries.id, deliveryId))
  const notices = row ? await noticesOf(reader, row.id) : []
  const [first] = notices
  return row && first ? { ...row, officeCode: first.officeCode, notices } : undefined
}

/** The newest delivery that went out to this number, by blind index; with `channel` only by that one. */
export async function newestDeliveryTo(
  reader: Reader,
  phoneIndex: string,
  { channel, withVoiceNote = false }: { channel?: Channel; withVoiceNote?: boolean } = {},
): Promise<ToldDelivery | undefined> {
  const { deliveries } = reader.t
  const [row] = await reader
    .select({ id: deliveries.id })
    .from(deliveries)
    .where(
      and(
        eq(deliveries.phone_index, phoneIndex),
        gt(deliveries.attempts, 0),
        channel ? eq(deliveries.channel, channel) : undefined,
        withVoiceNote ? isNotNull(deliveries.voice_note_id) : undefined,
      ),
    )
    .orderBy(desc(deliveries.id))
    .limit(1)
  return row && findDelivery(reader, row.id)
}

async function noticesOf(reader: Reader, deliveryId: number): Promise<ToldNotice[]> {
  const { delivery_notices, notices, cycles, permits, residents } = reader.t
  const rows = await reader
    .select({
      officeCode: permits.office_code,
      noticeId: notices.id,
      cycleId: cycles.id,
      residentId: residents.id,
      reference: notices.reference,
      stage: notices.stage,
      planStage: notices.plan_stage,
      role: delivery_notices.role,
      expiresOn: cycles.expires_on,
      permitKind: permits.kind,
      permitExpiresOn: permits.expires_on,
      isCurrent: permits.is_current,
      chosenLanguage: residents.chosen_language,
      fullName: residents.full_name,
      nationality: residents.nationality,
    })
    .from(delivery_notices)
    .innerJoin(notices, eq(notices.id, delivery_notices.notice_id))
    .innerJoin(cycles, eq(cycles.id, notices.cycle_id))
    .innerJoin(permits, eq(permits.id, cycles.permit_id))
    .innerJoin(residents, eq(residents.id, permits.resident_id))
    .where(and(eq(delivery_notices.delivery_id, deliveryId), isNull(residents.erased_at)))
    .orderBy(cycles.expires_on, notices.id)
  const held = await heldUntil(reader, [...new Set(rows.map((row) => row.residentId))])
  return rows.map(({ permitExpiresOn, isCurrent, fullName, ...row }) => ({
    ...row,
    superseded: isCurrent === 0 || permitExpiresOn !== row.expiresOn,
    heldUntil: held.get(row.residentId) ?? null,
    initials: initialsOf(fullName),
  }))
}

async function heldUntil(reader: Reader, residentIds: number[]): Promise<Map<number, CivilDate | 'forever'>> {
  const { holds } = reader.t
  const until = new Map<number, CivilDate | 'forever'>()
  if (residentIds.length === 0) return until
  const rows = await reader
    .select({ residentId: holds.resident_id, untilOn: holds.until_on })
    .from(holds)
    .where(and(inArray(holds.resident_id, residentIds), isNull(holds.lifted_at)))
  for (const { residentId, untilOn } of rows) {
    const known = until.get(residentId)
    if (known === 'forever') continue
    until.set(residentId, untilOn === null ? 'forever' : known && known > untilOn ? known : untilOn)
  }
  return until
}

/** "Maria da Silva" is "M. S.": the first and the last word's letter. */
function initialsOf(fullName: string): string {
  const words = fullName.split(/[\s,]+/).filter((word) => /\p{L}/u.test(word))
  const letters = [words.at(0), words.length > 1 ? words.at(-1) : undefined].flatMap(
    (word) => word?.match(/\p{L}/u) ?? [],
  )
  return letters.map((letter) => `${letter.toUpperCase()}.`).join(' ')
}
