import { and, asc, eq, inArray, isNotNull, lte, min, notInArray, or, sql } from 'drizzle-orm'
import { idsIn, isContention, skipLocked } from '../db/dialect.ts'
import type { Reader, Tx } from '../db/open.ts'
import type { DeliveryState } from '../db/schema.ts'
import { storageFault } from '../db/trouble.ts'
import type { CivilDate } from '../lib/civil-date.ts'
import { faultText } from '../lib/fault-text.ts'
import type { Channel } from '../lib/office.ts'
import type { PhoneNumber } from '../lib/phone.ts'
import { closedChannels } from '../scan/candidates.ts'
import { startAt, tokenOf } from '../scan/plan-deliveries.ts'
import { carrierHas, loadNotices, type NoticeFactsRow } from './facts.ts'
import { LOOK_UP, type LookBack, lookBacks } from './lost.ts'
import { tryNextChannel } from './next-delivery.ts'
import { optedOut } from './opt-outs.ts'
import { routeScope } from './outcome.ts'
import { NOBODY } from './prepare-voice.ts'
import type { DeliverDeps } from './settings.ts'
import { type CancelReason, movedTogether, whyNot } from './still-due.ts'
import { compose, factsFor, type Said, tokenFor, type Words } from './words.ts'

/** A claimed delivery with its attempt on record and its words frozen: the network call may begin. */
export type Claimed = {
  deliveryId: number
  attemptId: number
  number: number
  channel: Channel
  to: PhoneNumber
  /** Whose words these are. */
  officeCode: string
  words: Words
  leaseUntil: number
  /** It may have been sent in a gap of the database: to be looked up first. */
  lookBack: LookBack | null
}

type Row = {
  id: number
  office_code: string
  channel: Channel
  phone: PhoneNumber
  phone_index: string
  phone_country: string | null
  language: string
  stage: number
  attempts: number
  token_hash: string
  voice_note_id: number | null
}

/** States in which a call may be ringing, or nobody knows. */
const LIVE: DeliveryState[] = ['sending', 'uncertain', 'accepted', 'sent']

/**
 * Takes up to `limit` due deliveries of a channel, reads the record again, cancels what is no longer to be told, and writes
 * the attempts of the rest: all in one transaction, before any network call.
 */
export async function claim(
  deps: DeliverDeps,
  options: { channel: Channel; limit: number; now: number; today: CivilDate; pausedRoutes: ReadonlySet<string> },
): Promise<{ claimed: Claimed[]; taken: number }> {
  const { now, today } = options
  const work = async (tx: Tx) => {
    const rows = await take(tx, deps, options)
    if (rows.length === 0) return { claimed: [], taken: 0 }
    const notices = Map.groupBy(
      await loadNotices(
        tx,
        rows.map((row) => row.id),
        today,
      ),
      (notice) => notice.deliveryId,
    )
    const closed = await closedChannels(tx, [...new Set(rows.map((row) => row.phone_index))])
    const voiceKeys = await voiceKeysOf(tx, rows)
    const tried = await carrierHas(
      tx,
      rows.filter((row) => row.attempts > 1).map((row) => row.id),
    )

    const starts = new Map<string, number>()
    const ready: { row: Row; words: Words; to: PhoneNumber }[] = []
    for (const row of rows) {
      const all = notices.get(row.id) ?? []
      try {
        const words = await prepare(tx, deps.at(row.office_code), row, all, {
          now,
          today,
          voiceKeys,
          closed,
          tried,
          pausedRoutes: options.pausedRoutes,
          starts,
        })
        if (words) ready.push(words)
      } catch (error) {
        // A full disk, a broken line or another worker in the way is no fault of this row: nothing of the claim is written then.
        if (isContention(tx.engine, error) || storageFault(error, 'the database')) throw error
        deps.log.error({ delivery: row.id, fault: faultText(error) }, 'delivery set aside')
        await putBack(tx, row, { state: 'set_aside', reason: 'defect', now })
      }
    }
    const backs = await lookBacks(
      tx,
      deps,
      ready.map(({ row }) => row),
      notices,
    )
    const begun: typeof ready = []
    for (const one of ready) {
      const back = backs.get(one.row.id)
      // A gap that ends later than now is from before the clock was set back: its end is long past.
      const listedAt = back && back.until <= now ? back.until + deps.patience.lookup.listingMs : now
      if (listedAt <= now) begun.push(one)
      else await putBack(tx, one.row, { state: 'queued', reason: LOOK_UP, now, notBefore: listedAt })
    }
    if (begun.length === 0) return { claimed: [], taken: rows.length }
    const attempts = await tx.insertRows<{ id: number; delivery_id: number }>(
      'attempts',
      begun.map(({ row, words, to }) => ({
        delivery_id: row.id,
        number: row.attempts,
        channel: row.channel,
        worker: deps.worker,
        words: deps.db.vault.seal(JSON.stringify({ ...words, to } satisfies Said), 'attempts.words'),
        segments: words.channel === 'sms' ? words.segments : null,
        started_at: now,
        outcome: 'pending',
      })),
      { returning: ['id', 'delivery_id'] },
    )
    const attemptIds = new Map(attempts.map((attempt) => [attempt.delivery_id, attempt.id]))
    const claimed = begun.map(({ row, words, to }) => ({
      deliveryId: row.id,
      attemptId: attemptIds.get(row.id)!,
      number: row.attempts,
      channel: row.channel,
      to,
      officeCode: row.office_code,
      words,
      leaseUntil: now + deps.patience.leaseMs,
      lookBack: backs.get(row.id) ?? null,
    }))
    return { claimed, taken: rows.length }
  }
  // One live call to a number, whoever makes it: two workers must not look for the next ones at the same time.
  return deps.db.write(work, { beside: options.channel !== 'call' })
}

async function take(
  tx: Tx,
  deps: DeliverDeps,
  { channel, limit, now }: { channel: Channel; limit: number; now: number },
): Promise<Row[]> {
  const { deliveries } = tx.t
  const due = and(eq(deliveries.state, 'queued'), eq(deliveries.channel, channel), lte(deliveries.not_before, now))
  const ids = channel === 'call' ? await dueCalls(tx, now, limit) : await dueIds(tx, due!, limit)
  if (ids.length === 0) return []
  const rows = await tx
    .update(deliveries)
    .set({
      state: 'sending',
      reason: null,
      worker: deps.worker,
      lease_until: now + deps.patience.leaseMs,
      attempts: sql`${deliveries.attempts} + 1`,
      state_since: now,
    })
    .where(and(sql`${deliveries.id} in ${idsIn(tx.engine, ids)}`, eq(deliveries.state, 'queued')))
    .returning({
      id: deliveries.id,
      office_code: deliveries.office_code,
      channel: deliveries.channel,
      phone: deliveries.phone,
      phone_index: deliveries.phone_index,
      phone_country: deliveries.phone_country,
      language: deliveries.language,
      stage: deliveries.stage,
      attempts: deliveries.attempts,
      token_hash: deliveries.token_hash,
      voice_note_id: deliveries.voice_note_id,
    })
  return rows.toSorted((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id))
}

async function dueIds(tx: Tx, due: NonNullable<ReturnType<typeof and>>, limit: number): Promise<number[]> {
  const { deliveries } = tx.t
  const rows = await tx.all<{ id: number }>(
    sql`select ${deliveries.id} as id from ${deliveries} where ${due} order by ${deliveries.not_before}, ${deliveries.id} limit ${limit}${skipLocked(tx.engine)}`,
  )
  return rows.map((row) => Number(row.id))
}

/** One call per number, and only with its voice note made: not while another may be ringing there, and the oldest of those that wait. */
async function dueCalls(tx: Tx, now: number, limit: number): Promise<number[]> {
  const { deliveries } = tx.t
  const live = tx
    .select({ phone_index: deliveries.phone_index })
    .from(deliveries)
    .where(and(eq(deliveries.channel, 'call'), inArray(deliveries.state, LIVE)))
  const rows = await tx
    .select({ id: min(deliveries.id) })
    .from(deliveries)
    .where(
      and(
        eq(deliveries.state, 'queued'),
        eq(deliveries.channel, 'call'),
        lte(deliveries.not_before, now),
        or(isNotNull(deliveries.voice_note_id), eq(deliveries.reason, NOBODY)),
        notInArray(deliveries.phone_index, live),
      ),
    )
    .groupBy(deliveries.phone_index)
    .orderBy(asc(min(deliveries.not_before)), asc(min(deliveries.id)))
    .limit(limit)
  return rows.map((row) => Number(row.id))
}

type Ground = {
  now: number
  today: CivilDate
  voiceKeys: ReadonlyMap<number, string>
  closed: ReadonlyMap<string, Channel[]>
  /** Deliveries that the carrier has had before. */
  tried: ReadonlySet<number>
  pausedRoutes: ReadonlySet<string>
  /** When each office may begin by a channel, as far as it was asked for. */
  starts: Map<string, number>
}

/** The row's words, or nothing after the row was put to rest or back. `deps` are those of its office. */
async function prepare(
  tx: Tx,
  deps: DeliverDeps,
  row: Row,
  all: NoticeFactsRow[],
  ground: Ground,
): Promise<{ row: Row; words: Words; to: PhoneNumber } | null> {
  const { now, today } = ground
  const window = `${row.office_code} ${row.channel}`
  const startsAt = ground.starts.get(window) ?? startAt(deps.office, row.channel, now)
  ground.starts.set(window, startsAt)
  if (startsAt > now) {
    await putBack(tx, row, { state: 'queued', reason: null, now, notBefore: startsAt })
    return null
  }
  const reasons = new Map<NoticeFactsRow, CancelReason | null>(
    all.map((notice) => [
      notice,
      whyNot(notice, { phoneIndex: row.phone_index, attempts: ground.tried.has(row.id) ? 1 : 0, today }),
    ]),
  )
  const moved = newAddress(all, reasons)
  const address = moved ?? { number: row.phone, index: row.phone_index, country: row.phone_country }
  const told = all.filter((notice) => reasons.get(notice) === null || (moved && reasons.get(notice) === 'corrected'))
  if (told.length === 0) {
    await putBack(tx, row, { state: 'cancelled', reason: reasons.get(all[0]!) ?? 'permit_over', now })
    return null
  }
  const closed = moved ? (await closedChannels(tx, [moved.index])).get(moved.index) : ground.closed.get(row.phone_index)
  if (closed?.includes(row.channel)) {
    const said = await optedOut(tx, [address.index])
    const reason = said.get(address.index)?.has(row.channel) ? 'opted_out' : 'dead_number'
    await putBack(tx, row, { state: 'cancelled', reason, now })
    await tryNextChannel(tx, deps, { deliveryId: row.id, now, today })
    return null
  }
  if (ground.pausedRoutes.size > 0 && ground.pausedRoutes.has(routeScope(row.channel, address.number))) {
    await putBack(tx, row, { state: 'exhausted', reason: 'route', now })
    await tryNextChannel(tx, deps, { deliveryId: row.id, now, today })
    return null
  }

  const token = await tokenNow(tx, deps, row, told, all)
  const facts = factsFor(deps, told, token, today)
  const voiceKey = row.voice_note_id === null ? null : (ground.voiceKeys.get(row.voice_note_id) ?? null)
  const composed = compose(
    deps,
    { channel: row.channel, language: row.language, voiceNoteId: row.voice_note_id, voiceKey },
    facts,
  )
  if (!composed.ok && composed.reason === 'needs-voice') {
    await putBack(tx, row, { state: 'queued', reason: 'needs-voice', now, voiceNoteId: null })
    return null
  }
  if (!composed.ok) {
    await putBack(tx, row, { state: 'exhausted', reason: composed.reason, now })
    await tryNextChannel(tx, deps, { deliveryId: row.id, now, today })
    return null
  }
  for (const notice of all) {
    if (!told.includes(notice)) await setApart(tx, deps, row, notice, reasons.get(notice)!, now)
  }
  if (moved) {
    await tx
      .update(tx.t.deliveries)
      .set({ phone: moved.number, phone_index: moved.index, phone_country: moved.country })
      .where(eq(tx.t.deliveries.id, row.id))
  }
  return { row, words: composed.words, to: address.number }
}

/** The new number when the record was corrected and everything in this delivery now goes there. */
function newAddress(
  all: NoticeFactsRow[],
  reasons: ReadonlyMap<NoticeFactsRow, CancelReason | null>,
): { number: PhoneNumber; index: string; country: string | null } | null {
  const moved = movedTogether(all, reasons)
  return moved?.phone ? { number: moved.phone, index: moved.phoneIndex, country: moved.phoneCountry } : null
}

/** The delivery's own token; made anew only when its first notice fell away before anything was attempted. */
async function tokenNow(
  tx: Tx,
  deps: DeliverDeps,
  row: Row,
  told: NoticeFactsRow[],
  all: NoticeFactsRow[],
): Promise<string> {
  const { vault } = deps.db
  for (const notice of all) {
    const token = tokenFor(vault, row.channel, notice)
    if (vault.tokenHash(token) === row.token_hash) {
      if (told.includes(notice) || row.attempts > 1) return token
    }
  }
  const token = tokenFor(vault, row.channel, told[0]!)
  await tx
    .update(tx.t.deliveries)
    .set({ token_hash: vault.tokenHash(token) })
    .where(eq(tx.t.deliveries.id, row.id))
  return token
}

/** A notice that is no longer told by a shared delivery gets a cancelled delivery of its own, which keeps the reason and can be reopened. */
async function setApart(
  tx: Tx,
  deps: DeliverDeps,
  row: Row,
  notice: NoticeFactsRow,
  reason: CancelReason,
  now: number,
): Promise<void> {
  const { deliveries, delivery_notices } = tx.t
  const { vault } = deps.db
  const parts = { issuedBy: notice.issuedBy, permitNo: notice.permitNo, expiresOn: notice.cycleExpiresOn }
  const token = `${tokenOf(vault, { ...parts, stage: notice.stage, role: notice.role, channel: row.channel })} apart ${row.id}`
  const [apart] = await tx
    .insert(deliveries)
    .values({
      token_hash: vault.tokenHash(token),
      office_code: notice.officeCode,
      channel: row.channel,
      role: notice.role,
      phone: row.phone,
      phone_index: row.phone_index,
      phone_country: row.phone_country,
      language: row.language,
      stage: notice.stage,
      due_on: todayText(deps, now),
      state: 'cancelled',
      reason,
      not_before: now,
      state_since: now,
      created_at: now,
    })
    .returning({ id: deliveries.id })
  await tx.update(delivery_notices).set({ delivery_id: apart!.id }).where(eq(delivery_notices.id, notice.linkId))
}

function todayText(deps: DeliverDeps, now: number): CivilDate {
  return Temporal.Instant.fromEpochMilliseconds(now)
    .toZonedDateTimeISO(deps.office.timeZone)
    .toPlainDate()
    .toString() as CivilDate
}

/** Ends or returns a row that was taken but not attempted. */
async function putBack(
  tx: Tx,
  row: Row,
  to: { state: DeliveryState; reason: string | null; now: number; notBefore?: number; voiceNoteId?: null },
): Promise<void> {
  const { deliveries } = tx.t
  await tx
    .update(deliveries)
    .set({
      state: to.state,
      reason: to.reason,
      attempts: row.attempts - 1,
      state_since: to.now,
      lease_until: null,
      worker: null,
      poll_at: null,
      ...(to.notBefore === undefined ? {} : { not_before: to.notBefore }),
      ...(to.voiceNoteId === undefined ? {} : { voice_note_id: to.voiceNoteId }),
    })
    .where(eq(deliveries.id, row.id))
}

async function voiceKeysOf(tx: Tx, rows: Row[]): Promise<Map<number, string>> {
  const ids = rows.flatMap((row) => (row.voice_note_id === null ? [] : [row.voice_note_id]))
  if (ids.length === 0) return new Map()
  const { voice_notes } = tx.t
  const notes = await tx
    .select({ id: voice_notes.id, key: voice_notes.content_key })
    .from(voice_notes)
    .where(inArray(voice_notes.id, ids))
  return new Map(notes.map((note) => [note.id, note.key]))
}

/** The earliest instant at which something queued may be due, or null when the queue is empty. */
export async function nextDue(reader: Reader, channel: Channel): Promise<number | null> {
  const { deliveries } = reader.t
  const [row] = await reader
    .select({ at: deliveries.not_before })
    .from(deliveries)
    .where(and(eq(deliveries.state, 'queued'), eq(deliveries.channel, channel)))
    .orderBy(asc(deliveries.not_before))
    .limit(1)
  return row?.at ?? null
}

/** Until when deliveries wait for the carrier's list to be complete; null where none does. */
export async function looksUntil(reader: Reader): Promise<number | null> {
  const { deliveries } = reader.t
  const [row] = await reader
    .select({ at: min(deliveries.not_before) })
    .from(deliveries)
    .where(and(eq(deliveries.state, 'queued'), eq(deliveries.reason, LOOK_UP)))
  return row?.at ?? null
}
