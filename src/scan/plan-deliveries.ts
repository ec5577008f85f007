import { and, eq, inArray, sql } from 'drizzle-orm'
import { textsIn } from '../db/dialect.ts'
import { type Gap, readGap } from '../db/gap.ts'
import { lockRows } from '../db/lock-rows.ts'
import type { Tx } from '../db/open.ts'
import type { CivilDate } from '../lib/civil-date.ts'
import type { Channel, Office, Role } from '../lib/office.ts'
import type { PhoneNumber } from '../lib/phone.ts'
import { windowAt } from '../lib/window.ts'
import { mayBeLost, stageBegins } from './lost.ts'

/** What identifies a link for ever: the same delivery has the same token, also after a restore. */
export type LinkParts = {
  /** Under which the permit came in; a transfer does not change it. */
  issuedBy: string
  permitNo: string
  expiresOn: CivilDate
  stage: number
  role: Role
  channel: Channel
}

/** One message or call that one notice wants. */
export type Wanted = LinkParts & {
  /** Whose words, window and sender it has. */
  office: Office
  noticeId: number
  phone: PhoneNumber
  phoneIndex: string
  phoneCountry: string | null
  language: string
}

export function tokenOf(vault: { token(...parts: (string | number)[]): string }, parts: LinkParts): string {
  return vault.token(parts.issuedBy, parts.permitNo, parts.expiresOn, parts.stage, parts.role, parts.channel)
}

/**
 * Writes the deliveries of new notices. What one office tells one phone by one channel in one language on one day travels together:
 * in the delivery that already waits there untouched, else in a new one. Call it with the wanted of one page at a time.
 *
 * What may have been told in a gap travels with those of its own day only, as it did then: the link at the carrier
 * says that a message went out, not for whom of several.
 */
export async function addDeliveries(
  tx: Tx,
  options: { vault: Vault; wanted: readonly Wanted[]; today: CivilDate; now: number },
): Promise<number> {
  const { vault, today, now } = options
  const gap = await readGap(tx)
  const groups = new Map<string, { wanted: Wanted[]; phoneIndex: string }>()
  for (const one of options.wanted) {
    const { phoneIndex } = one
    const apart = mayBeLost(one, gap, one.office.timeZone) ? ` begun ${stageBegins(one)}` : ''
    const key = `${one.office.code} ${phoneIndex} ${one.channel} ${one.language}${apart}`
    const group = groups.get(key)
    if (group) group.wanted.push(one)
    else groups.set(key, { wanted: [one], phoneIndex })
  }
  const indexes = [...new Set([...groups.values()].map((group) => group.phoneIndex))]
  const waiting = await untouchedToday(tx, today, indexes)
  const [any] = options.wanted
  if (gap && any) await leaveLost(tx, waiting, { gap, timeZone: any.office.timeZone })
  const planned = Array.from(groups, ([key, { wanted, phoneIndex }]) => {
    const sorted = wanted.toSorted((a, b) => (`${a.issuedBy} ${a.permitNo}` < `${b.issuedBy} ${b.permitNo}` ? -1 : 1))
    const role: Role = sorted.some((one) => one.role === 'sponsor') ? 'sponsor' : 'resident'
    return { sorted, role, phoneIndex, joins: waiting.get(key) }
  })
  const created = planned.filter(({ joins }) => joins === undefined)
  const inserted = await insertDeliveries(tx, created, { vault, today, now })
  const ids = new Map(created.map((one, index) => [one, inserted[index]!]))
  const links: { delivery_id: number; notice_id: number; role: Role; channel: Channel }[] = []
  for (const one of planned) {
    const { sorted, role, joins } = one
    const id = joins ?? ids.get(one)!
    if (joins !== undefined && role === 'sponsor') {
      await tx.update(tx.t.deliveries).set({ role }).where(eq(tx.t.deliveries.id, id))
    }
    for (const { noticeId, role, channel } of sorted)
      links.push({ delivery_id: id, notice_id: noticeId, role, channel })
  }
  await tx.insertRows('delivery_notices', links, { skipKnown: true })
  return created.length
}

/** Their ids in this order. */
async function insertDeliveries(
  tx: Tx,
  planned: readonly { sorted: readonly Wanted[]; role: Role; phoneIndex: string }[],
  { vault, today, now }: { vault: Vault; today: CivilDate; now: number },
): Promise<number[]> {
  if (planned.length === 0) return []
  const { deliveries } = tx.t
  const starts = new Map<string, number>()
  const values = planned.map(({ sorted, role, phoneIndex }) => {
    const first = sorted[0]!
    const opening = `${first.office.code} ${first.channel}`
    const notBefore = starts.get(opening) ?? firstStart(first.office, first.channel, now)
    starts.set(opening, notBefore)
    return {
      token_hash: vault.tokenHash(tokenOf(vault, first)),
      office_code: first.office.code,
      channel: first.channel,
      role,
      phone: vault.seal(first.phone, 'deliveries.phone'),
      phone_index: phoneIndex,
      phone_country: first.phoneCountry,
      language: first.language,
      stage: Math.min(...sorted.map((one) => one.stage)),
      due_on: today,
      state: 'queued',
      not_before: notBefore,
      state_since: now,
      created_at: now,
    }
  })
  await tx.insertRows('deliveries', values)
  const rows = await tx
    .select({ id: deliveries.id, tokenHash: deliveries.token_hash, channel: deliveries.channel })
    .from(deliveries)
    .where(
      sql`${deliveries.token_hash} in ${textsIn(
        tx.engine,
        values.map((one) => one.token_hash),
      )}`,
    )
  const ids = new Map(rows.map((row) => [`${row.tokenHash} ${row.channel}`, row.id]))
  return values.map((one) => ids.get(`${one.token_hash} ${one.channel}`)!)
}

/** SMS and WhatsApp as soon as the window is open; the call some minutes after the SMS could have gone. */
export function firstStart(office: Office, channel: Channel, now: number): number {
  const message = startAt(office, 'sms', now)
  if (channel !== 'call') return startAt(office, channel, now)
  return startAt(office, 'call', message + office.callAfterSmsMinutes * 60_000)
}

/** `instant` itself if the channel may start then, else the next opening. */
export function startAt(office: Office, channel: Channel, instant: number): number {
  const window = windowAt(office, channel, instant)
  return window.mayStart ? instant : window.opensAt
}

type Vault = {
  token(...parts: (string | number)[]): string
  tokenHash(token: string): string
  seal(plain: string, place: string): string
}

async function untouchedToday(tx: Tx, today: CivilDate, phoneIndexes: string[]): Promise<Map<string, number>> {
  const { deliveries } = tx.t
  const untouched = and(
    eq(deliveries.due_on, today),
    sql`${deliveries.phone_index} in ${textsIn(tx.engine, phoneIndexes)}`,
    eq(deliveries.state, 'queued'),
    eq(deliveries.attempts, 0),
  )
  // What another worker takes at this moment would be sent without the notice that is put into it.
  await lockRows(tx, deliveries, untouched)
  const rows = await tx
    .select({
      id: deliveries.id,
      office_code: deliveries.office_code,
      phone_index: deliveries.phone_index,
      channel: deliveries.channel,
      language: deliveries.language,
    })
    .from(deliveries)
    .where(untouched)
  return new Map(rows.map((row) => [`${row.office_code} ${row.phone_index} ${row.channel} ${row.language}`, row.id]))
}

/** Strikes out the deliveries that wait for a look at the carrier. */
async function leaveLost(
  tx: Tx,
  waiting: Map<string, number>,
  { gap, timeZone }: { gap: Gap; timeZone: string },
): Promise<void> {
  const { delivery_notices, notices, cycles } = tx.t
  const rows = await tx
    .select({ id: delivery_notices.delivery_id, stage: notices.stage, expiresOn: cycles.expires_on })
    .from(delivery_notices)
    .innerJoin(notices, eq(notices.id, delivery_notices.notice_id))
    .innerJoin(cycles, eq(cycles.id, notices.cycle_id))
    .where(inArray(delivery_notices.delivery_id, [...waiting.values()]))
  const lost = new Set(rows.filter((row) => mayBeLost(row, gap, timeZone)).map(({ id }) => id))
  for (const [key, id] of waiting) if (lost.has(id)) waiting.delete(key)
}
