import { RETRIED, retriesOf, retryByHand } from '../deliver/retry.ts'
import { AppError } from '../lib/errors.ts'
import { day, given, idOf, oneOf, subjectOf, wholeNumber, withQuery } from './asked.ts'
import { REQUEUED } from './audit.ts'
import {
  CHANNELS,
  countOfDay,
  DELIVERY_STATES,
  type DeliveryRow,
  type DeliveryView,
  deliveryInArea,
  deliveryPage,
  errorCounts,
} from './deliveries-query.ts'
import { pathFor, render, safePath, wordsFor } from './pages.ts'
import type { ConsoleRequest, Route } from './route.ts'
import { sayings } from './say.ts'

const subject = subjectOf('delivery')

export const deliveryRoutes: Route[] = [
  {
    method: 'GET',
    path: '/deliveries',
    role: 'viewer',
    audit: { action: 'deliveries.list' },
    async handle(request, reply) {
      const { deps, officer, query, now, today } = request
      const scope = scopeOf(request)
      const view = viewOf(query)
      const after = wholeNumber(query.get('after')) ?? null
      const page = await deliveryPage(scope, { view, after })
      return render(reply, officer, 'deliveries', {
        title: wordsFor(reply, officer)('deliveries.title'),
        styles: ['lists.css'],
        ...sayings(request, reply),
        ...page,
        view,
        after,
        total: await countOfDay(scope, view),
        retries: await retriesOf(deps.db.read, { ids: failedOf(page.rows), now, today }),
        errors: await errorCounts(scope),
        channels: CHANNELS,
        states: DELIVERY_STATES,
        back: `/deliveries${withQuery(query, {})}`,
        link: (changes: Record<string, string | number | null>) => withQuery(query, { after: null, ...changes }),
      })
    },
  },
  {
    method: 'POST',
    path: '/deliveries/:id/retry',
    role: 'officer',
    audit: { action: 'delivery.retry', subject },
    async handle(request, reply) {
      const { deps, officer, form, now, today } = request
      const id = idOf(request.params)
      if (!(await deliveryInArea(scopeOf(request), id))) throw new AppError('not-found', `tidak ada pengiriman ${id}`)
      const retry = await deps.db.write(async (tx) => {
        const decided = await retryByHand(tx, { id, office: deps.office, now, today })
        if (decided?.may) await request.record(tx, { action: REQUEUED, subject: { kind: 'delivery', id } })
        return decided
      })
      if (!retry?.may) {
        const t = wordsFor(reply, officer)
        throw new AppError('conflict', `${t('retry.no')} ${t(`retry.why.${retry?.why ?? 'permit_over'}`)}`)
      }
      deps.log.info({ event: 'delivery.retry', delivery: id, officer: officer.id }, 'queued once more by hand')
      return reply.redirect(pathFor(reply, safePath(form.back ?? '/deliveries'), { said: 'delivery.retry' }), 303)
    },
  },
]

/** Of others there is nothing to be asked. */
function failedOf(rows: readonly DeliveryRow[]): number[] {
  return rows.filter(({ state }) => RETRIED.includes(state)).map(({ id }) => id)
}

function scopeOf({ deps, officer }: ConsoleRequest) {
  return { db: deps.db, office: deps.office, several: deps.offices.several, officer }
}

function viewOf(query: URLSearchParams): DeliveryView {
  return given<DeliveryView>({
    state: oneOf(DELIVERY_STATES, query.get('state')),
    channel: oneOf(CHANNELS, query.get('channel')),
    error: wholeNumber(query.get('error')),
    dueOn: day(query.get('on')),
  })
}
