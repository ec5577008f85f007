import type { FastifyReply } from 'fastify'
import { overstayCsv, overstayXlsx, XLSX_TYPE } from '../overstay/export.ts'
import { LEVELS } from '../overstay/levels.ts'
import { day, given, oneOf, searchOf, viewQuery, wholeNumber, withQuery } from './asked.ts'
import {
  addressesOf,
  CONTACT_STATES,
  countedAlready,
  countOverstays,
  everyOverstay,
  OVERSTAY_SORTS,
  type OverstayScope,
  type OverstayView,
  overstayChoices,
  overstayPage,
} from './overstays-query.ts'
import { asFile, pathFor, render, wordsFor } from './pages.ts'
import type { ConsoleRequest, Route } from './route.ts'
import { sayings } from './say.ts'

const FIELDS = [
  'level',
  'from',
  'to',
  'nationality',
  'regency',
  'district',
  'kind',
  'assigned',
  'contact',
  'proposed',
  'opened',
  'escalated',
  'closed',
  'sort',
]
const NOBODY = '-'
/** A print of more is a book, and no page is larger than 100 kB: the export has them all. */
const MOST_PRINTED = 150

export const overstayRoutes: Route[] = [
  { method: 'GET', path: '/overstays', role: 'viewer', audit: { action: 'overstays.list' }, handle: list },
  {
    method: 'POST',
    path: '/overstays',
    role: 'viewer',
    audit: { action: 'overstays.filter' },
    async handle({ form, deps }, reply) {
      const query = viewQuery(form, { names: FIELDS, vault: deps.db.vault })
      return reply.redirect(pathFor(reply, '/overstays', query), 303)
    },
  },
  { method: 'GET', path: '/overstays.csv', role: 'viewer', audit: { action: 'overstays.export-csv' }, handle: csv },
  { method: 'GET', path: '/overstays.xlsx', role: 'viewer', audit: { action: 'overstays.export-xlsx' }, handle: xlsx },
  { method: 'GET', path: '/overstays/print', role: 'viewer', audit: { action: 'overstays.print' }, handle: print },
]

async function list(request: ConsoleRequest, reply: FastifyReply): Promise<string> {
  const { officer, query } = request
  const scope = scopeOf(request)
  const view = viewOf(request)
  const after = wholeNumber(query.get('after')) ?? null
  const choices = await overstayChoices(scope, view.closed ?? false)
  const known = countedAlready(view, choices)
  const page = await overstayPage(scope, { view, after, numbers: false, counted: known === null })
  return render(reply, officer, 'overstays', {
    title: wordsFor(reply, officer)('overstays.title'),
    styles: ['lists.css'],
    ...sayings(request, reply),
    ...page,
    view,
    after,
    total: known ?? page.total ?? (after === null ? null : await countOverstays(scope, view)),
    choices,
    levels: LEVELS,
    contacts: CONTACT_STATES,
    sorts: OVERSTAY_SORTS,
    link: (changes: Record<string, string | number | null>) => withQuery(query, { after: null, ...changes }),
  })
}

async function csv(request: ConsoleRequest, reply: FastifyReply): Promise<Buffer> {
  asFile(reply, { type: 'text/csv; charset=utf-8', name: `overstay-${request.today}.csv` })
  const rows = everyOverstay(scopeOf(request), viewOf(request))
  const parts = await Array.fromAsync(overstayCsv(rows, request.deps.office.timeZone))
  return Buffer.from(parts.join(''))
}

async function xlsx(request: ConsoleRequest, reply: FastifyReply): Promise<Buffer> {
  asFile(reply, { type: XLSX_TYPE, name: `overstay-${request.today}.xlsx` })
  return overstayXlsx(everyOverstay(scopeOf(request), viewOf(request)), request.deps.office.timeZone)
}

async function print(request: ConsoleRequest, reply: FastifyReply): Promise<string> {
  const { deps, officer, query } = request
  const byDistrict = query.get('by') === 'district'
  const view = { ...viewOf(request), ...(byDistrict && { sort: 'regency' as const }) }
  const page = await overstayPage(scopeOf(request), { view, size: MOST_PRINTED })
  const districts = Map.groupBy(page.rows, ({ regency, district }) =>
    byDistrict ? `${district ?? '–'}, ${regency ?? '–'}` : '',
  )
  return render(reply, officer, 'overstays-print', {
    title: wordsFor(reply, officer)('overstays.print.title'),
    styles: ['lists.css'],
    ...sayings(request, reply),
    ...page,
    view,
    districts,
    addresses: await addressesOf(
      deps.db.read,
      page.rows.map((row) => row.resident_id),
    ),
    link: () => withQuery(query, { by: null }),
  })
}

function scopeOf({ deps, today, officer }: ConsoleRequest): OverstayScope {
  return { db: deps.db, office: deps.office, today, officer }
}

function viewOf({ query, deps }: ConsoleRequest): OverstayView {
  const text = (name: string) => query.get(name) || undefined
  const assigned = text('assigned')
  return given<OverstayView>({
    search: searchOf(query, deps.db.vault),
    closed: query.get('closed') === '1' ? true : undefined,
    level: oneOf(LEVELS, query.get('level')),
    daysFrom: wholeNumber(query.get('from'), 36_500),
    daysTo: wholeNumber(query.get('to'), 36_500),
    nationality: text('nationality'),
    regency: text('regency'),
    district: text('district'),
    kind: text('kind'),
    assignedTo: assigned === NOBODY ? null : assigned,
    contact: oneOf(CONTACT_STATES, query.get('contact')),
    proposed: query.get('proposed') === '1' ? true : undefined,
    openedOn: day(query.get('opened')),
    escalatedOn: day(query.get('escalated')),
    sort: oneOf(OVERSTAY_SORTS, query.get('sort')),
  })
}
