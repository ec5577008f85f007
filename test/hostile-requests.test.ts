import type { Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { routes } from '../src/console/routes.ts'
import { openTestConsole, type TestConsole } from '../src/console/testing.ts'
import { MOST_CONNECTIONS } from '../src/lib/web-server.ts'
import { openNaiveProxy } from './naive-proxy.ts'
import { openTestOffice, type TestOffice } from './public-office.ts'
import { connected, restOf, sendRaw } from './raw-http.ts'

const LISTENERS = ['console', 'public'] as const
const IMPATIENT = { headersMs: 200, requestMs: 400, idleMs: 600, lookEveryMs: 50 }

let officers: TestConsole
let office: TestOffice
const urlOf = (listener: (typeof LISTENERS)[number]) =>
  listener === 'console' ? officers.console.url : office.listener.url

beforeAll(async () => {
  officers = await openTestConsole({ routes, deps: { patience: IMPATIENT } })
  office = await openTestOffice({ patience: IMPATIENT, requestsPerMinute: 100_000 })
})
afterAll(async () => {
  await officers[Symbol.asyncDispose]()
  await office[Symbol.asyncDispose]()
})

const get = (target: string, headers = '') =>
  `GET ${target} HTTP/1.1\r\nHost: x\r\n${/^Connection:/m.test(headers) ? '' : 'Connection: close\r\n'}${headers}\r\n`
const post = (headers: string, body: string) => `POST /sign-in HTTP/1.1\r\nHost: x\r\n${headers}\r\n${body}`
/** Would be answered if anything behind a refused request were taken for another. */
const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n'

describe.each(LISTENERS)('the %s listener and slow clients', (listener) => {
  it.each([
    ['sends headers without end', 'GET / HTTP/1.1\r\nHost: x\r\n'],
    [
      'sends a body without end',
      post('Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n', 'a='),
    ],
    [
      'sends chunks without end',
      post('Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n', '1\r\na\r\n'),
    ],
  ])('hangs up on who %s', async (_, beginning) => {
    const socket = await connected(urlOf(listener))
    socket.write(beginning)
    expect(await restOf(socket)).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/)
  })

  it('hangs up on who says nothing, or nothing more', async () => {
    const silent = await connected(urlOf(listener))
    expect(await restOf(silent)).toMatch(/^$|^HTTP\/1\.1 408 /)
    const satisfied = await connected(urlOf(listener))
    satisfied.write(get('/robots.txt', 'Connection: keep-alive\r\n'))
    expect(await restOf(satisfied)).toMatch(/^HTTP\/1\.1 (?:200|404) /)
  })
})

describe('a listener', () => {
  it('turns away more connections than it can hold, and serves on', async () => {
    await using patient = await openTestOffice()
    const { url } = patient.listener
    const sockets = await Promise.all(Array.from({ length: MOST_CONNECTIONS + 10 }, () => connected(url)))
    const ended = await Promise.all(sockets.map(isTurnedAway))
    expect(ended.filter(Boolean).length).toBe(10)
    for (const socket of sockets) socket.destroy()
    await expect.poll(() => patient.get('/').then(({ status }) => status, String)).toBe(200)
  })
})

describe.each(LISTENERS)('the %s listener and requests that two servers would read differently', (listener) => {
  it.each([
    ['a length and chunks', post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', `0\r\n\r\n${SMUGGLED}`)],
    [
      'chunks and a length',
      post('Transfer-Encoding: chunked\r\nContent-Length: 4\r\n', `5c\r\n${SMUGGLED}\r\n0\r\n\r\n`),
    ],
    ['two lengths', post('Content-Length: 0\r\nContent-Length: 40\r\n', SMUGGLED)],
    ['twice the same length', post('Content-Length: 1\r\nContent-Length: 1\r\n', `a${SMUGGLED}`)],
    ['a length with a sign', post('Content-Length: +0\r\n', SMUGGLED)],
    ['a length below nothing', post('Content-Length: -1\r\n', SMUGGLED)],
    ['a list of lengths', post('Content-Length: 0, 40\r\n', SMUGGLED)],
    ['a length in hexadecimal', post('Content-Length: 0x28\r\n', SMUGGLED)],
    ['a header that goes on in the next line', get('/', 'X-A: b\r\n Content-Length: 40\r\n')],
    ['lines that end without CR', `GET / HTTP/1.1\nHost: x\n\n${SMUGGLED}`],
    ['one line that ends without CR', `GET / HTTP/1.1\r\nHost: x\r\nX: y\n\r\n${SMUGGLED}`],
    ['a CR within a header', get('/', 'X: y\rTransfer-Encoding: chunked\r\n')],
    ['a blank before the colon', post('Transfer-Encoding : chunked\r\n', `0\r\n\r\n${SMUGGLED}`)],
    ['an unknown coding', post('Transfer-Encoding: xchunked\r\n', SMUGGLED)],
    ['chunks that are not the last coding', post('Transfer-Encoding: chunked, identity\r\n', `0\r\n\r\n${SMUGGLED}`)],
    [
      'two codings in two lines',
      post('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n', `0\r\n\r\n${SMUGGLED}`),
    ],
    ['a chunk below nothing', post('Transfer-Encoding: chunked\r\n', `-1\r\n\r\n0\r\n\r\n${SMUGGLED}`)],
    ['a chunk beyond 64 bits', post('Transfer-Encoding: chunked\r\n', `FFFFFFFFFFFFFFFFF\r\n\r\n0\r\n\r\n${SMUGGLED}`)],
    ['a chunk longer than it says', post('Transfer-Encoding: chunked\r\n', `1\r\nabc\r\n0\r\n\r\n${SMUGGLED}`)],
    ['chunks that end without CR', post('Transfer-Encoding: chunked\r\n', `0\n\n${SMUGGLED}`)],
    ['no host', `GET / HTTP/1.1\r\n\r\n${SMUGGLED}`],
    ['a NUL in a header', get('/', 'X: a\0b\r\n')],
    ['a NUL in the path', get('/a\0b')],
    ['a blank in the path', get('/a b')],
    ['raw bytes in the path', get('/\xff\xfe')],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ])('refuses %s, and reads nothing behind it', async (_, bytes) => {
    const answers = await sendRaw(urlOf(listener), bytes)
    // A form whose beginning was enough to refuse it has its own answer first.
    expect(answers.length).toBeLessThanOrEqual(2)
    expect(answers.at(-1)!.status).toBe(400)
    expect(answers.at(-1)!.head.toLowerCase()).toContain('connection: close')
  })

  it.each(['length', 'chunks'] as const)('poisons no connection of a proxy that goes by %s alone', async (by) => {
    await using proxy = await openNaiveProxy(urlOf(listener), by)
    const attack =
      by === 'length'
        ? post(`Transfer-Encoding: chunked\r\nContent-Length: ${5 + SMUGGLED.length}\r\n`, `0\r\n\r\n${SMUGGLED}`)
        : post(
            'Content-Length: 4\r\nTransfer-Encoding: chunked\r\n',
            `${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n0\r\n\r\n`,
          )
    expect(await proxy.send(attack)).toMatchObject({ status: 400 })
    const victim = await proxy.send(get('/assets/victim'))
    expect(victim.status).toBe(404)
    expect(proxy.unasked()).toBe('')
  })
})

describe.each(LISTENERS)('the %s listener and requests beyond measure', (listener) => {
  it.each([
    ['a header of 20 kB', get('/', `X-A: ${'b'.repeat(20_000)}\r\n`), 431],
    ['three thousand headers', get('/', 'X-A: b\r\n'.repeat(3000)), 431],
    ['a path of 20 kB', get(`/${'a'.repeat(20_000)}`), 431],
    ['a path of 10 kB', get(`/${'a'.repeat(10_000)}`), 404],
    [
      'a body that says it is 1 GB',
      post('Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000000000\r\n', ''),
      413,
    ],
  ])('refuses %s', async (_, bytes, status) => {
    const [answer] = await sendRaw(urlOf(listener), bytes)
    // Neither is a form that the public listener does not have looked at for its length.
    expect([status, 404]).toContain(answer!.status)
  })

  it('refuses a packed body, however small', async () => {
    const body = gzipSync('x'.repeat(10_000_000))
    for (const coding of ['gzip', 'deflate', 'br', 'zstd', 'gzip, identity']) {
      const path = listener === 'console' ? '/sign-in' : `/n/${'a'.repeat(22)}/ack`
      const response = await fetch(urlOf(listener) + path, {
        method: 'POST',
        body: new Uint8Array(body),
        headers: { 'content-encoding': coding, 'content-type': 'application/x-www-form-urlencoded' },
      })
      expect([coding, response.status]).toEqual([coding, 415])
    }
  })
})

describe.each(LISTENERS)('the %s listener and crooked paths', (listener) => {
  it.each([
    '/..%2fetc%2fpasswd',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/..%252f..%252fetc/passwd',
    '/assets/..%2f..%2fdeps.ts',
    '/assets/%2e%2e%2flistener.ts',
    '/assets/../listener.ts',
    '/audio/..%2f..%2ftenggat.db',
    '/audio/....//secret.key',
    '//evil.example/',
    '///evil.example/%2f..',
    '//[',
    '/\\evil.example',
    '/.git/config',
    '/.env',
    '/assets/',
    '/assets/.',
    '/package.json',
    'http://evil.example/nowhere',
    'http://[/x',
    '/%c0%ae%c0%ae/',
    '/a;jsessionid=1',
    '/%',
    '/n/%zz',
    '/a%00b',
  ])('%s shows nothing', async (target) => {
    const [answer] = await sendRaw(urlOf(listener), get(target))
    expect([400, 404]).toContain(answer!.status)
    expect(answer!.head).not.toMatch(/^location:/im)
    expect(answer!.body).not.toMatch(/root:|import |SECRET|evil\.example/)
  })
})

describe.each(LISTENERS)('the %s listener and odd methods', (listener) => {
  it.each(['TRACE', 'TRACK', 'PUT', 'DELETE', 'PATCH', 'PROPFIND', 'OPTIONS'])('knows no %s', async (method) => {
    const secret = 'X-Secret: seen-by-nobody\r\n'
    const [answer] = await sendRaw(
      urlOf(listener),
      `${method} / HTTP/1.1\r\nHost: x\r\n${secret}Connection: close\r\nContent-Length: 0\r\n\r\n`,
    )
    expect(answer === undefined || [400, 404, 405].includes(answer.status)).toBe(true)
    expect(answer?.body ?? '').not.toContain('seen-by-nobody')
    expect(answer?.head ?? '').not.toMatch(/^access-control-/im)
  })

  it('opens no tunnel and changes to no other protocol', async () => {
    expect(await sendRaw(urlOf(listener), 'CONNECT evil.example:80 HTTP/1.1\r\nHost: x\r\n\r\n')).toEqual([])
    const upgrades = [
      'websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13',
      'h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__',
    ]
    for (const upgrade of upgrades) {
      const [answer] = await sendRaw(
        urlOf(listener),
        get('/nowhere', `Connection: close, Upgrade\r\nUpgrade: ${upgrade}\r\n`),
      )
      expect(answer!.status).toBe(404)
    }
  })

  it('answers HTTP/1.0 once for a connection', async () => {
    const [answer, ...none] = await sendRaw(urlOf(listener), 'GET /nowhere HTTP/1.0\r\n\r\n')
    expect([answer!.status, none]).toEqual([404, []])
    expect(answer!.head.toLowerCase()).toContain('connection: close')
    const [only, second] = await sendRaw(urlOf(listener), `GET /nowhere HTTP/1.0\r\n\r\n${SMUGGLED}`)
    expect([only!.status, second]).toEqual([400, undefined])
  })
})

describe.each(LISTENERS)('the %s listener and who says where it is', (listener) => {
  it.each([
    ['Host: evil.example', ''],
    ['Host: x', 'X-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Prefix: /evil.example\r\n'],
    ['Host: x', 'Forwarded: host=evil.example\r\nX-Original-URL: //evil.example\r\nX-Rewrite-URL: //evil.example\r\n'],
  ])('builds no address of %s %s', async (host, more) => {
    for (const path of ['/', '/sign-in', '/nowhere', '/residents']) {
      const [answer] = await sendRaw(
        urlOf(listener),
        `GET ${path} HTTP/1.1\r\n${host}\r\n${more}Connection: close\r\n\r\n`,
      )
      expect(`${answer!.head}\n${answer!.body}`).not.toContain('evil.example')
    }
  })
})

describe.each(LISTENERS)('every answer of the %s listener', (listener) => {
  const targets = [
    '/',
    '/sign-in',
    '/nowhere',
    '/assets/nothing.css',
    '/%',
    '//[',
    '/a%00b',
    '/residents',
    '/audio/x.mp3',
    '/n/x',
    '/healthz',
  ]

  it.each(targets)('to %s may not be framed, sniffed or kept', async (target) => {
    const [answer] = await sendRaw(urlOf(listener), get(target))
    const header = (name: string) => new RegExp(`^${name}: (.*)$`, 'im').exec(answer!.head)?.[1]
    expect(header('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/)
    expect(header('content-security-policy')).toContain("base-uri 'none'")
    expect(header('x-content-type-options')).toBe('nosniff')
    expect(header('referrer-policy')).toMatch(/^(same-origin|no-referrer)$/)
    expect(header('access-control-allow-origin')).toBeUndefined()
    expect(header('server') ?? header('x-powered-by')).toBeUndefined()
    if (answer!.body !== '') expect(header('content-type')).toMatch(/charset=utf-8$/)
    // The public front page says the same to everyone.
    const isFront = listener === 'public' && target === '/'
    expect(header('cache-control')).toBe(isFront ? 'public, max-age=300' : 'private, no-store')
  })

  it('that is none of ours, but of what could not be read, neither', async () => {
    const [answer] = await sendRaw(urlOf(listener), 'NONSENSE\r\n\r\n')
    expect(answer).toMatchObject({ status: 400, body: '' })
    expect(answer!.head).toContain("frame-ancestors 'none'")
    expect(answer!.head).toContain('nosniff')
  })
})

/** False as soon as it is answered. */
async function isTurnedAway(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    socket.once('data', () => resolve(false))
    socket.once('close', () => resolve(true))
    socket.write(get('/robots.txt', 'Connection: keep-alive\r\n'))
  })
}
