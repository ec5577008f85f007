import type { Block } from '../pdf/content.ts'
import { givenBy } from './fate.ts'
import type { ProofEvent, ProofOptOut, ProofRecord } from './record.ts'
import type { Saying } from './saying.ts'

type Told = { at: number; what: string; text: string | null }

/** What else happened, oldest first: answers, officers' contacts, the case, holds, corrections, refusals. */
export function eventBlocks({ events, optOuts }: ProofRecord, saying: Saying): Block[] {
  const { t, instant } = saying
  const told = [...events.map((event) => toldOf(event, saying)), ...optOuts.flatMap((one) => optOutTold(one, saying))]
  if (told.length === 0) return [{ kind: 'text', text: t('proof.noEvents') }]
  return [
    {
      kind: 'table',
      head: [t('proof.date'), t('proof.event')],
      widths: [27, 80],
      rows: told
        .sort((a, b) => a.at - b.at)
        .map(({ at, what, text }) => [instant(at), text === null ? what : [{ text: `${what}: ` }, { text: text }]]),
    },
  ]
}

function toldOf(event: ProofEvent, saying: Saying): Told {
  const { t, label, date, tongue, phone, eventText } = saying
  const { at } = event
  const by = (who: string | null) => t('history.by', { who: who ?? '–' })
  switch (event.kind) {
    case 'answer':
      return {
        at,
        what: `${t('history.answer')}: ${label('badge', event.answer)}, ${givenBy(event, saying)}`,
        text: null,
      }
    case 'case': {
      const level =
        event.level && ['opened', 'escalated'].includes(event.event) ? ` (${label('badge', event.level)})` : ''
      return {
        at,
        what: `${t(`caseEvent.${event.event}`)}${level}, ${by(event.by)}`,
        text: caseText(event, { label, eventText }),
      }
    }
    case 'hold': {
      const until = event.until ? `, ${t('hold.until')} ${date(event.until)}` : ''
      const what = `${t(`history.hold-${event.event}`)}: ${t(`holdReason.${event.reason}`)}${until}, ${by(event.by)}`
      return { at, what, text: event.note }
    }
    case 'follow-up': {
      const about = `${t(`history.follow-${event.event}`)}: ${t(`kindLong.${event.about}`)}`
      if (event.event === 'opened') return { at, what: `${about} (${label('cause', event.cause)})`, text: null }
      return { at, what: `${about}: ${label('outcome', event.outcome)}, ${by(event.by)}`, text: null }
    }
    case 'correction': {
      const named = (value: string | null) =>
        value ? (event.field === 'language' ? tongue(value) : phone(value)) : t(`noValue.${event.field}`)
      const what = t(`historyCorrection.${event.event}`, { field: t(`correctedField.${event.field}`) })
      if (event.event === 'ended') {
        const ended = `endedBy.${event.by}`
        return { at, what: `${what}, ${named(event.value)}, ${t.has(ended) ? t(ended) : by(event.by)}`, text: null }
      }
      const change = t('proof.correctedTo', { before: named(event.before), value: named(event.value) })
      return { at, what: `${what}, ${change}, ${by(event.by)}`, text: event.reason }
    }
    case 'permit': {
      const { permitKind, permitNo, expiresOn } = event
      return {
        at,
        what: `${t('history.permit')} (${t('history.endsOn')} ${date(expiresOn)})`,
        text: `${permitKind} ${permitNo}`,
      }
    }
  }
}

function caseText(
  { event, text }: Extract<ProofEvent, { kind: 'case' }>,
  { label, eventText }: Pick<Saying, 'label' | 'eventText'>,
): string | null {
  if (text === null || text === '') return null
  if (event === 'closed' || event === 'contact') return eventText(event, text)
  return event === 'proposed' || event === 'withdrawn' ? label('proposal', text) : text
}

function optOutTold({ at, withdrawnAt, phone, channel, via }: ProofOptOut, saying: Saying): Told[] {
  const { t, label } = saying
  const about = { channel: label('channel', channel), phone: saying.phone(phone) }
  const set = { at, what: t('proof.optOut', { ...about, via: label('proof.optOutVia', via) }), text: null }
  if (withdrawnAt === null) return [set]
  return [set, { at: withdrawnAt, what: t('proof.optOutEnded', about), text: null }]
}
