import { eq, inArray } from 'drizzle-orm'
import type { Tx } from '../db/open.ts'
import type { CivilDate } from '../lib/civil-date.ts'
import type { Channel, Role } from '../lib/office.ts'
import type { PhoneNumber } from '../lib/phone.ts'
import { closedChannels, phoneColumns } from '../scan/candidates.ts'
import { channelsFor, isClosed, nextChannel } from '../scan/channels.ts'
import { addDeliveries, type Wanted } from '../scan/plan-deliveries.ts'
import { loadNotices, type NoticeFactsRow } from './facts.ts'
import type { DeliverDeps } from './settings.ts'
import { whyNot } from './still-due.ts'

type Phone = {
  number: PhoneNumber
  index: string
  country: string | null
  line: 'mobile' | 'fixed' | 'unknown'
  closed: Channel[]
}

export type Tried = { role: Role; channel: Channel }

/**
 * What follows when a delivery reached nobody: the same person's next channel; when none is left for the resident, the
 * sponsor, unless he is told already; else nothing, and an officer's follow-up is next.
 */
export function nextDelivery(input: {
  role: Role
  /** Every delivery that this notice has, whatever became of it. */
  tried: readonly Tried[]
  phone: Phone | null
  sponsorPhone: Phone | null
}): { role: Role; channel: Channel } | null {
  const { role, tried } = input
  const phone = role === 'resident' ? input.phone : input.sponsorPhone
  const channelsOf = (who: Role) => tried.filter((one) => one.role === who).map((one) => one.channel)
  if (phone) {
    const channel = nextChannel(channelsOf(role), { line: phone.line, closed: phone.closed, whatsapp: false })
    if (channel) return { role, channel }
  }
  const sponsor = input.sponsorPhone
  if (role === 'sponsor' || !sponsor || sponsor.index === input.phone?.index) return null
  if (tried.some((one) => one.role === 'sponsor')) return null
  if (phone && !isClosed({ line: phone.line, closed: phone.closed, whatsapp: false })) return null
  const [channel] = channelsFor(['sms'], { line: sponsor.line, closed: sponsor.closed, whatsapp: false })
  return channel ? { role: 'sponsor', channel } : null
}

/** Writes what `nextDelivery` says for every notice of a delivery that is still to be told. */
export async function tryNextChannel(
  tx: Tx,
  deps: DeliverDeps,
  options: { deliveryId: number; now: number; today: CivilDate },
): Promise<number> {
  const { delivery_notices, residents } = tx.t
  const notices = await loadNotices(tx, [options.deliveryId], options.today)
  const live = notices.filter((notice) => {
    const reason = whyNot(notice, { phoneIndex: notice.phoneIndex ?? '', attempts: 1, today: options.today })
    return reason === null || reason === 'corrected'
  })
  if (live.length === 0) return 0
  const tried = await tx
    .select({ noticeId: delivery_notices.notice_id, role: delivery_notices.role, channel: delivery_notices.channel })
    .from(delivery_notices)
    .where(
      inArray(
        delivery_notices.notice_id,
        live.map((notice) => notice.noticeId),
      ),
    )
  const wanted: Wanted[] = []
  for (const notice of live) {
    const [person] = await tx.select(phoneColumns(residents)).from(residents).where(eq(residents.id, notice.residentId))
    const closed = await closedChannels(
      tx,
      [person?.phone_index, person?.sponsor_phone_index].filter((index) => typeof index === 'string'),
    )
    const phone = phoneOf(person?.phone, person?.phone_index, person?.phone_country, person?.phone_line, closed)
    const sponsorPhone = phoneOf(
      person?.sponsor_phone,
      person?.sponsor_phone_index,
      person?.sponsor_phone_country,
      person?.sponsor_phone_line,
      closed,
    )
    const next = nextDelivery({
      role: notice.role,
      tried: tried.filter((one) => one.noticeId === notice.noticeId),
      phone,
      sponsorPhone,
    })
    if (next)
      wanted.push(await wantedOf(tx, deps, notice, next, next.role === 'resident' ? phone! : sponsorPhone!, options))
  }
  if (wanted.length === 0) return 0
  return addDeliveries(tx, { vault: deps.db.vault, wanted, today: options.today, now: options.now })
}

async function wantedOf(
  tx: Tx,
  deps: DeliverDeps,
  notice: NoticeFactsRow,
  next: { role: Role; channel: Channel },
  phone: Phone,
  options: { deliveryId: number },
): Promise<Wanted> {
  const { deliveries } = tx.t
  const [from] = await tx
    .select({ language: deliveries.language })
    .from(deliveries)
    .where(eq(deliveries.id, options.deliveryId))
  const { office } = deps.at(notice.officeCode)
  return {
    office,
    issuedBy: notice.issuedBy,
    permitNo: notice.permitNo,
    expiresOn: notice.cycleExpiresOn,
    stage: notice.stage,
    role: next.role,
    channel: next.channel,
    noticeId: notice.noticeId,
    phone: phone.number,
    phoneIndex: phone.index,
    phoneCountry: phone.country,
    language: next.role === notice.role ? from!.language : office.sponsorLanguage,
  }
}

function phoneOf(
  number: string | null | undefined,
  index: string | null | undefined,
  country: string | null | undefined,
  line: Phone['line'] | null | undefined,
  closed: Map<string, Channel[]>,
): Phone | null {
  if (!number || !index) return null
  return {
    number: number as PhoneNumber,
    index,
    country: country ?? null,
    line: line ?? 'unknown',
    closed: closed.get(index) ?? [],
  }
}
