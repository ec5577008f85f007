import type { FastifyInstance, FastifyRequest } from 'fastify'
import { AppError } from '../lib/errors.ts'
import { readMultipart } from './multipart.ts'
import type { Upload } from './route.ts'

/** A form as it was sent: fields in order, and files. */
export type FormBody = { fields: URLSearchParams; files: Record<string, Upload> }

/** Forms of both encodings; any other kind of body is refused (415). */
export function registerBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, urlEncoded)
  app.addContentTypeParser('multipart/form-data', { parseAs: 'buffer' }, multipart)
}

/** The body of a request that may have none. */
export function bodyOf(request: FastifyRequest): FormBody {
  return (request.body as FormBody | undefined) ?? { fields: new URLSearchParams(), files: {} }
}

async function urlEncoded(_request: FastifyRequest, body: string): Promise<FormBody> {
  return { fields: withoutNul(new URLSearchParams(body)), files: {} }
}

async function multipart(request: FastifyRequest, body: Buffer): Promise<FormBody> {
  const parts = readMultipart(request.headers['content-type'] ?? '', body)
  if (!parts) throw unreadable()
  const fields = new URLSearchParams()
  const files = new Map<string, Upload>()
  for (const { name, fileName, bytes } of parts) {
    if (fileName === undefined) fields.append(name, bytes.toString('utf8'))
    // A browser sends a file field that was left empty as a file without a name.
    else if (fileName !== '') files.set(name, { name: fileName, bytes })
  }
  return { fields: withoutNul(fields), files: Object.fromEntries(files) }
}

/** No keyboard writes it, and PostgreSQL keeps no text with it. */
function withoutNul(fields: URLSearchParams): URLSearchParams {
  if (fields.toString().includes('%00')) throw unreadable()
  return fields
}

function unreadable(): AppError {
  return new AppError('invalid', 'the form could not be read; send it again')
}
