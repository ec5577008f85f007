import { inArray } from 'drizzle-orm'
import type { Reader } from '../db/open.ts'
import type { Answer, FollowUpKind, HoldReason } from '../db/schema.ts'
import { dateAt } from '../lib/civil-date.ts'
import { wordsOf } from './attend-replies.ts'

/** `reason` says in one Indonesian sentence why an officer is asked; `quote` is what the person wrote, where they did. */
export type Reason = { reason: string; quote: string | null }

type Asked = { id: number; kind: FollowUpKind; cause: string }

/** By follow-up id. */
export async function reasonsOf(
  reader: Reader,
  { rows, timeZone }: { rows: readonly Asked[]; timeZone: string },
): Promise<Map<number, Reason>> {
  const answers = await answersById(reader, idsOf(rows, 'ack'))
  const holds = await holdsById(reader, idsOf(rows, 'hold'))
  const replies = await repliesById(reader, idsOf(rows, 'receipt'))
  return new Map(
    rows.map(({ id, kind, cause }): [number, Reason] => {
      const source = numberIn(cause)
      if (kind === 'answer') return [id, { reason: answerReason(answers.get(source), timeZone), quote: null }]
      if (kind === 'hold-ended') return [id, { reason: holdReason(holds.get(source)), quote: null }]
      if (kind === 'reply')
        return [id, { reason: 'membalas dengan kata-kata sendiri', quote: replies.get(source) ?? null }]
      return [id, { reason: plainReason(kind, cause), quote: null }]
    }),
  )
}

function plainReason(kind: FollowUpKind, cause: string): string {
  if (kind === 'identity') {
    return cause.startsWith('same-person:')
      ? `mungkin orang yang sama dengan WNA nomor ${numberIn(cause)}`
      : 'tanggal izin-izinnya bertentangan: izin mana yang berlaku?'
  }
  if (kind === 'kind') return `jenis izin ${cause.slice(cause.indexOf(':') + 1)} tidak ada dalam kebijakan kantor`
  if (kind === 'number') return 'nomor telepon tidak dapat dipakai menurut operator'
  return phoneReasons[cause] ?? cause
}

const phoneReasons: Record<string, string> = {
  'no-phone': 'tidak ada nomor telepon yang dapat dipakai',
  'opted-out': 'pemegang nomor menolak semua saluran',
  unreachable: 'semua pengiriman pemberitahuan terakhir gagal',
  unconfirmed: 'belum terkonfirmasi sampai H-7',
}

type GivenAnswer = { answer: Answer; role: 'resident' | 'sponsor'; via: string; officer: string | null; at: number }

function answerReason(given: GivenAnswer | undefined, timeZone: string): string {
  if (!given) return 'jawaban sudah dihapus'
  const whose = given.role === 'sponsor' ? ' penjamin' : ''
  const by =
    given.via === 'counter'
      ? `di loket${whose}, dicatat ${given.officer ?? 'petugas'}`
      : `oleh pemegang telepon/tautan${whose}`
  return `menjawab "${answerWords[given.answer]}" pada ${dateAt(given.at, timeZone)} ${by}`
}

const answerWords: Record<Answer, string> = {
  understood: 'sudah mengerti',
  applied: 'sudah mengajukan',
  leaving: 'akan meninggalkan Indonesia',
  help: 'perlu bantuan',
}

function holdReason(hold: { reason: HoldReason; until_on: string | null } | undefined): string {
  return hold ? `pengecualian "${holdWords[hold.reason]}" berakhir ${hold.until_on}` : 'pengecualian berakhir'
}

const holdWords: Record<HoldReason, string> = {
  applied: 'sudah mengajukan',
  left: 'sudah meninggalkan Indonesia',
  refugee: 'pengungsi',
  diplomatic: 'diplomatik atau dinas',
  died: 'meninggal dunia',
  naturalised: 'menjadi WNI',
  other: 'lainnya',
}

function idsOf(rows: readonly Asked[], prefix: string): number[] {
  return rows.filter(({ cause }) => cause.startsWith(`${prefix}:`)).map(({ cause }) => numberIn(cause))
}

function numberIn(cause: string): number {
  return Number(cause.slice(cause.indexOf(':') + 1))
}

async function answersById(reader: Reader, ids: number[]): Promise<Map<number, GivenAnswer>> {
  if (ids.length === 0) return new Map()
  const { acknowledgements } = reader.t
  const rows = await reader
    .select({
      id: acknowledgements.id,
      answer: acknowledgements.answer,
      role: acknowledgements.role,
      via: acknowledgements.via,
      officer: acknowledgements.officer,
      at: acknowledgements.at,
    })
    .from(acknowledgements)
    .where(inArray(acknowledgements.id, ids))
  return new Map(rows.map((row) => [row.id, row]))
}

async function holdsById(reader: Reader, ids: number[]) {
  const { holds } = reader.t
  if (ids.length === 0) return new Map<number, { reason: HoldReason; until_on: string | null }>()
  const rows = await reader
    .select({ id: holds.id, reason: holds.reason, until_on: holds.until_on })
    .from(holds)
    .where(inArray(holds.id, ids))
  return new Map(rows.map((row) => [row.id, row]))
}

async function repliesById(reader: Reader, ids: number[]): Promise<Map<number, string>> {
  if (ids.length === 0) return new Map()
  const { receipts } = reader.t
  const rows = await reader
    .select({ id: receipts.id, raw: receipts.raw })
    .from(receipts)
    .where(inArray(receipts.id, ids))
  return new Map(rows.map((row) => [row.id, wordsOf(row.raw)]))
}
