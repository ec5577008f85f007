import { clearAlarm, openAlarms, raiseAlarm } from '../db/alarms.ts'
import type { Db } from '../db/open.ts'
import { dateAt } from '../lib/civil-date.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/events.ts'
import type { Office } from '../lib/office.ts'
import type { Carrier } from './carrier.ts'
import { type Spending, spentThisMonth } from './cost.ts'
import { type CostDeps, forecastCost } from './forecast-cost.ts'

export type BudgetDeps = Omit<CostDeps, 'read'> & { db: Db; clock: Clock; log: Log }

export type BudgetState = Spending & {
  currency: string
  /** Null without a ceiling. */
  monthly: number | null
  /** Whole percent of the ceiling, rounded down; null without one. */
  percent: number | null
}

/** `needed`: forecast cost of the next days. A balance in another currency is shown and not compared. */
export type BalanceState = { balance: number | null; currency: string | null; needed: number; enough: boolean | null }

/** Percent of the ceiling at which the operator hears of it. Nothing is ever stopped by it. */
const MARKS = [100, 80]
const BALANCE_DAYS = 14

/** The daily look at what was spent and what is left. Raises and clears the alarms `budget` and `balance`. */
export async function checkSpending(deps: BudgetDeps & { carrier: Pick<Carrier, 'probe'> }): Promise<{
  budget: BudgetState
  balance: BalanceState | null
}> {
  return { budget: await checkBudget(deps), balance: await checkBalance(deps) }
}

/** Alarm `budget` from 80 % and anew from 100 % of the month's ceiling; cleared below, so each month by itself. */
export async function checkBudget(deps: Pick<BudgetDeps, 'db' | 'offices' | 'clock'>): Promise<BudgetState> {
  const { db, clock } = deps
  const office = deps.offices.home
  const now = clock.now()
  const state = budgetState(await spentThisMonth(db.read, { office, now }), { office })
  const mark = MARKS.find((one) => state.percent !== null && state.percent >= one)
  const open = (await openAlarms(db.read)).find(({ kind }) => kind === 'budget')
  const detail = `${mark}% of the month's ceiling is spent: ${money(state.cost)} of ${state.monthly} ${state.currency} since ${state.since}`
  await db.write(async (tx) => {
    // A new mark is a new alarm: whoever was told of 80 % is told of 100 % too.
    if (open && !open.detail.startsWith(`${mark}%`)) await clearAlarm(tx, { kind: 'budget', now })
    if (mark !== undefined) await raiseAlarm(tx, { kind: 'budget', detail, now })
  })
  return state
}

export function budgetState(spent: Spending, { office }: { office: Office }): BudgetState {
  const monthly = office.budget.monthly ?? null
  // Sums of prices are not exact in binary: 80.00 of 100 must be 80.
  const percent = monthly === null ? null : Math.floor((spent.cost / monthly) * 100 + 1e-9)
  return { ...spent, currency: office.prices.currency, monthly, percent }
}

/** Alarm `balance` while the carrier's balance is below the forecast cost of the next 14 days. Null when the carrier gave no answer. */
export async function checkBalance(
  deps: BudgetDeps & { carrier: Pick<Carrier, 'probe'> },
): Promise<BalanceState | null> {
  const { db, clock, carrier } = deps
  const office = deps.offices.home
  const answer = await carrier.probe()
  if (!answer.ok) {
    deps.log.warn({ ...answer.fault }, 'balance not known')
    return null
  }
  const now = clock.now()
  const { balance, currency } = answer.value
  const rows = await forecastCost(
    { ...deps, read: db.read, vault: db.vault },
    { today: dateAt(now, office.timeZone), days: BALANCE_DAYS, now },
  )
  const needed = rows.reduce((sum, row) => sum + row.cost, 0)
  const comparable = balance !== null && (currency === null || currency === office.prices.currency)
  const enough = comparable ? balance >= needed : null
  await db.write(async (tx) => {
    if (enough === true) await clearAlarm(tx, { kind: 'balance', now })
    if (enough !== false) return
    const detail = `the carrier's balance is ${money(balance!)} ${office.prices.currency}; the next ${BALANCE_DAYS} days may cost ${money(needed)}`
    await raiseAlarm(tx, { kind: 'balance', detail, now })
  })
  return { balance, currency, needed, enough }
}

function money(amount: number): string {
  return amount.toFixed(2)
}
