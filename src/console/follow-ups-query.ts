import { and, count, eq, inArray, isNotNull, isNull, max, sql } from 'drizzle-orm'
import { ofOffice } from '../db/of-office.ts'
import type { Db } from '../db/open.ts'
import type { Channel, FollowUpKind } from '../db/schema.ts'
import type { CivilDate } from '../lib/civil-date.ts'
import type { Office } from '../lib/office.ts'
import { type FollowUpFilter, type FollowUpRow, followUpList } from '../overstay/follow-up-list.ts'
import type { ConsoleDeps } from './deps.ts'
import { ofArea, PAGE_SIZE, type Page, pageOf } from './find.ts'
import type { Officer } from './officer.ts'
import { saidIn } from './said-words.ts'

export const FOLLOW_UP_KINDS = [
  'phone',
  'reply',
  'answer',
  'number',
  'identity',
  'hold-ended',
  'kind',
] as const satisfies readonly FollowUpKind[]

/** What was said last to a resident in this cycle, and by which way. */
export type LastWords = { at: number; channel: Channel; language: string; words: string | null }
export type FollowUpEntry = FollowUpRow & {
  last_words: LastWords | null
  language: string | null
  case_id: number | null
  case_version: number | null
}

/** `languageOf`: what somebody is written to in; without it only what the register or the resident says. */
export type FollowUpScope = {
  db: Db
  office: Office
  several?: boolean
  today: CivilDate
  officer: Pick<Officer, 'regencies'>
  languageOf?: ConsoleDeps['languageOf']
}

export type FollowUpView = Pick<FollowUpFilter, 'kind' | 'notKind' | 'owner' | 'overdue' | 'closed' | 'residentId'>

/** The first due first, so what is overdue stands on top. */
export async function followUpPage(
  scope: FollowUpScope,
  { view, after = null, size = PAGE_SIZE }: { view: FollowUpView; after?: number | null; size?: number },
): Promise<Page<FollowUpEntry>> {
  const { db, office, today, officer } = scope
  const key = after === null ? undefined : await keyOf(db, after)
  const filter = {
    ...view,
    ...(key && { after: key }),
    ...(officer.regencies && { regencies: officer.regencies }),
    limit: size + 1,
  }
  const page = pageOf(await followUpList(db.read, { office, today, filter }), (row) => row.id, size)
  return { ...page, rows: await withWords(scope, page.rows) }
}

/** Null where there is none, or it is of a resident outside the officer's area. */
export async function followUpOf(scope: FollowUpScope, id: number): Promise<FollowUpRow | null> {
  const { db, office, today, officer } = scope
  const filter = { id, ...(officer.regencies && { regencies: officer.regencies }) }
  return (await followUpList(db.read, { office, today, filter }))[0] ?? null
}

export type FollowUpCount = { kind: FollowUpKind; open: number; overdue: number; untaken: number }

/** Of every kind, in the order in which an officer takes them. */
export async function followUpCounts({ db, office, today, officer }: FollowUpScope): Promise<FollowUpCount[]> {
  const { follow_ups, residents } = db.t
  const rows = await db.read
    .select({
      kind: follow_ups.kind,
      overdue: sql<number>`case when ${follow_ups.due_on} < ${today} then 1 else 0 end`.as('overdue'),
      taken: sql<number>`case when ${follow_ups.owner} is null then 0 else 1 end`.as('taken'),
      n: count(),
    })
    .from(follow_ups)
    .innerJoin(residents, eq(residents.id, follow_ups.resident_id))
    .where(
      and(isNull(follow_ups.closed_at), ofOffice(residents.office_code, office), ofArea(residents.regency, officer)),
    )
    .groupBy(follow_ups.kind, sql`overdue`, sql`taken`)
  return FOLLOW_UP_KINDS.map((kind) => {
    const sum = (which: (row: (typeof rows)[number]) => boolean) =>
      rows.filter((row) => row.kind === kind && which(row)).reduce((total, row) => total + Number(row.n), 0)
    return {
      kind,
      open: sum(() => true),
      overdue: sum((row) => Number(row.overdue) === 1),
      untaken: sum((row) => Number(row.taken) === 0),
    }
  })
}

/** Whoever has an open follow-up. */
export async function followUpOwners({
  db,
  office,
  several,
}: Pick<FollowUpScope, 'db' | 'office' | 'several'>): Promise<string[]> {
  const { follow_ups, residents } = db.t
  const ours = db.read.select({ id: residents.id }).from(residents).where(ofOffice(residents.office_code, office))
  const rows = await db.read
    .selectDistinct({ owner: follow_ups.owner })
    .from(follow_ups)
    .where(
      and(
        isNull(follow_ups.closed_at),
        isNotNull(follow_ups.owner),
        several ? inArray(follow_ups.resident_id, ours) : undefined,
      ),
    )
  return rows.flatMap((row) => row.owner ?? []).sort()
}

async function keyOf(db: Db, id: number) {
  const { follow_ups } = db.t
  const [row] = await db.read
    .select({ due_on: follow_ups.due_on, id: follow_ups.id })
    .from(follow_ups)
    .where(eq(follow_ups.id, id))
  return row
}

async function withWords({ db, languageOf }: FollowUpScope, rows: FollowUpRow[]): Promise<FollowUpEntry[]> {
  const cycleIds = [...new Set(rows.flatMap((row) => row.cycle_id ?? []))]
  const [words, cases, languages] = await Promise.all([
    lastWordsOf(db, cycleIds),
    openCasesOf(db, cycleIds),
    languagesOf(db, {
      residentIds: rows.map((row) => row.resident_id),
      languageOf: languageOf ?? (({ chosenLanguage, language }) => chosenLanguage ?? language),
    }),
  ])
  return rows.map((row) => {
    const last = words.get(row.cycle_id ?? 0) ?? null
    const open = cases.get(row.cycle_id ?? 0)
    return {
      ...row,
      last_words: last,
      language: languages.get(row.resident_id) ?? last?.language ?? null,
      case_id: open?.id ?? null,
      case_version: open?.version ?? null,
    }
  })
}

/** The newest attempt of each cycle that said something. */
async function lastWordsOf(db: Db, cycleIds: number[]): Promise<Map<number, LastWords>> {
  if (cycleIds.length === 0) return new Map()
  const { notices, delivery_notices, deliveries, attempts } = db.t
  const newest = await db.read
    .select({ cycleId: notices.cycle_id, attemptId: max(attempts.id) })
    .from(notices)
    .innerJoin(delivery_notices, eq(delivery_notices.notice_id, notices.id))
    .innerJoin(attempts, eq(attempts.delivery_id, delivery_notices.delivery_id))
    .where(and(inArray(notices.cycle_id, cycleIds), isNotNull(attempts.words)))
    .groupBy(notices.cycle_id)
  const ids = newest.flatMap((row) => row.attemptId ?? [])
  const rows = await db.read
    .select({
      id: attempts.id,
      at: attempts.started_at,
      channel: attempts.channel,
      words: attempts.words,
      language: deliveries.language,
    })
    .from(attempts)
    .innerJoin(deliveries, eq(deliveries.id, attempts.delivery_id))
    .where(inArray(attempts.id, ids))
  const byId = new Map(rows.map(({ id, words, ...said }) => [id, { ...said, words: saidIn(words) }]))
  return new Map(
    newest.flatMap(({ cycleId, attemptId }) => {
      const said = byId.get(attemptId ?? 0)
      return said ? [[cycleId, said] as const] : []
    }),
  )
}

async function openCasesOf(db: Db, cycleIds: number[]) {
  const { overstay_cases: cases } = db.t
  const rows = await db.read
    .select({ cycleId: cases.cycle_id, id: cases.id, version: cases.version })
    .from(cases)
    // By the cycles: the plus keeps SQLite from reading all open cases.
    .where(and(inArray(cases.cycle_id, cycleIds), sql`+${cases.closed_at} is null`))
  return new Map(rows.map((row) => [row.cycleId, row]))
}

async function languagesOf(
  db: Db,
  {
    residentIds,
    languageOf,
  }: {
    residentIds: number[]
    languageOf: (person: Parameters<NonNullable<ConsoleDeps['languageOf']>>[0]) => string | null
  },
): Promise<Map<number, string | null>> {
  const { residents } = db.t
  const rows = await db.read
    .select({
      id: residents.id,
      nationality: residents.nationality,
      chosenLanguage: residents.chosen_language,
      language: residents.language,
    })
    .from(residents)
    .where(inArray(residents.id, [...new Set(residentIds)]))
  return new Map(rows.map((row) => [row.id, languageOf(row)]))
}
