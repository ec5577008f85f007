import { mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import { eq } from 'drizzle-orm'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBrowser, type TestBrowser } from '../../test/browser.ts'
import { Rows } from '../../test/rows.ts'
import { addDays, civilDate } from '../lib/civil-date.ts'
import { silentLog } from '../lib/events.ts'
import { overstayPass } from '../overstay/cases.ts'
import { OVERSTAY_HEADERS } from '../overstay/export.ts'
import { buildersFor } from '../overstay/fixture.ts'
import { openFollowUps } from '../overstay/follow-ups.ts'
import { importRegister } from '../register/import.ts'
import { sharedStrings, sheetRows } from '../register/xlsx-sheet.ts'
import { readZipDirectory, readZipEntry } from '../register/zip.ts'
import { readPdf } from './pdf/testing.ts'
import { routes } from './routes.ts'
import { codeAt, openTestConsole, PASSWORD, type TestConsole } from './testing.ts'

const TODAY = civilDate('2026-11-22')
const PICTURES = process.env.TENGGAT_SCREENSHOTS ?? mkdtempSync(join(tmpdir(), 'tenggat-morning-'))
const SIZES = [
  { width: 390, height: 844 },
  { width: 1440, height: 900 },
] as const

let world: TestConsole
let chromium: TestBrowser
let annasCase: number

beforeAll(async () => {
  mkdirSync(PICTURES, { recursive: true })
  world = await openTestConsole({ routes })
  Object.assign(world.deps, {
    importFile: (options: { file: string; dryRun?: boolean; force?: boolean }) =>
      importRegister(
        { db: world.db, log: silentLog, now: world.clock.now(), today: TODAY, officeCode: 'BLT' },
        options,
      ),
  })
  await fill()
  chromium = await openBrowser()
})
afterAll(async () => {
  await chromium?.[Symbol.asyncDispose]()
  await world?.[Symbol.asyncDispose]()
})

describe('the morning at the office', () => {
  it.each(SIZES)('goes from signing in to a closed case on a screen of $width pixels', async (viewport) => {
    const name = `sari${viewport.width}`
    const oneTime = await world.add(name, 'supervisor')
    await using tab = await open(viewport, 'light')
    const { page } = tab
    await signIn(page, { name, oneTime })

    expect(await page.textContent('h1')).toBe('Hari ini')
    const first = page.locator('.call-entry').first()
    expect(await first.locator('a[href^="tel:"]').first().isVisible()).toBe(true)
    const called = await first.locator('.call-name').textContent()
    await first.locator('button[value=reached]').click()
    await page.waitForSelector('[role=status]')
    expect(await page.textContent('[role=status]')).toContain('Hasil dicatat')
    expect(await page.locator('.call-name').allTextContents()).not.toContain(called)

    await page.goto(`${world.console.url}/overstays`)
    await page.selectOption('#level', 'summon')
    await page.fill('#q', 'hyperlink')
    await page.click('form.filter button.btn-primary')
    await page.waitForURL(/level=summon/)
    expect(page.url()).not.toContain('hyperlink')
    expect(await page.locator('th.person a').allTextContents()).toEqual(['=HYPERLINK("http://evil.example","x")'])

    const [download] = await Promise.all([page.waitForEvent('download'), page.click('a[href*="overstays.xlsx"]')])
    const file = join(PICTURES, `overstay-${viewport.width}.xlsx`)
    await download.saveAs(file)
    const [headers, ...cells] = await cellsOf(file)
    expect(headers).toEqual(OVERSTAY_HEADERS)
    expect(cells.map((row) => row[OVERSTAY_HEADERS.indexOf('Nama')])).toEqual(['=HYPERLINK("http://evil.example","x")'])

    await page.goto(`${world.console.url}/cases/${annasCase}`)
    expect(await heard(page)).toBeGreaterThan(1.9)
    await act(page, 'note', async () => page.fill('#note-text', 'Penjamin akan datang besok'))
    await act(page, 'contact', async () => page.fill('#contact-text', 'Berjanji datang hari Senin'))
    expect(await page.textContent('.history')).toContain('Penjamin akan datang besok')
    await act(page, 'close', async () => page.selectOption('#outcome', 'renewed'))
    expect(await page.textContent('[role=status]')).toContain('Kasus ditutup')
    await act(page, 'reopen', async () => page.fill('#reopen-note', 'keliru'))

    await page.click('.mainnav a[href$="/report"]')
    await page.waitForSelector('#headline')
    expect(await page.locator('.chart').count()).toBeGreaterThan(3)
    expect(tab.complaints).toEqual([])
  })

  it('shows what a register would change before it is applied, and what was rejected', async () => {
    const name = 'wulan'
    const oneTime = await world.add(name, 'supervisor')
    await using tab = await open(SIZES[1], 'light')
    const { page } = tab
    await signIn(page, { name, oneTime })
    await page.goto(`${world.console.url}/imports`)
    const csv = `Nama;Kewarganegaraan;No. Paspor;No. Izin;Jenis Izin;Berlaku s.d.
Baru Sekali;Jerman;C01X00T47;NEW-1;ITAS;06/12/2027
Tanpa Tanggal;Jerman;C01X00T48;NEW-2;ITAS;31/02/2027
`
    await page.setInputFiles('#file', { name: 'register.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) })
    await page.click('form.filter button')
    await page.waitForSelector('h1:has-text("Pratinjau")')
    expect(await page.textContent('table')).toContain('31/02/2027')
    expect(await count('Baru Sekali')).toBe(0)
    if (await page.locator('input[name=force]').count()) await page.check('input[name=force]')
    await page.click('form[action$="/imports/apply"] button')
    await page.waitForSelector('[role=status]')
    expect(await page.textContent('[role=status]')).toContain('Register diterapkan')
    expect(await count('Baru Sekali')).toBe(1)
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('a[href$="rejects.csv"]')])
    expect(download.suggestedFilename()).toMatch(/^tolakan-\d+\.csv$/)
  })
})

describe('every page', () => {
  it.each([
    { ...SIZES[0], scheme: 'light' },
    { ...SIZES[0], scheme: 'dark' },
    { ...SIZES[1], scheme: 'light' },
    { ...SIZES[1], scheme: 'dark' },
  ] as const)(
    'is accessible and fits a screen of $width pixels, in $scheme colours',
    async ({ scheme, ...viewport }) => {
      await using tab = await open(viewport, scheme)
      const { page, context } = tab
      const visitor = await world.signedIn('admin')
      const [cookie] = [...visitor.cookies]
      await context.addCookies([{ name: cookie![0], value: cookie![1], url: world.console.url }])
      const paths = [
        '/',
        '/overstays',
        `/cases/${annasCase}`,
        '/follow-ups',
        '/residents',
        '/residents/1',
        '/deliveries',
        '/imports',
        '/overstays/print',
        '/overstays/print?by=district',
        '/plan',
      ]
      for (const path of paths) {
        await page.goto(world.console.url + path)
        const { violations } = await new AxeBuilder({ page }).analyze()
        expect([
          path,
          violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(' ')}`),
        ]).toEqual([path, []])
        expect([path, await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')]).toEqual([
          path,
          0,
        ])
        const file = `${path.replaceAll(/[^a-z0-9]+/g, '_')}-${viewport.width}-${scheme}.png`
        await page.screenshot({ path: join(PICTURES, file), fullPage: true })
      }
      expect(tab.complaints).toEqual([])
    },
  )
})

describe('the list on paper', () => {
  it('is A4, page by page with its head, each row whole, and says which page of how many', async () => {
    const make = buildersFor(world.db)
    for (let n = 0; n < 40; n += 1) {
      const given = {
        full_name: `Cetak ${n} `.padEnd(n === 7 ? 300 : 20, 'x '),
        address: `Jl. Melati ${n}`,
        district: 'Srengat',
      }
      await make.permit((await make.resident(given)).id, addDays(TODAY, -3), { permit_no: `CETAK-${n}` })
    }
    const { offices } = world.deps
    await overstayPass({ db: world.db, log: silentLog, offices, now: world.clock.now(), today: TODAY })
    await using tab = await open(SIZES[1], 'dark')
    const { page, context } = tab
    const visitor = await world.signedIn('officer')
    const [cookie] = [...visitor.cookies]
    await context.addCookies([{ name: cookie![0], value: cookie![1], url: world.console.url }])
    await page.goto(`${world.console.url}/overstays/print?by=district`)
    const pdf = await page.pdf({ preferCSSPageSize: true })
    expect(pdf.toString('latin1')).toMatch(/MediaBox \[0 0 59[45][.\d]* 84[12][.\d]*\]/)
    const sheets = (await readPdf(pdf)).pages.map((text) => text.replaceAll(/\s+/g, ' '))
    expect(sheets.length).toBeGreaterThan(2)
    for (const [index, text] of sheets.entries()) {
      expect(text).toContain(`Halaman ${index + 1} dari ${sheets.length}`)
      expect(text.toLowerCase()).toContain('hasil pemeriksaan')
    }
    const first = sheets.findIndex((text) => text.includes('Srengat, Kota Blitar'))
    expect(sheets[first]).toContain(offices.home.name)
    for (let n = 0; n < 40; n += 1) {
      const here = sheets.filter((text) => new RegExp(`Cetak ${n} `).test(text))
      expect([n, here.length]).toEqual([n, 1])
      expect(here[0]).toMatch(new RegExp(`Jl\\. Melati ${n}\\b`))
    }
  })
})

async function fill(): Promise<void> {
  const { db } = world
  const make = buildersFor(db)
  const voiceNote = await new Rows(db, world.clock, world.deps.audioDir).record()
  for (const [index, full_name] of [
    'Anna Schmidt',
    '=HYPERLINK("http://evil.example","x")',
    `${'Panjang'.repeat(40)}`,
    '<script>alert(1)</script>',
    'Kim \u202Etxt.exe',
  ].entries()) {
    const resident = await make.resident({ full_name, district: 'Sananwetan' })
    const cycle = await make.cycle(await make.permit(resident.id, addDays(TODAY, -7 * index - 2)))
    const notice = await make.notice(cycle, -1, addDays(TODAY, -1))
    const { id } = await make.delivery(notice, { phone: resident.phone!, state: 'delivered', channel: 'call' })
    await db.write(async (tx) => {
      await tx.update(tx.t.deliveries).set({ voice_note_id: voiceNote.id }).where(eq(tx.t.deliveries.id, id))
    })
  }
  const wanted = []
  for (const full_name of ['Maria da Silva', 'Thiri Min Lwin', 'N'.repeat(300)]) {
    const silent = await make.resident({
      full_name,
      language: 'my',
      sponsor_name: 'PT Contoh',
      sponsor_phone: '+6281200990017',
    })
    const cycle = await make.cycle(await make.permit(silent.id, addDays(TODAY, 5)))
    wanted.push({ resident_id: silent.id, kind: 'phone' as const, cycle_id: cycle.id, cause: 'unconfirmed' })
  }
  const { offices } = world.deps
  const moment = { db, log: silentLog, offices, now: world.clock.now(), today: TODAY }
  await openFollowUps(db, { wanted, dueOn: () => addDays(TODAY, -1), now: moment.now })
  await overstayPass(moment)
  const { overstay_cases: cases } = db.t
  const [row] = await db.read.select({ id: cases.id }).from(cases).where(eq(cases.resident_id, 1))
  annasCase = row!.id
}

async function signIn(page: Page, { name, oneTime }: { name: string; oneTime: string }): Promise<void> {
  const next = () =>
    Promise.all([page.waitForEvent('framenavigated'), page.click('main form button.w-100, main a.w-100')])
  await page.goto(world.console.url)
  await page.fill('#name', name)
  await page.fill('#password', oneTime)
  await next()
  await page.fill('#password', PASSWORD)
  await page.fill('#again', PASSWORD)
  await next()
  await page.fill('#code', codeAt((await page.textContent('.secret code'))!, world.clock.now()))
  await next()
  await next()
}

/** Opens the form of one action, fills it and sends it. */
async function act(page: Page, name: string, fillIn: () => Promise<unknown>): Promise<void> {
  const details = page.locator(`details:has(form[action$="/${name}"])`)
  if ((await details.getAttribute('open')) === null) await details.locator('summary').click()
  await fillIn()
  await details.locator('button').click()
  await page.waitForURL(new RegExp(`said=case.${name}$`))
}

async function heard(page: Page): Promise<number> {
  return page
    .locator('audio')
    .first()
    .evaluate(async (audio: PlayedAudio) => {
      const ended = new Promise<void>((resolve, reject) => {
        audio.addEventListener('ended', () => resolve())
        audio.addEventListener('error', () => reject(new Error('the audio failed')))
      })
      audio.playbackRate = 4
      await audio.play()
      await ended
      return audio.currentTime
    })
}

/** What the test asks of an `<audio>` element; the program itself knows no DOM. */
type PlayedAudio = {
  currentTime: number
  playbackRate: number
  play(): Promise<void>
  addEventListener(name: string, listener: () => void): void
}

async function cellsOf(file: string): Promise<string[][]> {
  const parts = await readZipDirectory(file)
  const entry = (name: string) => readZipEntry(file, parts.get(name)!, { limit: 10_000_000 })
  const strings = parts.has('xl/sharedStrings.xml') ? await sharedStrings(entry('xl/sharedStrings.xml')) : []
  const rows = await Array.fromAsync(
    sheetRows(entry('xl/worksheets/sheet1.xml'), { strings, dateStyles: [], from1904: false }),
  )
  return rows.map((row) => row.cells)
}

async function count(name: string): Promise<number> {
  const { residents } = world.db.t
  return world.db.read.$count(residents, eq(residents.full_name, name))
}

async function open(viewport: { width: number; height: number }, colorScheme: 'light' | 'dark') {
  const context = await chromium.browser.newContext({ viewport, colorScheme, acceptDownloads: true })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => complaints.push(message.text()))
  return { page, context, complaints, [Symbol.asyncDispose]: () => context.close() }
}
