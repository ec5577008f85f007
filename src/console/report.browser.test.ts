import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBrowser, type TestBrowser } from '../../test/browser.ts'
import { addDays, civilDate } from '../lib/civil-date.ts'
import { buildersFor } from '../overstay/fixture.ts'
import { writeHistory } from '../overstay/report-fixture.ts'
import { reportRoutes } from './report-page.ts'
import { openTestConsole, type TestConsole } from './testing.ts'

const TODAY = civilDate('2026-11-22')
const PICTURES = process.env.TENGGAT_SCREENSHOTS ?? mkdtempSync(join(tmpdir(), 'tenggat-report-'))
const SIZES = [
  { width: 390, height: 844 },
  { width: 1440, height: 900 },
] as const
const REPORT = '/report'
const PRINT = '/report/print'
const EMPTY = '/report?from=2030-01-01&to=2030-12-31'
const FAULT = '/report?from=2026-02-30&to=2026-03-01'

let world: TestConsole
let chromium: TestBrowser

beforeAll(async () => {
  mkdirSync(PICTURES, { recursive: true })
  world = await openTestConsole({ routes: reportRoutes })
  const make = { ...buildersFor(world.db), db: world.db }
  await writeHistory(make, TODAY)
  for (const text of [
    '<script>alert(1)</script>',
    '=HYPERLINK("http://evil.example","x")',
    'Panjang'.repeat(28),
    'A \u202Etxt.exe',
  ]) {
    const resident = await make.resident({ regency: text, nationality: text.slice(0, 60), purpose: text })
    await make.permit(resident.id, addDays(TODAY, 100))
  }
  chromium = await openBrowser()
})
afterAll(async () => {
  await chromium?.[Symbol.asyncDispose]()
  await world?.[Symbol.asyncDispose]()
})

describe('the report in a browser', () => {
  it.each([
    { ...SIZES[0], scheme: 'light', paths: [REPORT, FAULT] },
    { ...SIZES[0], scheme: 'dark', paths: [PRINT] },
    { ...SIZES[1], scheme: 'light', paths: [EMPTY] },
    { ...SIZES[1], scheme: 'dark', paths: [REPORT] },
  ] as const)(
    'is accessible and fits a screen of $width pixels, in $scheme colours',
    async ({ scheme, paths, ...viewport }) => {
      await using tab = await open(viewport, scheme)
      for (const path of paths) {
        await tab.page.goto(world.console.url + path)
        const { violations } = await new AxeBuilder({ page: tab.page }).analyze()
        const found = violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html.slice(0, 160))])
        expect([path, found]).toEqual([path, []])
        const over = await tab.page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')
        expect([path, over]).toEqual([path, 0])
        const file = `${path.replaceAll(/[/?&=]/g, '_')}-${viewport.width}-${scheme}.png`
        await tab.page.screenshot({ path: join(PICTURES, file), fullPage: true })
      }
      expect(tab.complaints.filter((text) => !/status of 400/.test(text))).toEqual([])
    },
    120_000,
  )

  it('draws letters large enough to read on a phone', async () => {
    await using tab = await open(SIZES[0], 'light')
    await tab.page.goto(`${world.console.url}/report`)
    const heights = await tab.page
      .locator('.chart .chart-label')
      .evaluateAll((labels: { getBoundingClientRect(): { height: number } }[]) =>
        labels.map((label) => label.getBoundingClientRect().height),
      )
    expect(heights.length).toBeGreaterThan(20)
    expect(Math.min(...heights)).toBeGreaterThan(10)
  })

  it('takes its period from two fields and from the quarters', async () => {
    await using tab = await open(SIZES[1], 'light')
    await tab.page.goto(`${world.console.url}/report`)
    await tab.page.fill('#from', '2026-06-01')
    await tab.page.fill('#to', '2026-06-30')
    await tab.page.click('form.filter button')
    await tab.page.waitForURL(/from=2026-06-01&to=2026-06-30$/)
    expect(await tab.page.textContent('.headline-share')).toContain('4 dari 7')
    await tab.page.click('text=Triwulan 1 2026')
    await tab.page.waitForURL(/from=2026-01-01&to=2026-03-31$/)
    expect(await tab.page.textContent('.headline-share')).toContain('Belum ada')
  })

  it('prints on A4 with the letterhead, each chart above its table, whatever the theme', async () => {
    await using tab = await open(SIZES[1], 'dark')
    await tab.page.goto(`${world.console.url}/report/print`)
    const bytes = await tab.page.pdf({ preferCSSPageSize: true, printBackground: false })
    writeFileSync(join(PICTURES, 'report.pdf'), bytes)
    const pages = await textOf(bytes)
    expect(pages.length).toBeGreaterThanOrEqual(3)
    expect(pages[0]!.text).toContain('Kantor Imigrasi Kelas II Non-TPI Blitar')
    expect(pages[0]!.text).toContain('57,1%')
    expect(pages[0]!.size).toEqual([595, 842])
    for (const [index, { text }] of pages.entries()) expect(text).toContain(`Halaman ${index + 1} dari ${pages.length}`)
    expect(pages.map(({ text }) => text).join(' ')).toContain('Dicetak oleh')
  })
})

async function textOf(bytes: Uint8Array): Promise<{ text: string; size: number[] }[]> {
  const { getDocument } = await import('unpdf/pdfjs')
  const document = await getDocument({ data: new Uint8Array(bytes), verbosity: 0 }).promise
  const pages = []
  for (let number = 1; number <= document.numPages; number += 1) {
    const page = await document.getPage(number)
    const { items } = await page.getTextContent()
    const text = items.map((item) => ('str' in item ? item.str : '')).join('')
    pages.push({ text, size: page.view.slice(2).map(Math.round) })
  }
  return pages
}

async function open(viewport: { width: number; height: number }, colorScheme: 'light' | 'dark') {
  const context = await chromium.browser.newContext({ viewport, colorScheme })
  const visitor = await world.signedIn('viewer')
  const [cookie] = [...visitor.cookies]
  await context.addCookies([{ name: cookie![0], value: cookie![1], url: world.console.url }])
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => complaints.push(message.text()))
  return { page, complaints, [Symbol.asyncDispose]: () => context.close() }
}
