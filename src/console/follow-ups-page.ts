import { AppError } from '../lib/errors.ts'
import { FOLLOW_UP_OUTCOMES } from '../overstay/attend-rules.ts'
import type { FollowUpRow } from '../overstay/follow-up-list.ts'
import { assignFollowUp, closeFollowUp } from '../overstay/follow-ups.ts'
import { settleDoubt } from '../register/residents.ts'
import { idOf, oneOf, required, subjectOf, wholeNumber, withQuery } from './asked.ts'
import {
  FOLLOW_UP_KINDS,
  type FollowUpScope,
  type FollowUpView,
  followUpCounts,
  followUpOf,
  followUpOwners,
  followUpPage,
} from './follow-ups-query.ts'
import { pathFor, render, safePath, wordsFor } from './pages.ts'
import type { ConsoleRequest, Route } from './route.ts'
import { sayings } from './say.ts'

const NOBODY = '-'
/** Each with what was said last: more would make a page of over 100 kB. */
const PER_PAGE = 25

export const followUpRoutes: Route[] = [
  {
    method: 'GET',
    path: '/follow-ups',
    role: 'viewer',
    audit: { action: 'follow-ups.list' },
    async handle(request, reply) {
      const { officer, query } = request
      const scope = scopeOf(request)
      const view = viewOf(query)
      const after = wholeNumber(query.get('after')) ?? null
      return render(reply, officer, 'follow-ups', {
        title: wordsFor(reply, officer)('follow.title'),
        styles: ['lists.css'],
        ...sayings(request, reply),
        ...(await followUpPage(scope, { view, after, size: PER_PAGE })),
        view,
        after,
        counts: await followUpCounts(scope),
        owners: await followUpOwners(scope),
        outcomes: FOLLOW_UP_OUTCOMES,
        back: `/follow-ups${withQuery(query, {})}`,
        link: (changes: Record<string, string | number | null>) => withQuery(query, { after: null, ...changes }),
      })
    },
  },
  action('take', ({ deps, officer }, { id }) => assignFollowUp({ db: deps.db }, { id, owner: officer.name })),
  action('release', ({ deps }, { id }) => assignFollowUp({ db: deps.db }, { id, owner: null })),
  action('close', async ({ deps, officer, form, now }, { id, kind, cause, resident_id }) => {
    const outcome = required(form, 'outcome', 'Hasil')
    await closeFollowUp({ db: deps.db, now }, { id, by: officer.name, outcome })
    if (kind !== 'identity' || outcome === 'no-action') return
    await deps.db.write((tx) => settleDoubt(tx, { residentId: resident_id, doubt: cause, now }))
  }),
]

/** Something an officer does to one follow-up of the area, then back to the list it was seen in. */
function action(name: string, work: (request: ConsoleRequest, row: FollowUpRow) => Promise<unknown>): Route {
  return {
    method: 'POST',
    path: `/follow-ups/:id/${name}`,
    role: 'officer',
    audit: {
      action: `follow-up.${name}`,
      subject: subjectOf('follow-up'),
    },
    async handle(request, reply) {
      const id = idOf(request.params)
      const row = await followUpOf(scopeOf(request), id)
      if (!row) throw new AppError('not-found', `tidak ada tindak lanjut ${id}`)
      await work(request, row)
      return reply.redirect(pathFor(reply, safePath(request.form.back), { said: `follow.${name}` }), 303)
    },
  }
}

function scopeOf({ deps, today, officer }: ConsoleRequest): FollowUpScope {
  const { db, office, offices, languageOf } = deps
  return { db, office, several: offices.several, today, officer, ...(languageOf && { languageOf }) }
}

function viewOf(query: URLSearchParams): FollowUpView {
  const kind = oneOf(FOLLOW_UP_KINDS, query.get('kind'))
  const owner = query.get('owner')
  return {
    ...(kind && { kind }),
    ...(owner && { owner: owner === NOBODY ? null : owner }),
    ...(query.get('overdue') === '1' && { overdue: true }),
    ...(query.get('closed') === '1' && { closed: true }),
  }
}
