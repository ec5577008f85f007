import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { Eta } from 'eta'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Template } from '../compose/template.ts'
import { endedWords } from '../compose/words.ts'
import type { Office } from '../lib/office.ts'
import type { PublicDeps } from './deps.ts'

const ASSETS = join(import.meta.dirname, 'assets')
const VIEWS = join(import.meta.dirname, 'pages')
const CONTENT_TYPE: Readonly<Record<string, string>> = { '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml' }
const ASSET_AGE_S = 365 * 24 * 3600

/** What every page has around its own content. */
export type Frame = { language: string; direction: 'ltr' | 'rtl'; title: string }

export type Pages = {
  /** Serves the assets under names that change with their content. */
  register(app: FastifyInstance): void
  /** A path of ours as a browser must ask for it: behind a proxy we may live below another path. */
  path(path: string): string
  send<Page extends Frame & { office: Office }>(reply: FastifyReply, view: 'note' | 'home', page: Page): FastifyReply
  /** 410: this link was ours. */
  sendEnded(reply: FastifyReply, template: Template, of: Office): FastifyReply
  /** 404 */
  sendUnknown(reply: FastifyReply): FastifyReply
  /** Any other refusal: nothing but "try again" and the office's phone. */
  sendTrouble(reply: FastifyReply, status: number): FastifyReply
}

export function openPages({ office, templates, publicBaseUrl }: PublicDeps): Pages {
  const eta = new Eta({ views: VIEWS, cache: true, autoEscape: true })
  const assets = readAssets()
  const base = new URL(publicBaseUrl).pathname.replace(/\/+$/, '')
  const path = (absolute: string) => base + absolute
  const asset = (file: string) => path(`/assets/${assets.hrefs.get(file) ?? file}`)

  const send = <Page extends Frame>(reply: FastifyReply, view: string, page: Page) =>
    reply.type('text/html; charset=utf-8').send(eta.render(view, { office, path, asset, ...page }))

  const sendPlain = (reply: FastifyReply, view: string, all: readonly Template[], of = office) => {
    const words = [...new Set(all)].map((template) =>
      endedWords(template, { officeName: of.name, officePhone: of.phone }),
    )
    const { language, direction, heading } = words[0]!
    return send(reply, view, { language, direction, title: heading, office: of, words })
  }
  const usual = ['id', 'en'].map((tag) => templates.get(tag)!)

  return {
    path,
    register: (app) => registerAssets(app, assets),
    send,
    sendEnded: (reply, template, of) => sendPlain(reply.code(410), 'ended', [template, ...usual], of),
    sendUnknown: (reply) => sendPlain(reply.code(404), 'ended', usual),
    sendTrouble: (reply, status) => sendPlain(reply.code(status), 'trouble', usual),
  }
}

type Assets = { hrefs: Map<string, string>; files: Map<string, { bytes: Buffer; type: string }> }

function readAssets(): Assets {
  const hrefs = new Map<string, string>()
  const files = new Map<string, { bytes: Buffer; type: string }>()
  for (const file of readdirSync(ASSETS)) {
    const bytes = readFileSync(join(ASSETS, file))
    const extension = extname(file)
    const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 12)
    const href = `${file.slice(0, -extension.length)}-${digest}${extension}`
    hrefs.set(file, href)
    files.set(href, { bytes, type: CONTENT_TYPE[extension] ?? 'application/octet-stream' })
  }
  return { hrefs, files }
}

function registerAssets(app: FastifyInstance, { files }: Assets): void {
  app.get<{ Params: { file: string } }>('/assets/:file', (request, reply) => {
    const file = files.get(request.params.file)
    if (!file) return reply.callNotFound()
    return reply.type(file.type).header('cache-control', `public, max-age=${ASSET_AGE_S}, immutable`).send(file.bytes)
  })
}
