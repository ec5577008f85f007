import { and, count, countDistinct, eq, inArray, isNull, max } from 'drizzle-orm'
import { openAlarms } from '../db/alarms.ts'
import { ofOffice } from '../db/of-office.ts'
import type { Db } from '../db/open.ts'
import type { DeliveryState, Level } from '../db/schema.ts'
import { type Pause, pausesNow } from '../deliver/pauses.ts'
import { fatesOfDay } from './deliveries-query.ts'
import { ofArea, type Page } from './find.ts'
import {
  type FollowUpCount,
  type FollowUpEntry,
  type FollowUpScope,
  followUpCounts,
  followUpPage,
} from './follow-ups-query.ts'
import { kept, standingOf } from './kept.ts'
import { countEnding } from './residents-query.ts'

export type TodayScope = FollowUpScope & { now: number }

export type Today = {
  ends14: number
  ends60: number
  /** Residents. */
  told: number
  fates: Partial<Record<DeliveryState, number>>
  phoneList: Page<FollowUpEntry>
  /** Of the other kinds, the first due. */
  otherFollowUps: FollowUpEntry[]
  followUps: FollowUpCount[]
  levels: { level: Level; open: number }[]
  newCases: number
  raisedCases: number
  proposedCases: number
  alarms: Awaited<ReturnType<typeof openAlarms>>
  pauses: Pause[]
  duties: DutyHealth[]
}

export type DutyHealth = {
  duty: string
  plannedAt: number
  finishedAt: number | null
  state: 'done' | 'failed' | 'running' | 'late'
}

const PHONE_LIST = 10
const OTHERS = 8

/** Everything that the first page of the morning shows: a fixed number of queries, however large the register. */
export async function today(scope: TodayScope): Promise<Today> {
  const { db, now } = scope
  const stands = await standingOf(db)
  const asked = (what: string) =>
    `${what} ${scope.office.code} ${scope.today} ${JSON.stringify(scope.officer.regencies)}`
  const [ending, told, fates, phoneList, others, followUps, cases, alarms, pauses, duties] = await Promise.all([
    kept(db, { question: asked('ending'), about: stands.people }, () => countEnding(scope, [14, 60])),
    kept(db, { question: asked('told'), about: stands.notices }, () => toldToday(scope)),
    fatesOfDay(scope, scope.today),
    followUpPage(scope, { view: { kind: 'phone' }, size: PHONE_LIST }),
    followUpPage(scope, { view: { notKind: 'phone' }, size: OTHERS }),
    followUpCounts(scope),
    kept(db, { question: asked('cases'), about: stands.cases }, () => caseFigures(scope)),
    openAlarms(db.read),
    pausesNow(db.read, now),
    dutyHealth(db, now),
  ])
  const [ends14 = 0, ends60 = 0] = ending
  return {
    ends14,
    ends60,
    told,
    fates,
    phoneList,
    otherFollowUps: others.rows,
    followUps,
    ...cases,
    alarms,
    pauses,
    duties,
  }
}

/** How many residents a notice of today is for. */
async function toldToday({ db, office, today, officer }: TodayScope): Promise<number> {
  const { notices, cycles, residents } = db.t
  const [row] = await db.read
    .select({ n: countDistinct(cycles.resident_id) })
    .from(notices)
    .innerJoin(cycles, eq(cycles.id, notices.cycle_id))
    .innerJoin(residents, eq(residents.id, cycles.resident_id))
    .where(
      and(eq(notices.created_on, today), ofOffice(residents.office_code, office), ofArea(residents.regency, officer)),
    )
  return Number(row!.n)
}

async function caseFigures({ db, office, today, officer }: TodayScope) {
  const { overstay_cases: cases, case_events, residents } = db.t
  const mine = and(isNull(cases.closed_at), ofOffice(residents.office_code, office), ofArea(residents.regency, officer))
  const open = await db.read
    .select({ level: cases.level, openedOn: cases.opened_on, proposed: cases.proposed, n: count() })
    .from(cases)
    .innerJoin(residents, eq(residents.id, cases.resident_id))
    .where(mine)
    .groupBy(cases.level, cases.opened_on, cases.proposed)
  const raised = await db.read
    .selectDistinct({ id: cases.id })
    .from(case_events)
    .innerJoin(cases, eq(cases.id, case_events.case_id))
    .innerJoin(residents, eq(residents.id, cases.resident_id))
    .where(and(eq(case_events.kind, 'escalated'), eq(case_events.on, today), mine))
  const sum = (which: (row: (typeof open)[number]) => boolean) =>
    open.filter(which).reduce((total, row) => total + Number(row.n), 0)
  return {
    levels: office.levels.map(({ name }) => ({ level: name, open: sum((row) => row.level === name) })),
    newCases: sum((row) => row.openedOn === today),
    raisedCases: raised.length,
    proposedCases: sum((row) => row.proposed !== null),
  }
}

/** The last slot of each duty. One that has neither ended nor kept its lease is late. */
async function dutyHealth(db: Db, now: number): Promise<DutyHealth[]> {
  const { slots } = db.t
  const newest = db.read
    .select({ id: max(slots.id) })
    .from(slots)
    .groupBy(slots.duty)
  const rows = await db.read
    .select({
      duty: slots.duty,
      plannedAt: slots.planned_at,
      finishedAt: slots.finished_at,
      leaseUntil: slots.lease_until,
      failed: slots.failed,
    })
    .from(slots)
    .where(inArray(slots.id, newest))
    .orderBy(slots.duty)
  return rows.map(({ leaseUntil, failed, ...slot }) => ({
    ...slot,
    state: failed === 1 ? 'failed' : slot.finishedAt !== null ? 'done' : leaseUntil < now ? 'late' : 'running',
  }))
}
