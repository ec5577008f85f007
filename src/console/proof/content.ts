import { type CivilDate, timeAt } from '../../lib/civil-date.ts'
import type { Office } from '../../lib/office.ts'
import type { Officer } from '../officer.ts'
import type { Block, PdfContent } from '../pdf/content.ts'
import { annexBlocks, audioBlocks } from './annex.ts'
import { eventBlocks } from './events.ts'
import { verdictOf } from './fate.ts'
import { noticeBlocks, summaryTable } from './notices.ts'
import { factsBlock, joined, letterheadOf, numbered } from './paper.ts'
import { receiptsFile } from './receipts.ts'
import type { ProofRecord } from './record.ts'
import type { Saying } from './saying.ts'

export type ProofMaking = {
  office: Office
  officer: Pick<Officer, 'name'>
  spoken: string | null
  /** The language that words are in: English for who asked for one without a template. */
  writtenIn(language: string): string
  now: number
  today: CivilDate
}

/** The proof of notice for the file: everything on record about whether the holder of one permit was told. */
export function proofContent(record: ProofRecord, { saying, ...making }: ProofMaking & { saying: Saying }): PdfContent {
  const { office, officer, now, today } = making
  const { t, instant, language } = saying
  const number = `${office.code}-${record.permit.id}-${today.replaceAll('-', '')}-${timeAt(now, office.timeZone).replace(':', '')}`
  const made = t('proof.made', { number, when: instant(now), who: officer.name })
  const head = t('proof.head', { hash: record.auditHead })
  return {
    title: `${t('proof.button')} ${number}`,
    language,
    letterhead: letterheadOf(office),
    blocks: sections(record, { ...making, saying, made }),
    footer: [made, head],
    pageOf: (page, pages) => t('proof.page', { page, pages }),
    attachments: [
      {
        name: 'tanda-terima.json',
        type: 'application/json',
        description: t('proof.annex'),
        bytes: receiptsFile(record.receipts),
      },
    ],
    madeAt: now,
  }
}

function sections(record: ProofRecord, making: ProofMaking & { saying: Saying; made: string }): Block[] {
  const { saying, made, writtenIn } = making
  const { t } = saying
  const receipts = new Map(record.receipts.map((receipt) => [receipt.id, receipt]))
  const parts: [title: string, blocks: Block[]][] = [
    [t('proof.person'), [personFacts(record, making)]],
    [t('proof.summary'), summary(record, saying)],
  ]
  const told = record.notices.length > 0
  const audioSection = parts.length + (told ? 2 : 1)
  if (told) parts.push([t('proof.notices'), noticeBlocks({ record, saying, receipts, audioSection, writtenIn })])
  if (record.audios.length > 0) parts.push([t('proof.audio'), audioBlocks(record.audios, saying)])
  parts.push([t('proof.events'), eventBlocks(record, saying)], [t('proof.about'), about(record, making)])
  return [
    { kind: 'title', text: t('proof.title') },
    { kind: 'text', text: made, size: 8.5, colour: 'quiet' },
    { kind: 'text', text: t('proof.zone', { zone: saying.zone }), size: 8.5, colour: 'quiet' },
    ...numbered(parts),
    ...annexBlocks(record.receipts, saying),
  ]
}

function personFacts(
  { resident: p, permit }: ProofRecord,
  { saying, spoken }: ProofMaking & { saying: Saying },
): Block {
  const { t, date, country, tongue, phone } = saying
  return factsBlock([
    [t('person.name'), [{ text: p.full_name, bold: true }]],
    [t('person.nationality'), country(p.nationality)],
    [t('person.passport'), p.passport_no],
    [t('person.register'), p.register_no],
    [t('person.born'), p.birth_date && date(p.birth_date)],
    [t('person.address'), joined([p.address, p.district, p.regency])],
    [t('person.phone'), p.phone ? phone(p.phone) : t('follow.noPhone')],
    [t('person.language'), tongue(spoken)],
    [t('person.sponsor'), joined([p.sponsor_name, p.sponsor_phone && phone(p.sponsor_phone)])],
    [t('person.permit'), joined([permit.kind, permit.permit_no, permit.index_code], ' · ')],
    [t('proof.issued'), permit.issued_on && date(permit.issued_on)],
    [t('proof.expires'), [{ text: date(permit.expires_on), bold: true }]],
    [t('proof.knownSince'), date(permit.known_since)],
    ['', permit.is_current === 1 ? t('proof.isCurrent') : t('proof.notCurrent')],
  ])
}

function summary(record: ProofRecord, saying: Saying): Block[] {
  return [
    ...verdictOf(record, saying).map(
      ({ text, warning }): Block => ({ kind: 'text', text, colour: warning ? 'warning' : 'ink' }),
    ),
    ...record.cases.map((one): Block => {
      const { t, date, label } = saying
      const state =
        one.closed_at === null
          ? label('badge', 'open')
          : `${label('badge', 'closed')}, ${label('outcome', one.outcome)}`
      return {
        kind: 'text',
        text: `${t('residents.case', { id: one.id })}: ${label('badge', one.level)} (${state}); ${t('history.endsOn')} ${date(one.expires_on)}.`,
      }
    }),
    ...(record.notices.length > 0 ? [summaryTable(record, saying)] : []),
  ]
}

function about({ auditHead }: ProofRecord, { saying }: { saying: Saying }): Block[] {
  const { t } = saying
  return [
    { kind: 'text', text: t('proof.aboutText') },
    { kind: 'text', text: t('proof.aboutAudit') },
    { kind: 'code', lines: [auditHead] },
    { kind: 'gap', height: 4 },
    { kind: 'text', text: t('proof.aboutVerify') },
    { kind: 'gap', height: 14 },
    { kind: 'text', text: t('proof.signature') },
    { kind: 'gap', height: 50 },
  ]
}
