import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'

export type TestBrowser = AsyncDisposable & { browser: Browser }

/** Chromium out of the npm registry, with the libraries that it brings along; no network but loopback. */
export async function openBrowser(): Promise<TestBrowser> {
  const folder = mkdtempSync(join(tmpdir(), 'tenggat-browser-'))
  // All are read when the package is first imported: it unpacks Chromium, a font and its NSS libraries below TMPDIR.
  process.env.AWS_EXECUTION_ENV ??= 'AWS_Lambda_nodejs22.x'
  process.env.TMPDIR = folder
  process.env.FONTCONFIG_PATH = fontsOf(folder)
  const { default: sparticuz } = await import('@sparticuz/chromium')
  const browser = await chromium.launch({
    executablePath: await sparticuz.executablePath(),
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--autoplay-policy=no-user-gesture-required'],
  })
  return {
    browser,
    async [Symbol.asyncDispose]() {
      await browser.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** The package's own fonts.conf names /tmp; without a font Chromium draws no text and measures none. */
function fontsOf(folder: string): string {
  const path = join(folder, 'fontconfig')
  mkdirSync(path)
  const folders = [join(folder, 'fonts'), '/usr/share/fonts', '/usr/local/share/fonts']
  const lines = [...folders.map((one) => `<dir>${one}</dir>`), `<cachedir>${path}</cachedir>`]
  writeFileSync(join(path, 'fonts.conf'), `<?xml version="1.0"?><fontconfig>${lines.join('')}</fontconfig>`)
  return path
}
