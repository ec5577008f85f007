import type { FastifyInstance } from 'fastify'
import type { ConsoleDeps } from './deps.ts'

/** For a supervisor or proxy: no data, no sign-in. `healthz`: the process answers; `readyz`: the database does too. */
export function registerHealth(app: FastifyInstance, { db, log }: ConsoleDeps): void {
  app.get('/healthz', (_request, reply) => reply.type('text/plain; charset=utf-8').send('ok\n'))
  app.get('/readyz', async (_request, reply) => {
    reply.type('text/plain; charset=utf-8')
    try {
      await db.read.select({ key: db.t.meta.key }).from(db.t.meta).limit(1)
      return 'ready\n'
    } catch (error) {
      log.error({ event: 'console.not-ready', name: error instanceof Error ? error.name : 'unknown' }, 'not ready')
      reply.code(503)
      return 'not ready\n'
    }
  })
}
