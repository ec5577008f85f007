import { templateFor } from '../compose/template.ts'
import { idOf, subjectOf } from './asked.ts'
import { asFile, wordsFor } from './pages.ts'
import { personJson, personPdf } from './person/person-copy.ts'
import { sayingFor } from './proof/saying.ts'
import type { ConsoleRequest, Route } from './route.ts'
import { sayings, spokenTo } from './say.ts'

const subject = subjectOf('resident')

/** The copy of everything about one person, for whoever asks for their own data. */
export const personRoutes: Route[] = [
  {
    method: 'GET',
    path: '/residents/:id/data.pdf',
    role: 'supervisor',
    audit: { action: 'resident.export-pdf', subject },
    async handle(request, reply) {
      const { deps, officer, params, now } = request
      const { office } = deps
      const t = wordsFor(reply, officer)
      const saying = sayingFor({ t, sayings: sayings(request, reply), language: officer.language, office, now })
      const id = idOf(params)
      const pdf = await personPdf(scopeOf(request), id, ({ resident }) => ({
        office,
        officer,
        saying,
        spoken: spokenTo(deps, resident),
        writtenIn: (tag) => templateFor(deps.templates, tag).template.language,
        now,
      }))
      return asFile(reply, { type: 'application/pdf', name: `data-pribadi-${id}.pdf` }).send(pdf)
    },
  },
  {
    method: 'GET',
    path: '/residents/:id/data.json',
    role: 'supervisor',
    audit: { action: 'resident.export-json', subject },
    async handle(request, reply) {
      const id = idOf(request.params)
      const json = await personJson(scopeOf(request), id)
      return asFile(reply, { type: 'application/json; charset=utf-8', name: `data-pribadi-${id}.json` }).send(json)
    },
  },
]

function scopeOf({ deps, today, officer }: ConsoleRequest) {
  const { db, office, audioDir } = deps
  return { db, office, today, officer, audioDir }
}
