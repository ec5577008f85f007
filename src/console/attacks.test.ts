import { createHook } from 'node:async_hooks'
import { connect as connectTls } from 'node:tls'
import { desc, eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { certificateFor } from '../../test/certificate.ts'
import { sendRaw } from '../../test/raw-http.ts'
import { civilDate } from '../lib/civil-date.ts'
import { buildersFor } from '../overstay/fixture.ts'
import { accountByName } from './accounts.ts'
import { frameAdminRoutes, frameRoutes } from './listener.ts'
import { hashPassword, MAX_LENGTH, verifyPassword } from './password.ts'
import type { Route } from './route.ts'
import { routes } from './routes.ts'
import { csrfOf } from './sessions.ts'
import { codeAt, openTestConsole, PASSWORD, secretOn, type TestConsole, type Visitor } from './testing.ts'
import { recoveryHash } from './totp.ts'

const PAGES = [...frameRoutes, ...frameAdminRoutes, ...routes].filter(({ method }) => method === 'GET')
const seen: { form: Record<string, string>; files: string[]; names: string[] }[] = []
const echo: Route = {
  method: 'POST',
  path: '/echo',
  role: 'officer',
  handle: async ({ form, files }) => {
    seen.push({ form, files: Object.keys(files), names: Object.keys(form) })
    return 'ok'
  },
}
let world: TestConsole

beforeAll(async () => {
  world = await openTestConsole({ routes: [...routes, echo] })
})
afterAll(() => world[Symbol.asyncDispose]())

describe('a session', () => {
  it('is not taken over from whoever planted a cookie', async () => {
    const planted = 'A'.repeat(43)
    const victim = world.visitor()
    victim.cookies.set('tenggat-session', planted)
    await signInFirst(victim, 'dewi')
    expect(victim.cookies.get('tenggat-session')).not.toBe(planted)
    const attacker = world.visitor()
    attacker.cookies.set('tenggat-session', planted)
    expect((await attacker.get('/account')).location).toContain('/sign-in')
  })

  it("ends when somebody signs in over it, so that nobody goes on in another's name", async () => {
    const attacker = await world.signedIn('officer')
    const token = attacker.cookies.get('tenggat-session')!
    const form = { name: 'budi', password: await world.add('budi') }
    const csrf = csrfOf(token)
    const page = await attacker.post('/sign-in', { ...form, csrf }, { csrf: false })
    expect([page.status, page.location]).toEqual([303, '/sign-in/password'])
    const old = world.visitor()
    old.cookies.set('tenggat-session', token)
    expect((await old.get('/account')).location).toContain('/sign-in?')
  })

  it('is another one after each step of signing in', async () => {
    const visitor = world.visitor()
    const tokens = [await signInFirst(visitor, 'sari')]
    await visitor.post('/sign-in/password', { password: PASSWORD, again: PASSWORD })
    tokens.push(visitor.cookies.get('tenggat-session')!)
    expect(new Set(tokens).size).toBe(2)
    const thief = world.visitor()
    thief.cookies.set('tenggat-session', tokens[0]!)
    expect((await thief.get('/sign-in/password')).location).toContain('/sign-in?')
  })

  it('leaves nothing in the browser when it ends', async () => {
    await using secure = await openTestConsole({ deps: { secureCookies: true } })
    for (const path of ['/sign-out', '/account/sign-out-everywhere']) {
      const visitor = await secure.signedIn('officer')
      const page = await visitor.post(path, {}, { from: '/account' })
      expect([path, page.headers.get('clear-site-data')]).toEqual([path, '"cache", "storage"'])
    }
  })

  it.each([
    '\xff\xfe',
    '%zz',
    '"',
    ';;;',
    '=',
    '__proto__=x',
    'a=b; a=c',
    '\x7f',
    `tenggat-session=${'A'.repeat(8000)}`,
  ])('is none with the cookie %j', async (cookie) => {
    const bytes = `GET /account HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: ${cookie}\r\n\r\n`
    const [answer] = await sendRaw(world.console.url, bytes)
    expect([303, 400]).toContain(answer!.status)
  })
})

describe('whoever tries names and passwords', () => {
  it('has one password computed for a name that exists, is locked, is disabled or is none', async () => {
    const { officers } = world.db.t
    await Promise.all(['zz-ada', 'zz-kunci', 'zz-mati'].map((name) => world.add(name)))
    const set = (name: string, values: Partial<typeof officers.$inferInsert>) =>
      world.db.write(async (tx) => void (await tx.update(officers).set(values).where(eq(officers.name, name))))
    await set('zz-kunci', { failed_count: 9, locked_until: world.clock.now() + 60_000 })
    await set('zz-mati', { disabled_at: world.clock.now() })
    for (const name of ['zz-ada', 'zz-kunci', 'zz-mati', 'zz-tidak', '']) {
      const visitor = world.visitor()
      await visitor.get('/sign-in')
      const counted = countComputations()
      await visitor.post('/sign-in', { name, password: 'salah' })
      expect([name, counted.stop()]).toEqual([name, 1])
    }
  })

  it('gets the same page, headers and cookies for all of them', async () => {
    const answers = await Promise.all(
      ['zz-ada', 'zz-kunci', 'zz-mati', 'zz-tidak'].map(async (name) => {
        const visitor = world.visitor()
        const { status, text, headers } = await visitor.post('/sign-in', { name, password: 'salah' })
        const page = text.replaceAll(name, 'NAME').replace(/name="csrf" value="[^"]+"/, '')
        return JSON.stringify([
          status,
          page,
          [...headers.keys()].filter((one) => one !== 'x-ratelimit-remaining'),
          [...visitor.cookies.keys()],
        ])
      }),
    )
    expect(new Set(answers).size).toBe(1)
  })

  it('is told apart behind a trusted proxy, and believed nothing without one', async () => {
    const statuses = async (trustedProxies: string[]) => {
      await using hurried = await openTestConsole({ deps: { requestsPerMinute: 1, trustedProxies } })
      const ask = async (from: string) => {
        const headers = { 'x-forwarded-for': from }
        return (await fetch(`${hurried.console.url}/healthz`, { headers })).status
      }
      return [await ask('203.0.113.1'), await ask('203.0.113.2'), await ask('203.0.113.1')]
    }
    expect(await statuses(['127.0.0.1'])).toEqual([200, 200, 429])
    expect(await statuses([])).toEqual([200, 429, 429])
  })

  it('gains nothing by what a password is cut to', async () => {
    const longest = 'ab3 '.repeat(MAX_LENGTH / 4)
    const cost = { memoryKiB: 64, passes: 1 }
    const hash = await hashPassword(longest, cost)
    expect(await verifyPassword(hash, longest)).toBe(true)
    expect(await verifyPassword(hash, `${longest}x`)).toBe(false)
  })

  it('cannot try recovery codes on a stolen database: they are kept under a key that is not in it', () => {
    const { vault } = world.db
    const code = 'abcde-fgh23'
    expect(recoveryHash(vault, code)).toBe(recoveryHash(vault, 'ABCDE FGH23'))
    expect(recoveryHash(vault, code)).not.toBe(recoveryHash({ blind: (value) => value }, code))
    expect(recoveryHash(vault, code)).toBe(vault.blind('abcdefgh23', 'recovery code'))
  })

  it('may not make an open page their own by a second factor', async () => {
    const visitor = world.visitor()
    await signInFirst(visitor, 'rini')
    await visitor.post('/sign-in/password', { password: PASSWORD, again: PASSWORD })
    const secret = secretOn(await visitor.get('/sign-in/enrol'))
    const code = codeAt(secret, world.clock.now())
    const page = await visitor.post('/sign-in/enrol', { code, current: 'salah' })
    expect([page.status, page.text.includes('name="current"')]).toEqual([400, true])
    expect(await accountByName(world.db.read, 'rini')).toMatchObject({ totp_confirmed_at: null, failed_count: 1 })
    expect((await visitor.post('/sign-in/enrol', { code, current: PASSWORD })).status).toBe(200)
  })
})

describe('a form', () => {
  it('brings only what it says, whatever its fields are called', async () => {
    const visitor = await world.signedIn('officer')
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'a[]', 'a[b]', 'a.b', '']
    const token = /name="csrf" value="([^"]+)"/.exec((await visitor.get('/account')).text)![1]!
    const body = new URLSearchParams([
      ...names.map((name): [string, string] => [name, 'x']),
      ['a', '1'],
      ['a', '2'],
      ['csrf', token],
    ])
    const cookie = `tenggat-session=${visitor.cookies.get('tenggat-session')}`
    const sent = await fetch(`${world.console.url}/echo`, { method: 'POST', body, headers: { cookie } })
    expect(sent.status).toBe(200)
    const { form, names: got } = seen.at(-1)!
    expect(got.sort()).toEqual([...names, 'a', 'csrf'].sort())
    expect([form.a, typeof form.missing, Object.getPrototypeOf(form)]).toEqual(['2', 'undefined', Object.prototype])
    expect(({} as Record<string, unknown>).x).toBeUndefined()
  })

  it('brings files under any name without touching anything else', async () => {
    const visitor = await world.signedIn('officer')
    const body = new FormData()
    body.set('csrf', csrfOf(visitor.cookies.get('tenggat-session')!))
    for (const name of ['__proto__', 'constructor', 'file']) body.set(name, new File(['x'], 'a.csv'))
    const cookie = `tenggat-session=${visitor.cookies.get('tenggat-session')}`
    expect((await fetch(`${world.console.url}/echo`, { method: 'POST', body, headers: { cookie } })).status).toBe(200)
    expect(seen.at(-1)!.files.sort()).toEqual(['__proto__', 'constructor', 'file'])
  })

  it('is refused with a NUL in it, which PostgreSQL would not keep', async () => {
    const visitor = await world.signedIn('officer')
    expect((await visitor.post('/echo', { reason: 'a\0b' }, { from: '/account' })).status).toBe(400)
  })

  it.each(['application/json', 'text/plain', 'text/xml', 'application/x-www-form-urlencoded; charset=utf-16, x', ''])(
    'is refused as %j',
    async (type) => {
      const visitor = await world.signedIn('officer')
      const headers = { cookie: `tenggat-session=${visitor.cookies.get('tenggat-session')}`, 'content-type': type }
      const before = seen.length
      const body = Buffer.from(JSON.stringify({ csrf: csrfOf(visitor.cookies.get('tenggat-session')!) }))
      const sent = await fetch(`${world.console.url}/echo`, { method: 'POST', body, headers })
      expect([403, 415]).toContain(sent.status)
      expect(seen.length).toBe(before)
    },
  )
})

describe('every page and file of the console', () => {
  it('is kept by nobody, framed by nobody and a download where it is a file', async () => {
    const make = buildersFor(world.db)
    const resident = await make.resident({ full_name: 'a"\r\nX-Injected: yes\r\n".exe' })
    const permit = await make.permit(resident.id, civilDate('2026-12-06'))
    const visitor = await world.signedIn('admin')
    const files: string[] = []
    for (const { path } of PAGES) {
      const id = path.startsWith('/permits') ? permit.id : resident.id
      const { status, headers } = await visitor.get(path.replaceAll(/:[a-z]+(\([^)]*\))?/gi, String(id)))
      expect([path, status < 500, headers.get('cache-control')]).toEqual([path, true, 'private, no-store'])
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
      expect(headers.get('x-injected')).toBeNull()
      const isPage = /^text\/html/.test(headers.get('content-type') ?? 'text/html')
      if (status !== 200 || isPage) continue
      files.push(path)
      expect([path, headers.get('content-disposition')]).toEqual([
        path,
        expect.stringMatching(/^attachment; filename="[\w.-]+"$/),
      ])
    }
    expect(files.length).toBeGreaterThanOrEqual(4)
  })

  it('is not reached by an address that names another site first', async () => {
    const visitor = await world.signedIn('officer')
    const cookie = `Cookie: tenggat-session=${visitor.cookies.get('tenggat-session')}\r\n`
    for (const target of ['http://evil.example/account', '//evil.example/account']) {
      const [answer] = await sendRaw(
        world.console.url,
        `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${cookie}\r\n`,
      )
      expect(answer!.body).not.toContain('evil.example')
    }
  })
})

describe('the console with a certificate', () => {
  it('speaks TLS 1.2 and newer only', async () => {
    const now = world.clock.now()
    const tls = certificateFor({ validFrom: now - 86_400_000, validTo: now + 86_400_000 })
    await using secure = await openTestConsole({ deps: { tls, secureCookies: true } })
    const { port } = new URL(secure.console.url)
    const shake = (maxVersion: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3') =>
      new Promise<string>((resolve) => {
        const options = {
          port: Number(port),
          host: '127.0.0.1',
          ca: tls.cert,
          servername: 'localhost',
          checkServerIdentity: () => undefined,
        }
        const socket = connectTls({ ...options, minVersion: maxVersion, maxVersion, ciphers: 'DEFAULT@SECLEVEL=0' })
        socket.once('secureConnect', () => {
          resolve(socket.getProtocol() ?? 'none')
          socket.destroy()
        })
        socket.once('error', () => resolve('refused'))
      })
    expect([await shake('TLSv1.1'), await shake('TLSv1.2'), await shake('TLSv1.3')]).toEqual([
      'refused',
      'TLSv1.2',
      'TLSv1.3',
    ])
  })
})

describe('what was refused', () => {
  it('is on record: sign-in and role, without what was typed', async () => {
    const visitor = await world.signedIn('viewer')
    await visitor.get('/audit')
    await world.visitor().post('/sign-in', { name: 'tidak-ada', password: 'rahasia-yang-salah' })
    const { audit } = world.db.t
    const rows = await world.db.read.select().from(audit).orderBy(desc(audit.id)).limit(2)
    expect(rows.map(({ action, detail }) => [action, detail])).toEqual([
      ['sign-in.refused', 'unknown'],
      ['denied', 'GET /audit'],
    ])
    expect(JSON.stringify(rows)).not.toContain('rahasia')
  })
})

async function signInFirst(visitor: Visitor, name: string): Promise<string> {
  await visitor.post('/sign-in', { name, password: await world.add(name) })
  return visitor.cookies.get('tenggat-session')!
}

/** How often a password is computed from here on, by whatever code. */
function countComputations(): { stop(): number } {
  let count = 0
  const hook = createHook({
    init(_id, type) {
      if (/ARGON2/i.test(type)) count += 1
    },
  }).enable()
  return {
    stop() {
      hook.disable()
      return count
    },
  }
}
