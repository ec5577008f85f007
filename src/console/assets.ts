import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { extname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { FastifyInstance } from 'fastify'
import { autoThemeOf } from './auto-theme.ts'

type Asset = { type: string; bytes: Buffer; packed: Buffer }
export type Assets = {
  /** Given name to the one that changes with the content. */
  hrefs: ReadonlyMap<string, string>
  files: ReadonlyMap<string, Asset>
}

const FOLDER = join(import.meta.dirname, 'assets')
const TABLER = '@tabler/core/dist/css/tabler.min.css'
const CONTENT_TYPE: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.js': 'text/javascript; charset=utf-8',
}
const AGE_S = 365 * 24 * 3600

/** All that the pages load, in memory: Tabler, its dark half for those who leave the choice to their device, and our own files. */
export function readAssets(): Assets {
  const tabler = readFileSync(createRequire(import.meta.url).resolve(TABLER), 'utf8').replace(
    /\/\*# sourceMappingURL=.*?\*\//,
    '',
  )
  const hrefs = new Map<string, string>()
  const files = new Map<string, Asset>()
  const add = (name: string, bytes: Buffer) => {
    const extension = extname(name)
    const type = CONTENT_TYPE[extension]
    if (type === undefined) throw new Error(`assets/${name} is of no kind that is served`)
    const digest = createHash('sha256').update(bytes).digest('base64url').slice(0, 10)
    const href = `${name.slice(0, -extension.length)}.${digest}${extension}`
    hrefs.set(name, href)
    files.set(href, { type, bytes, packed: gzipSync(bytes) })
  }
  add('tabler.css', Buffer.from(tabler))
  add('tabler-auto.css', Buffer.from(autoThemeOf(tabler)))
  for (const name of readdirSync(FOLDER)) add(name, readFileSync(join(FOLDER, name)))
  return { hrefs, files }
}

export function registerAssets(app: FastifyInstance, { files }: Assets): void {
  app.get<{ Params: { file: string } }>('/assets/:file', (request, reply) => {
    const file = files.get(request.params.file)
    if (!file) return reply.callNotFound()
    const packed = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '')
    if (packed) reply.header('content-encoding', 'gzip')
    return reply
      .type(file.type)
      .header('vary', 'accept-encoding')
      .header('cache-control', `public, max-age=${AGE_S}, immutable`)
      .send(packed ? file.packed : file.bytes)
  })
}
