import { and, eq, gt, isNull, lte } from 'drizzle-orm'
import { countEnding } from '../console/residents-query.ts'
import { type Today, today as todayOf } from '../console/today-query.ts'
import type { Db } from '../db/open.ts'
import type { CivilDate } from '../lib/civil-date.ts'
import type { Office } from '../lib/office.ts'
import { allOverstays, type OverstayRow } from '../overstay/case-list.ts'
import { type FollowUpRow, followUpList } from '../overstay/follow-up-list.ts'

/** The whole area of the office: a digest knows no officer's own. */
const EVERYWHERE = { regencies: null }
/** A list that nobody reads to its end; the console has them all. */
const MOST_ROWS = 5_000

export type DigestFigures = Pick<
  Today,
  'ends14' | 'ends60' | 'told' | 'levels' | 'proposedCases' | 'alarms' | 'duties'
> & {
  today: CivilDate
  endsToday: number
  /** Due today or before, the first due first; at most 5,000. */
  followUps: FollowUpRow[]
  /** Every open case, the newest overstay first; at most 5,000. */
  overstays: OverstayRow[]
  /** Of `overstays`, those opened or raised to a higher level since the digest before. */
  opened: OverstayRow[]
  raised: OverstayRow[]
  /** All of `raised` were raised today. */
  raisedToday: boolean
  /** Null when it could not be worked out. */
  forecast: Forecast | null
}

/** The most that can come: if nobody renews, leaves or answers. */
export type Forecast = {
  /** Residents whom tomorrow's scan would tell, the largest stage first. */
  tomorrow: { on: CivilDate; people: number; stages: { stage: number; people: number }[] }
  /** From tomorrow on, 14 days. */
  deliveries: number
  cost: number
  currency: string
}

export type FigureDeps = {
  db: Db
  office: Office
  today: CivilDate
  now: number
  /** Epoch ms of the digest before. */
  since: number
  forecast: () => Promise<Forecast | null>
}

export async function digestFigures({ db, office, today, now, since, forecast }: FigureDeps): Promise<DigestFigures> {
  const scope = { db, office, today, now, officer: EVERYWHERE }
  const { ends14, ends60, told, levels, proposedCases, alarms, duties } = await todayOf(scope)
  const [endsToday = 0] = await countEnding(scope, [0])
  const overstays = await firstOf(allOverstays(db.read, { office, today }), MOST_ROWS)
  const raisedOn = await raisedSince(db, { since, now })
  const raised = overstays.filter((row) => raisedOn.has(row.case_id))
  return {
    ends14,
    ends60,
    told,
    levels,
    proposedCases,
    alarms,
    duties,
    today,
    endsToday,
    followUps: await firstOf(followUpsDue(db, { office, today }), MOST_ROWS),
    overstays,
    opened: overstays.filter((row) => row.opened_at > since && row.opened_at <= now),
    raised,
    raisedToday: raised.every((row) => raisedOn.get(row.case_id) === today),
    forecast: await forecast(),
  }
}

async function* followUpsDue(
  { read }: Db,
  { office, today }: { office: Office; today: CivilDate },
): AsyncGenerator<FollowUpRow> {
  for (let after: FollowUpRow | undefined; ; ) {
    const page: FollowUpRow[] = await followUpList(read, { office, today, filter: after ? { after } : {} })
    yield* page.filter((row) => row.due_on <= today)
    after = page.at(-1)
    if (!after || after.due_on > today) return
  }
}

/** Case, of whatever office, to the day of its newest escalation. */
async function raisedSince(
  { read, t }: Db,
  { since, now }: { since: number; now: number },
): Promise<Map<number, CivilDate>> {
  const { case_events, overstay_cases } = t
  const rows = await read
    .select({ id: case_events.case_id, on: case_events.on })
    .from(case_events)
    .innerJoin(overstay_cases, eq(overstay_cases.id, case_events.case_id))
    .where(
      and(
        eq(case_events.kind, 'escalated'),
        gt(case_events.at, since),
        lte(case_events.at, now),
        isNull(overstay_cases.closed_at),
      ),
    )
    .orderBy(case_events.id)
  return new Map(rows.map(({ id, on }) => [id, on]))
}

async function firstOf<Row>(rows: AsyncIterable<Row>, most: number): Promise<Row[]> {
  const first: Row[] = []
  for await (const row of rows) {
    first.push(row)
    if (first.length === most) break
  }
  return first
}
