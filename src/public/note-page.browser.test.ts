import { AxeBuilder } from '@axe-core/playwright'
import { eq } from 'drizzle-orm'
import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBrowser, type TestBrowser } from '../../test/browser.ts'
import { openTestOffice, type TestOffice } from '../../test/public-office.ts'

let office: TestOffice
let chromium: TestBrowser

beforeAll(async () => {
  office = await openTestOffice({ publicBaseUrl: 'http://127.0.0.1' })
  chromium = await openBrowser()
})

afterAll(async () => {
  await chromium?.[Symbol.asyncDispose]()
  await office?.[Symbol.asyncDispose]()
})

const PHONE = { width: 360, height: 640 }
const DESK = { width: 1280, height: 900 }
const READERS = [
  ['id', 'ltr'],
  ['ar', 'rtl'],
  ['zh-Hans', 'ltr'],
  ['my', 'ltr'],
] as const

describe.each(READERS)('the note page in %s', (language, direction) => {
  it.each([PHONE, DESK])(
    'fits a screen of $width pixels, with room for thumbs, and asks nobody else',
    async (viewport) => {
      const { token } = await office.rows.tell({ language, voiceNoteId: (await office.rows.record(language)).id })
      await using tab = await open({ viewport })
      const { page, foreign, complaints } = tab
      await page.goto(`${office.listener.url}/n/${token}`)
      expect(await page.getAttribute('html', 'lang')).toBe(language)
      expect(await page.getAttribute('html', 'dir')).toBe(direction)
      await page.click('summary')
      expect(await overflow(page)).toBeLessThanOrEqual(0)
      expect(await lowestTarget(page)).toBeGreaterThanOrEqual(48)
      expect(await page.locator('h1').count()).toBe(1)
      expect(foreign).toEqual([])
      expect(complaints).toEqual([])
    },
  )

  it.each([
    { viewport: PHONE, colorScheme: 'light' },
    { viewport: PHONE, colorScheme: 'dark' },
    { viewport: DESK, colorScheme: 'light' },
    { viewport: DESK, colorScheme: 'dark' },
  ] as const)('has nothing that axe objects to, $viewport.width pixels wide and $colorScheme', async (look) => {
    const { token } = await office.rows.tell({ language, voiceNoteId: (await office.rows.record(language)).id })
    await using tab = await open(look)
    await tab.page.goto(`${office.listener.url}/n/${token}`)
    await tab.page.click('summary')
    expect(await violations(tab.page)).toEqual([])
  })

  it('plays its note', async () => {
    const { token } = await office.rows.tell({ language, voiceNoteId: (await office.rows.record(language)).id })
    await using tab = await open({ viewport: PHONE })
    await tab.page.goto(`${office.listener.url}/n/${token}`)
    const heard = await tab.page.locator('audio').evaluate(async (audio: PlayedAudio) => {
      const ended = new Promise<void>((resolve, reject) => {
        audio.addEventListener('ended', () => resolve())
        audio.addEventListener('error', () => reject(new Error('the audio failed')))
      })
      audio.playbackRate = 4
      await audio.play()
      await ended
      return { duration: audio.duration, currentTime: audio.currentTime }
    })
    expect(heard.duration).toBeGreaterThan(1.9)
    expect(heard.currentTime).toBeGreaterThan(1.9)
  })

  it('takes an answer and says thank you without any script', async () => {
    const { token, cycleId } = await office.rows.tell({ language })
    await using tab = await open({ viewport: PHONE, javaScriptEnabled: false })
    await tab.page.goto(`${office.listener.url}/n/${token}`)
    expect(await tab.page.locator('[role=status]').count()).toBe(0)
    await tab.page.click('button[value=help]')
    const template = office.deps.templates.get(language)!
    expect(await tab.page.locator('[role=status]').textContent()).toContain(template.page.thanks.help)
    expect(await answersOf(cycleId)).toEqual(['help'])
  })

  it('changes into another language and stays so', async () => {
    const { token } = await office.rows.tell({ language })
    await using tab = await open({ viewport: PHONE, javaScriptEnabled: false })
    await tab.page.goto(`${office.listener.url}/n/${token}`)
    await tab.page.click('summary')
    await tab.page.click('button[lang=en]')
    expect(await tab.page.getAttribute('html', 'lang')).toBe('en')
    expect(await tab.page.getAttribute('html', 'dir')).toBe('ltr')
    await tab.page.goto(`${office.listener.url}/n/${token}`)
    expect(await tab.page.textContent('h1')).toBe('A stay permit is about to end')
  })
})

describe('every public page', () => {
  it('fits a phone: several permits, two languages, the front page, a dead link', async () => {
    const shared = await office.rows.tell({ role: 'sponsor', name: 'Nguyen Van An', nationality: 'VN' })
    await office.rows.tell({ role: 'sponsor', kind: 'SOMETHINGVERYLONGINTHEREGISTER' }, shared.deliveryId)
    const strange = await office.rows.tell({ language: 'sw' })
    await using tab = await open({ viewport: { width: 320, height: 640 } })
    for (const path of [`/n/${shared.token}`, `/n/${strange.token}`, '/', '/n/dead']) {
      await tab.page.goto(office.listener.url + path)
      expect(await overflow(tab.page), path).toBeLessThanOrEqual(0)
    }
    expect(tab.foreign).toEqual([])
  })

  it('is printed without what paper cannot do', async () => {
    const { token } = await office.rows.tell({ voiceNoteId: (await office.rows.record()).id })
    await using tab = await open({ viewport: DESK })
    await tab.page.goto(`${office.listener.url}/n/${token}`)
    await tab.page.emulateMedia({ media: 'print' })
    for (const gone of ['audio', '.answer', '.languages'])
      expect(await tab.page.locator(gone).isVisible(), gone).toBe(false)
    for (const kept of ['h1', '.days', '.bring', '.tel'])
      expect(await tab.page.locator(kept).first().isVisible(), kept).toBe(true)
  })
})

/** What the test asks of an `<audio>` element; the program itself knows no DOM. */
type PlayedAudio = {
  duration: number
  currentTime: number
  playbackRate: number
  play(): Promise<void>
  addEventListener(name: string, listener: () => void): void
}

type Tab = AsyncDisposable & {
  page: Page
  /** Requests that went anywhere but to the listener. */
  foreign: string[]
  /** What the browser wrote to its console: refused styles, missing files. */
  complaints: string[]
}

async function open(options: {
  viewport: { width: number; height: number }
  colorScheme?: 'light' | 'dark'
  javaScriptEnabled?: boolean
}): Promise<Tab> {
  const context: BrowserContext = await chromium.browser.newContext(options)
  const page = await context.newPage()
  const foreign: string[] = []
  const complaints: string[] = []
  page.on('request', (request) => {
    if (!request.url().startsWith(office.listener.url)) foreign.push(request.url())
  })
  page.on('console', (message) => complaints.push(message.text()))
  return { page, foreign, complaints, [Symbol.asyncDispose]: () => context.close() }
}

async function violations(page: Page): Promise<string[]> {
  const found = await new AxeBuilder({ page }).analyze()
  return found.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`))
}

/** By how many CSS pixels anything reaches out of the screen, on either side. */
async function overflow(page: Page): Promise<number> {
  return page.evaluate<number>(
    `Math.max(document.documentElement.scrollWidth - innerWidth, ...[...document.querySelectorAll('body *')].flatMap((one) => {
      const { left, right, width } = one.getBoundingClientRect()
      return width === 0 || !one.checkVisibility() ? [] : [-Math.floor(left), Math.ceil(right) - innerWidth]
    }))`,
  )
}

async function lowestTarget(page: Page): Promise<number> {
  return page.evaluate<number>(
    'Math.min(...[...document.querySelectorAll("button, summary, .button, audio")].map((one) => one.getBoundingClientRect().height))',
  )
}

async function answersOf(cycleId: number): Promise<string[]> {
  const { acknowledgements } = office.db.t
  const rows = await office.db.read.select().from(acknowledgements).where(eq(acknowledgements.cycle_id, cycleId))
  return rows.map((row) => row.answer)
}
