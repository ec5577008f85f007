import { dateText } from './figures.ts'
import { render, wordsFor } from './pages.ts'
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
      const figures = await todayOf({ db, office, today, now, officer, ...(languageOf && { languageOf }) })
      return render(reply, officer, 'today', {
        title: t('today.title'),
        subtitle: dateText(today, officer.language),
        styles: ['lists.css'],
        ...sayings(request, reply),
        figures,
        back: '/',
      })
    },
  },
]
