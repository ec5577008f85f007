import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { storageFault } from '../db/trouble.ts'
import { AppError, type AppErrorCode } from '../lib/errors.ts'
import { withBareHeaders } from '../lib/web-server.ts'
import type { ConsoleDeps } from './deps.ts'
import { isVisit, officerAt, render, wordsFor } from './pages.ts'

const STATUS: Readonly<Record<AppErrorCode, number>> = {
  usage: 400,
  invalid: 400,
  'not-found': 404,
  conflict: 409,
  config: 500,
  unavailable: 503,
}
/** Those that have words of their own. */
const TOLD = [400, 403, 404, 409, 413, 429, 503]

/** 403: the role does not allow it, or the form did not come from here. */
export function answerRefused(_request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return reply.send(troublePage(reply, 403, null))
}

/** 404 */
export function answerUnknown(_request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return reply.send(troublePage(reply, 404, null))
}

/** A path that is not even an encoded one; its text would else come back as JSON. */
export function answerUnreadable(_error: FastifyError, _request: FastifyRequest, reply: FastifyReply): void {
  withBareHeaders(reply).code(400).type('text/plain; charset=utf-8').send('400\n')
}

export function answerTrouble(deps: ConsoleDeps) {
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const storage = storageFault(error, 'the database')
    const told = storage === null && error instanceof AppError
    const status = storage ? STATUS[storage.code] : told ? STATUS[error.code] : (error.statusCode ?? 500)
    if (status >= 500) {
      const why = storage ? { fault: storage.message } : traceOf(error)
      deps.log.error({ event: 'console.error', route: request.routeOptions.url, ...why }, 'a page failed')
    }
    return reply.send(troublePage(reply, status, told ? error.message : null))
  }
}

function troublePage(reply: FastifyReply, status: number, message: string | null): string {
  reply.code(status)
  if (!isVisit(reply.request)) {
    reply.type('text/plain; charset=utf-8')
    return `${status}\n`
  }
  const officer = officerAt(reply)
  const t = wordsFor(reply, officer)
  const kind = TOLD.includes(status) ? status : status < 500 ? 400 : 500
  return render(reply, officer, 'trouble', {
    title: t(`trouble.${kind}.title`),
    text: message ?? t(`trouble.${kind}.text`),
  })
}

/** Name, code and places only: a database error's message holds the values of its query. */
function traceOf(error: Error & { code?: string }): { name: string; code: string | undefined; at: string[] } {
  const at = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  return { name: error.name, code: error.code, at: at.slice(0, 8).map((line) => line.trim()) }
}
