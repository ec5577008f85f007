import { desc, eq, sql } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SteppedClock } from '../lib/clock.ts'
import type { SignInPolicy } from '../lib/office.ts'
import { addOfficer, disableOfficer, resetOfficer } from './accounts.ts'
import { cleanSessions } from './sessions.ts'
import { codeAt, openTestConsole, PASSWORD, secretOn, type TestConsole, type Visitor } from './testing.ts'

const HOUR = 3600_000
let world: TestConsole

beforeEach(async () => {
  world = await openTestConsole()
})
afterEach(() => world[Symbol.asyncDispose]())

describe('signing in for the first time', () => {
  it('takes the one-time password, wants a new one, and lets an officer in', async () => {
    const oneTime = await world.add('dewi')
    const visitor = world.visitor()
    const first = await visitor.post('/sign-in', { name: 'Dewi ', password: oneTime })
    expect([first.status, first.location]).toEqual([303, '/sign-in/password'])
    expect((await visitor.get('/account')).location).toBe('/sign-in/password?next=%2Faccount')
    const set = await visitor.post('/sign-in/password', { password: PASSWORD, again: PASSWORD, next: '/account' })
    expect([set.status, set.location]).toEqual([303, '/account'])
    expect((await visitor.get('/account')).status).toBe(200)
    expect((await world.visitor().post('/sign-in', { name: 'dewi', password: oneTime })).status).toBe(401)
    expect((await world.visitor().post('/sign-in', { name: 'dewi', password: PASSWORD })).status).toBe(303)
  })

  it.each([
    ['short', 'pendek', 'pendek'],
    ['name', 'ini sandi dewi sendiri', 'ini sandi dewi sendiri'],
    ['simple', 'aaaaaaaaaaaaaa', 'aaaaaaaaaaaaaa'],
    ['again', PASSWORD, `${PASSWORD} lain`],
  ])('refuses a new password that is wrong: %s', async (_fault, password, again) => {
    const visitor = world.visitor()
    await visitor.post('/sign-in', { name: 'dewi', password: await world.add('dewi') })
    expect((await visitor.post('/sign-in/password', { password, again })).status).toBe(400)
    expect((await visitor.get('/account')).location).toContain('/sign-in/password')
  })

  it('refuses the one-time password itself as the new one', async () => {
    const oneTime = await world.add('dewi')
    const visitor = world.visitor()
    await visitor.post('/sign-in', { name: 'dewi', password: oneTime })
    const page = await visitor.post('/sign-in/password', { password: oneTime, again: oneTime })
    expect(page.status).toBe(400)
    expect(page.text).toContain('harus berbeda dari yang lama')
  })

  it('refuses a one-time password after 24 hours', async () => {
    const oneTime = await world.add('dewi')
    world.clock.advance(24 * HOUR)
    const page = await world.visitor().post('/sign-in', { name: 'dewi', password: oneTime })
    expect(page.status).toBe(401)
    expect(page.text).toContain('kedaluwarsa')
  })

  it('takes it one millisecond before', async () => {
    const oneTime = await world.add('dewi')
    world.clock.advance(24 * HOUR - 1)
    expect((await world.visitor().post('/sign-in', { name: 'dewi', password: oneTime })).status).toBe(303)
  })
})

describe('the second factor', () => {
  it.each(['supervisor', 'admin'] as const)('is enrolled by a %s before any page opens', async (role) => {
    const visitor = await withPassword('sari', role)
    expect((await visitor.get('/account')).location).toBe('/sign-in/enrol?next=%2Faccount')
    const page = await visitor.get('/sign-in/enrol')
    expect(page.text).toContain('<svg')
    const wrong = await visitor.post('/sign-in/enrol', { code: '000000' })
    expect(wrong.status).toBe(400)
    const done = await visitor.post('/sign-in/enrol', { code: codeAt(secretOn(page), world.clock.now()) })
    expect(done.status).toBe(200)
    expect(recoveryCodesOn(done.text)).toHaveLength(8)
    expect((await visitor.get('/account')).status).toBe(200)
    expect((await visitor.get('/sign-in/enrol')).text).not.toContain('<code>')
  })

  it('is asked for at the next sign-in, and takes no code twice', async () => {
    const { secret } = await enrolled('sari')
    world.clock.advance(60_000)
    const code = codeAt(secret, world.clock.now())
    const visitor = world.visitor()
    expect((await visitor.post('/sign-in', { name: 'sari', password: PASSWORD })).location).toBe('/sign-in/code')
    expect((await visitor.get('/account')).location).toContain('/sign-in/code')
    expect((await visitor.post('/sign-in/code', { code: '123' })).status).toBe(401)
    expect((await visitor.post('/sign-in/code', { code, next: '/account' })).location).toBe('/account')
    expect((await visitor.get('/account')).status).toBe(200)
    const thief = world.visitor()
    await thief.post('/sign-in', { name: 'sari', password: PASSWORD })
    expect((await thief.post('/sign-in/code', { code })).status).toBe(401)
  })

  it('takes each recovery code once', async () => {
    const { codes } = await enrolled('sari')
    const code = codes[3]!.toUpperCase()
    const first = world.visitor()
    await first.post('/sign-in', { name: 'sari', password: PASSWORD })
    expect((await first.post('/sign-in/code', { code })).status).toBe(303)
    const second = world.visitor()
    await second.post('/sign-in', { name: 'sari', password: PASSWORD })
    expect((await second.post('/sign-in/code', { code })).status).toBe(401)
  })

  it('counts wrong codes too, and a right password does not forgive them', async () => {
    const { secret } = await enrolled('sari')
    const visitor = world.visitor()
    for (let n = 0; n < 5; n++) {
      await visitor.post('/sign-in', { name: 'sari', password: PASSWORD })
      await visitor.post('/sign-in/code', { code: '000000' })
    }
    world.clock.advance(29_999)
    const code = () => codeAt(secret, world.clock.now())
    expect((await visitor.post('/sign-in/code', { code: code() })).status).toBe(401)
    world.clock.advance(31_000)
    expect((await visitor.post('/sign-in/code', { code: code() })).status).toBe(303)
  })

  it('is not stored in the clear', async () => {
    const { secret } = await enrolled('sari')
    const rows = await world.db.read.select({ raw: world.db.t.officers.totp_secret }).from(world.db.t.officers)
    expect(rows[0]!.raw).toBe(secret.replaceAll(' ', ''))
    const [stored] = await world.db.read.all<{ totp_secret: string }>(sql`select totp_secret from officers`)
    expect(stored!.totp_secret).not.toContain(secret.replaceAll(' ', ''))
  })
})

describe('the policy of the office', () => {
  const withPolicy = (console: Partial<SignInPolicy>) => ({
    office: { ...world.deps.office, console: { ...world.deps.office.console, ...console } },
  })

  it('says which roles must show a second factor', async () => {
    await using strict = await openTestConsole({ deps: withPolicy({ secondFactor: ['officer'] }) })
    for (const [role, next] of [
      ['officer', '/sign-in/enrol'],
      ['supervisor', '/'],
    ] as const) {
      const visitor = strict.visitor()
      await visitor.post('/sign-in', { name: role, password: await strict.add(role, role) })
      const form = { password: PASSWORD, again: PASSWORD }
      expect((await visitor.post('/sign-in/password', form)).location).toBe(next)
    }
  })

  it('lets whoever need not do so as well, and asks them from then on', async () => {
    const visitor = await withPassword('budi', 'officer')
    expect((await visitor.get('/account')).text).toContain('href="/sign-in/enrol?next=%2Faccount"')
    const secret = secretOn(await visitor.get('/sign-in/enrol'))
    const code = codeAt(secret, world.clock.now())
    expect((await visitor.post('/sign-in/enrol', { code, current: 'salah' })).status).toBe(400)
    expect((await visitor.get('/account')).text).toContain('/sign-in/enrol')
    await visitor.post('/sign-in/enrol', { code, current: PASSWORD })
    expect((await visitor.get('/account')).text).not.toContain('/sign-in/enrol')
    const again = await world.visitor().post('/sign-in', { name: 'budi', password: PASSWORD })
    expect(again.location).toBe('/sign-in/code')
  })

  it('says how long a session lives', async () => {
    await using brief = await openTestConsole({ deps: withPolicy({ idleMs: 5 * 60_000, absoluteMs: HOUR }) })
    const idle = await brief.signedIn('officer')
    brief.clock.advance(5 * 60_000)
    expect((await idle.get('/account')).status).toBe(303)
    const busy = await brief.signedIn('officer')
    for (let n = 0; n < 14; n++) {
      brief.clock.advance(4 * 60_000)
      expect((await busy.get('/account')).status).toBe(200)
    }
    brief.clock.advance(4 * 60_000)
    expect((await busy.get('/account')).status).toBe(303)
  })
})

describe('a day that stands still', () => {
  it("takes codes, and ends sessions, by people's own clock", async () => {
    const wallClock = new SteppedClock(world.clock.now() + 100 * 24 * HOUR)
    await using demo = await openTestConsole({ deps: { wallClock } })
    const db = demo.db
    const { password } = await addOfficer(
      { db, now: wallClock.now(), passwordCost: demo.deps.passwordCost },
      { name: 'kepala', role: 'supervisor', officeCode: 'BLT', regencies: null, known: [] },
    )
    const visitor = demo.visitor()
    await visitor.post('/sign-in', { name: 'kepala', password })
    await visitor.post('/sign-in/password', { password: PASSWORD, again: PASSWORD })
    const secret = secretOn(await visitor.get('/sign-in/enrol'))
    expect((await visitor.post('/sign-in/enrol', { code: codeAt(secret, demo.clock.now()) })).status).toBe(400)
    expect((await visitor.post('/sign-in/enrol', { code: codeAt(secret, wallClock.now()) })).status).toBe(200)
    const page = await visitor.get('/account')
    expect(page.text).toContain('22 November 2026')
    const [newest] = await db.read.select().from(db.t.audit).orderBy(desc(db.t.audit.id)).limit(1)
    expect(newest!.at).toBe(wallClock.now())
    wallClock.advance(HOUR)
    expect((await visitor.get('/account')).status).toBe(303)
  })
})

describe('the lock', () => {
  it('closes for longer with each failure, and looks the same as a wrong password', async () => {
    const oneTime = await world.add('dewi')
    const visitor = world.visitor()
    const guess = () => visitor.post('/sign-in', { name: 'dewi', password: 'salah' })
    const wrong = await guess()
    for (let n = 0; n < 4; n++) await guess()
    const locked = await visitor.post('/sign-in', { name: 'dewi', password: oneTime })
    expect([locked.status, locked.text]).toEqual([401, wrong.text])
    world.clock.advance(30_000)
    await guess()
    world.clock.advance(59_999)
    expect((await visitor.post('/sign-in', { name: 'dewi', password: oneTime })).status).toBe(401)
    world.clock.advance(1)
    expect((await visitor.post('/sign-in', { name: 'dewi', password: oneTime })).status).toBe(303)
  })

  it('counts guesses that come side by side', async () => {
    await world.add('dewi')
    const visitor = world.visitor()
    await visitor.get('/sign-in')
    const tries = Array.from({ length: 12 }, () => visitor.post('/sign-in', { name: 'dewi', password: 'salah' }))
    await Promise.all(tries)
    const [row] = await world.db.read.select().from(world.db.t.officers)
    expect(row!.failed_count).toBe(5)
    expect(row!.locked_until).toBe(world.clock.now() + 30_000)
  })

  it('answers for an unknown name as for a known one', async () => {
    await world.add('dewi')
    const visitor = world.visitor()
    const known = await visitor.post('/sign-in', { name: 'dewi', password: 'salah' })
    const unknown = await visitor.post('/sign-in', { name: 'budi', password: 'salah' })
    expect(unknown.status).toBe(known.status)
    expect(unknown.text.replaceAll('budi', 'dewi')).toBe(known.text)
  })

  it('answers in the language of the page', async () => {
    const page = await world.visitor().post('/sign-in?lang=en', { name: 'budi', password: 'salah' })
    expect(page.text).toContain('The name or password is wrong')
    expect(page.text).toContain('action="/sign-in?lang=en"')
  })

  it('slows down whoever asks too often from one address', async () => {
    const visitor = world.visitor()
    const statuses = new Set<number>()
    for (let n = 0; n < 32; n++) statuses.add((await visitor.post('/sign-in', { name: 'x', password: 'y' })).status)
    expect([...statuses]).toEqual([401, 429])
  })
})

describe('a session', () => {
  it('ends after 30 minutes without a page', async () => {
    const visitor = await world.signedIn('officer')
    world.clock.advance(30 * 60_000 - 1)
    expect((await visitor.get('/account')).status).toBe(200)
    world.clock.advance(30 * 60_000)
    expect((await visitor.get('/account')).location).toBe('/sign-in?next=%2Faccount')
  })

  it('ends after 12 hours however busy it is', async () => {
    const visitor = await world.signedIn('officer')
    for (let n = 0; n < 47; n++) {
      world.clock.advance(15 * 60_000)
      expect((await visitor.get('/account')).status).toBe(200)
    }
    world.clock.advance(15 * 60_000)
    expect((await visitor.get('/account')).status).toBe(303)
  })

  it('ends when its officer signs out, on the server too', async () => {
    const visitor = await world.signedIn('officer')
    const token = visitor.cookies.get('tenggat-session')!
    const out = await visitor.post('/sign-out', {}, { from: '/account' })
    expect(out.location).toBe('/sign-in?said=signed-out')
    expect(visitor.cookies.has('tenggat-session')).toBe(false)
    visitor.cookies.set('tenggat-session', token)
    expect((await visitor.get('/account')).status).toBe(303)
  })

  it('ends everywhere at once', async () => {
    await withPassword('dewi', 'officer')
    const [here, there] = [world.visitor(), world.visitor()]
    for (const one of [here, there]) await one.post('/sign-in', { name: 'dewi', password: PASSWORD })
    expect((await there.get('/account')).status).toBe(200)
    await here.post('/account/sign-out-everywhere', {}, { from: '/account' })
    expect((await here.get('/account')).status).toBe(303)
    expect((await there.get('/account')).status).toBe(303)
  })

  it('ends when the password is changed elsewhere', async () => {
    await withPassword('dewi', 'officer')
    const [here, there] = [world.visitor(), world.visitor()]
    for (const one of [here, there]) await one.post('/sign-in', { name: 'dewi', password: PASSWORD })
    const form = { current: PASSWORD, password: `${PASSWORD} biru`, again: `${PASSWORD} biru` }
    const changed = await here.post('/account/password', form, { from: '/account' })
    expect(changed.location).toBe('/account?said=account.password')
    expect((await here.get('/account?said=account.password')).text).toContain('Kata sandi diganti')
    expect((await there.get('/account')).status).toBe(303)
  })

  it.each([
    ['reset', (name: string) => resetOfficer(operator(), { name, known: [] })],
    ['disable', (name: string) => disableOfficer(operator(), name)],
  ])('ends when the operator does %s', async (_name, act) => {
    const visitor = await world.signedIn('officer')
    await act(visitor.name)
    expect((await visitor.get('/account')).status).toBe(303)
  })

  it('is kept as a digest', async () => {
    const visitor = await world.signedIn('officer')
    const rows = await world.db.read.select().from(world.db.t.sessions)
    expect(JSON.stringify(rows)).not.toContain(visitor.cookies.get('tenggat-session'))
  })

  it('leaves no row behind for longer than a month', async () => {
    await world.signedIn('officer')
    world.clock.advance(29 * 24 * HOUR)
    expect(await cleanSessions(world.db, world.clock.now())).toBe(0)
    const late = await world.signedIn('officer')
    world.clock.advance(2 * 24 * HOUR)
    expect(await cleanSessions(world.db, world.clock.now())).toBe(1)
    const rows = await world.db.read.select().from(world.db.t.sessions)
    expect(rows.map((row) => row.officer_id)).toEqual([late.officerId])
  })

  it('shows a disabled account no way in', async () => {
    await withPassword('dewi', 'officer')
    await disableOfficer(operator(), 'dewi')
    expect((await world.visitor().post('/sign-in', { name: 'dewi', password: PASSWORD })).status).toBe(401)
  })
})

describe('the cookie', () => {
  it('is of one host, unreadable for scripts and never sent along from another site', async () => {
    await using secure = await openTestConsole({ deps: { secureCookies: true } })
    const oneTime = await secure.add('dewi')
    const visitor = secure.visitor()
    const page = await visitor.post('/sign-in', { name: 'dewi', password: oneTime })
    const set = page.headers.getSetCookie().find((line) => line.startsWith('__Host-tenggat-session='))!
    expect(set.split('; ').slice(1).sort()).toEqual(['HttpOnly', 'Path=/', 'SameSite=Strict', 'Secure'])
    expect(page.headers.get('strict-transport-security')).toContain('max-age=31536000')
  })

  it('of a stranger is no session', async () => {
    const visitor = world.visitor()
    for (const value of ['x', 'A'.repeat(43), '../../etc']) {
      visitor.cookies.set('tenggat-session', value)
      expect((await visitor.get('/account')).status).toBe(303)
    }
  })
})

describe('the way back', () => {
  it.each(['//evil.example', 'https://evil.example', '/\\evil.example', 'javascript:alert(1)', '/a\nb'])(
    'never leads to %j',
    async (next) => {
      const visitor = await withPassword('dewi', 'officer')
      await visitor.post('/sign-out', {}, { from: '/account' })
      const page = await visitor.post('/sign-in', { name: 'dewi', password: PASSWORD, next })
      expect(page.location).toBe('/')
    },
  )
})

function operator() {
  return { db: world.db, now: world.clock.now() }
}

async function withPassword(name: string, role: 'officer' | 'supervisor' | 'admin'): Promise<Visitor> {
  const visitor = world.visitor()
  await visitor.post('/sign-in', { name, password: await world.add(name, role) })
  await visitor.post('/sign-in/password', { password: PASSWORD, again: PASSWORD })
  return visitor
}

async function enrolled(name: string): Promise<{ secret: string; codes: string[] }> {
  const visitor = await withPassword(name, 'supervisor')
  const secret = secretOn(await visitor.get('/sign-in/enrol'))
  const done = await visitor.post('/sign-in/enrol', { code: codeAt(secret, world.clock.now()) })
  const { officers } = world.db.t
  const [row] = await world.db.read.select().from(officers).where(eq(officers.name, name))
  expect(row!.totp_confirmed_at).toBe(world.clock.now())
  return { secret, codes: recoveryCodesOn(done.text) }
}

function recoveryCodesOn(text: string): string[] {
  return [...text.matchAll(/<code>([a-z0-9]{5}-[a-z0-9]{5})<\/code>/g)].map((match) => match[1]!)
}
