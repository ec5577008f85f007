import { mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBrowser, type TestBrowser } from '../../test/browser.ts'
import { addDays, civilDate } from '../lib/civil-date.ts'
import { buildersFor } from '../overstay/fixture.ts'
import { openFollowUps } from '../overstay/follow-ups.ts'
import { routes } from './routes.ts'
import { openTestConsole, type TestConsole } from './testing.ts'

const TODAY = civilDate('2026-11-22')
const PICTURES = process.env.TENGGAT_SCREENSHOTS ?? mkdtempSync(join(tmpdir(), 'tenggat-corrections-'))

let world: TestConsole
let chromium: TestBrowser
let make: ReturnType<typeof buildersFor>

beforeAll(async () => {
  mkdirSync(PICTURES, { recursive: true })
  world = await openTestConsole({ routes })
  make = buildersFor(world.db)
  chromium = await openBrowser()
})
afterAll(async () => {
  await chromium?.[Symbol.asyncDispose]()
  await world?.[Symbol.asyncDispose]()
})

describe('from a wrong number to the right one', () => {
  it.each([
    { width: 390, height: 844, colorScheme: 'dark' },
    { width: 1440, height: 900, colorScheme: 'light' },
  ] as const)('goes without a detour on a screen of $width pixels', async ({ colorScheme, ...viewport }) => {
    const resident = await make.resident({ full_name: 'Maria da Silva', sponsor_phone: '+6281200990017' })
    await make.permit(resident.id, addDays(TODAY, 9))
    const cause = `number:${resident.phone_index}`
    const wanted = [{ resident_id: resident.id, kind: 'number' as const, cycle_id: 0, cause }]
    await openFollowUps(world.db, { wanted, dueOn: () => TODAY, now: world.clock.now() })
    await using context = await chromium.browser.newContext({ viewport, colorScheme })
    const [cookie] = [...(await world.signedIn('officer')).cookies]
    await context.addCookies([{ name: cookie![0], value: cookie![1], url: world.console.url }])
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('console', (message) => complaints.push(message.text()))
    const look = async (name: string) => {
      const { violations } = await new AxeBuilder({ page }).analyze()
      const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(' ')}`)
      const wide = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')
      expect([name, found, wide]).toEqual([name, [], 0])
      await page.screenshot({ path: join(PICTURES, `correct-${name}-${viewport.width}.png`), fullPage: true })
    }

    await page.goto(`${world.console.url}/follow-ups?kind=number`)
    await page.click(`a[href$="/residents/${resident.id}?correct=phone#contact-data"]`)
    expect(await page.isVisible('#value-phone')).toBe(true)
    await look('form')
    await page.fill('#value-phone', '0812-3456-7890')
    await page.fill('#reason-phone', 'Penjamin menelepon 22 November')
    await page.click('details[open] form[action$="/corrections"] button')
    await page.waitForSelector('[role=status]')
    expect(await page.textContent('#contact-data')).toContain('+62 812 3456 7890')
    expect(await page.locator('#contact-data .badge').allTextContents()).toEqual(['Berbeda dari register'])
    await look('done')
    await page.goto(`${world.console.url}/residents?differs=1`)
    await look('list')
    expect(await page.isVisible('a[href$="/residents/corrections.csv"]')).toBe(true)
    await page.goto(`${world.console.url}/follow-ups?kind=number`)
    expect(await page.locator(`a[href*="/residents/${resident.id}"]`).count()).toBe(0)
    expect(complaints).toEqual([])
  })
})
