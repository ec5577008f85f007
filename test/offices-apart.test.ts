import { eq } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { officerCommand } from '../src/cli/officer.ts'
import { frameAdminRoutes, frameRoutes } from '../src/console/listener.ts'
import { routes } from '../src/console/routes.ts'
import { civilDate } from '../src/lib/civil-date.ts'
import { erasePerson } from '../src/ops/retention/erase-person.ts'
import type { Period } from '../src/overstay/report-period.ts'
import { transferResidents } from '../src/register/transfer.ts'
import { bringTo, person, signedInAt, writeOffices } from './several-offices.ts'
import { openWorld, type Row, type World } from './world.ts'

const TODAY = '2026-06-01'

let world: World
const opened: AsyncDisposable[] = []
beforeEach(async () => {
  world = await openWorld({ today: TODAY, officesIn: writeOffices })
})
afterEach(async () => {
  for (const one of opened.splice(0)) await one[Symbol.asyncDispose]()
  await world[Symbol.asyncDispose]()
})

describe('whoever goes to another office', () => {
  it('while the scan runs is told once, by the new one', async () => {
    await bring('BLT', [person('Budi', '0812 0000 0001'), person('Bela', '0812 0000 0004')])
    const { db } = world.app
    const { write } = db
    db.write = async (work, options) => {
      db.write = write
      await move(1, 'MKS')
      return db.write(work, options)
    }
    await world.day(TODAY)
    const told = sms().map(({ to, body }) => [to, /\b([A-Z]{3})-\w{4}/.exec(body ?? '')?.[1]])
    expect(told.sort()).toEqual([
      ['+6281200000001', 'MKS'],
      ['+6281200000004', 'BLT'],
    ])
  })

  it('with the others of one message, each on their own, has it sent by the new office', async () => {
    const minor = { birth_date: '2015-01-01', sponsor_phone: '0812 9999 0000', sponsor_name: 'PT Contoh' }
    await bring('BLT', [
      { ...person('Budi', ''), ...minor },
      { ...person('Bela', ''), ...minor },
    ])
    world.at(TODAY, '06:00')
    await world.app.scan()
    await move(1, 'MLG')
    await move(2, 'MLG')
    await world.day(TODAY)
    expect(sms().map(({ from, body }) => [from, body?.includes('2 izin')])).toEqual([['IMIMALANG', true]])
  })

  it('is found there by the reference that the old message bears, and nowhere else', async () => {
    await bring('BLT', [person('Budi', '0812 0000 0001')])
    await world.day(TODAY)
    const reference = /\bBLT-\w{4,}/.exec(sms()[0]!.body!)![0]
    await move(1, 'MLG')
    const there = await (await signedIn('MLG')).post('/search', { q: reference }, { from: '/' })
    expect(there.location).toContain('/residents/1?')
    const here = await (await signedIn('BLT')).post('/search', { q: reference }, { from: '/' })
    expect(here.location).not.toContain('/residents/1')
  })

  it('is gone at once from the plan and the choices of the old office', async () => {
    await bring('BLT', [{ ...person('Budi', '0812 0000 0001'), expires_on: '2026-06-20' }])
    await bring('BLT', [{ ...person('Late', '0812 0000 0002'), nationality: 'TL', expires_on: '2026-05-20' }])
    await world.app.overstay()
    const officer = await signedIn('BLT')
    const plan = async () => (await officer.get('/plan?on=2026-06-06')).text.includes('Budi')
    const nationality = async () => (await officer.get('/overstays')).text.includes('value="TL"')
    expect([await plan(), await nationality()]).toEqual([true, true])
    await move(1, 'MLG')
    await move(2, 'MLG')
    expect([await plan(), await nationality()]).toEqual([false, false])
  })

  it('and was erased there is not told again, whichever of the two offices lists the permit', async () => {
    const budi = person('Budi', '0812 0000 0001')
    await bring('BLT', [budi])
    await world.day(TODAY)
    await move(1, 'MLG')
    const { db, clock } = world.app
    await erasePerson(
      { db, officeCode: 'MLG', now: clock.now(), today: civilDate(TODAY) },
      { residentId: 1, rule: 'request', basis: 'diminta', keep: () => null },
    )
    for (const office of ['MLG', 'BLT']) {
      await bring(office, [budi])
      expect((await world.app.scan()).notices_new).toBe(0)
    }
  })
})

describe('an officer of one office', () => {
  const byId = [...routes, ...frameRoutes, ...frameAdminRoutes].filter(
    // One recording serves all who are told the same, and names nobody.
    ({ path }) => /:(?:id|token)/.test(path) && !path.startsWith('/voice-notes'),
  )

  it('gets and does nothing by number of what is another one’s', async () => {
    await full()
    const officer = await signedIn('MLG')
    const found: [path: string, status: number][] = []
    const before = await everything()
    for (const { method, path } of byId) {
      const url = path.replaceAll(/:\w+/g, '1')
      const form = {
        office: 'MLG',
        field: 'phone',
        value: '0812 3333 4444',
        reason: 'other',
        outcome: 'renewed',
        text: 'x',
      }
      const { status } = method === 'GET' ? await officer.get(url) : await officer.post(url, form, { from: '/' })
      found.push([`${method} ${path}`, status])
    }
    expect(found).toEqual(byId.map(({ method, path }) => [`${method} ${path}`, 404]))
    expect(await everything()).toEqual(before)
  })

  it('reads no name of another one’s resident or officer on any list', async () => {
    await full()
    const busy = await signedIn('BLT')
    await busy.post('/follow-ups/1/take', { back: '/' }, { from: '/follow-ups' })
    const [owner] = await world.app.db.read.select().from(world.app.db.t.follow_ups)
    expect(owner!.owner).toMatch(/^kepala/)
    const officer = await signedIn('MLG', { role: 'admin' })
    const lists = [...routes, ...frameAdminRoutes].filter(({ method, path }) => method === 'GET' && !path.includes(':'))
    for (const { path } of lists) {
      const { status, text } = await officer.get(path)
      const seen = ['Budi', 'Late', owner!.owner!, '81200000001', '81200000002'].filter((word) => text.includes(word))
      expect([path, status, seen]).toEqual([path, path === '/offices' ? 404 : path === '/search' ? 303 : 200, []])
    }
  })

  it('has figures of its own people alone in the report', async () => {
    await full()
    const { db, clock } = world.app
    await erasePerson(
      { db, officeCode: 'BLT', now: clock.now(), today: civilDate(TODAY) },
      { residentId: 1, rule: 'request', basis: 'diminta', keep: () => null },
    )
    const { reportOf } = await import('../src/overstay/report.ts')
    const { readPeriod } = await import('../src/overstay/report-period.ts')
    const period = readPeriod({ from: '2026-01-01', to: '2026-12-31' }, civilDate(TODAY)) as Period
    const erased = async (code: string) => {
      const scope = { read: db.read, office: world.app.offices.of(code), today: civilDate(TODAY), regencies: null }
      return (await reportOf(scope, period)).erased
    }
    expect([await erased('BLT'), await erased('MLG')]).toEqual([1, 0])
  })
})

describe('headquarters', () => {
  it('cannot bring in a file for another office than the one it was looked at for', async () => {
    await bring('BLT', [person('Budi', '0812 0000 0001')])
    const officer = await signedIn(null)
    const csrf = /name="csrf" value="([^"]+)"/.exec((await officer.get('/imports')).text)![1]!
    const body = new FormData()
    body.append('csrf', csrf)
    body.append('file', new Blob([csvOf(person('Made', '0812 0000 0009'))]), 'register.csv')
    const cookie = [...officer.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const preview = await (await fetch(`${officer.url}/imports`, { method: 'POST', body, headers: { cookie } })).text()
    const fields = Object.fromEntries(
      [...preview.matchAll(/name="(token|office)" value="([^"]+)"/g)].map(([, name, value]) => [name!, value!]),
    )
    expect(fields.token).toBeTruthy()
    await officer.post('/offices/open', { office: 'MLG' }, { from: '/offices' })
    const refused = await officer.post('/imports/apply', { ...fields, force: '1' }, { from: '/imports' })
    expect(refused.status).toBe(409)
    await officer.post('/offices/open', { office: 'BLT' }, { from: '/offices' })
    expect((await officer.post('/imports/apply', { ...fields, force: '1' }, { from: '/imports' })).status).toBe(303)
    const { residents } = world.app.db.t
    const made = await world.app.db.read.select().from(residents).where(eq(residents.full_name, 'Made'))
    expect(made).toMatchObject([{ office_code: 'BLT' }])
  })

  it('finds somebody of another office by the register number too', async () => {
    await bring('MLG', [{ ...person('Made', '0812 0000 0002'), register_no: 'R-77' }])
    const officer = await signedIn(null)
    const { location } = await officer.post('/residents', { q: 'R-77' }, { from: '/residents' })
    expect((await officer.get(location!)).text).toContain('Ada juga di kantor lain')
  })

  it('of an area is told of nobody beyond it', async () => {
    await bring('BLT', [{ ...person('Budi', '0812 0000 0001'), regency: 'Kota Blitar' }])
    await bring('MLG', [{ ...person('Made', '0812 0000 0002'), regency: 'Kota Malang' }])
    const officer = await signedIn(null, { regencies: ['Kota Blitar'] })
    const { location } = await officer.post('/residents', { q: 'Made' }, { from: '/residents' })
    expect((await officer.get(location!)).text).not.toContain('Ada juga di kantor lain')
  })
})

describe('an account that is given a new password', () => {
  it('may be given areas of its own office', async () => {
    const silent = { json: true, line: () => undefined, result: () => undefined }
    await officerCommand(world.app, silent, { action: 'add', name: 'putu', role: 'officer', office: 'MLG' })
    const reset = (regency: string) =>
      officerCommand(world.app, silent, { action: 'reset', name: 'putu', regency: [regency] })
    await reset('Kota Malang')
    await expect(reset('Kota Blitar')).rejects.toThrow('Kota Malang')
  })
})

/** Somebody of Blitar with everything that has a number: delivery, case, follow-up, hold, correction, import. */
async function full(): Promise<void> {
  await bring('BLT', [
    person('Budi', '0812 0000 0001'),
    { ...person('Late', '0812 0000 0002'), expires_on: '2026-05-20' },
    person('Bare', ''),
  ])
  await bring('MLG', [person('Made', '0812 0000 0003')])
  await world.app.overstay()
  await world.day(TODAY)
  await world.app.attend()
  const officer = await signedIn('BLT')
  const page = { from: '/residents/1' }
  await officer.post('/residents/1/hold', { reason: 'applied', until: '2026-06-09' }, page)
  const phone = { field: 'phone', value: '0812 5555 0001', reason: 'ganti nomor' }
  await officer.post('/residents/1/corrections', phone, page)
  const { holds, corrections, overstay_cases, follow_ups, deliveries } = world.app.db.t
  for (const table of [holds, corrections, overstay_cases, follow_ups, deliveries])
    expect(await world.app.db.read.$count(table)).toBeGreaterThan(0)
}

async function everything() {
  const { read, t } = world.app.db
  const { holds, corrections, overstay_cases, case_events, follow_ups, deliveries, residents, transfers } = t
  const tables = [holds, corrections, overstay_cases, case_events, follow_ups, deliveries, residents, transfers]
  return Promise.all(tables.map((table) => read.select().from(table)))
}

function csvOf(row: Row): string {
  return `${Object.keys(row).join(',')}\n${Object.values(row).join(',')}\n`
}

function bring(officeCode: string, rows: readonly Row[]) {
  return bringTo(world, officeCode, rows)
}

async function move(residentId: number, to: string): Promise<void> {
  const { db, clock } = world.app
  await db.write((tx) => transferResidents(tx, { residentIds: [residentId], to, by: 'sari', now: clock.now() }))
}

function sms() {
  return world.sandbox.transcript().filter(({ kind }) => kind === 'sms')
}

async function signedIn(...given: Parameters<typeof signedInAt> extends [World, ...infer Rest] ? Rest : never) {
  const officer = await signedInAt(world, ...given)
  opened.push(officer)
  return officer
}
