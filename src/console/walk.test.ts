import { and, desc, eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { accessTo } from './access.ts'
import { frameAdminRoutes, frameRoutes } from './listener.ts'
import { ROLES } from './officer.ts'
import { render } from './pages.ts'
import type { Route } from './route.ts'
import { routes } from './routes.ts'
import { openTestConsole, type TestConsole } from './testing.ts'

const done: string[] = []
/** One page and one form for each role, whatever the pages of the console are. */
const forEachRole: Route[] = (['signed-in', ...ROLES] as const).flatMap((role) =>
  (['GET', 'POST'] as const).map(
    (method): Route => ({
      method,
      path: `/walk/${role}/:id`,
      role,
      audit: { action: `walk.${method}`, subject: ({ params }) => ({ kind: 'walk', id: Number(params.id) }) },
      handle: async ({ officer, form }, reply) => {
        if (method === 'POST') done.push(`${officer.role} ${role} ${form.what ?? ''}`)
        return render(reply, officer, 'trouble', { title: 'walk', text: '' })
      },
    }),
  ),
)
const ALL = [...frameRoutes, ...frameAdminRoutes, ...forEachRole]
const GUARDED = ALL.filter((route) => route.role !== 'anyone')
let world: TestConsole

beforeAll(async () => {
  world = await openTestConsole({ routes: forEachRole })
})
afterAll(() => world[Symbol.asyncDispose]())

describe('every route', () => {
  it('is one of a kind', () => {
    const names = ALL.map(({ method, path }) => `${method} ${path}`)
    expect(new Set(names).size).toBe(names.length)
  })

  it.each(GUARDED)('sends nobody to sign in: $method $path', async ({ method, path }) => {
    const visitor = world.visitor()
    const url = pathOf(path)
    const page = method === 'GET' ? await visitor.get(url) : await visitor.post(url, {}, { from: '/sign-in' })
    expect([page.status, page.location?.split('?')[0]]).toEqual([303, '/sign-in'])
  })

  it.each(ROLES)('opens for a %s exactly what the role allows', async (role) => {
    const visitor = await world.signedIn(role)
    for (const route of ALL.filter((one) => one.method === 'GET')) {
      const { status } = await visitor.get(pathOf(route.path))
      const expected = accessTo(route.role, { officer: officer(role), lacking: null })
      const signingIn = route.path.startsWith('/sign-in')
      expect([status, route.path]).toEqual([expected === 'forbidden' ? 403 : signingIn ? 303 : 200, route.path])
    }
  })

  it.each(ROLES)('does for a %s only what the role allows', async (role) => {
    const visitor = await world.signedIn(role)
    for (const route of forEachRole.filter((one) => one.method === 'POST')) {
      const before = done.length
      const { status } = await visitor.post(pathOf(route.path), { what: 'x' }, { from: '/account' })
      const allowed = route.role === 'signed-in' || ROLES.indexOf(role) >= ROLES.indexOf(route.role)
      expect([route.path, status, done.length - before]).toEqual([route.path, allowed ? 200 : 403, allowed ? 1 : 0])
    }
  })

  it.each(GUARDED)('wants signing in to be finished: $method $path', async ({ method, path, role }) => {
    if (role === 'signing-in') return
    const visitor = await halfSignedIn()
    const page =
      method === 'GET'
        ? await visitor.get(pathOf(path))
        : await visitor.post(pathOf(path), {}, { from: '/sign-in/password' })
    expect([page.status, page.location?.split('?')[0]]).toEqual([303, '/sign-in/password'])
  })

  it.each(ALL.filter((one) => one.method === 'POST'))('refuses a form without the token: $path', async ({ path }) => {
    const visitor = await world.signedIn('admin')
    const before = done.length
    expect((await visitor.post(pathOf(path), {}, { csrf: false })).status).toBe(403)
    const token = 'A'.repeat(43)
    expect((await visitor.post(pathOf(path), { csrf: token }, { csrf: false })).status).toBe(403)
    expect(done.length).toBe(before)
  })
})

describe("the officers' pages", () => {
  let office: TestConsole
  beforeAll(async () => {
    office = await openTestConsole({ routes })
  })
  afterAll(() => office[Symbol.asyncDispose]())

  it('are there', () => {
    expect(routes.length).toBeGreaterThan(5)
  })

  it.each(routes)('send nobody in: $method $path', async ({ method, path }) => {
    const visitor = office.visitor()
    const url = pathOf(path)
    const page = method === 'GET' ? await visitor.get(url) : await visitor.post(url, {}, { from: '/sign-in' })
    expect([page.status, page.location?.split('?')[0]]).toEqual([303, '/sign-in'])
  })

  it.each(ROLES)('open for a %s exactly what the role allows', async (role) => {
    const visitor = await office.signedIn(role)
    for (const route of routes) {
      const url = pathOf(route.path)
      const { status } = route.method === 'GET' ? await visitor.get(url) : await visitor.post(url, {}, { csrf: false })
      const allowed = accessTo(route.role, { officer: officer(role), lacking: null }) === 'allow'
      // No form has its token here: it is refused after the role, before anything is done.
      if (!allowed || route.method === 'POST') expect([route.path, status]).toEqual([route.path, 403])
      else expect([200, 303, 404]).toContain(status)
    }
    const denied = routes.filter(
      (route) => accessTo(route.role, { officer: officer(role), lacking: null }) === 'forbidden',
    )
    const { audit } = office.db.t
    const mine = and(eq(audit.officer_id, visitor.officerId), eq(audit.action, 'denied'))
    expect(await office.db.read.$count(audit, mine)).toBe(denied.length)
  })
})

describe('a form', () => {
  it("is refused with another session's token", async () => {
    const [one, other] = [await world.signedIn('officer'), await world.signedIn('officer')]
    const csrf = /name="csrf" value="([^"]+)"/.exec((await other.get('/account')).text)![1]!
    expect((await one.post('/walk/officer/1', { csrf }, { csrf: false })).status).toBe(403)
    expect((await other.post('/walk/officer/1', { csrf }, { csrf: false })).status).toBe(200)
  })

  it('is refused when the browser says that it comes from elsewhere', async () => {
    const visitor = await world.signedIn('officer')
    for (const [site, status] of [
      ['cross-site', 403],
      ['same-site', 403],
      ['same-origin', 200],
    ] as const) {
      const headers = { 'sec-fetch-site': site }
      expect((await visitor.post('/walk/officer/1', {}, { from: '/account', headers })).status).toBe(status)
    }
  })

  it('may not be larger than its route allows', async () => {
    const visitor = await world.signedIn('officer')
    const page = await visitor.post('/walk/officer/1', { what: 'x'.repeat(70_000) }, { from: '/account' })
    expect(page.status).toBe(413)
  })

  it('brings its files', async () => {
    const seen: unknown[] = []
    const upload: Route = {
      method: 'POST',
      path: '/upload',
      role: 'officer',
      bodyLimit: 1024 * 1024,
      handle: async ({ files, fields }) => {
        seen.push([files.file?.name, files.file && Buffer.from(files.file.bytes).toString(), fields.getAll('box')])
        return 'ok'
      },
    }
    await using other = await openTestConsole({ routes: [upload] })
    const visitor = await other.signedIn('officer')
    const csrf = /name="csrf" value="([^"]+)"/.exec((await visitor.get('/account')).text)![1]!
    const body = new FormData()
    body.set('csrf', csrf)
    body.append('box', '1')
    body.append('box', '2')
    body.set('file', new File(['Nama;Paspor\n'], 'data.csv'))
    body.set('none', new File([], ''))
    const cookie = `tenggat-session=${visitor.cookies.get('tenggat-session')}`
    const sent = await fetch(`${other.console.url}/upload`, { method: 'POST', body, headers: { cookie } })
    expect(sent.status).toBe(200)
    expect(seen).toEqual([['data.csv', 'Nama;Paspor\n', ['1', '2']]])
    const broken = await fetch(`${other.console.url}/upload`, {
      method: 'POST',
      body: 'nothing of the kind',
      headers: { cookie, 'content-type': 'multipart/form-data; boundary=x' },
    })
    expect(broken.status).toBe(400)
  })
})

describe('what is asked for without signing in', () => {
  it('is health without any data', async () => {
    const visitor = world.visitor()
    expect((await visitor.get('/healthz')).text).toBe('ok\n')
    expect((await visitor.get('/readyz')).text).toBe('ready\n')
    expect(visitor.cookies.size).toBe(0)
  })

  it('is files that never change under their name', async () => {
    const visitor = world.visitor()
    const { text } = await visitor.get('/sign-in')
    const hrefs = [...text.matchAll(/(?:href)="(\/assets\/[^"]+)"/g)].map((match) => match[1]!)
    expect(hrefs.length).toBeGreaterThanOrEqual(4)
    for (const href of hrefs) {
      const file = await visitor.get(href)
      expect(file.status).toBe(200)
      expect(file.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    }
    expect((await visitor.get('/assets/nothing.css')).status).toBe(404)
  })

  it('is unknown, broken or of another method without telling more', async () => {
    const visitor = world.visitor()
    expect((await visitor.get('/nothing')).status).toBe(404)
    expect((await visitor.get('/%')).status).toBe(400)
    const response = await fetch(`${world.console.url}/account`, { method: 'DELETE' })
    expect(response.status).toBe(404)
  })
})

describe('every page', () => {
  it('says what a browser may do with it', async () => {
    const { headers } = await (await world.signedIn('viewer')).get('/account')
    expect(headers.get('content-security-policy')).toBe(
      "default-src 'none';style-src 'self';img-src 'self' data:;media-src 'self';form-action 'self';base-uri 'none';frame-ancestors 'none'",
    )
    expect(headers.get('cache-control')).toBe('private, no-store')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('referrer-policy')).toBe('same-origin')
  })

  it('has neither script nor style of its own', async () => {
    const visitor = await world.signedIn('admin')
    for (const path of ['/account', '/audit', '/nothing']) {
      const { text } = await visitor.get(path)
      expect(text).not.toMatch(/<script|<style|\sstyle=|\son[a-z]+=/)
      expect(text.length).toBeLessThan(100_000)
    }
  })

  it('names only what its officer may open', async () => {
    expect((await (await world.signedIn('supervisor')).get('/account')).text).not.toContain('href="/audit"')
    expect((await (await world.signedIn('admin')).get('/account')).text).toContain('href="/audit"')
  })

  it('changes its language and colours for good', async () => {
    const visitor = await world.signedIn('officer')
    const changed = await visitor.post(
      '/account/settings',
      { language: 'en', theme: 'dark', back: '/account' },
      { from: '/account' },
    )
    expect(changed.location).toBe('/account')
    const { text } = await visitor.get('/account')
    expect(text).toContain('<html lang="en" dir="ltr" data-bs-theme="dark">')
    expect(text).toContain('Sign out everywhere')
    const wrong = await visitor.post('/account/settings', { language: 'xx' }, { from: '/account' })
    expect(wrong.status).toBe(400)
  })
})

describe('what officers do', () => {
  it('is on record: who, what, whom', async () => {
    const visitor = await world.signedIn('officer')
    await visitor.get('/walk/officer/7')
    await visitor.post('/walk/viewer/8', {}, { from: '/account' })
    await visitor.get('/walk/admin/9')
    const { audit } = world.db.t
    const rows = await world.db.read.select().from(audit).orderBy(desc(audit.id)).limit(3)
    const told = rows.map((row) => [row.officer_id, row.action, row.subject_kind, row.subject_id, row.detail])
    expect(told).toEqual([
      [visitor.officerId, 'denied', null, null, 'GET /walk/admin/:id'],
      [visitor.officerId, 'walk.POST', 'walk', 8, null],
      [visitor.officerId, 'walk.GET', 'walk', 7, null],
    ])
  })
})

function pathOf(path: string): string {
  return path.replaceAll(/:[a-z]+(\([^)]*\))?/gi, '1')
}

function officer(role: (typeof ROLES)[number]) {
  return { id: 1, name: 'x', officeCode: 'BLT', role, regencies: null, language: 'id', theme: 'auto' } as const
}

async function halfSignedIn() {
  const visitor = world.visitor()
  const name = `half${Math.trunc(performance.now() * 1000)}`
  await visitor.post('/sign-in', { name, password: await world.add(name) })
  return visitor
}
