import { sql } from 'drizzle-orm'
import type { CivilDate } from '../lib/civil-date.ts'
import { type Activity, activityOf } from './report-activity.ts'
import { type CycleGroup, cycleGroups } from './report-cohort.ts'
import { type ChannelCost, costsOf } from './report-cost.ts'
import { endedPart, monthsOf, type Period } from './report-period.ts'
import { type RegisterFigures, registerFigures } from './report-register.ts'
import {
  CONTACTS,
  type ContactState,
  contactOf,
  isCounted,
  isInTime,
  isRenewedBeforeTold,
  OUTCOMES,
  type Outcome,
  outcomeOf,
  type Share,
  shareOf,
} from './report-rules.ts'
import { type Area, areaOf, type ReportScope } from './report-scope.ts'

/** What became of some of the cycles that ended in the period. */
export type Tally = {
  ended: number
  contacts: Record<ContactState, number>
  outcomes: Record<Outcome, number>
  /** In time, of those counted. */
  in_time: Share
  /** In time, of those counted who were told: the figure that the office exists to raise. */
  in_time_told: Share
  /** Told, of those for whom a notice had to be sent. */
  told: Share
}

export type Report = {
  period: Period
  today: CivilDate
  /** null: the whole office. */
  regencies: readonly string[] | null
  total: Tally
  /** Of the period's permits these are not over yet, and not in any other figure. */
  still_valid: number
  /** Told, but renewed before the telling: not in the share. */
  renewed_before_told: number
  by_contact: ({ contact: ContactState } & Tally)[]
  by_month: ({ month: string } & Tally)[]
  /** By the language the resident was written to; '' where nobody was. */
  by_language: ({ language: string } & Tally)[]
  register: RegisterFigures
  activity: Activity
  /** null for a part of the office: one message may serve people of several regencies. */
  costs: { currency: string; verified: boolean; total: number; channels: ChannelCost[] } | null
  /** People whose data were erased since the office began: they count in every figure but those of the register. */
  erased: number
}

/** The figures of a period, for the office's yearly performance statement (LKjIP). */
export async function reportOf(scope: ReportScope, period: Period): Promise<Report> {
  const { office, today, regencies } = scope
  const area = await areaOf(scope)
  const ended = endedPart(period, today)
  const groups = ended ? await cycleGroups(scope, area, ended) : []
  const channels = regencies === null ? await costsOf(scope, area, period) : null
  return {
    period,
    today,
    regencies,
    total: tallyOf(groups),
    still_valid: await stillValid(scope, area, period),
    renewed_before_told: count(groups.filter(({ facts }) => isRenewedBeforeTold(facts))),
    by_contact: CONTACTS.map((contact) => ({
      contact,
      ...tallyOf(groups.filter(({ facts }) => contactOf(facts) === contact)),
    })),
    by_month: (ended ? monthsOf(ended) : []).map(({ month }) => ({
      month,
      ...tallyOf(groups.filter((group) => group.month === month)),
    })),
    by_language: [...Map.groupBy(groups, ({ language }) => language)]
      .map(([language, theirs]) => ({ language, ...tallyOf(theirs) }))
      .sort((a, b) => b.ended - a.ended || (a.language < b.language ? -1 : 1)),
    register: await registerFigures(scope, area),
    activity: await activityOf(scope, area, period),
    costs: channels && {
      currency: office.prices.currency,
      verified: !office.unverified.includes('prices'),
      total: Math.round(channels.reduce((sum, { cost }) => sum + cost, 0) * 100) / 100,
      channels,
    },
    erased: await erasedResidents(scope, regencies === null ? area : await areaOf({ ...scope, regencies: null })),
  }
}

function tallyOf(groups: readonly CycleGroup[]): Tally {
  const contacts = zeros(CONTACTS)
  const outcomes = zeros(OUTCOMES)
  for (const { facts, cycles } of groups) {
    contacts[contactOf(facts)] += cycles
    outcomes[outcomeOf(facts)] += cycles
  }
  const counted = groups.filter(({ facts }) => isCounted(facts))
  const told = counted.filter(({ facts }) => contactOf(facts) === 'told')
  const inTime = ({ facts }: CycleGroup) => isInTime(outcomeOf(facts))
  return {
    ended: count(groups),
    contacts,
    outcomes,
    in_time: shareOf(count(counted.filter(inTime)), count(counted)),
    in_time_told: shareOf(count(told.filter(inTime)), count(told)),
    told: shareOf(contacts.told, count(groups) - contacts['not-due'] - contacts['known-late']),
  }
}

async function stillValid({ read, today }: ReportScope, area: Area, { from, to }: Period): Promise<number> {
  const [row] = await read.all<{ permits: number | string }>(sql`
    select count(*) as permits
    from permits p
    where p.is_current = 1 and p.expires_on >= ${from > today ? from : today} and p.expires_on <= ${to}
      and ${area.has(sql`p.resident_id`)}`)
  return Number(row!.permits)
}

async function erasedResidents({ read }: ReportScope, office: Area): Promise<number> {
  const [row] = await read.all<{ people: number | string }>(
    sql`select coalesce(sum(e.rows), 0) as people from erasures e
      where e."table" = 'residents' and ${office.has(sql`e.resident_id`)}`,
  )
  return Number(row!.people)
}

function count(groups: readonly CycleGroup[]): number {
  return groups.reduce((sum, { cycles }) => sum + cycles, 0)
}

function zeros<Key extends string>(keys: readonly Key[]): Record<Key, number> {
  return Object.fromEntries(keys.map((key) => [key, 0])) as Record<Key, number>
}
