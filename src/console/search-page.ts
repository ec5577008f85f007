import type { FastifyReply } from 'fastify'
import { viewQuery } from './asked.ts'
import { pathFor } from './pages.ts'
import type { ConsoleRequest, Route } from './route.ts'
import { personOfReference } from './search-query.ts'

/** A search never shows a page of its own: to the person a reference means, else to the residents that the words fit. */
export const searchRoutes: Route[] = [
  {
    method: 'GET',
    path: '/search',
    role: 'viewer',
    audit: { action: 'search' },
    handle: (request, reply) => search(request, reply, request.query.get('q') ?? ''),
  },
  {
    method: 'POST',
    path: '/search',
    role: 'viewer',
    audit: { action: 'search' },
    handle: (request, reply) => search(request, reply, request.form.q ?? ''),
  },
]

async function search({ deps, officer }: ConsoleRequest, reply: FastifyReply, text: string): Promise<unknown> {
  const { db, office, offices } = deps
  const person = await personOfReference({ db, office, offices, officer }, text)
  if (person) {
    const path = pathFor(reply, `/residents/${person.residentId}`, { ref: person.reference })
    return reply.redirect(`${path}#${person.reference}`, 303)
  }
  return reply.redirect(pathFor(reply, '/residents', viewQuery({ q: text }, { names: [], vault: db.vault })), 303)
}
