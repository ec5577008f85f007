import type { Block, PdfContent } from '../pdf/content.ts'
import { annexBlocks, audioBlocks } from '../proof/annex.ts'
import type { ProofMaking } from '../proof/content.ts'
import { eventBlocks } from '../proof/events.ts'
import { noticeBlocks } from '../proof/notices.ts'
import { factsBlock, joined, letterheadOf, numbered } from '../proof/paper.ts'
import type { ProofRecord } from '../proof/record.ts'
import type { Saying } from '../proof/saying.ts'
import type { PersonRecord } from './record.ts'

export type PersonMaking = Omit<ProofMaking, 'today'>

type Parts = {
  record: PersonRecord
  proofs: readonly ProofRecord[]
  whole: ProofRecord | null
  saying: Saying
} & PersonMaking

/** The copy that a person may ask for: all that is kept, on paper, with the same for machines inside. */
export function personContent(
  record: PersonRecord,
  { proofs, saying, ...making }: PersonMaking & { proofs: readonly ProofRecord[]; saying: Saying },
): PdfContent {
  const { office, officer, now } = making
  const { t, instant, language } = saying
  const made = t('personal.made', { when: instant(now), who: officer.name })
  return {
    title: `${t('personal.title')} ${office.code}-${record.resident.id}`,
    language,
    letterhead: letterheadOf(office),
    blocks: [
      { kind: 'title', text: t('personal.title') },
      { kind: 'text', text: t('personal.law') },
      { kind: 'text', text: `${made}. ${t('proof.zone', { zone: saying.zone })}`, size: 8.5, colour: 'quiet' },
      ...sections({ record, proofs, whole: merged(proofs), saying, ...making }),
    ],
    footer: [made],
    pageOf: (page, pages) => t('proof.page', { page, pages }),
    attachments: [
      {
        name: 'data.json',
        type: 'application/json',
        description: t('personal.annex'),
        bytes: Buffer.from(`${JSON.stringify(record, null, 2)}\n`),
      },
    ],
    madeAt: now,
  }
}

function sections(parts: Parts): Block[] {
  const { whole, saying } = parts
  const { t } = saying
  const none: Block[] = [{ kind: 'text', text: t('personal.none') }]
  const titled: [title: string, blocks: Block[]][] = [
    [t('personal.person'), [personFacts(parts)]],
    [t('personal.permits'), [permitTable(parts)]],
    [t('personal.notices'), noticesOf(parts)],
    [t('proof.audio'), whole ? audioBlocks(whole.audios, saying) : []],
    [t('personal.events'), whole ? eventBlocks(whole, saying) : []],
    [t('personal.replies'), repliesOf(parts)],
    [t('personal.looked'), lookedAt(parts)],
    [t('personal.about'), about(parts)],
  ]
  return [
    ...numbered(titled.map(([title, blocks]) => [title, blocks.length > 0 ? blocks : none])),
    ...annexBlocks(whole?.receipts ?? [], saying),
  ]
}

/** Where the recordings stand among the sections. */
const AUDIO_SECTION = 4

function personFacts({ record, saying, spoken }: Parts): Block {
  const { resident: p } = record
  const { t, date, country, tongue, phone, instant } = saying
  return factsBlock([
    [t('person.name'), [{ text: p.full_name, bold: true }]],
    [t('person.nationality'), country(p.nationality)],
    [t('person.passport'), p.passport_no],
    [t('person.register'), p.register_no],
    [t('person.born'), p.birth_date && date(p.birth_date)],
    [t('personal.sex'), p.sex],
    [t('person.address'), joined([p.address, p.district, p.regency])],
    [t('person.phone'), p.phone && phone(p.phone)],
    [t('personal.whatsapp'), p.whatsapp_opt_in_on && date(p.whatsapp_opt_in_on)],
    [t('person.language'), tongue(spoken)],
    [t('personal.chosen'), p.chosen_language && tongue(p.chosen_language)],
    [t('personal.purpose'), p.purpose],
    [t('person.sponsor'), joined([p.sponsor_name, p.sponsor_phone && phone(p.sponsor_phone)])],
    [t('personal.since'), instant(p.created_at)],
  ])
}

function permitTable({ record, saying }: Parts): Block {
  const { t, date } = saying
  return {
    kind: 'table',
    head: [t('person.permit'), t('proof.issued'), t('proof.expires'), t('personal.since')],
    widths: [40, 20, 20, 20],
    rows: record.permits.map((permit) => [
      joined([permit.kind, permit.permit_no, permit.index_code], ' · '),
      permit.issued_on ? date(permit.issued_on) : '–',
      date(permit.expires_on),
      date(permit.known_since),
    ]),
  }
}

function noticesOf({ proofs, whole, saying, writtenIn }: Parts): Block[] {
  if (!whole) return []
  const receipts = new Map(whole.receipts.map((receipt) => [receipt.id, receipt]))
  return proofs
    .filter(({ notices }) => notices.length > 0)
    .flatMap((proof): Block[] => [
      { kind: 'heading', level: 2, text: `${proof.permit.kind} ${proof.permit.permit_no}` },
      ...noticeBlocks({
        record: { ...proof, audios: whole.audios },
        saying,
        receipts,
        audioSection: AUDIO_SECTION,
        writtenIn,
      }),
    ])
}

function repliesOf({ record, saying }: Parts): Block[] {
  return record.replies.flatMap(({ at, parameters }): Block[] => [
    { kind: 'text', text: saying.instant(at), size: 8.5, colour: 'quiet' },
    { kind: 'words', text: parameters.Body || (parameters.ButtonText ?? '–'), language: '' },
  ])
}

function lookedAt({ record, saying }: Parts): Block[] {
  const { t, instant } = saying
  const hint: Block = { kind: 'text', text: t('personal.lookedHint'), size: 8.5, colour: 'quiet' }
  if (record.looked_at.length === 0) return [{ kind: 'text', text: t('personal.nobodyLooked') }, hint]
  return [
    {
      kind: 'table',
      head: [t('proof.date'), t('personal.who'), t('personal.what')],
      widths: [30, 20, 50],
      rows: record.looked_at.map(({ at, officer, action, subject }) => [
        instant(at),
        officer ?? t('personal.operator'),
        `${action} (${subject})`,
      ]),
    },
    hint,
  ]
}

function about({ office, saying }: Parts): Block[] {
  const { t } = saying
  const { retention } = office
  const kept = t('personal.keptText', {
    rules: retention ? 'yes' : 'no',
    messages: retention?.messages ?? 0,
    receipts: retention?.receipts ?? 0,
    cases: retention?.cases ?? 0,
    residents: retention?.residents ?? 0,
  })
  const texts = [t('personal.purposeText'), kept, t('personal.abroadText'), t('personal.rightsText')]
  return texts.map((text) => ({ kind: 'text', text }))
}

/** The proofs of all permits as one: what is the person's comes with each of them. */
function merged(proofs: readonly ProofRecord[]): ProofRecord | null {
  const [first] = proofs
  if (!first) return null
  const all = <Item>(of: (proof: ProofRecord) => readonly Item[], keyOf: (item: Item) => unknown): Item[] => [
    ...new Map(proofs.flatMap(of).map((item) => [keyOf(item), item])).values(),
  ]
  const byTime = (a: { at: number }, b: { at: number }) => a.at - b.at
  return {
    ...first,
    notices: all(
      ({ notices }) => notices,
      ({ reference }) => reference,
    ).sort(byTime),
    events: all(
      ({ events }) => events,
      (event) => JSON.stringify(event),
    ).sort(byTime),
    optOuts: all(
      ({ optOuts }) => optOuts,
      (one) => JSON.stringify(one),
    ).sort(byTime),
    receipts: all(
      ({ receipts }) => receipts,
      ({ id }) => id,
    )
      .sort(byTime)
      .map((receipt, at) => ({ ...receipt, number: at + 1 })),
    audios: all(
      ({ audios }) => audios,
      ({ id }) => id,
    ).sort((a, b) => a.id - b.id),
  }
}
