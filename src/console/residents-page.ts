import { AppError } from '../lib/errors.ts'
import { CORRECTED_FIELDS } from '../register/corrections.ts'
import { liftHold, setHold } from '../register/holds.ts'
import { day, given, idOf, oneOf, searchOf, subjectOf, viewQuery, wholeNumber, withQuery } from './asked.ts'
import { followUpPage } from './follow-ups-query.ts'
import { HOLD_REASONS, holdFields } from './hold-form.ts'
import { mayAs } from './officer.ts'
import { foundElsewhere } from './offices-query.ts'
import { pathFor, render, wordsFor } from './pages.ts'
import {
  type ResidentFile,
  type ResidentView,
  residentChoices,
  residentFile,
  residentPage,
  type Scope,
} from './residents-query.ts'
import type { ConsoleRequest, Route } from './route.ts'
import { sayings, spokenTo } from './say.ts'
import { timelineOf } from './timeline-query.ts'

const FIELDS = ['ends', 'on', 'noticed', 'nationality', 'regency', 'kind', 'held', 'differs', 'sort']

const subject = subjectOf('resident')

export const residentRoutes: Route[] = [
  {
    method: 'GET',
    path: '/residents',
    role: 'viewer',
    audit: { action: 'residents.list' },
    async handle(request, reply) {
      const { officer, query } = request
      const scope = scopeOf(request)
      const view = viewOf(request)
      const after = wholeNumber(query.get('after')) ?? null
      return render(reply, officer, 'residents', {
        title: wordsFor(reply, officer)('residents.title'),
        styles: ['lists.css'],
        ...sayings(request, reply),
        ...(await residentPage(scope, { view, after })),
        view,
        elsewhere:
          view.search && isHeadquarters(request) ? await foundElsewhere({ ...request.deps, officer }, view.search) : [],
        after,
        choices: await residentChoices({ ...scope, now: request.now }),
        link: (changes: Record<string, string | number | null>) => withQuery(query, { after: null, ...changes }),
      })
    },
  },
  {
    method: 'POST',
    path: '/residents',
    role: 'viewer',
    audit: { action: 'residents.filter' },
    async handle({ form, deps }, reply) {
      const query = viewQuery(form, { names: FIELDS, vault: deps.db.vault })
      return reply.redirect(pathFor(reply, '/residents', query), 303)
    },
  },
  {
    method: 'GET',
    path: '/residents/:id',
    role: 'viewer',
    audit: { action: 'resident.view', subject },
    async handle(request, reply) {
      const { deps, officer } = request
      const scope = scopeOf(request)
      const file = await residentFile(scope, idOf(request.params))
      const { id } = file.resident
      return render(reply, officer, 'resident', {
        title: file.resident.full_name,
        styles: ['lists.css'],
        ...sayings(request, reply),
        ...file,
        spoken: spokenTo(deps, file.resident),
        contacts: contactsOf(file),
        correct: oneOf(CORRECTED_FIELDS, request.query.get('correct')),
        tongues: [...deps.templates.keys()].sort(),
        timeline: await timelineOf(deps.db.read, { residentId: id }),
        followUps: (await followUpPage(scope, { view: { residentId: id } })).rows,
        mayAct: mayAs(officer, 'officer'),
        mayTransfer: deps.offices.several && mayAs(officer, 'supervisor') && file.resident.erased_at === null,
        otherOffices: deps.offices.all.filter(({ code }) => code !== deps.office.code),
        mayCopy: mayAs(officer, 'supervisor') && file.resident.erased_at === null,
        holdReasons: HOLD_REASONS,
        found: request.query.get('ref'),
      })
    },
  },
  {
    method: 'POST',
    path: '/residents/:id/hold',
    role: 'officer',
    audit: { action: 'hold.set', subject },
    async handle(request, reply) {
      const { deps, officer, form, today, now } = request
      const { resident } = await residentFile(scopeOf(request), idOf(request.params))
      const fields = holdFields(form, today)
      await deps.db.write((tx) => setHold(tx, { residentId: resident.id, ...fields, setBy: officer.name, now }))
      return reply.redirect(pathFor(reply, `/residents/${resident.id}`, { said: 'hold.set' }), 303)
    },
  },
  {
    method: 'POST',
    path: '/residents/:id/holds/:hold/lift',
    role: 'officer',
    audit: { action: 'hold.lift', subject },
    async handle(request, reply) {
      const { deps, officer, params, now } = request
      const { resident, holds } = await residentFile(scopeOf(request), idOf(params))
      const id = idOf(params, 'hold')
      if (!holds.some((hold) => hold.id === id)) throw new AppError('not-found', `tidak ada pengecualian ${id}`)
      const lifted = await deps.db.write((tx) => liftHold(tx, { id, liftedBy: officer.name, now }))
      if (!lifted) {
        const { lifted_by } = holds.find((hold) => hold.id === id)!
        throw new AppError('conflict', `pengecualian ${id} sudah dicabut oleh ${lifted_by ?? 'petugas lain'}`)
      }
      return reply.redirect(pathFor(reply, `/residents/${resident.id}`, { said: 'hold.lifted' }), 303)
    },
  },
]

/** What can be corrected, as it stands: the value in force, the correction behind it, or the resident's own choice. */
function contactsOf({ resident, corrections }: ResidentFile) {
  return CORRECTED_FIELDS.map((field) => ({
    field,
    value: field === 'language' ? (resident.chosen_language ?? resident.language) : resident[field],
    live: corrections.find((one) => one.field === field) ?? null,
    own: field === 'language' && resident.chosen_language !== null,
  }))
}

function isHeadquarters({ deps, officer }: ConsoleRequest): boolean {
  return deps.offices.several && officer.officeCode === null
}

function scopeOf({ deps, today, officer }: ConsoleRequest): Scope {
  return { db: deps.db, office: deps.office, today, officer }
}

function viewOf({ query, deps }: ConsoleRequest): ResidentView {
  const held = oneOf(['0', '1'], query.get('held'))
  return given<ResidentView>({
    search: searchOf(query, deps.db.vault),
    ends: wholeNumber(query.get('ends'), 3650),
    endsOn: day(query.get('on')),
    noticedOn: day(query.get('noticed')),
    nationality: query.get('nationality') || undefined,
    regency: query.get('regency') || undefined,
    kind: query.get('kind') || undefined,
    held: held === undefined ? undefined : held === '1',
    differs: query.get('differs') === '1' ? true : undefined,
    sort: oneOf(['name', 'expiry'], query.get('sort')),
  })
}
