import { createReadStream } from 'node:fs'
import type { FastifyInstance } from 'fastify'
import type { PublicDeps } from './deps.ts'
import type { Pages } from './pages.ts'
import { type AudioFormat, voiceNoteByToken } from './voice-notes.ts'

const CONTENT_TYPE: Readonly<Record<AudioFormat, string>> = { mp3: 'audio/mpeg', ogg: 'audio/ogg' }

/**
 * `GET|HEAD /audio/:token.mp3|.ogg`, with ranges for telephones that want a beginning first. A file never changes under its token, so
 * the carrier and telephones may keep it for a day.
 */
export function registerAudio(app: FastifyInstance, deps: PublicDeps, pages: Pages): void {
  app.route<{ Params: { file: string } }>({
    method: ['GET', 'HEAD'],
    url: '/audio/:file',
    handler: async (request, reply) => {
      const [, token, format] = /^([\w-]+)\.(mp3|ogg)$/.exec(request.params.file) ?? []
      const note = token ? await voiceNoteByToken(deps.db.read, deps.audioDir, token) : undefined
      if (!note) return pages.sendUnknown(reply)

      const { path, bytes, digest } = note.files[format as AudioFormat]
      const etag = `"${digest}"`
      reply
        .type(CONTENT_TYPE[format as AudioFormat])
        .header('accept-ranges', 'bytes')
        .header('etag', etag)
        .header('cache-control', 'public, max-age=86400')
      if (request.headers['if-none-match'] === etag) return reply.code(304).send()

      const ifRange = request.headers['if-range']
      const wanted = ifRange !== undefined && ifRange !== etag ? 'all' : rangeOf(request.headers.range, bytes)
      if (wanted === 'unsatisfiable') return reply.code(416).header('content-range', `bytes */${bytes}`).send()
      const { start, end } = wanted === 'all' ? { start: 0, end: bytes - 1 } : wanted
      if (wanted !== 'all') reply.code(206).header('content-range', `bytes ${start}-${end}/${bytes}`)
      reply.header('content-length', end - start + 1)
      return request.method === 'HEAD' ? reply.send() : reply.send(createReadStream(path, { start, end }))
    },
  })
}

/** One range of bytes; several ranges and other units are answered with the whole (RFC 9110, 14.2). */
export function rangeOf(
  header: string | undefined,
  bytes: number,
): { start: number; end: number } | 'all' | 'unsatisfiable' {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '')
  const [, from = '', to = ''] = match ?? []
  if (!match || (from === '' && to === '')) return 'all'
  if (from === '') {
    const length = Math.min(Number(to), bytes)
    return length === 0 ? 'unsatisfiable' : { start: bytes - length, end: bytes - 1 }
  }
  const start = Number(from)
  const end = to === '' ? bytes - 1 : Math.min(Number(to), bytes - 1)
  if (to !== '' && Number(to) < start) return 'all'
  return start >= bytes ? 'unsatisfiable' : { start, end }
}
