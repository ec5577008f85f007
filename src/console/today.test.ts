import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eq, inArray } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { languageOf, loadLanguages } from '../compose/language.ts'
import type { DeliveryState } from '../db/schema.ts'
import { addDays, civilDate, instantOf } from '../lib/civil-date.ts'
import { silentLog } from '../lib/events.ts'
import { officesOf } from '../lib/offices.ts'
import { attendPass } from '../overstay/attend.ts'
import { overstayPass } from '../overstay/cases.ts'
import { assignFollowUp, openFollowUps } from '../overstay/follow-ups.ts'
import { importRegister } from '../register/import.ts'
import { writeSampleCsv } from '../register/sample.ts'
import { scanPass } from '../scan/pass.ts'
import { PLAN_DAYS } from './plan.ts'
import { routes } from './routes.ts'
import { openTestConsole, type TestConsole, type Visitor } from './testing.ts'

const TODAY = civilDate('2026-11-22')
const TEMPLATES = join(import.meta.dirname, '../../templates')
const AREA = 'Kota Blitar'
/** As long as a message gets, in letters of three bytes each. */
const SAID = { channel: 'sms', body: 'த'.repeat(268), segments: 4, link: 'x' }
const UNCONFIRMED = { kind: 'phone', cause: 'unconfirmed' } as const
const STATES = ['delivered', 'sent', 'exhausted', 'queued', 'cancelled', 'undelivered', 'set_aside'] as const

let world: TestConsole
let officer: Visitor & { name: string }
let blitar: Visitor

beforeAll(async () => {
  const languages = await loadLanguages(TEMPLATES)
  const told = { languageOf: (person: Parameters<typeof languageOf>[0]) => languageOf(person, languages) }
  world = await openTestConsole({ routes, deps: told })
  await fill()
  officer = await world.signedIn('officer')
  blitar = await world.signedIn('officer', [AREA])
})
afterAll(() => world[Symbol.asyncDispose]())

describe('the first page of the morning, with five hundred residents', () => {
  it.each(['the whole office', AREA])('leads from each number to a list of just as many, for %s', async (area) => {
    const visitor = area === AREA ? blitar : officer
    const links = countsOn((await visitor.get('/')).text)
    expect(links.length).toBeGreaterThan(30)
    expect(links.filter(({ n }) => n > 0).length).toBeGreaterThan(15)
    for (const { href, n } of links) expect([href, await lengthOf(visitor, href)]).toEqual([href, n])
  })

  it('says for an area what is of the area, and what is of the whole office', async () => {
    const [all, mine] = [(await officer.get('/')).text, (await blitar.get('/')).text]
    expect(mine).toContain(`22 November 2026 · ${AREA}`)
    expect(mine).toContain('Biaya seluruh kantor')
    expect(all).not.toContain('Biaya seluruh kantor')
    const [ends, here] = [all, mine].map((text) => countsOn(text).find(({ href }) => href === '/residents?ends=60')!.n)
    expect(here).toBeGreaterThan(0)
    expect(here).toBeLessThan(ends!)
  })

  it('tells each follow-up with its owner and due date', async () => {
    const { text } = await officer.get('/')
    const [first] = text.split('class="call-entry').slice(1)
    expect(first).toMatch(/Tenggat \d+ November 2026/)
    expect(first).toContain('Ditangani oleh: Belum ada')
    const others = text.slice(text.indexOf('id="others"'))
    expect(others).toContain('Identitas untuk dipastikan')
    expect(others).toContain('sari')
  })

  it('plans tomorrow and the 14 days from then on, each with its cost', async () => {
    const { text } = await officer.get('/')
    const table = text.slice(text.indexOf('plan-days'))
    const days = [
      ...table.matchAll(/href="\/plan\?on=([\d-]+)"><strong>([\d.]+)<.*?<td class="amount">USD ([\d.,]+)</gs),
    ]
    expect(days.map((match) => match[1])).toEqual(Array.from({ length: PLAN_DAYS }, (_, n) => addDays(TODAY, n + 1)))
    for (const [, , people, cost] of days) expect(Number(people) > 0).toBe(cost !== '0,00')
    expect(days.some(([, , people]) => Number(people) > 0)).toBe(true)
  })

  it('plans anew at once when somebody is no longer to be told', async () => {
    const on = countsOn((await officer.get('/')).text).find(({ href, n }) => href.startsWith('/plan') && n > 0)!
    const residentId = Number(/href="\/residents\/(\d+)"><bdi>/.exec((await officer.get(on.href)).text)![1])
    const path = `/residents/${residentId}`
    await officer.post(`${path}/hold`, { reason: 'left' }, { from: path })
    const begun = performance.now()
    expect(countsOn((await officer.get('/')).text).find(({ href }) => href === on.href)!.n).toBe(on.n - 1)
    // The page does not give way to itself: each of the days would wait for half a second.
    expect(performance.now() - begun).toBeLessThan(PLAN_DAYS * 480)
    expect((await officer.get(on.href)).text).not.toContain(`href="${path}"`)
  })
})

describe('no page, with five hundred residents,', () => {
  it('is larger than 100 kB', async () => {
    const { overstay_cases: cases } = world.db.t
    const paths = routes
      .filter(({ method, path }) => method === 'GET' && !path.includes(':') && !/\.(csv|xlsx|pdf)$/.test(path))
      .map(({ path }) => path)
      // One office alone has no list of offices.
      .filter((path) => path !== '/offices')
    expect(paths.length).toBeGreaterThan(8)
    const open = await world.db.read.select({ id: cases.id }).from(cases).limit(3)
    const more = ['/follow-ups?kind=phone', '/deliveries?state=exhausted', ...open.map(({ id }) => `/cases/${id}`)]
    for (const path of [...paths, ...more]) {
      const { text, status } = await officer.get(path)
      expect([path, status < 400]).toEqual([path, true])
      expect([path, Buffer.byteLength(text) < 100_000]).toEqual([path, true])
    }
  })
})

/** Every number that is a link. */
function countsOn(text: string): { href: string; n: number }[] {
  const links = text.matchAll(/<a class="[^"]*\bcount\b[^"]*" href="([^"]+)">(.*?)<\/a>/gs)
  return [...links].map(([, href, inside]) => ({
    href: href!.replaceAll('&amp;', '&'),
    n: Number(/<strong>([\d.]+)<\/strong>/.exec(inside!)![1]!.replaceAll('.', '')),
  }))
}

/** How many rows a list has, on all its pages. */
async function lengthOf(visitor: Visitor, href: string): Promise<number> {
  const [list] = href.split('?')
  let rows = 0
  for (let path: string | undefined = href; path !== undefined; ) {
    const { status, text } = await visitor.get(path)
    expect([path, status]).toEqual([path, 200])
    rows += [...text.matchAll(/<th scope="row" class="person">|<li class="call-entry/g)].length
    const next = /rel="next" href="([^"]+)"/.exec(text)?.[1]?.replaceAll('&amp;', '&')
    path = next && `${list}${next}`
  }
  return rows
}

/** A register that came in 65 days ago, and what the passes of some days made of it. */
async function fill(): Promise<void> {
  const { db, deps, clock } = world
  const { office } = deps
  const folder = mkdtempSync(join(tmpdir(), 'tenggat-today-'))
  const file = join(folder, 'register.csv')
  writeSampleCsv(file, { today: TODAY, residents: 500, seed: 7 })
  const momentOf = (today: typeof TODAY) => ({
    db,
    log: silentLog,
    offices: officesOf([office]),
    today,
    now: instantOf(today, '06:00', office.timeZone),
  })
  await importRegister({ ...momentOf(addDays(TODAY, -65)), officeCode: office.code }, { file })
  rmSync(folder, { recursive: true })
  let serial = 0
  for (const back of [8, 1, 0]) {
    const moment = momentOf(addDays(TODAY, -back))
    await scanPass({ ...moment, random: () => (serial++ * 0.618) % 1, languageOf: deps.languageOf! })
    await overstayPass(moment)
    if (back > 0) await settle()
    await attendPass(moment)
  }
  await settle(3)
  const { residents, follow_ups, cycles, notices } = db.t
  const people = await db.read.select({ id: residents.id }).from(residents).limit(12)
  const wanted = people.map(({ id }) => ({ resident_id: id, kind: 'identity' as const, cycle_id: 0, cause: 'permits' }))
  await openFollowUps(db, { wanted, dueOn: () => addDays(TODAY, -2), now: clock.now() })
  const told = await db.read
    .selectDistinct({ id: cycles.id, residentId: cycles.resident_id })
    .from(cycles)
    .innerJoin(notices, eq(notices.cycle_id, cycles.id))
    .limit(60)
  const silent = told.map(({ id, residentId }) => ({ ...UNCONFIRMED, resident_id: residentId, cycle_id: id }))
  await openFollowUps(db, { wanted: silent, dueOn: () => addDays(TODAY, -1), now: clock.now() })
  const [mine] = await db.read.select({ id: follow_ups.id }).from(follow_ups).where(eq(follow_ups.kind, 'identity'))
  await assignFollowUp({ db }, { id: mine!.id, owner: 'sari' })
}

/** What waited in the queue has gone this way and that, each second, third … one of it. */
async function settle(step = 1): Promise<void> {
  const { db } = world
  const { deliveries } = db.t
  const rows = await db.read.select({ id: deliveries.id }).from(deliveries).where(eq(deliveries.state, 'queued'))
  const groups = Map.groupBy(
    rows.filter((_, index) => index % step === 0).map(({ id }) => id),
    (id): DeliveryState => STATES[id % STATES.length]!,
  )
  await db.write(async (tx) => {
    for (const [state, ids] of groups) {
      const attempts = state === 'queued' || state === 'cancelled' ? 0 : 1
      await tx.update(tx.t.deliveries).set({ state, attempts }).where(inArray(tx.t.deliveries.id, ids))
      if (attempts === 0) continue
      const said = { worker: 'w', words: JSON.stringify(SAID), started_at: 1, outcome: 'accepted' as const }
      await tx
        .insert(tx.t.attempts)
        .values(ids.map((id) => ({ ...said, delivery_id: id, number: 1, channel: 'sms' as const })))
    }
  })
}
