import type { TimelineAttempt, TimelineDelivery } from '../delivery-history-query.ts'
import type { Block, Rich } from '../pdf/content.ts'
import type { ProofAudio } from './audio.ts'
import { fateOf } from './fate.ts'
import type { ProofReceipt } from './receipts.ts'
import type { ProofNotice, ProofRecord } from './record.ts'
import type { Saying } from './saying.ts'

type Known = {
  record: ProofRecord
  saying: Saying
  receipts: ReadonlyMap<number, ProofReceipt>
  /** The section that the recordings stand in. */
  audioSection: number
  /** The language that words are in: English for who asked for one without a template. */
  writtenIn(language: string): string
}

/** One row for each delivery of each notice. */
export function summaryTable({ notices }: ProofRecord, saying: Saying): Block {
  const { t, date, stage, told } = saying
  return {
    kind: 'table',
    head: [t('proof.stage'), t('proof.date'), t('proof.reference'), t('proof.sentTo'), t('proof.state')],
    widths: [9, 19, 15, 30, 34],
    rows: notices.flatMap(({ stage: at, on, reference, deliveries }): Rich[][] => {
      const about = [stage(at), date(on), reference]
      if (deliveries.length === 0) return [[...about, '–', t('proof.nobody')]]
      return deliveries.map((delivery) => [...about, told(delivery), fateOf(delivery, saying)])
    }),
  }
}

/** Each notice with its deliveries, attempts, words and receipts. */
export function noticeBlocks(known: Known): Block[] {
  return known.record.notices.flatMap((notice) => [
    ...noticeHead(notice, known),
    ...notice.deliveries.flatMap((one) => deliveryBlocks(one, known)),
  ])
}

function noticeHead({ stage, reference, at, expiresOn, deliveries }: ProofNotice, { record, saying }: Known): Block[] {
  const { t, date, instant } = saying
  const rows: [string, Rich][] = [[t('proof.createdAt'), instant(at)]]
  if (expiresOn !== record.permit.expires_on)
    rows.push([t('proof.expires'), t('proof.formerExpiry', { date: date(expiresOn) })])
  return [
    { kind: 'heading', level: 2, text: t('proof.notice', { stage: saying.stage(stage), reference }) },
    { kind: 'facts', rows },
    ...(deliveries.length === 0 ? [{ kind: 'text', text: t('proof.nobody'), colour: 'warning' } as const] : []),
  ]
}

function deliveryBlocks(delivery: TimelineDelivery, known: Known): Block[] {
  const { saying, record, audioSection } = known
  const { t, tongue, told } = saying
  const rows: [string, Rich][] = [
    [t('proof.state'), fateOf(delivery, saying)],
    [t('proof.language'), tongue(delivery.language)],
  ]
  for (const audio of audiosOf(delivery, record.audios)) {
    const n = record.audios.indexOf(audio) + 1
    const key = delivery.channel === 'sms' ? 'proof.audioLinked' : 'proof.audioRef'
    rows.push([t('proof.audio'), t(key, { n, seconds: audio.seconds, section: audioSection })])
  }
  let before: TimelineAttempt | undefined
  const attempts = delivery.attempts.flatMap((attempt) => {
    const blocks = attemptBlocks(attempt, { ...known, delivery, before })
    if (attempt.words !== null && attempt.words !== before?.words) before = attempt
    return blocks
  })
  return [{ kind: 'heading', level: 3, text: told(delivery) }, { kind: 'facts', rows }, ...attempts]
}

function attemptBlocks(
  attempt: TimelineAttempt,
  known: Known & { delivery: TimelineDelivery; before: TimelineAttempt | undefined },
): Block[] {
  const { saying, delivery } = known
  const { t, label, sentence } = saying
  const { number, outcome, errorCode, sid } = attempt
  const name = number > 0 ? t('proof.attempt', { n: number }) : t('proof.listened', { n: -number })
  const facts = [label('attemptOutcome', outcome), ...particulars(attempt, saying)].join('; ')
  return [
    { kind: 'text', text: [{ text: `${name}: `, bold: true }, { text: facts }] },
    ...(sid === null
      ? []
      : [{ kind: 'text', text: [{ text: t('proof.sid', { sid }), colour: 'quiet' }], size: 8 } as const]),
    ...(errorCode === null
      ? []
      : [{ kind: 'text', text: `${sentence(errorCode)} (${errorCode})`, colour: 'warning' } as const]),
    ...wordsBlocks(attempt, known),
    ...receiptsTable(attempt, known),
    ...(delivery.attempts.length > 1 ? [{ kind: 'gap', height: 4 } as const] : []),
  ]
}

function particulars(attempt: TimelineAttempt, { t, instant, label }: Saying): string[] {
  const { at, finishedAt, httpStatus, answeredBy, digits, heard, seconds, ended } = attempt
  return [
    t('proof.attemptAt', { when: instant(at) }),
    finishedAt === null ? null : t('proof.finished', { when: instant(finishedAt) }),
    httpStatus === null ? null : t('proof.http', { status: httpStatus }),
    answeredBy && label('answeredBy', answeredBy),
    digits && t('history.key', { digits }),
    heard ? t('history.heard') : null,
    ended && label('carrierStatus', ended),
    seconds === null ? null : t('proof.duration', { seconds }),
  ].flatMap((one) => one || [])
}

function wordsBlocks(
  { words, number, voiceNoteId }: TimelineAttempt,
  {
    saying,
    record,
    delivery,
    before,
    writtenIn,
  }: Known & { delivery: TimelineDelivery; before: TimelineAttempt | undefined },
): Block[] {
  const { t, tongue } = saying
  if (words === null) return number < 0 ? [] : [{ kind: 'text', text: t('proof.wordsGone'), colour: 'quiet' }]
  if (words === before?.words)
    return [{ kind: 'text', text: t('proof.sameWords', { n: before.number }), colour: 'quiet' }]
  const written = writtenIn(delivery.language)
  const language = tongue(written)
  const heard = record.audios.find(({ id }) => id === voiceNoteId)?.spoken
  const title =
    delivery.channel !== 'call'
      ? t('proof.words', { language })
      : heard === undefined || heard.join() === written
        ? t('proof.spokenWords', { language })
        : t('proof.spokenOther', { language, heard: heard.map(tongue).join(', ') })
  return [
    { kind: 'heading', level: 3, text: title },
    { kind: 'words', text: words, language: written },
  ]
}

function receiptsTable({ receipts: theirs }: TimelineAttempt, { saying, receipts }: Known): Block[] {
  const { t, instant, label, sentence } = saying
  if (theirs.length === 0) return [{ kind: 'text', text: t('proof.noReceipts'), colour: 'quiet' }]
  return [
    {
      kind: 'table',
      head: [t('proof.receiptNo'), t('proof.receiptAt'), t('proof.receiptStatus'), t('proof.receiptSigned')],
      widths: [11, 27, 42, 24],
      rows: theirs.map((receipt) => [
        `R${receipts.get(receipt.id)!.number}`,
        instant(receipt.at),
        [
          `${label('receipt', receipt.kind)}: ${statusText(receipt.status, saying)}`,
          receipt.errorCode === null ? null : `${sentence(receipt.errorCode)} (${receipt.errorCode})`,
        ]
          .flatMap((one) => one ?? [])
          .join('. '),
        receipt.signed ? t('proof.signed') : receipts.get(receipt.id)!.polled ? t('proof.polled') : '–',
      ]),
    },
  ]
}

/** `answered:human`, `key:1`, `heard` and the carrier's own words. */
export function statusText(status: string, { t, label }: Saying): string {
  const [what = '', detail = ''] = status.split(':', 2)
  if (what === 'answered') return label('answeredBy', detail)
  if (what === 'key') return t('history.key', { digits: detail })
  if (what === 'heard') return t('history.heard')
  if (what === 'button') return label('badge', detail)
  return label('carrierStatus', status)
}

function audiosOf({ voiceNote, attempts }: TimelineDelivery, audios: readonly ProofAudio[]): ProofAudio[] {
  const ids = new Set([voiceNote?.id, ...attempts.map(({ voiceNoteId }) => voiceNoteId)])
  return audios.filter(({ id }) => ids.has(id))
}
