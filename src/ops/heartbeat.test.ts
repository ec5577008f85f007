import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { openTestDb } from '../db/testing.ts'
import { openLog } from '../lib/events.ts'
import { sendHeartbeat, tellAgain, tellOfScan } from './heartbeat.ts'

describe('the heartbeat', () => {
  it('calls the watcher with GET and logs nothing', async () => {
    const asked: string[] = []
    await using watcher = await listen((request, response) => {
      asked.push(`${request.method} ${request.url}`)
      response.end('ok')
    })
    const lines: string[] = []
    expect(await sendHeartbeat({ url: `${watcher.url}/ping/s3cret?k=s3cret`, log: logInto(lines) })).toBe('sent')
    expect(asked).toEqual(['GET /ping/s3cret?k=s3cret'])
    expect(lines).toEqual([])
  })

  it.each([404, 500, 302])('logs an answer of %i with the host alone', async (status) => {
    await using watcher = await listen((_, response) => {
      response.writeHead(status, { location: 'http://127.0.0.1:1/s3cret' }).end()
    })
    const lines: string[] = []
    expect(await sendHeartbeat({ url: `${watcher.url}/s3cret`, log: logInto(lines) })).toBe('failed')
    expect(lines.length).toBe(1)
    expect(JSON.parse(lines[0]!)).toMatchObject({ host: watcher.host, status })
    expect(lines[0]).not.toContain('s3cret')
  })

  it('gives up on a watcher that never answers', async () => {
    await using watcher = await listen(() => undefined)
    const lines: string[] = []
    expect(await sendHeartbeat({ url: `${watcher.url}/s3cret`, log: logInto(lines), timeoutMs: 20 })).toBe('failed')
    expect(JSON.parse(lines[0]!)).toMatchObject({ host: watcher.host, fault: expect.stringContaining('DOMException') })
    expect(lines[0]).not.toContain('s3cret')
  })

  it('survives a watcher that is not there, and an address that is none', async () => {
    const gone = await listen(() => undefined)
    await gone[Symbol.asyncDispose]()
    for (const url of [`http://s3cret:s3cret@${gone.host}/s3cret`, 's3cret']) {
      const lines: string[] = []
      expect(await sendHeartbeat({ url, log: logInto(lines) })).toBe('failed')
      expect(lines.length).toBe(1)
      expect(lines[0]).not.toContain('s3cret')
    }
  })
})

describe('a good scan', () => {
  const planned = Date.parse('2026-11-10T06:00:00+07:00')
  const now = planned + 600_000

  it('is told again until the watcher heard of it, and then no more', async () => {
    await using db = await openTestDb()
    let answers = [503, 200, 200, 200]
    let asked = 0
    await using watcher = await listen((_, response) => {
      asked += 1
      response.writeHead(answers.shift()!).end()
    })
    const deps = { db, url: watcher.url, log: logInto([]) }
    await tellAgain(deps, now)
    expect(asked).toBe(0)
    await finished(db, planned)
    await tellOfScan(deps, planned)
    await tellAgain(deps, now)
    await tellAgain(deps, now)
    expect(asked).toBe(2)
    answers = [200]
    await finished(db, planned + 86_400_000)
    await tellAgain(deps, now + 86_400_000)
    expect(asked).toBe(3)
  })

  it('of the day before is no sign of life, nor is one that failed', async () => {
    await using db = await openTestDb()
    let asked = 0
    await using watcher = await listen((_, response) => {
      asked += 1
      response.end()
    })
    const deps = { db, url: watcher.url, log: logInto([]) }
    await finished(db, planned - 86_400_000)
    await finished(db, planned, 5)
    await tellAgain(deps, now)
    expect(asked).toBe(0)
  })

  async function finished(db: Awaited<ReturnType<typeof openTestDb>>, planned_at: number, failed = 0) {
    const times = { planned_at, started_at: planned_at, lease_until: planned_at, finished_at: planned_at }
    await db.write((tx) => tx.insert(tx.t.slots).values({ duty: 'scan', worker: 'x', failed, ...times }))
  }
})

async function listen(handler: RequestListener) {
  const server = createServer(handler).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    host,
    url: `http://${host}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function logInto(lines: string[]) {
  return openLog({ level: 'info', destination: { write: (line) => void lines.push(line) } })
}
