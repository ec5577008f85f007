import { type Office, stagesFor } from '../lib/office.ts'
import { alarmWords } from './alarm-words.ts'
import { dateText } from './figures.ts'
import type { Officer } from './officer.ts'
import { render, wordsFor } from './pages.ts'
import { countPlanned, type Plan, planOf } from './plan.ts'
import { costIn, planDays } from './plan-page.ts'
import type { Route } from './route.ts'
import { sayings } from './say.ts'
import { today as todayOf } from './today-query.ts'

export const todayRoutes: Route[] = [
  {
    method: 'GET',
    path: '/',
    role: 'viewer',
    audit: { action: 'today.view' },
    async handle(request, reply) {
      const { deps, officer, today, now } = request
      const t = wordsFor(reply, officer)
      const { db, office, languageOf } = deps
      const { several } = deps.offices
      const figures = await todayOf({ db, office, several, today, now, officer, ...(languageOf && { languageOf }) })
      const plan = await planOf(deps, request)
      const days = planDays(plan, request)
      return render(reply, officer, 'today', {
        title: t('today.title'),
        subtitle: [dateText(today, officer.language), ...(officer.regencies ?? [])].join(' · '),
        styles: ['lists.css'],
        ...sayings(request, reply),
        figures,
        alarms: figures.alarms.map((alarm) => ({
          ...alarm,
          ...alarmWords(t, { ...alarm, language: officer.language }),
        })),
        plan,
        days,
        tomorrow: tomorrowsRun(plan, { office, officer }),
        totalCost: days.reduce((sum, day) => sum + day.cost, 0),
        pricesVerified: !office.unverified.includes('prices'),
        cost: costIn(request),
        back: '/',
      })
    },
  },
]

/** Every stage that policy has, the largest first, with how many of the area it would be for. */
function tomorrowsRun(
  plan: Plan | null,
  { office, officer }: { office: Office; officer: Officer },
): { stage: number; people: number }[] {
  const tomorrow = plan?.days[0]
  const kinds = [...office.kinds.keys(), '']
  const stages = [
    ...kinds.flatMap((kind) => stagesFor(office, kind)),
    ...[...office.overstay.keys()].map((day) => -day),
  ]
  return [...new Set(stages)]
    .sort((a, b) => b - a)
    .map((stage) => ({ stage, people: countPlanned(tomorrow, { officer, stage }) }))
}
