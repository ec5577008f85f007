import { setImmediate as nextTurn } from 'node:timers/promises'
import { and, count, eq, gte, inArray, lte, max, sql } from 'drizzle-orm'
import { inOffices } from '../db/of-office.ts'
import type { Db } from '../db/open.ts'
import type { Channel } from '../db/schema.ts'
import { forecastCost } from '../deliver/forecast-cost.ts'
import { addDays, type CivilDate } from '../lib/civil-date.ts'
import { faultText } from '../lib/fault-text.ts'
import { onlyOffice } from '../lib/offices.ts'
import { furthestStage } from '../scan/pass.ts'
import { lastOverstayNoticeDay } from '../scan/stages.ts'
import type { ConsoleDeps } from './deps.ts'
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

export type PlanDay = { on: CivilDate; people: Planned[]; deliveries: number; cost: number }

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
  if ((await permitsInSight(deps, today)) <= AT_ONCE) {
    mine.plan = await makePlan(deps, { today, now })
    mine.about = about
    return mine.plan
  }
  if (mine.making === null && (mine.plan === null || now - mine.plan.madeAt >= KEPT_MS)) {
    mine.making = makePlan(deps, { today, now })
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

async function makePlan(deps: ConsoleDeps, { today, now }: Moment): Promise<Plan> {
  const { db, office, offices, templatesOf } = deps
  const days = new Map<CivilDate, PlanDay>()
  for (let n = 1; n <= PLAN_DAYS; n += 1) {
    const on = addDays(today, n)
    days.set(on, { on, people: [], deliveries: 0, cost: 0 })
  }
  const costs = await forecastCost(
    {
      read: db.read,
      vault: db.vault,
      offices: onlyOffice(offices, office.code),
      templatesOf,
      languageOf: deps.languageOf ?? (({ chosenLanguage, language }) => chosenLanguage ?? language ?? 'en'),
      publicBaseUrl: deps.publicBaseUrl ?? office.website.replace(/\/$/, ''),
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
  )
  for (const day of all) day.people.sort((a, b) => b.stage - a.stage || a.residentId - b.residentId)
  return { madeAt: now, days: all }
}

async function giveRegencies(db: Db, people: readonly Planned[]): Promise<void> {
  const { residents } = db.t
  const ids = [...new Set(people.map((one) => one.residentId))]
  const regencies = new Map<number, string | null>()
  for (let from = 0; from < ids.length; from += CHUNK) {
    const rows = await db.read
      .select({ id: residents.id, regency: residents.regency })
      .from(residents)
      .where(inArray(residents.id, ids.slice(from, from + CHUNK)))
    for (const { id, regency } of rows) regencies.set(id, regency)
    await nextTurn()
  }
  for (const one of people) one.regency = regencies.get(one.residentId) ?? null
}

async function permitsInSight({ db, office, offices }: ConsoleDeps, today: CivilDate): Promise<number> {
  const { permits } = db.t
  const [row] = await db.read
    .select({ n: count() })
    .from(permits)
    .where(
      and(
        eq(permits.is_current, 1),
        gte(permits.expires_on, addDays(today, -lastOverstayNoticeDay)),
        lte(permits.expires_on, addDays(today, PLAN_DAYS + furthestStage(office))),
        inOffices(permits.office_code, onlyOffice(offices, office.code)),
      ),
    )
  return Number(row!.n)
}

/** Imports, transfers, scans, holds, corrections, answers, and what was said about numbers. */
async function whatItDependsOn({ read, t }: Db, today: CivilDate): Promise<string> {
  const { imports, notices, holds, corrections, acknowledgements, opt_outs, dead_numbers, transfers } = t
  const moved = sql<number | null>`(select max(${transfers.id}) from ${transfers})`
  const facts = [
    await read.select({ a: max(imports.id), b: max(imports.finished_at), c: moved }).from(imports),
    await read.select({ a: max(notices.id) }).from(notices),
    await read.select({ a: max(holds.id), b: max(holds.lifted_at) }).from(holds),
    await read.select({ a: max(corrections.id), b: max(corrections.ended_at) }).from(corrections),
    await read.select({ a: max(acknowledgements.id) }).from(acknowledgements),
    await read.select({ a: max(opt_outs.id), b: max(opt_outs.withdrawn_at) }).from(opt_outs),
    await read.select({ a: max(dead_numbers.id) }).from(dead_numbers),
  ]
  return JSON.stringify([today, facts])
}
