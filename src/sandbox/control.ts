import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { faultSchema } from './faults.ts'
import { personSchema } from './people.ts'
import type { Sandbox } from './sandbox.ts'

const replySchema = z.strictObject({
  from: z.string(),
  to: z.string(),
  body: z.string().optional(),
  buttonPayload: z.string().optional(),
  buttonText: z.string().optional(),
})
const ringSchema = z.strictObject({ from: z.string(), to: z.string(), presses: z.array(z.string()).optional() })

/** `/sandbox/…`: what another process steers this one with, as JSON. */
export function controlRoutes(app: FastifyInstance, { sandbox }: { sandbox: Sandbox }): void {
  app.addHook('onRequest', async (request, reply) => {
    if (isForeignPage(request)) return reply.status(403).send({ error: 'not from another site' })
  })
  app.setErrorHandler((error, _request, reply) => {
    if (error instanceof z.ZodError) return reply.status(400).send({ error: z.prettifyError(error) })
    throw error
  })

  app.get('/faults', () => sandbox.faults.list())
  app.post('/faults', ({ body }) => {
    sandbox.faults.set(z.array(faultSchema).parse(body))
    return sandbox.faults.list()
  })
  app.delete('/faults', () => {
    sandbox.faults.clear()
    return sandbox.faults.list()
  })
  app.post('/behaviour', ({ body }) => sandbox.configure(z.record(z.string(), z.unknown()).parse(body)))
  app.post('/people', ({ body }) => {
    for (const [number, person] of Object.entries(z.record(z.string(), personSchema).parse(body))) {
      sandbox.setPerson(number, person)
    }
    return {}
  })
  app.get('/transcript', () => sandbox.transcript())
  app.get('/alerts', () => sandbox.alerts())
  app.post('/idle', async () => {
    await sandbox.idle()
    return {}
  })
  app.post('/reply', async ({ body }) => {
    const { from, to, body: text, buttonPayload, buttonText } = replySchema.parse(body)
    await sandbox.reply(from, to, {
      ...(text === undefined ? {} : { body: text }),
      ...(buttonPayload === undefined ? {} : { buttonPayload }),
      ...(buttonText === undefined ? {} : { buttonText }),
    })
    return {}
  })
  app.post('/ring', ({ body }) => {
    const { from, to, presses } = ringSchema.parse(body)
    return sandbox.ring(from, to, presses ? { presses } : {})
  })
}

/** A browser says where a request comes from; another site's page may not act on this machine's phones. */
export function isForeignPage({ method, headers }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site']
  return method !== 'GET' && method !== 'HEAD' && site !== undefined && site !== 'same-origin' && site !== 'none'
}
