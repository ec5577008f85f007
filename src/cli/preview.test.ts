import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { decodeMp3 } from '../../test/audio.ts'
import { configOf } from '../../test/ground.ts'
import { seconds } from '../compose/speech/audio.ts'
import { PROJECT_DIR } from '../config.ts'
import { systemClock } from '../lib/clock.ts'
import type { Output } from './output.ts'
import { type PreviewOptions, previewCommand } from './preview.ts'

const folder = mkdtempSync(join(tmpdir(), 'tenggat-preview-'))
afterAll(() => rmSync(folder, { recursive: true }))
for (const file of ['id.yaml', 'en.yaml', 'ar.yaml', 'fil.yaml']) {
  copyFileSync(join(PROJECT_DIR, 'templates', file), join(folder, file))
}
const config = { ...configOf({ folder, port: 1 }), templatesDir: folder }
const DATES = { stage: 14, expires: '2026-12-06', kind: 'ITAS' }

describe('preview --all --html', () => {
  it('lays every language beside the Indonesian source in one file that needs nothing else', async () => {
    const html = join(folder, 'sheet.html')
    const { result } = await preview({ ...DATES, all: true, html })
    const page = readFileSync(html, 'utf8')
    expect(result).toMatchObject({
      html,
      bytes: Buffer.byteLength(page),
      languages: [
        { language: 'ar', spoken: ['ar'] },
        { language: 'en', spoken: ['en'] },
        { language: 'fil', spoken: ['en', 'id'] },
        { language: 'id', spoken: ['id'] },
      ],
    })
    expect([...page.matchAll(/<section class="language" id="(\w+)"/g)].map(([, language]) => language)).toEqual([
      'ar',
      'en',
      'fil',
    ])
    expect(page).not.toMatch(/<(link|script|img|iframe)|(src|href)="(?!data:audio|#)|url\(|@import/)
    expect(page).toContain('lang="ar" dir="rtl"')

    const audio = [...page.matchAll(/src="data:audio\/mpeg;base64,([^"]+)"/g)].map(([, data]) =>
      Buffer.from(data!, 'base64'),
    )
    expect(audio).toHaveLength(3)
    for (const mp3 of audio) expect(seconds(await decodeMp3(mp3))).toBeGreaterThan(8)

    for (const text of textsOf(page)) expect(text).not.toMatch(/^\s*$|[{}]|undefined|\[object|NaN/)
    expect(textsOf(page).filter((text) => text.includes('6 December 2026')).length).toBeGreaterThan(5)
    expect(page).toMatch(/2 segments, GSM-7/)
    expect(page).toMatch(/3 segments, UCS-2 \(Indonesian: 2 segments, GSM-7\)/)
  }, 60_000)

  it.each<[Partial<PreviewOptions>, string]>([
    [{ all: true }, '--all needs --html FILE'],
    [{ all: true, html: 'x.html', language: 'id' }, 'no --language'],
    [{ html: 'x.html' }, 'preview needs --language TAG, or --all with --html FILE'],
    [{}, 'preview needs --language TAG'],
    [{ language: 'xx' }, '--language xx has no template; there are: ar, en, fil, id'],
    [{ language: 'id', expires: '2026-02-30' }, '--expires 2026-02-30 is no date'],
    [{ all: true, html: join(folder, 'no', 'such', 'folder.html') }, 'cannot be written'],
  ])(
    'refuses %o',
    async (options, message) => {
      await expect(preview({ ...DATES, ...options })).rejects.toThrow(message)
    },
    60_000,
  )
})

async function preview(options: PreviewOptions): Promise<{ lines: string[]; result: Record<string, unknown> }> {
  const heard: { lines: string[]; result: Record<string, unknown> } = { lines: [], result: {} }
  const output: Output = {
    json: false,
    line: (text) => void heard.lines.push(text),
    result: (value) => {
      heard.result = value
    },
  }
  expect(await previewCommand(config, systemClock, output, options)).toBe(0)
  return heard
}

function textsOf(page: string): string[] {
  return [...page.matchAll(/<div class="text[^>]*>([^<]*)<\/div>/g)].map(([, text]) => text!)
}
