import { mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBrowser, type TestBrowser } from '../../test/browser.ts'
import { TONES } from './badges.ts'
import { render } from './pages.ts'
import type { Route } from './route.ts'
import { codeAt, openTestConsole, PASSWORD, type TestConsole } from './testing.ts'

const SIZES = [
  { width: 390, height: 844 },
  { width: 1440, height: 900 },
] as const
const SCHEMES = ['light', 'dark'] as const
const PICTURES = process.env.TENGGAT_SCREENSHOTS ?? mkdtempSync(join(tmpdir(), 'tenggat-console-pictures-'))

/** Each badge on one page, in a table as lists have it. */
const badges: Route = {
  method: 'GET',
  path: '/',
  role: 'viewer',
  handle: async ({ officer }, reply) =>
    render(reply, officer, 'badges', { title: 'Badges', values: Object.keys(TONES) }),
}

let world: TestConsole
let chromium: TestBrowser

beforeAll(async () => {
  mkdirSync(PICTURES, { recursive: true })
  world = await openTestConsole({ routes: [badges] })
  chromium = await openBrowser()
})
afterAll(async () => {
  await chromium?.[Symbol.asyncDispose]()
  await world?.[Symbol.asyncDispose]()
})

describe.each(SIZES)('signing in on a screen of $width pixels', (viewport) => {
  it.each(SCHEMES)('goes from the one-time password to the pages, in %s colours', async (colorScheme) => {
    const name = `sari${viewport.width}${colorScheme}`
    const oneTime = await world.add(name, 'admin')
    await using tab = await open(chromium.browser, { viewport, colorScheme, javaScriptEnabled: true })
    const { page, look } = tab
    const next = () =>
      Promise.all([page.waitForEvent('framenavigated'), page.click('main form button.w-100, main a.w-100')])

    await page.goto(world.console.url)
    await look('sign-in')
    await page.fill('#name', name)
    await page.fill('#password', 'salah')
    await next()
    await look('sign-in-wrong')
    await page.fill('#password', oneTime)
    await next()
    await look('new-password')
    await page.fill('#password', PASSWORD)
    await page.fill('#again', PASSWORD)
    await next()
    await look('enrol')
    const secret = (await page.textContent('.secret code'))!
    await page.fill('#code', codeAt(secret, world.clock.now()))
    await next()
    await look('recovery-codes')
    await next()
    expect(await page.textContent('h1')).toBe('Badges')
    await look('first-page')

    await page.click('.menu summary')
    await look('menu')
    await page.click('.menu-body button')
    await page.waitForURL(/sign-in/)
    expect(await page.textContent('[role=status]')).toContain('Anda sudah keluar')
    world.clock.advance(60_000)
    await page.fill('#name', name)
    await page.fill('#password', PASSWORD)
    await next()
    await look('code')
    await page.fill('#code', codeAt(secret, world.clock.now()))
    await next()
    for (const path of ['/account', '/audit', '/nothing']) {
      await page.goto(world.console.url + path)
      await look(path.slice(1))
    }
    expect(tab.foreign).toEqual([])
    expect(tab.complaints.filter((text) => !/status of (401|404)/.test(text))).toEqual([])
  })
})

describe('the colours', () => {
  it('follow the officer, not the device, once chosen', async () => {
    const visitor = await world.signedIn('viewer')
    await using tab = await open(chromium.browser, {
      viewport: SIZES[1],
      colorScheme: 'dark',
      javaScriptEnabled: false,
    })
    const token = visitor.cookies.get('tenggat-session')!
    await tab.page.context().addCookies([{ name: 'tenggat-session', value: token, url: world.console.url }])
    const background = async () => {
      await tab.page.goto(`${world.console.url}/account`)
      return tab.page.evaluate<string>('getComputedStyle(document.body).backgroundColor')
    }
    const auto = await background()
    await tab.page.selectOption('#theme', 'light')
    await Promise.all([tab.page.waitForEvent('framenavigated'), tab.page.click('main form[action$=settings] button')])
    const light = await background()
    await tab.page.selectOption('#theme', 'dark')
    await Promise.all([tab.page.waitForEvent('framenavigated'), tab.page.click('main form[action$=settings] button')])
    expect(await background()).toBe(auto)
    expect(light).not.toBe(auto)
  })
})

type Tab = AsyncDisposable & {
  page: Page
  /** Fits the screen, has no fault that axe finds, and is kept as a picture. */
  look(name: string): Promise<void>
  foreign: string[]
  complaints: string[]
}

async function open(
  browser: Browser,
  options: { viewport: { width: number; height: number }; colorScheme: 'light' | 'dark'; javaScriptEnabled: boolean },
): Promise<Tab> {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  const foreign: string[] = []
  const complaints: string[] = []
  page.on('request', (request) => {
    if (!request.url().startsWith(world.console.url)) foreign.push(request.url())
  })
  page.on('console', (message) => complaints.push(message.text()))
  return {
    page,
    foreign,
    complaints,
    async look(name) {
      const file = `${name}-${options.viewport.width}-${options.colorScheme}.png`
      await page.screenshot({ path: join(PICTURES, file), fullPage: true })
      const { violations } = await new AxeBuilder({ page }).analyze()
      const found = violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html.slice(0, 160))])
      expect(found, file).toEqual([])
      const width = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')
      expect(width, file).toBeLessThanOrEqual(0)
    },
    [Symbol.asyncDispose]: () => context.close(),
  }
}
