import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { AppError } from '../lib/errors.ts'
import { faultText } from '../lib/fault-text.ts'
import { isLoopbackAddress } from '../lib/web-address.ts'
import type { ConsoleDeps } from './deps.ts'

const DATABASE_MS = 3_000

/**
 * For a supervisor or proxy: no sign-in, no data of a person. `healthz`: the process answers; `readyz`: it can do its work,
 * else 503 and what keeps it; `metrics`: figures, for programs on this machine alone.
 */
export function registerHealth(app: FastifyInstance, deps: Pick<ConsoleDeps, 'db' | 'log' | 'probes'>): void {
  const { log, probes } = deps
  app.get('/healthz', (_request, reply) => reply.type('text/plain; charset=utf-8').send('ok\n'))
  app.get('/readyz', async (_request, reply) => {
    reply.type('text/plain; charset=utf-8')
    const missing = await notReady(deps)
    if (missing.length === 0) return 'ready\n'
    log.error({ event: 'console.not-ready', missing }, 'not ready')
    reply.code(503)
    return `not ready: ${missing.join(', ')}\n`
  })
  if (!probes) return
  app.get('/metrics', async (request, reply) => {
    if (!isOwnMachine(request)) return reply.callNotFound()
    return reply.type(probes.metrics.contentType).send(await probes.metrics.render())
  })
}

async function notReady({ db, log, probes }: Pick<ConsoleDeps, 'db' | 'log' | 'probes'>): Promise<readonly string[]> {
  try {
    const answer = db.read.select({ key: db.t.meta.key }).from(db.t.meta).limit(1)
    // Read by who waits for an answer: a database that is away is asked for longer than that.
    await Promise.race([answer, tooLong()])
    return (await probes?.notReady()) ?? []
  } catch (error) {
    log.error({ event: 'console.not-ready', fault: faultText(error) }, 'the database does not answer')
    return ['database']
  }
}

async function tooLong(): Promise<never> {
  await sleep(DATABASE_MS, undefined, { ref: false })
  throw new AppError('unavailable', `the database has not answered for ${DATABASE_MS} ms`)
}

const PROXIED = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip']

/** By the connection's own address, never by a header; and what a proxy on this machine hands on comes from elsewhere. */
function isOwnMachine({ raw: { socket, headers } }: FastifyRequest): boolean {
  return isLoopbackAddress(socket.remoteAddress) && PROXIED.every((name) => headers[name] === undefined)
}
