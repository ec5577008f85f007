import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openApp } from '../src/app.ts'
import { officerCommand } from '../src/cli/officer.ts'
import { silentLog } from '../src/lib/events.ts'
import { bringTo, person, signedInAt, writeOffices } from './several-offices.ts'
import { openWorld, type Row, type World } from './world.ts'

const TODAY = '2026-06-01'

let world: World
beforeEach(async () => {
  world = await openWorld({ today: TODAY, officesIn: writeOffices })
})
afterEach(() => world[Symbol.asyncDispose]())

describe('a resident of each office', () => {
  it('is told by it alone: its name, number, sender, words and hours', async () => {
    await bring('BLT', [person('Budi', '0812 0000 0001')])
    await bring('MLG', [person('Made', '0812 0000 0002')])
    await bring('MKS', [person('Andi', '0812 0000 0003')])
    world.at(TODAY, '06:00')
    expect((await world.app.scan()).notices_new).toBe(3)
    await world.day(TODAY)

    const got = world.sandbox.transcript().filter(({ kind }) => kind === 'sms')
    const hour = (at: number) => new Date(at + 7 * 3_600_000).toISOString().slice(11, 16)
    expect(got.map(({ to, from, at }) => [to, from, hour(at)])).toEqual([
      // Eight in Makassar is seven in Java.
      ['+6281200000003', 'IMIGRASI', '07:00'],
      ['+6281200000001', 'IMIGRASI', '08:00'],
      ['+6281200000002', 'IMIMALANG', '08:00'],
    ])
    const said = (number: string) => got.find(({ to }) => to === number)!
    expect(said('+6281200000001').body).toMatch(/^Imigrasi Blitar: Izin tinggal Anda berakhir.*BLT-/s)
    expect(said('+6281200000002').body).toMatch(/^Imigrasi Malang: Izin tinggal Saudara berakhir.*MLG-/s)
    expect(said('+6281200000003').body).toMatch(/^Imigrasi Mks: Izin tinggal Anda berakhir.*MKS-/s)

    const page = await (await fetch(said('+6281200000002').link!)).text()
    expect(page).toContain('Kantor Imigrasi Kelas I TPI Malang')
    expect(page).toContain('(0341) 491039')
    expect(page).not.toContain('Blitar')
    const calls = world.sandbox.transcript().filter(({ kind }) => kind === 'call')
    expect(calls.find(({ to }) => to === '+6281200000002')!.from).toBe('+62341000001')
  })

  it('shares a sponsor with none of another: each office writes for its own', async () => {
    const minor = { birth_date: '2015-01-01', sponsor_phone: '0812 9999 0000', sponsor_name: 'PT Contoh' }
    await bring('BLT', [
      { ...person('Budi', ''), ...minor },
      { ...person('Bela', ''), ...minor },
    ])
    await bring('MLG', [{ ...person('Made', ''), ...minor }])
    await world.day(TODAY)
    const bodies = world.sandbox
      .transcript()
      .filter(({ kind }) => kind === 'sms')
      .map(({ body }) => body ?? '')
    expect(bodies).toHaveLength(2)
    expect(bodies.filter((body) => body.includes('Imigrasi Malang'))).toHaveLength(1)
    expect(bodies.filter((body) => body.includes('Imigrasi Blitar') && body.includes('2 izin'))).toHaveLength(1)
  })

  it('finds all offices on our own page, with the senders of each', async () => {
    const text = await (await fetch(`${world.app.config.publicBaseUrl}/`)).text()
    for (const name of ['Kelas II Non-TPI Blitar', 'Kelas I TPI Malang', 'Kelas I TPI Makassar'])
      expect(text).toContain(name)
    for (const sender of ['IMIBLITAR', 'IMIMALANG', '+62341000001']) expect(text).toContain(sender)
  })

  it('rings back: who was told hears the note, anybody else the hours of the office whose number it is', async () => {
    await bring('MLG', [person('Made', '0812 0000 0002')])
    await world.day(TODAY)
    const told = await world.sandbox.ring('+6281200000002', '+62341000001')
    expect(told.heard.some(({ what }) => what === 'play')).toBe(true)
    const stranger = await world.sandbox.ring('+6281277777777', '+62341000001')
    const home = await world.sandbox.ring('+6281277777777', '+62342000001')
    const words = (call: typeof home) => call.heard.map((one) => one.words ?? '').join(' ')
    // Malang closes on Friday as on other days, Blitar half an hour later.
    expect([words(stranger).includes('16:30'), words(home).includes('16:30')]).toEqual([false, true])
  })
})

describe('whoever goes to another office', () => {
  const issued = { issued_on: '2026-05-20', expires_on: '2026-07-30' }

  it('comes with a newer permit, keeps the history, and is told by the new office alone', async () => {
    const anna = person('Anna', '0812 0000 0001')
    await bring('BLT', [anna])
    await world.day(TODAY)
    const [old] = world.sandbox.transcript()
    const moved = await bring('MLG', [{ ...anna, permit_no: 'MLG-1', ...issued }])
    expect(moved).toMatchObject({ state: 'applied', transferred: 1, renewed: 1, rejected: 0 })

    const people = await residents()
    expect(people).toMatchObject([{ id: 1, office_code: 'MLG' }])
    const { permits, transfers } = world.app.db.t
    const theirs = await world.app.db.read.select().from(permits).orderBy(permits.id)
    expect(
      theirs.map(({ permit_no, office_code, came_from, is_current }) => [
        permit_no,
        office_code,
        came_from,
        is_current,
      ]),
    ).toEqual([
      [anna.permit_no, 'MLG', 'BLT', 0],
      ['MLG-1', 'MLG', null, 1],
    ])
    expect(await world.app.db.read.select().from(transfers)).toMatchObject([
      { resident_id: 1, from_office: 'BLT', to_office: 'MLG', by: 'import' },
    ])
    // The link of the old message is still ours: the permit was renewed, and it says whom to ask.
    const ended = await fetch(old!.link!)
    expect([ended.status, (await ended.text()).includes('(0341) 491039')]).toEqual([410, true])

    await world.day('2026-07-16')
    const later = world.sandbox.transcript().filter(({ at, kind }) => at > Date.parse('2026-07-01') && kind === 'sms')
    expect(later.map(({ from, body }) => [from, /MLG-\w{4}/.test(body ?? '')])).toEqual([['IMIMALANG', true]])
  })

  it('is not brought back by the old register, and not taken by a new one that has nothing newer', async () => {
    const [anna, budi, made] = [
      person('Anna', '0812 0000 0001'),
      person('Budi', '0812 0000 0003'),
      person('Made', '0812 0000 0002'),
    ]
    await bring('BLT', [anna, budi])
    const nothingNewer = await bring('MLG', [anna, made])
    expect(nothingNewer).toMatchObject({ added: 1, transferred: 0, rejected: 1 })
    expect(nothingNewer.rejects[0]).toMatchObject({
      line: 2,
      reason_id: expect.stringContaining('tercatat di kantor BLT'),
    })
    expect((await residents()).map(({ office_code }) => office_code)).toEqual(['BLT', 'BLT', 'MLG'])

    await bring('MLG', [{ ...anna, permit_no: 'MLG-1', ...issued }, made])
    const again = await bring('BLT', [anna, budi])
    expect(again).toMatchObject({ added: 0, changed: 0, unchanged: 1, rejected: 1 })
    expect((await residents()).map(({ office_code }) => office_code)).toEqual(['MLG', 'BLT', 'MLG'])
  })

  it('is known by the permit too, where there is no passport, and the same file twice changes nothing', async () => {
    const anna = { ...person('Anna', '0812 0000 0001'), passport_no: '', register_no: 'R-1' }
    await bring('BLT', [anna])
    const officer = await signedIn(null)
    await officer.post('/offices/open', { office: 'BLT' }, { from: '/offices' })
    await officer.post('/residents/1/transfer', { office: 'MLG' }, { from: '/residents/1' })
    expect(await bring('BLT', [anna])).toMatchObject({ added: 0, rejected: 1 })
    expect(await bring('MLG', [anna])).toMatchObject({ added: 0, unchanged: 1, rejected: 0 })
    expect(await residents()).toHaveLength(1)
  })

  it('has what is waiting sent by the new office, with the link that it would have had', async () => {
    await bring('BLT', [person('Anna', '0812 0000 0001')])
    world.at(TODAY, '06:00')
    await world.app.scan()
    const { deliveries } = world.app.db.t
    const hashes = () =>
      world.app.db.read.select({ hash: deliveries.token_hash }).from(deliveries).orderBy(deliveries.id)
    const before = await hashes()
    const officer = await signedIn(null)
    await officer.post('/residents/1/transfer', { office: 'MLG' }, { from: '/residents/1' })
    await world.day(TODAY)
    const [sms] = world.sandbox.transcript()
    expect([sms!.from, sms!.body?.includes('Imigrasi Malang')]).toEqual(['IMIMALANG', true])
    expect(world.sandbox.transcript().filter(({ kind }) => kind === 'sms')).toHaveLength(1)
    expect(await hashes()).toEqual(before)
  })
})

describe('an officer', () => {
  beforeEach(async () => {
    await bring('BLT', [person('Budi', '0812 0000 0001')])
    await bring('MLG', [person('Made', '0812 0000 0002')])
    await world.day(TODAY)
  })

  it('sees the residents of one office, and no other', async () => {
    const officer = await signedIn('MLG')
    const list = (await officer.get('/residents')).text
    expect([list.includes('Made'), list.includes('Budi')]).toEqual([true, false])
    const paths = ['/residents/1', '/offices']
    for (const path of paths) expect([path, (await officer.get(path)).status]).toEqual([path, 404])
    const deliveries = (await officer.get('/deliveries')).text
    expect([deliveries.includes('Made'), deliveries.includes('Budi')]).toEqual([true, false])
    expect((await officer.get('/residents/2')).text).toContain('Kantor Imigrasi Kelas I TPI Malang')
    const opened = await officer.post('/offices/open', { office: 'BLT' }, { from: '/' })
    expect(opened.status).toBe(404)
  })

  it('of headquarters sees every office, one at a time', async () => {
    const officer = await signedIn(null)
    const all = (await officer.get('/offices')).text
    for (const name of ['Blitar', 'Malang', 'Makassar']) expect(all).toContain(name)
    expect((await officer.get('/residents')).text).toContain('Budi')
    await officer.post('/offices/open', { office: 'MLG' }, { from: '/offices' })
    const there = (await officer.get('/residents')).text
    expect([there.includes('Made'), there.includes('Budi')]).toEqual([true, false])
    expect((await officer.get('/residents/1')).status).toBe(404)
    const { location } = await officer.post('/residents', { q: 'Budi' }, { from: '/residents' })
    const found = await officer.get(location!)
    expect(found.text).toMatch(/Ada juga di kantor lain:.*value="BLT".*Blitar \(1\)/s)
    const gone = await officer.post('/offices/open', { office: 'BLT', back: location! }, { from: '/offices' })
    expect([gone.location, (await officer.get(location!)).text.includes('Budi')]).toEqual([location, true])
  })

  it('is given to an office by the command line', async () => {
    const add = (name: string, office?: string) =>
      officerCommand(
        world.app,
        { json: true, line: () => undefined, result: () => undefined },
        {
          action: 'add',
          name,
          role: 'officer',
          ...(office ? { office } : {}),
        },
      )
    for (const [name, office] of [['sari'], ['putu', 'MLG'], ['pusat', 'ALL']] as const) await add(name, office)
    const { officers } = world.app.db.t
    const rows = await world.app.db.read.select({ name: officers.name, code: officers.office_code }).from(officers)
    expect(rows).toEqual([
      { name: 'sari', code: 'BLT' },
      { name: 'putu', code: 'MLG' },
      { name: 'pusat', code: null },
    ])
    await expect(add('x1', 'SUB')).rejects.toThrow('--office SUB is unknown; allowed: BLT, MKS, MLG, ALL')
  })
})

describe('the program', () => {
  it('does not start when it would forget the residents of an office', async () => {
    await bring('MLG', [person('Made', '0812 0000 0002')])
    const { config, secrets } = world.app
    const alone = { ...config, officeFile: join(config.templatesDir, 'office.yaml') }
    await expect(openApp(alone, secrets, { log: silentLog })).rejects.toThrow(
      /residents of office MLG; known here: BLT\. Its file belongs into offices\/MLG\/office\.yaml/,
    )
  })
})

function bring(officeCode: string, rows: readonly Row[]) {
  return bringTo(world, officeCode, rows)
}

function residents() {
  const { residents } = world.app.db.t
  return world.app.db.read.select().from(residents).orderBy(residents.id)
}

/** `officeCode` null: headquarters. */
async function signedIn(officeCode: string | null) {
  const officer = await signedInAt(world, officeCode)
  opened.push(officer)
  return officer
}

const opened: AsyncDisposable[] = []
afterEach(async () => {
  for (const one of opened.splice(0)) await one[Symbol.asyncDispose]()
})
