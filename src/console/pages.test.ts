import { parse } from 'csv-parse/sync'
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DeliveryState } from '../db/schema.ts'
import { addDays, type CivilDate, civilDate } from '../lib/civil-date.ts'
import { silentLog } from '../lib/events.ts'
import { overstayPass } from '../overstay/cases.ts'
import { buildersFor } from '../overstay/fixture.ts'
import { openFollowUps } from '../overstay/follow-ups.ts'
import { routes } from './routes.ts'
import { openTestConsole, type TestConsole, type Visitor } from './testing.ts'

const TODAY = civilDate('2026-11-22')
const SCRIPT = '<script>alert(1)</script>'
const FORMULA = '=HYPERLINK("http://evil.example","x")'
const TURNED = 'Anna \u202Etxt.exe'
const LONG = 'N'.repeat(300)
const PHONE = '+6281234567890'

let world: TestConsole
let make: ReturnType<typeof buildersFor>
let officer: Visitor & { name: string }
let viewer: Visitor
let blitar: Visitor
let anna: { residentId: number; caseId: number }
const reference = 'BLT-7K3Q'

beforeAll(async () => {
  world = await openTestConsole({ routes })
  const { db } = world
  make = buildersFor(db)
  const overstayed = async (full_name: string, days: number, regency: string) => {
    const resident = await make.resident({ full_name, regency, phone_country: 'ID' })
    const permit = await make.permit(resident.id, addDays(TODAY, -days))
    return { resident, cycle: await make.cycle(permit) }
  }
  const { resident, cycle } = await overstayed('Anna Schmidt', 5, 'Kota Blitar')
  const notice = await make.notice(cycle, -1, addDays(TODAY, -4))
  await make.delivery(notice, { phone: resident.phone!, state: 'delivered' })
  await db.write(async (tx) => {
    await tx.update(tx.t.notices).set({ reference }).where(eq(tx.t.notices.id, notice.id))
  })
  for (const [index, name] of [SCRIPT, FORMULA, TURNED, LONG].entries()) {
    await overstayed(name, 10 + index, 'Kota Blitar')
  }
  await overstayed('Kim Jisoo', 60, 'Kabupaten Tulungagung')

  const silent = await make.resident({ full_name: 'Maria da Silva', phone: PHONE, language: 'pt' })
  const soon = await make.cycle(await make.permit(silent.id, addDays(TODAY, 5)))
  const told = await make.notice(soon, 7)
  const sent = await make.delivery(told, { phone: PHONE, state: 'sent' })
  await db.write((tx) =>
    tx.insert(tx.t.attempts).values({
      delivery_id: sent.id,
      number: 1,
      channel: 'sms',
      worker: 'w',
      words: JSON.stringify({
        channel: 'sms',
        body: 'A sua autorização termina a 27 de novembro',
        segments: 1,
        link: 'x',
      }),
      started_at: world.clock.now(),
      outcome: 'accepted',
      error_code: 30003,
      sid: 'SM1',
    }),
  )
  const elsewhere = await make.resident({ full_name: 'Tanaka Yui', regency: 'Kabupaten Tulungagung' })
  await make.permit(elsewhere.id, addDays(TODAY, 40))
  const wanted = [
    { resident_id: silent.id, kind: 'phone' as const, cycle_id: soon.id, cause: 'unconfirmed' },
    { resident_id: elsewhere.id, kind: 'phone' as const, cycle_id: 0, cause: 'no-phone' },
  ]
  await openFollowUps(db, { wanted, dueOn: () => addDays(TODAY, -1), now: world.clock.now() })
  const { offices } = world.deps
  await overstayPass({ db, log: silentLog, offices, now: world.clock.now(), today: TODAY })
  anna = { residentId: resident.id, caseId: await caseOf(resident.id) }

  officer = await world.signedIn('officer')
  viewer = await world.signedIn('viewer')
  blitar = await world.signedIn('officer', ['Kota Blitar'])
})
afterAll(() => world[Symbol.asyncDispose]())

describe('today', () => {
  it('begins with the people to phone: number, language, last words', async () => {
    const { status, text } = await officer.get('/')
    expect(status).toBe(200)
    const list = text.slice(text.indexOf('id="phone-list"'))
    expect(text.indexOf('id="phone-list"')).toBeLessThan(text.indexOf('id="ending"'))
    expect(list).toContain(`href="tel:${PHONE}"`)
    expect(list).toContain('Portugis')
    expect(list).toContain('A sua autorização termina a 27 de novembro')
  })

  it('makes each number a link to its list', async () => {
    const { text } = await officer.get('/')
    const hrefs = ['/residents?ends=14', '/residents?ends=60', `/overstays?opened=${TODAY}`, '/overstays?level=summon']
    for (const href of hrefs) {
      expect(text).toContain(`href="${href.replaceAll('&', '&amp;')}"`)
      expect((await officer.get(href)).status).toBe(200)
    }
  })

  it('records a contact: the person leaves the phone list, and the first to say so is named to the next', async () => {
    const id = await followUpOf('unconfirmed')
    const done = await officer.post(`/follow-ups/${id}/close`, { outcome: 'reached', back: '/' }, { from: '/' })
    expect([done.status, done.location]).toEqual([303, '/?said=follow.close'])
    const after = await officer.get(done.location!)
    expect(after.text).toContain('Hasil dicatat.')
    expect(after.text).not.toContain(PHONE)
    const again = await blitar.post(`/follow-ups/${id}/close`, { outcome: 'reached', back: '/' }, { from: '/account' })
    expect(again.status).toBe(409)
    expect(again.text).toContain(officer.name)
  })
})

describe('the overstay list', () => {
  it('never puts what was searched for into an address, finds by name, and shows the words again', async () => {
    const asked = await officer.post('/overstays', { q: 'schmidt anna', level: '' })
    expect(asked.status).toBe(303)
    expect(asked.location).not.toMatch(/schmidt|level/)
    const { text } = await officer.get(asked.location!)
    expect(namesIn(text)).toEqual(['Anna Schmidt'])
    expect(text).toContain('value="schmidt anna"')
  })

  it('finds a phone in the form people write it, and a permit by part of its number', async () => {
    const [{ phone, permit_no }] = await personOf(anna.residentId)
    for (const q of [phone!.replace('+62', '0'), permit_no]) {
      const { location } = await officer.post('/overstays', { q })
      expect(namesIn((await officer.get(location!)).text)).toContain('Anna Schmidt')
    }
  })

  it.each([
    ['level=verify', ['Anna Schmidt']],
    ['from=20', ['Kim Jisoo']],
    ['to=6', ['Anna Schmidt']],
    ['regency=Kabupaten+Tulungagung', ['Kim Jisoo']],
    ['contact=confirmed', ['Anna Schmidt']],
    ['sort=longest&to=9999&from=11', ['Kim Jisoo', LONG, TURNED, FORMULA]],
    ['level=over-60', []],
  ])('filters and sorts by its address: %s', async (query, names) => {
    expect(namesIn((await officer.get(`/overstays?${query}`)).text)).toEqual(names)
  })

  it('escapes every name, whatever it holds', async () => {
    const { text } = await officer.get('/overstays')
    expect(text).not.toContain(SCRIPT)
    expect(namesIn(text)).toEqual(['Anna Schmidt', SCRIPT, FORMULA, TURNED, LONG, 'Kim Jisoo'])
  })

  it('exports what is filtered, as text that a spreadsheet will not run', async () => {
    const csv = await officer.get('/overstays.csv?level=summon')
    const [headers, ...cells] = parse(csv.text, { bom: true }) as string[][]
    const name = headers!.indexOf('Nama')
    expect(cells.map((row) => row[name])).toEqual([SCRIPT, `'${FORMULA}`, 'Anna  txt.exe', LONG])
    const xlsx = await officer.get('/overstays.xlsx?level=summon')
    expect(xlsx.headers.get('content-type')).toContain('spreadsheetml')
    expect(xlsx.text.startsWith('PK')).toBe(true)
  })

  it('prints for a field check', async () => {
    const { text } = await officer.get('/overstays/print?regency=Kabupaten+Tulungagung')
    expect(text).toContain('Kim Jisoo')
    expect(text).not.toContain('Anna Schmidt')
  })
})

describe('an area', () => {
  it('bounds every list', async () => {
    for (const path of [
      '/',
      '/overstays',
      '/overstays.csv',
      '/overstays/print',
      '/follow-ups',
      '/residents',
      '/deliveries',
    ]) {
      const [mine, all] = [await blitar.get(path), await officer.get(path)]
      expect([path, mine.status]).toEqual([path, 200])
      expect([path, /Kim Jisoo|Tanaka Yui/.test(mine.text)]).toEqual([path, false])
      if (!['/deliveries'].includes(path)) expect([path, /Kim Jisoo|Tanaka Yui/.test(all.text)]).toEqual([path, true])
    }
  })

  it('hides the pages and the actions of whoever is outside it', async () => {
    const [kim] = await residentsNamed('Kim Jisoo')
    const caseId = await caseOf(kim!.id)
    expect((await blitar.get(`/cases/${caseId}`)).status).toBe(404)
    expect((await blitar.get(`/residents/${kim!.id}`)).status).toBe(404)
    expect((await blitar.post(`/cases/${caseId}/note`, { text: 'x' }, { from: '/account' })).status).toBe(404)
    const followUp = await followUpOf('no-phone')
    expect((await blitar.post(`/follow-ups/${followUp}/take`, {}, { from: '/account' })).status).toBe(404)
    expect((await officer.get(`/cases/${caseId}`)).status).toBe(200)
  })
})

describe('a case', () => {
  it('states the facts first: days, level, an estimate with its basis', async () => {
    const { text } = await officer.get(`/cases/${anna.caseId}`)
    expect(text).toContain('5.000.000')
    expect(text).toContain('perkiraan')
    expect(text).toContain('UU 6/2011')
    expect(text).toContain(reference)
  })

  it('flags day 60, and no other', async () => {
    const [kim] = await residentsNamed('Kim Jisoo')
    expect((await officer.get(`/cases/${await caseOf(kim!.id)}`)).text).toContain('Tepat hari ke-60')
    expect((await officer.get(`/cases/${anna.caseId}`)).text).not.toContain('Tepat hari ke-60')
  })

  it('takes a note, a contact, an officer and a hold, each with its author', async () => {
    const path = `/cases/${anna.caseId}`
    const does = async (what: string, form: Record<string, string>) =>
      (await officer.post(`${path}/${what}`, form, { from: path })).location
    expect(await does('note', { text: `Catatan ${SCRIPT}` })).toBe(`${path}?said=case.note`)
    expect(await does('contact', { channel: 'visit', text: 'Rumah kosong' })).toBe(`${path}?said=case.contact`)
    expect(await does('assign', { to: officer.name })).toBe(`${path}?said=case.assign`)
    expect(await does('hold', { reason: 'applied', until: addDays(TODAY, 9) })).toBe(`${path}?said=case.hold`)
    const { text } = await officer.get(path)
    expect(text).not.toContain(SCRIPT)
    expect(text).toContain('Kunjungan: Rumah kosong')
    expect(text).toContain('Permohonan sudah diajukan')
    expect(text).toContain(`oleh ${officer.name}`)
  })

  it('refuses what makes no sense, and says what is allowed', async () => {
    const path = `/cases/${anna.caseId}`
    const tries: [string, Record<string, string>][] = [
      ['note', { text: ' ' }],
      ['contact', { channel: 'pigeon', text: 'x' }],
      ['close', { outcome: 'whatever' }],
      ['assign', { to: 'nobody-known' }],
      ['hold', { reason: 'applied', until: addDays(TODAY, -1) }],
      ['note', { text: 'x'.repeat(2001) }],
    ]
    for (const [what, form] of tries) {
      expect([what, (await officer.post(`${path}/${what}`, form, { from: path })).status]).toEqual([what, 400])
    }
  })

  it('is closed by one of two officers; the other is told who was first', async () => {
    const path = `/cases/${anna.caseId}`
    const seen = /name="version" value="(\d+)"/.exec((await officer.get(path)).text)![1]!
    const form = { outcome: 'renewed', note: '', version: seen }
    const both = await Promise.all([
      officer.post(`${path}/close`, form, { from: path }),
      blitar.post(`${path}/close`, { ...form, outcome: 'left' }, { from: path }),
    ])
    expect(both.map(({ status }) => status).sort()).toEqual([303, 409])
    const first = both[0]!.status === 303 ? officer.name : 'officer'
    expect(both.find(({ status }) => status === 409)!.text).toContain(first)
    expect((await officer.post(`${path}/reopen`, { note: 'keliru' }, { from: path })).status).toBe(303)
  })

  it('is seen by a viewer, who can change nothing', async () => {
    const path = `/cases/${anna.caseId}`
    const { status, text } = await viewer.get(path)
    expect(status).toBe(200)
    expect(text).not.toContain('/note"')
    for (const what of ['note', 'contact', 'assign', 'escalate', 'close', 'reopen', 'hold']) {
      const refused = await viewer.post(`${path}/${what}`, { text: 'x' }, { from: '/account' })
      expect([what, refused.status]).toEqual([what, 403])
    }
  })
})

describe('residents', () => {
  it('are found at once by the reference of a notice, however it is typed', async () => {
    for (const q of [reference, reference.toLowerCase(), ` ${reference.replace('-', ' ')} `]) {
      const found = await officer.get(`/search?q=${encodeURIComponent(q)}`)
      expect(found.location).toBe(`/residents/${anna.residentId}?ref=${reference}#${reference}`)
    }
    const tulungagung = await world.signedIn('officer', ['Kabupaten Tulungagung'])
    expect((await tulungagung.get(`/search?q=${reference}`)).location).toMatch(/^\/residents\?s=/)
  })

  it('are searched for by anything else, sealed', async () => {
    const found = await officer.post('/search', { q: 'maria' }, { from: '/residents' })
    expect(found.location).toMatch(/^\/residents\?s=/)
    expect(found.location).not.toContain('maria')
    expect((await officer.get(found.location!)).text).toContain('Maria da Silva')
  })

  it('who end within 14 days are listed, the first to end first', async () => {
    expect(namesIn((await officer.get('/residents?ends=14')).text)).toEqual(['Maria da Silva'])
    expect(namesIn((await officer.get('/residents?ends=60')).text)).toEqual(['Maria da Silva', 'Tanaka Yui'])
  })

  it('have holds that are set and lifted once', async () => {
    const path = `/residents/${anna.residentId}`
    await officer.post(`${path}/hold`, { reason: 'left', note: 'terbang' }, { from: path })
    const { text } = await officer.get(path)
    const lift = /action="([^"]+\/lift)"/.exec(text)![1]!
    expect((await officer.post(lift, {}, { from: path })).status).toBe(303)
    const again = await blitar.post(lift, {}, { from: path })
    expect(again.status).toBe(409)
    expect(again.text).toContain(officer.name)
  })

  it('page by key without losing or doubling anyone', async () => {
    for (let n = 0; n < 120; n += 1)
      await make.permit((await make.resident({ full_name: `Zz ${n % 7}` })).id, addDays(TODAY, 500))
    const seen: string[] = []
    for (let path: string | undefined = '/residents'; path !== undefined; ) {
      const { text } = await officer.get(path)
      seen.push(
        ...[...text.matchAll(/<th scope="row" class="person"><a href="\/residents\/(\d+)"/g)].map((match) => match[1]!),
      )
      const next = /rel="next" href="([^"]+)"/.exec(text)?.[1]?.replaceAll('&amp;', '&')
      path = next && `/residents${next}`
    }
    const { residents } = world.db.t
    const all = await world.db.read.select({ id: residents.id }).from(residents)
    expect(seen).toHaveLength(all.length)
    expect(new Set(seen).size).toBe(all.length)
  })
})

describe('deliveries', () => {
  it('are filtered by state, channel and error, with the sentence an officer reads', async () => {
    const { text } = await officer.get('/deliveries?error=30003')
    expect(text).toContain('Ponsel mati atau di luar jangkauan.')
    expect(text).toContain('Maria da Silva')
    expect(text).not.toContain('Anna Schmidt')
    const delivered = (await officer.get('/deliveries?state=delivered&channel=sms')).text
    expect(delivered).toContain('Anna Schmidt')
    expect(delivered).not.toContain('<bdi>Maria da Silva')
    expect((await officer.get('/deliveries?channel=call')).text).toContain('Tidak ada pengiriman yang cocok')
  })
})

describe('a delivery that failed', () => {
  const failed = async (regency = 'Kota Blitar', state: DeliveryState = 'exhausted') => {
    const resident = await make.resident({ full_name: `Gagal ${regency}`, regency })
    const cycle = await make.cycle(await make.permit(resident.id, addDays(TODAY, 12)))
    const { id } = await make.delivery(await make.notice(cycle, 14), { phone: resident.phone!, state })
    return { id, resident, path: `/deliveries/${id}/retry` }
  }
  const from = '/deliveries'

  it('is sent once more by an officer, who stands in its history; the next one is too late', async () => {
    const { id, path, resident } = await failed()
    const list = await officer.get('/deliveries?state=exhausted')
    expect(list.text).toContain(`action="${path}"`)
    expect((await viewer.get('/deliveries?state=exhausted')).text).not.toContain(path)
    const back = '/deliveries?state=exhausted'
    expect((await officer.post(path, { back }, { from })).location).toBe(`${back}&said=delivery.retry`)
    const { deliveries } = world.db.t
    const [row] = await world.db.read.select().from(deliveries).where(eq(deliveries.id, id))
    expect(row).toMatchObject({ state: 'queued', reason: 'by-hand', not_before: world.clock.now() })
    expect((await officer.get(`/residents/${resident.id}`)).text).toContain(`Dikirim ulang oleh ${officer.name}`)
    const again = await blitar.post(path, {}, { from })
    expect([again.status, again.text.includes('sudah mengantre')]).toEqual([409, true])
    const queued = (await officer.get('/deliveries?state=queued')).text
    expect(queued).toContain('Dicoba lagi mulai 22 November 2026 08.30.')
  })

  it('says in its own words why it is not sent again', async () => {
    const { path, resident } = await failed()
    await make.hold(resident.id)
    const { text } = await officer.get('/deliveries?state=exhausted')
    expect(text).not.toContain(`action="${path}"`)
    expect(text).toContain('Tidak dapat dikirim ulang. WNA ini sedang dikecualikan.')
    expect((await officer.post(path, {}, { from })).status).toBe(409)
  })

  it('is out of reach for an officer of another area', async () => {
    const { path } = await failed('Kabupaten Tulungagung')
    expect((await blitar.post(path, {}, { from })).status).toBe(404)
  })

  it('is left alone while it may still arrive', async () => {
    const { path } = await failed('Kota Blitar', 'sent')
    expect((await officer.post(path, {}, { from })).status).toBe(409)
  })
})

describe('every route', () => {
  const pathOf = ({ path }: (typeof routes)[number]) => path.replaceAll(/:\w+(\([^)]*\))?/g, '1')

  it('says what is written of it in the audit', () => {
    expect(routes.filter(({ audit, path }) => !audit && !path.startsWith('/voice-notes'))).toEqual([])
  })

  it('is closed to whoever has not signed in', async () => {
    for (const route of routes) {
      const visitor = world.visitor()
      const page = await (route.method === 'GET'
        ? visitor.get(pathOf(route))
        : visitor.post(pathOf(route), {}, { csrf: false }))
      expect([route.path, page.status, page.location?.startsWith('/sign-in')]).toEqual([route.path, 303, true])
    }
  })

  it('refuses a role below its own', async () => {
    for (const route of routes.filter(({ role }) => role !== 'viewer')) {
      const below = route.role === 'officer' ? viewer : officer
      const page =
        route.method === 'GET'
          ? await below.get(pathOf(route))
          : await below.post(pathOf(route), {}, { from: '/account' })
      expect([route.path, page.status]).toEqual([route.path, 403])
    }
  })
})

describe('every page', () => {
  it.each(['id', 'en'] as const)('opens in %s and stays below 100 kB', async (language) => {
    const { officers } = world.db.t
    await world.db.write(async (tx) => {
      await tx.update(officers).set({ language }).where(eq(officers.name, officer.name))
    })
    const paths = ['/', '/overstays', '/follow-ups', '/residents', '/deliveries', '/imports', `/cases/${anna.caseId}`]
    for (const path of [...paths, `/residents/${anna.residentId}`, '/overstays/print', '/follow-ups?closed=1']) {
      const page = await officer.get(path)
      expect([path, page.status]).toEqual([path, 200])
      expect(Buffer.byteLength(page.text)).toBeLessThan(100_000)
      expect(page.text).not.toMatch(/\sstyle="/)
    }
  })
})

function namesIn(text: string): string[] {
  const found = text.matchAll(/<th scope="row" class="person"><a[^>]*><bdi>(.*?)<\/bdi>/gs)
  return [...found].map((match) =>
    match[1]!
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&quot;', '"')
      .replaceAll('&#39;', "'")
      .replaceAll('&amp;', '&'),
  )
}

async function caseOf(residentId: number): Promise<number> {
  const { overstay_cases: cases } = world.db.t
  const [row] = await world.db.read.select({ id: cases.id }).from(cases).where(eq(cases.resident_id, residentId))
  return row!.id
}

async function followUpOf(cause: string): Promise<number> {
  const { follow_ups } = world.db.t
  const [row] = await world.db.read.select({ id: follow_ups.id }).from(follow_ups).where(eq(follow_ups.cause, cause))
  return row!.id
}

async function residentsNamed(name: string) {
  const { residents } = world.db.t
  return world.db.read.select({ id: residents.id }).from(residents).where(eq(residents.full_name, name))
}

async function personOf(
  residentId: number,
): Promise<[{ phone: string | null; permit_no: string; expires_on: CivilDate }]> {
  const { residents, permits } = world.db.t
  const rows = await world.db.read
    .select({ phone: residents.phone, permit_no: permits.permit_no, expires_on: permits.expires_on })
    .from(residents)
    .innerJoin(permits, eq(permits.resident_id, residents.id))
    .where(eq(residents.id, residentId))
  return [rows[0]!]
}
