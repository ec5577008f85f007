import { confirms } from '../../overstay/contacts.ts'
import type { TimelineDelivery } from '../delivery-history-query.ts'
import type { ProofRecord } from './record.ts'
import type { Saying } from './saying.ts'

/** What became of a delivery, in a sentence that claims no more than the carrier said. */
export function fateOf(delivery: TimelineDelivery, { t, instant, why }: Saying): string {
  const { channel, state, reason, since, notBefore, attempts } = delivery
  const when = instant(state === 'queued' ? notBefore : since)
  const because = reason === null ? '' : ` ${why(reason)}.`
  if (channel !== 'call' || state !== 'delivered') return `${t(`proof.fate.${state}`, { when })}${because}`
  const heard = attempts.findLast((attempt) => attempt.heard || attempt.digits)
  if (heard?.digits) return t('proof.fate.pressed', { when, digits: heard.digits })
  return heard ? t('proof.fate.heard', { when }) : t('proof.fate.callDelivered', { when })
}

/** The first sentences of the proof: whether anybody was told at all. */
export function verdictOf(
  { notices, contacts }: Pick<ProofRecord, 'notices' | 'contacts'>,
  saying: Saying,
): { text: string; warning: boolean }[] {
  const { t } = saying
  const deliveries = notices.flatMap((notice) => notice.deliveries)
  const confirmed = deliveries.filter(({ channel, state }) => confirms(channel, state)).length
  const uncertain = deliveries.filter(({ state }) => state === 'uncertain').length
  const sure = contacts.filter((contact) => contact.confirms)
  const said = (text: string) => ({ text, warning: false })
  const warned = (text: string) => ({ text, warning: true })
  return [
    notices.length === 0
      ? warned(t('proof.noNotice'))
      : said(t('proof.counts', { notices: notices.length, deliveries: deliveries.length, confirmed })),
    sure[0]
      ? said(t('proof.first', { when: saying.instant(sure[0].at), what: contactText(sure[0], saying) }))
      : warned(t('proof.unconfirmed')),
    ...(sure.length > 0 && sure.every(({ role }) => role === 'sponsor') ? [warned(t('proof.sponsorOnly'))] : []),
    ...(uncertain > 0 ? [warned(t('proof.uncertain', { n: uncertain }))] : []),
  ]
}

function contactText({ kind, channel, what, by, role }: ProofRecord['contacts'][number], saying: Saying): string {
  const { t, label } = saying
  const whom = role === 'sponsor' ? t('person.sponsor') : t('proof.resident')
  if (kind === 'delivery') return `${label('channel', channel)} (${whom}): ${label('badge', what)}`
  if (kind === 'officer') return t('proof.officerContact', { channel: label('channel', channel), who: by ?? '–' })
  return t('proof.answered', {
    answer: label('badge', what),
    how: givenBy({ role, via: channel, officer: by }, saying),
  })
}

/** Who gave an answer: whoever held the phone or the link, unless an officer wrote it down. */
export function givenBy(
  { role, via, officer }: { role: string; via: string; officer: string | null },
  { t, label }: Saying,
): string {
  if (via === 'counter') return t('history.atCounter', { officer: officer ?? '–' })
  return `${role === 'sponsor' ? t('history.bySponsor') : t('history.byHolder')}, ${label('via', via)}`
}
