import { parse } from 'csv-parse/sync'
import { and, desc, eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { addDays, civilDate } from '../lib/civil-date.ts'
import { buildersFor } from '../overstay/fixture.ts'
import { openFollowUps } from '../overstay/follow-ups.ts'
import { chooseLanguage } from '../register/residents.ts'
import { routes } from './routes.ts'
import { openTestConsole, type Page, type TestConsole, type Visitor } from './testing.ts'

const TODAY = civilDate('2026-11-22')
const NEW = '+6281234567890'
const SCRIPT = '<script>alert(1)</script>'

let world: TestConsole
let make: ReturnType<typeof buildersFor>
let sari: Visitor & { officerId: number; name: string }
let budi: Visitor & { name: string }
let viewer: Visitor
let tulungagung: Visitor
let anna: { id: number; phone: string }
let path: string

beforeAll(async () => {
  world = await openTestConsole({ routes })
  make = buildersFor(world.db)
  sari = await world.signedIn('officer')
  budi = await world.signedIn('officer')
  viewer = await world.signedIn('viewer')
  tulungagung = await world.signedIn('officer', ['Kabupaten Tulungagung'])
})
afterAll(() => world[Symbol.asyncDispose]())
beforeEach(async () => {
  const { id, phone } = await make.resident({ full_name: 'Anna Schmidt', language: 'de' })
  await make.permit(id, addDays(TODAY, 10))
  anna = { id, phone: phone! }
  path = `/residents/${id}`
})

describe('the page of a resident', () => {
  it('corrects a phone: the new one, the badge, both values, who and why', async () => {
    const done = await correct(sari, { value: '0812-3456-7890', reason: 'diberitahu penjamin di loket' })
    expect([done.status, done.location]).toEqual([303, `${path}?said=correction.made`])
    const { text } = await sari.get(done.location!)
    expect(text).toContain('Koreksi dicatat.')
    expect(text).toContain(`href="tel:${NEW}"`)
    expect(text).toContain('Berbeda dari register')
    expect(text).toContain(`Menurut register: ${shown(anna.phone)}`)
    expect(text).toContain(`Dibetulkan oleh ${sari.name}`)
    expect(text).toContain('diberitahu penjamin di loket')
    const history = text.slice(text.indexOf('id="history"'))
    expect(history).toContain('Koreksi: Telepon')
    expect(history).toContain(`${shown(anna.phone)} → ${shown(NEW)}`)
  })

  it('gives the register its word back, which stays in the history', async () => {
    await correct(sari, { value: NEW })
    const end = /action="([^"]+\/end)"/.exec((await budi.get(path)).text)![1]!
    const done = await budi.post(end, {}, { from: path })
    expect(done.location).toBe(`${path}?said=correction.ended`)
    const { text } = await budi.get(path)
    expect(text).toContain(`href="tel:${anna.phone}"`)
    expect(text).not.toContain('Berbeda dari register')
    expect(text.slice(text.indexOf('id="history"'))).toMatch(/Koreksi berakhir: Telepon.*Koreksi: Telepon/s)
    const again = await sari.post(end, {}, { from: path })
    expect(again.status).toBe(409)
    expect(again.text).toContain(budi.name)
  })

  it('says that there is no number only when that is ticked', async () => {
    expect((await correct(sari, { value: ' ' })).status).toBe(400)
    expect((await correct(sari, { value: NEW, none: '1' })).status).toBe(400)
    expect((await correct(sari, { value: '', none: '1' })).status).toBe(303)
    const { text } = await sari.get(path)
    expect(text).toContain('tidak ada nomor')
    expect(text).not.toContain('href="tel:')
  })

  it('takes a language that the messages have, and shows when the resident has chosen since', async () => {
    const form = await sari.get(`${path}?correct=language`)
    expect(form.text).toMatch(/<details open><summary>.*?Betulkan bahasa/)
    expect(form.text).toContain('<option value="zh-Hant">')
    expect((await correct(sari, { field: 'language', value: 'ta' })).status).toBe(303)
    expect((await sari.get(path)).text).toContain('Menurut register: Jerman')
    await world.db.write((tx) => chooseLanguage(tx, { residentId: anna.id, language: 'my', now: world.clock.now() }))
    const { text } = await sari.get(path)
    expect(text).toContain('Dipilih sendiri di halaman pemberitahuan')
    expect(text).toContain('dipilih sendiri oleh WNA')
    expect(text).not.toContain('Berbeda dari register')
  })

  it.each([
    [{ value: '' }, 400],
    [{ value: 'tetangga' }, 400],
    [{ value: NEW, reason: ' ' }, 400],
    [{ value: NEW, field: 'full_name' }, 400],
    [{ value: NEW, field: '__proto__' }, 400],
    [{ value: `${NEW}${'0'.repeat(3000)}` }, 400],
    [{ value: NEW, reason: 'x'.repeat(2001) }, 400],
    [{ field: 'language', value: SCRIPT }, 400],
    [{ value: NEW, seen: '99999' }, 404],
  ])('refuses %j', async (form, status) => {
    expect((await correct(sari, form)).status).toBe(status)
    expect((await sari.get(path)).text).toContain(`href="tel:${anna.phone}"`)
  })

  it('escapes a reason, whatever it holds', async () => {
    await correct(sari, { value: NEW, reason: `${SCRIPT} \u202Etxt.exe` })
    const { text } = await sari.get(path)
    expect(text).not.toContain(SCRIPT)
    expect(text).toContain('&lt;script&gt;')
  })

  it('tells the second of two officers who was first', async () => {
    const forms = await Promise.all([correct(sari, { value: NEW }), correct(budi, { value: '+60123456789' })])
    expect(forms.map(({ status }) => status).sort()).toEqual([303, 409])
    const [first, second] = forms[0]!.status === 303 ? [sari, forms[1]!] : [budi, forms[0]!]
    expect(second.text).toContain(first.name)
  })

  it('lets nobody correct who may not: a viewer, or an officer of another area', async () => {
    expect((await viewer.get(path)).text).not.toContain('/corrections"')
    expect((await correct(viewer, { value: NEW }, '/account')).status).toBe(403)
    expect((await correct(tulungagung, { value: NEW }, '/account')).status).toBe(404)
    await correct(sari, { value: NEW })
    const end = /action="([^"]+\/end)"/.exec((await sari.get(path)).text)![1]!
    expect((await viewer.post(end, {}, { from: '/account' })).status).toBe(403)
    expect((await tulungagung.post(end, {}, { from: '/account' })).status).toBe(404)
  })

  it('shows the badge on the page of a case, too', async () => {
    const late = await make.resident({ full_name: 'Kim Jisoo' })
    const cycle = await make.cycle(await make.permit(late.id, addDays(TODAY, -3)))
    const { overstay_cases: cases } = world.db.t
    const moment = { opened_on: TODAY, opened_at: world.clock.now() }
    const [row] = await world.db.write((tx) =>
      tx
        .insert(cases)
        .values({
          ...moment,
          cycle_id: cycle.id,
          permit_id: cycle.permit_id,
          resident_id: late.id,
          expires_on: cycle.expires_on,
          level: 'verify',
        })
        .returning({ id: cases.id }),
    )
    expect((await sari.get(`/cases/${row!.id}`)).text).not.toContain('Berbeda dari register')
    await correct(sari, { value: NEW }, `/residents/${late.id}`)
    const { text } = await sari.get(`/cases/${row!.id}`)
    expect(text).toContain('Berbeda dari register')
    expect(text).toContain('Koreksi: Telepon')
  })
})

describe('the follow-ups of a number', () => {
  it('lead to the form, and close when the number is no longer theirs', async () => {
    const wrong = world.db.vault.blind(anna.phone, 'phone')
    const wanted = [{ resident_id: anna.id, kind: 'number' as const, cycle_id: 0, cause: `number:${wrong}` }]
    await openFollowUps(world.db, { wanted, dueOn: () => TODAY, now: world.clock.now() })
    const list = await sari.get('/follow-ups?kind=number')
    expect(list.text).toContain(`href="${path}?correct=phone#contact-data"`)
    await correct(sari, { field: 'sponsor_phone', value: '+6281399990000' })
    expect(await followUp()).toMatchObject({ closed_at: null })
    await correct(sari, { value: NEW })
    expect(await followUp()).toMatchObject({ closed_by: sari.name, outcome: 'number-corrected' })
  })

  it('close with what was found out: no other number', async () => {
    const wrong = world.db.vault.blind(anna.phone, 'phone')
    const wanted = [{ resident_id: anna.id, kind: 'number' as const, cycle_id: 0, cause: `number:${wrong}` }]
    await openFollowUps(world.db, { wanted, dueOn: () => TODAY, now: world.clock.now() })
    await correct(sari, { value: '', none: '1' })
    expect(await followUp()).toMatchObject({ closed_by: sari.name, outcome: 'no-other-number' })
  })

  it('are marked as perhaps done when the register brought another number', async () => {
    const wanted = [{ resident_id: anna.id, kind: 'number' as const, cycle_id: 0, cause: 'number:of-before' }]
    await openFollowUps(world.db, { wanted, dueOn: () => TODAY, now: world.clock.now() })
    const { text } = await sari.get('/follow-ups?kind=number')
    const entry = text.slice(text.indexOf(`href="${path}"`))
    expect(entry.slice(0, entry.indexOf('</li>'))).toContain('mungkin tidak perlu lagi')
  })

  async function followUp() {
    const { follow_ups } = world.db.t
    const [row] = await world.db.read.select().from(follow_ups).where(eq(follow_ups.resident_id, anna.id))
    return row
  }
})

describe('the list of residents', () => {
  it('shows who differs, of the own area, and exports it for the register to be mended by', async () => {
    await correct(sari, { value: NEW, reason: '=HYPERLINK("http://evil.example")' })
    const clara = await make.resident({ full_name: `=1+1 ${SCRIPT}`, regency: 'Kabupaten Tulungagung', language: null })
    await correct(sari, { field: 'language', value: 'ta' }, `/residents/${clara.id}`)
    const other = await make.resident({ full_name: 'Tidak Berubah' })
    const list = await sari.get('/residents?differs=1')
    expect(list.text).toContain(`href="${path}"`)
    expect(list.text).toContain(`href="/residents/${clara.id}"`)
    expect(list.text).not.toContain(`href="/residents/${other.id}"`)
    expect(list.text).toContain('href="/residents/corrections.csv"')
    expect((await tulungagung.get('/residents?differs=1')).text).not.toContain(`href="${path}"`)
    const filtered = await sari.post('/residents', { q: '', differs: '1' })
    expect(filtered.location).toBe('/residents?differs=1')

    const [headers, ...rows] = parse((await viewer.get('/residents/corrections.csv')).text, { bom: true }) as string[][]
    const found = rows.filter((row) => row[5] === `'${anna.phone}`)
    expect(found).toHaveLength(1)
    expect(Object.fromEntries(headers!.map((name, index) => [name, found[0]![index]]))).toMatchObject({
      Nama: 'Anna Schmidt',
      Kolom: 'No. HP',
      Seharusnya: `'${NEW}`,
      Alasan: `'=HYPERLINK("http://evil.example")`,
      'Dibetulkan oleh': sari.name,
      Tanggal: TODAY,
    })
    const mine = (await tulungagung.get('/residents/corrections.csv')).text
    expect(mine).toContain(`'=1+1 ${SCRIPT}`)
    expect(mine).not.toContain('Anna Schmidt')
  })
})

describe('the audit', () => {
  it('names the field and no value', async () => {
    await correct(sari, { value: NEW, reason: 'rahasia' })
    const { audit } = world.db.t
    const entries = await world.db.read
      .select()
      .from(audit)
      .where(and(eq(audit.officer_id, sari.officerId), eq(audit.subject_id, anna.id)))
      .orderBy(desc(audit.id))
      .limit(2)
    expect(entries.map(({ action, subject_kind, detail }) => [action, subject_kind, detail])).toEqual([
      ['resident.corrected', 'resident', expect.stringMatching(/^phone \d+$/)],
      ['correction.make', 'resident', null],
    ])
  })
})

function correct(by: Visitor, form: Record<string, string>, from = path): Promise<Page> {
  const to = from.startsWith('/residents/') ? from : path
  return by.post(`${to}/corrections`, { field: 'phone', reason: 'di loket', seen: '', ...form }, { from })
}

function shown(number: string): string {
  return number.replace(/^\+62(\d{3})(\d{3,4})(\d{3,5})$/, '+62 $1 $2 $3')
}
