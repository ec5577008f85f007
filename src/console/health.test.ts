import fastify, { type FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Db } from '../db/open.ts'
import { openTestDb } from '../db/testing.ts'
import { silentLog } from '../lib/events.ts'
import { registerHealth } from './health.ts'

describe('the health of the program', () => {
  let db: Db
  let app: FastifyInstance
  let missing: string[] = []

  beforeAll(async () => {
    db = await openTestDb()
    app = fastify({ trustProxy: true })
    const metrics = { contentType: 'text/plain; version=0.0.4', render: async () => 'tenggat_info 1\n' }
    registerHealth(app, { db, log: silentLog, probes: { notReady: async () => missing, metrics } })
  })
  afterAll(async () => {
    await app.close()
  })

  it('is well as long as the process answers, and ready when nothing is missing', async () => {
    expect(await ask('/healthz')).toEqual([200, 'ok\n'])
    expect(await ask('/readyz')).toEqual([200, 'ready\n'])
  })

  it('is not ready while something keeps it from its work, and says what', async () => {
    missing = ['listener', 'tick']
    expect(await ask('/readyz')).toEqual([503, 'not ready: listener, tick\n'])
    expect(await ask('/healthz')).toEqual([200, 'ok\n'])
    missing = []
  })

  it.each(['127.0.0.1', '127.8.9.1', '::1', '::ffff:127.0.0.1'])('tells figures to %s', async (remoteAddress) => {
    expect(await ask('/metrics', { remoteAddress })).toEqual([200, 'tenggat_info 1\n'])
  })

  it.each(['203.0.113.9', '10.0.0.7', '::ffff:10.0.0.7', '2001:db8::1'])(
    'has no such page for %s, whatever a header says',
    async (remoteAddress) => {
      const headers = { 'x-forwarded-for': '127.0.0.1' }
      expect((await ask('/metrics', { remoteAddress }))[0]).toBe(404)
      expect((await ask('/metrics', { remoteAddress, headers }))[0]).toBe(404)
    },
  )

  it.each(['x-forwarded-for', 'forwarded', 'x-real-ip', 'via'])(
    'has no such page for what a proxy on this machine hands on with %s',
    async (name) => {
      expect((await ask('/metrics', { remoteAddress: '127.0.0.1', headers: { [name]: '127.0.0.1' } }))[0]).toBe(404)
    },
  )

  it('is not ready when the database is gone, and the process still answers', async () => {
    await db[Symbol.asyncDispose]()
    expect(await ask('/readyz')).toEqual([503, 'not ready: database\n'])
    expect(await ask('/healthz')).toEqual([200, 'ok\n'])
  })

  async function ask(url: string, from: { remoteAddress?: string; headers?: Record<string, string> } = {}) {
    const { statusCode, body } = await app.inject({ url, ...from })
    return [statusCode, body]
  }
})
