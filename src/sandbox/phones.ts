import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { Eta } from 'eta'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { isForeignPage } from './control.ts'
import type { Exchange } from './exchange.ts'
import { phoneList, phonePage, receivedCount } from './phones-view.ts'
import type { Sandbox } from './sandbox.ts'

const pages = fileURLToPath(new URL('./pages', import.meta.url))
const shownAtMost = 240

const headers = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; media-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

/** The phones themselves, for a browser: what each got, and what its owner can do with it. */
export function phoneRoutes(
  app: FastifyInstance,
  {
    sandbox,
    exchange,
    timeZone,
  }: {
    sandbox: Sandbox
    exchange: Exchange
    timeZone: string
  },
): void {
  const eta = new Eta({ views: pages, cache: true })
  const seen = new Map<string, number>()
  const page = (reply: FastifyReply, name: string, data: object): FastifyReply =>
    reply.headers(headers).type('text/html; charset=utf-8').send(eta.render(name, data))

  app.addHook('onRequest', async (request, reply) => {
    if (isForeignPage(request)) return reply.status(403).send('not from another site')
  })

  app.get('/', (request, reply) => {
    const { q = '', refresh } = request.query as { q?: string; refresh?: string }
    const list = phoneList(exchange, { seen, timeZone, wanted: q.trim().toLowerCase(), atMost: shownAtMost })
    return page(reply, './list', { title: 'Phones', refresh: refresh === '1' ? 5 : 0, q, ...list })
  })

  app.get('/phones/:number', (request, reply) => {
    const { number } = request.params as { number: string }
    const { refresh } = request.query as { refresh?: string }
    seen.set(number, receivedCount(exchange, number))
    const phone = phonePage(exchange, { number, timeZone })
    const status = phone.items.length > 0 ? 200 : 404
    return page(reply.status(status), './phone', {
      title: phone.label,
      refresh: refresh === '1' ? 5 : 0,
      phone,
      path: pathOf(number),
    })
  })

  app.post('/phones/:number/reply', async (request, reply) => {
    const { number } = request.params as { number: string }
    const form = formFields(request.body)
    const { to = '', body = '', payload, text } = form
    if (payload !== undefined) await sandbox.reply(number, to, { buttonPayload: payload, buttonText: text ?? '' })
    else if (to !== '' && body.trim() !== '') await sandbox.reply(number, to, { body: body.trim() })
    await sandbox.idle()
    return reply.redirect(`${pathOf(number)}#end`, 303)
  })

  app.post('/phones/:number/ring', async (request, reply) => {
    const { number } = request.params as { number: string }
    const { to = '', presses = '' } = formFields(request.body)
    const keys = presses.split(/[\s,]+/).filter((part) => /^[0-9*#]+$/.test(part))
    if (to !== '') await sandbox.ring(number, to, { presses: keys })
    await sandbox.idle()
    return reply.redirect(`${pathOf(number)}#end`, 303)
  })

  app.get('/phones.css', async (_request, reply) =>
    reply.type('text/css; charset=utf-8').send(await readFile(`${pages}/phones.css`)),
  )

  app.get('/media/:sha256', (request, reply) => {
    const { sha256 } = request.params as { sha256: string }
    const kept = exchange.shelf.get(sha256)
    if (!kept) return reply.status(404).send('not kept any more')
    return reply.headers({ 'x-content-type-options': 'nosniff' }).type(kept.contentType).send(kept.bytes)
  })
}

function pathOf(number: string): string {
  return `/phones/${encodeURIComponent(number)}`
}

function formFields(body: unknown): Record<string, string> {
  return body instanceof URLSearchParams ? Object.fromEntries(body) : {}
}
