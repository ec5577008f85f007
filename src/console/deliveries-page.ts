import { day, oneOf, wholeNumber, withQuery } from './asked.ts'
import { CHANNELS, DELIVERY_STATES, type DeliveryView, deliveryPage, errorCounts } from './deliveries-query.ts'
import { render, wordsFor } from './pages.ts'
import type { Route } from './route.ts'
import { sayings } from './say.ts'

export const deliveryRoutes: Route[] = [
  {
    method: 'GET',
    path: '/deliveries',
    role: 'viewer',
    audit: { action: 'deliveries.list' },
    async handle(request, reply) {
      const { deps, officer, query } = request
      const scope = { db: deps.db, office: deps.office, officer }
      const view = viewOf(query)
      const after = wholeNumber(query.get('after')) ?? null
      return render(reply, officer, 'deliveries', {
        title: wordsFor(reply, officer)('deliveries.title'),
        styles: ['lists.css'],
        ...sayings(request, reply),
        ...(await deliveryPage(scope, { view, after })),
        view,
        after,
        errors: await errorCounts(scope),
        channels: CHANNELS,
        states: DELIVERY_STATES,
        link: (changes: Record<string, string | number | null>) => withQuery(query, { after: null, ...changes }),
      })
    },
  },
]

function viewOf(query: URLSearchParams): DeliveryView {
  const state = oneOf(DELIVERY_STATES, query.get('state'))
  const channel = oneOf(CHANNELS, query.get('channel'))
  const error = wholeNumber(query.get('error'))
  const dueOn = day(query.get('on'))
  return {
    ...(state && { state }),
    ...(channel && { channel }),
    ...(error !== undefined && { error }),
    ...(dueOn && { dueOn }),
  }
}
