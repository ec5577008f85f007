import { setImmediate as nextTurn } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import type { Channel, DeliveryState, Level } from '../db/schema.ts'
import type { Answer } from '../lib/office.ts'
import { CASE_OUTCOMES } from './case-rules.ts'
import { confirms } from './contacts.ts'
import { instantsOf, monthsOf, type Period } from './report-period.ts'
import type { Area, ReportScope } from './report-scope.ts'

/** `unconfirmed`: the carrier has it and nothing more is known; `not-sent`: it never had it. */
export type Fate = 'confirmed' | 'unconfirmed' | 'failed' | 'not-sent'

export type Activity = {
  /** Notices made in the period, by stage, the largest first. */
  notices: { stage: number; notices: number }[]
  /** Deliveries due in the period. */
  channels: { channel: Channel; deliveries: number; fates: Record<Fate, number> }[]
  /** Cycles that answered in the period; one may have given several answers. */
  answers: { cycles: number; by: { answer: Answer; cycles: number }[] }
  /** Cases opened in the period, as they stand now. */
  opened: { level: Level; known_late: boolean; outcome: string | null; cases: number }[]
  /** Cases closed in the period, whenever they were opened. */
  closed: { outcome: string; cases: number }[]
}

/** What was done in the period, counted by the day it was done. */
export async function activityOf(scope: ReportScope, area: Area, period: Period): Promise<Activity> {
  const stages = new Map<number, number>()
  const channels = new Map<Channel, Record<Fate, number>>()
  for (const days of monthsOf(period)) {
    for (const { stage, notices } of await noticesIn(scope, area, days)) {
      stages.set(Number(stage), (stages.get(Number(stage)) ?? 0) + Number(notices))
    }
    await nextTurn()
    for (const { channel, state, tried, deliveries } of await deliveriesIn(scope, area, days)) {
      const fates = channels.get(channel) ?? { confirmed: 0, unconfirmed: 0, failed: 0, 'not-sent': 0 }
      fates[fateOf({ channel, state, tried: Number(tried) === 1 })] += Number(deliveries)
      channels.set(channel, fates)
    }
    await nextTurn()
  }
  return {
    notices: [...stages].map(([stage, notices]) => ({ stage, notices })).sort((a, b) => b.stage - a.stage),
    channels: (['sms', 'call', 'whatsapp'] as const).flatMap((channel) => {
      const fates = channels.get(channel)
      return fates ? [{ channel, deliveries: Object.values(fates).reduce((sum, one) => sum + one, 0), fates }] : []
    }),
    answers: await answersIn(scope, area, period),
    opened: await casesOpened(scope, area, period),
    closed: await casesClosed(scope, area, period),
  }
}

export function fateOf(delivery: { channel: Channel; state: DeliveryState; tried: boolean }): Fate {
  const { channel, state, tried } = delivery
  if (confirms(channel, state)) return 'confirmed'
  if (!tried) return 'not-sent'
  return GIVEN_UP.includes(state) ? 'failed' : 'unconfirmed'
}

const GIVEN_UP: readonly DeliveryState[] = ['undelivered', 'failed', 'exhausted', 'cancelled', 'set_aside']

function noticesIn({ read }: ReportScope, area: Area, { from, to }: Period) {
  return read.all<{ stage: number | string; notices: number | string }>(sql`
    select n.stage, count(*) as notices
    from notices n
    where n.created_on >= ${from} and n.created_on <= ${to}
      and ${area.has(sql`(select c.resident_id from cycles c where c.id = n.cycle_id)`)}
    group by n.stage`)
}

function deliveriesIn({ read }: ReportScope, area: Area, { from, to }: Period) {
  return read.all<{ channel: Channel; state: DeliveryState; tried: number | string; deliveries: number | string }>(sql`
    select channel, state, tried, count(*) as deliveries
    from (
      select d.channel, d.state, case when d.attempts > 0 then 1 else 0 end as tried
      from deliveries d
      where d.due_on >= ${from} and d.due_on <= ${to} and ${area.tells(sql`d.id`)}
    ) due
    group by channel, state, tried`)
}

async function answersIn({ read, office }: ReportScope, area: Area, period: Period): Promise<Activity['answers']> {
  const { begins, ends } = instantsOf(period, office.timeZone)
  const given = sql`
    from acknowledgements a join cycles c on c.id = a.cycle_id
    where a.at >= ${begins} and a.at < ${ends} and ${area.has(sql`c.resident_id`)}`
  const [all] = await read.all<{ cycles: number | string }>(sql`select count(distinct a.cycle_id) as cycles ${given}`)
  const rows = await read.all<{ answer: Answer; cycles: number | string }>(
    sql`select a.answer, count(distinct a.cycle_id) as cycles ${given} group by a.answer`,
  )
  const by = (['understood', 'applied', 'leaving', 'help'] as const).map((answer) => ({
    answer,
    cycles: Number(rows.find((row) => row.answer === answer)?.cycles ?? 0),
  }))
  return { cycles: Number(all!.cycles), by }
}

async function casesOpened(
  { read, office }: ReportScope,
  area: Area,
  { from, to }: Period,
): Promise<Activity['opened']> {
  const rows = await read.all<{ level: Level; known_late: number | string; outcome: string | null; cases: number }>(sql`
    select level, known_late, outcome, count(*) as cases
    from (
      select k.level, k.known_late, case when k.closed_at is not null then k.outcome end as outcome
      from overstay_cases k
      where k.opened_on >= ${from} and k.opened_on <= ${to} and ${area.has(sql`k.resident_id`)}
    ) opened
    group by level, known_late, outcome`)
  const rank = (level: Level) => office.levels.findIndex(({ name }) => name === level)
  return rows
    .map((row) => ({ ...row, known_late: Number(row.known_late) === 1, cases: Number(row.cases) }))
    .sort((a, b) => rank(a.level) - rank(b.level) || byOutcome(a.outcome, b.outcome))
}

async function casesClosed({ read, office }: ReportScope, area: Area, period: Period): Promise<Activity['closed']> {
  const { begins, ends } = instantsOf(period, office.timeZone)
  const rows = await read.all<{ outcome: string; cases: number | string }>(sql`
    select k.outcome, count(*) as cases
    from overstay_cases k
    where k.closed_at >= ${begins} and k.closed_at < ${ends} and k.outcome is not null
      and ${area.has(sql`k.resident_id`)}
    group by k.outcome`)
  return rows
    .map((row) => ({ outcome: row.outcome, cases: Number(row.cases) }))
    .sort((a, b) => byOutcome(a.outcome, b.outcome))
}

const outcomes: readonly string[] = ['', ...CASE_OUTCOMES]

/** Open ones first. */
function byOutcome(a: string | null, b: string | null): number {
  const rank = (outcome: string | null) => outcomes.indexOf(outcome ?? '')
  return rank(a) - rank(b)
}
