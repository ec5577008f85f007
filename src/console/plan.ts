import { setImmediate as nextTurn } from 'node:timers/promises'
import { and, asc, eq, gte, inArray, lte } from 'drizzle-orm'
import { inOffices } from '../db/of-office.ts'
import type { Db } from '../db/open.ts'
import type { Channel } from '../db/schema.ts'
import { forecastCost } from '../deliver/forecast-cost.ts'
import { addDays, type CivilDate } from '../lib/civil-date.ts'
import { faultText } from '../lib/fault-text.ts'
import { onlyOffice } from '../lib/offices.ts'
import { lastOverstayNoticeDay } from '../scan/stages.ts'
import { furthestStage } from '../scan/windows.ts'
import type { ConsoleDeps } from './deps.ts'
import { giveWay } from './give-way.ts'
import { newest, numbersOf } from './kept.ts'
import { inArea, type Moment, type Officer } from './officer.ts'

/** Somebody whom the scan of that day would tell, if nobody renews, leaves or answers before. */
export type Planned = {
  residentId: number
  regency: string | null
  stage: number
  expiresOn: CivilDate
  /** By which he or the sponsor would be told; empty: there is nobody to tell. */
  channels: Channel[]
}

export type PlanDay = {
  on: CivilDate
  people: Planned[]
  /** The people once more, counted: no page goes through them all for a number. */
  counts: { stage: number; regency: string | null; people: number }[]
  deliveries: number
  cost: number
}

/** The scans of the coming days, tomorrow's first. Costs are the whole office's, and the most that can come. */
export type Plan = { madeAt: number; days: PlanDay[] }

export const PLAN_DAYS = 14
/** With more permits in sight than this the plan is made beside the pages, not before them. */
const AT_ONCE = 2_000
/** A large plan is made anew for changes at most this often. */
const KEPT_MS = 30 * 60_000
const CHUNK = 1_000

type Kept = { plan: Plan | null; about: string; today: CivilDate; making: Promise<void> | null }

/** By office. */
const plans = new WeakMap<Db, Map<string, Kept>>()

/**
 * Whom the scans of the next 14 days would tell. Of a small register it is always of this moment; of a large one it may be
 * half an hour old, for it takes some seconds, and null while the first of the day is being made.
 */
export async function planOf(deps: ConsoleDeps, { today, now }: Moment): Promise<Plan | null> {
  const { db, office } = deps
  const kept = plans.get(db) ?? new Map<string, Kept>()
  plans.set(db, kept)
  const about = await whatItDependsOn(db, today)
  const known = kept.get(office.code)
  if (known?.about === about && known.plan) return known.plan
  const mine: Kept = known?.today === today ? known : { plan: null, about: '', today, making: null }
  kept.set(office.code, mine)
  if (mine.making !== null) return mine.plan
  if (!(await isLarge(deps, today))) {
    mine.plan = await makePlan(deps, { today, now, rest: nextTurn })
    mine.about = about
    return mine.plan
  }
  if (mine.plan === null || now - mine.plan.madeAt >= KEPT_MS) {
    mine.making = makePlan(deps, { today, now, rest: () => giveWay(db) })
      .then((plan) => Object.assign(mine, { plan, about }))
      .catch((error: unknown) => {
        deps.log.warn({ event: 'console.plan-failed', fault: faultText(error) }, 'the coming notices were not counted')
      })
      .then(() => {
        mine.making = null
      })
  }
  return mine.plan
}

/** Those of one day of the officer's area, the largest stage first. */
export function plannedFor(
  day: Pick<PlanDay, 'people'> | undefined,
  { officer, stage }: { officer: Pick<Officer, 'regencies'>; stage?: number | undefined },
): Planned[] {
  return (day?.people ?? []).filter(
    (one) => inArea(officer, one.regency) && (stage === undefined || one.stage === stage),
  )
}

/** How many of one day those are. */
export function countPlanned(
  day: Pick<PlanDay, 'counts'> | undefined,
  { officer, stage }: { officer: Pick<Officer, 'regencies'>; stage?: number | undefined },
): number {
  return (day?.counts ?? [])
    .filter((one) => inArea(officer, one.regency) && (stage === undefined || one.stage === stage))
    .reduce((sum, one) => sum + one.people, 0)
}

async function makePlan(
  deps: ConsoleDeps,
  { today, now, rest }: Moment & { rest: () => Promise<unknown> },
): Promise<Plan> {
  const { db, office, offices, templatesOf } = deps
  const days = new Map<CivilDate, PlanDay>()
  for (let n = 1; n <= PLAN_DAYS; n += 1) {
    const on = addDays(today, n)
    days.set(on, { on, people: [], counts: [], deliveries: 0, cost: 0 })
  }
  const costs = await forecastCost(
    {
      read: db.read,
      vault: db.vault,
      offices: onlyOffice(offices, office.code),
      templatesOf,
      languageOf: deps.languageOf ?? (({ chosenLanguage, language }) => chosenLanguage ?? language ?? 'en'),
      publicBaseUrl: deps.publicBaseUrl ?? office.website.replace(/\/$/, ''),
      rest,
    },
    {
      today,
      days: PLAN_DAYS + 1,
      now,
      visit({ residentId, expiresOn }, { on, stage, wanted }) {
        const channels = [...new Set(wanted.map((one) => one.channel))]
        days.get(on)?.people.push({ residentId, regency: null, stage, expiresOn, channels })
      },
    },
  )
  for (const { on, deliveries, cost } of costs) {
    const day = days.get(on)
    if (day) Object.assign(day, { deliveries: day.deliveries + deliveries, cost: day.cost + cost })
  }
  const all = [...days.values()]
  await giveRegencies(
    db,
    all.flatMap((day) => day.people),
    rest,
  )
  for (const day of all) {
    day.people.sort((a, b) => b.stage - a.stage || a.residentId - b.residentId)
    day.counts = countsOf(day.people)
    await rest()
  }
  return { madeAt: now, days: all }
}

async function giveRegencies(db: Db, people: readonly Planned[], rest: () => Promise<unknown>): Promise<void> {
  const { residents } = db.t
  const ids = [...new Set(people.map((one) => one.residentId))]
  const regencies = new Map<number, string | null>()
  for (let from = 0; from < ids.length; from += CHUNK) {
    const rows = await db.read
      .select({ id: residents.id, regency: residents.regency })
      .from(residents)
      .where(inArray(residents.id, ids.slice(from, from + CHUNK)))
    for (const { id, regency } of rows) regencies.set(id, regency)
    await rest()
  }
  for (const one of people) one.regency = regencies.get(one.residentId) ?? null
}

function countsOf(people: readonly Planned[]): PlanDay['counts'] {
  const alike = Map.groupBy(people, ({ stage, regency }) => `${stage} ${regency ?? ''}`)
  return [...alike.values()].map((some) => ({ stage: some[0]!.stage, regency: some[0]!.regency, people: some.length }))
}

async function isLarge({ db, office, offices }: ConsoleDeps, today: CivilDate): Promise<boolean> {
  const { permits } = db.t
  const beyond = await db.read
    .select({ id: permits.id })
    .from(permits)
    .where(
      and(
        eq(permits.is_current, 1),
        gte(permits.expires_on, addDays(today, -lastOverstayNoticeDay)),
        lte(permits.expires_on, addDays(today, PLAN_DAYS + furthestStage(office))),
        inOffices(permits.office_code, onlyOffice(offices, office.code)),
      ),
    )
    .orderBy(asc(permits.expires_on), asc(permits.id))
    .limit(1)
    .offset(AT_ONCE)
  return beyond.length > 0
}

/** Imports, transfers, scans, holds, corrections, answers, and what was said about numbers. */
async function whatItDependsOn({ read, t }: Db, today: CivilDate): Promise<string> {
  const { imports, notices, holds, corrections, acknowledgements, opt_outs, dead_numbers, transfers } = t
  const numbers = await numbersOf(read, [
    newest(imports.id),
    newest(imports.finished_at),
    newest(transfers.id),
    newest(notices.id),
    newest(holds.id),
    newest(holds.lifted_at),
    newest(corrections.id),
    newest(corrections.ended_at),
    newest(acknowledgements.id),
    newest(opt_outs.id),
    newest(opt_outs.withdrawn_at),
    newest(dead_numbers.id),
  ])
  return JSON.stringify([today, numbers])
}
