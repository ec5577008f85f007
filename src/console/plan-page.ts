import { and, eq, inArray } from 'drizzle-orm'
import type { Db } from '../db/open.ts'
import type { CivilDate } from '../lib/civil-date.ts'
import { day as dayIn, withQuery } from './asked.ts'
import { dateText, moneyText } from './figures.ts'
import { PAGE_SIZE } from './find.ts'
import { render, wordsFor } from './pages.ts'
import { countPlanned, type Plan, type Planned, plannedFor, planOf } from './plan.ts'
import type { ConsoleRequest, Route } from './route.ts'
import { sayings } from './say.ts'

export const planRoutes: Route[] = [
  {
    method: 'GET',
    path: '/plan',
    role: 'viewer',
    audit: { action: 'plan.list' },
    async handle(request, reply) {
      const { deps, officer, query, today } = request
      const t = wordsFor(reply, officer)
      const plan = await planOf(deps, request)
      const asked = dayIn(query.get('on'))
      const chosen = plan?.days.find((one) => one.on === asked) ?? plan?.days[0]
      const on = chosen?.on ?? null
      const stage = stageOf(query.get('stage'))
      const planned = plannedFor(chosen, { officer, stage })
      const from = Math.max(0, Math.trunc(Number(query.get('after')) || 0))
      const shown = planned.slice(from, from + PAGE_SIZE)
      return render(reply, officer, 'plan', {
        title: t('plan.title'),
        ...(on ? { subtitle: dateText(on, officer.language) } : {}),
        styles: ['lists.css'],
        ...sayings(request, reply),
        plan,
        days: planDays(plan, request),
        cost: costIn(request),
        on,
        stage,
        total: planned.length,
        rows: await withPeople(deps.db, shown),
        after: from > 0 ? from : null,
        next: from + PAGE_SIZE < planned.length ? from + PAGE_SIZE : null,
        today,
        link: (changes: Record<string, string | number | null>) => withQuery(query, { after: null, ...changes }),
      })
    },
  },
]

/** With the currency of the office's price list. */
export function costIn({ deps, officer }: Pick<ConsoleRequest, 'deps' | 'officer'>): (amount: number) => string {
  return (amount) => `${deps.office.prices.currency} ${moneyText(amount, officer.language)}`
}

/** Each day with how many of the officer's area would be told. */
export function planDays(
  plan: Plan | null,
  { officer }: Pick<ConsoleRequest, 'officer'>,
): { on: CivilDate; people: number; cost: number }[] {
  return (plan?.days ?? []).map((day) => ({
    on: day.on,
    people: countPlanned(day, { officer }),
    cost: day.cost,
  }))
}

async function withPeople({ read, t }: Db, planned: readonly Planned[]) {
  const { residents, permits } = t
  const ids = planned.map((one) => one.residentId)
  if (ids.length === 0) return []
  const people = await read
    .select({
      id: residents.id,
      name: residents.full_name,
      nationality: residents.nationality,
      regency: residents.regency,
      district: residents.district,
      permit_no: permits.permit_no,
      permit_kind: permits.kind,
    })
    .from(residents)
    .leftJoin(permits, and(eq(permits.resident_id, residents.id), eq(permits.is_current, 1)))
    .where(inArray(residents.id, ids))
  const byId = new Map(people.map((one) => [one.id, one]))
  return planned.flatMap((one) => {
    const person = byId.get(one.residentId)
    return person ? [{ ...one, ...person }] : []
  })
}

/** `14`, or `-7` for the notice a week after the end. */
function stageOf(text: string | null): number | undefined {
  return text !== null && /^-?\d{1,3}$/.test(text) ? Number(text) : undefined
}
