import type { FastifyInstance } from 'fastify'
import { homeWords } from '../compose/words.ts'
import type { PublicDeps } from './deps.ts'
import { openingHours } from './opening-hours.ts'
import { answerChallenge } from './own-page.ts'
import type { Pages } from './pages.ts'

/** `GET /`: by which numbers, senders and address people recognise us, in Indonesian and English. And nothing for robots. */
export function registerHome(
  app: FastifyInstance,
  { db, office, offices, templates, publicBaseUrl }: PublicDeps,
  pages: Pages,
): void {
  const sections = ['id', 'en'].map((tag) => {
    const template = templates.get(tag)!
    return {
      words: homeWords(template, { officeName: office.name }),
      labels: template.page.labels,
      offices: offices.all.map((one) => ({ office: one, hours: openingHours(one, tag) })),
    }
  })
  const { language, direction, heading: title } = sections[0]!.words
  const site = new URL(publicBaseUrl).host

  app.get('/', (request, reply) => {
    reply.header('cache-control', 'public, max-age=300')
    answerChallenge(db.vault, request, reply)
    return pages.send(reply, 'home', { language, direction, title, office, site, sections })
  })
  app.get('/robots.txt', (_request, reply) =>
    reply
      .type('text/plain; charset=utf-8')
      .header('cache-control', 'public, max-age=86400')
      .send('User-agent: *\nDisallow: /\n'),
  )
}
