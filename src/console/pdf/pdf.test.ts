import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { Block, PdfContent } from './content.ts'
import { pdfOf } from './pdf.ts'
import { readPdf } from './testing.ts'

const TEMPLATES = join(import.meta.dirname, '../../../templates')
const LANGUAGES = readdirSync(TEMPLATES)
  .filter((file) => file.endsWith('.yaml') && !['office.yaml', 'languages.yaml', 'mail.yaml'].includes(file))
  .map((file) => file.slice(0, -'.yaml'.length))
/** Letters whose glyphs do not say what they mean. */
const RESHAPED = /[\p{scx=Arab}\p{scx=Deva}\p{scx=Beng}\p{scx=Taml}\p{scx=Thai}\p{scx=Mymr}]/u
const PAPER_WIDTH = 595.28

describe('a PDF', () => {
  it('is there for all of the languages of the templates', () => {
    expect(LANGUAGES.length).toBeGreaterThanOrEqual(22)
  })

  describe('of the words of the templates', () => {
    const wordsOf = new Map<string, string>()
    let read: Awaited<ReturnType<typeof readPdf>>
    beforeAll(async () => {
      for (const language of LANGUAGES) wordsOf.set(language, sampleOf(join(TEMPLATES, `${language}.yaml`)))
      const blocks = [...wordsOf].flatMap(([language, text]): Block[] => [
        { kind: 'new-page' },
        { kind: 'words', language, text },
      ])
      read = await readPdf(await pdfOf(sheet(blocks)))
    })

    it.each(LANGUAGES)('has every letter of %s', (language) => {
      // The first page has the letterhead alone.
      const page = LANGUAGES.indexOf(language) + 1
      const text = read.pages[page]!
      expect(text).not.toContain('‹U+')
      const letters = [...wordsOf.get(language)!.normalize('NFC')].filter((letter) => /[\p{L}\p{M}\p{N}]/u.test(letter))
      const plain = letters.filter((letter) => !RESHAPED.test(letter))
      const found = new Set(text.normalize('NFKC'))
      expect([...new Set(plain)].filter((letter) => !found.has(letter.normalize('NFKC')))).toEqual([])
      const reshaped = letters.filter((letter) => RESHAPED.test(letter))
      const marked = [...read.actualTexts[page]!].filter((letter) => /[\p{L}\p{M}\p{N}]/u.test(letter))
      expect(marked.sort().join('')).toBe(reshaped.sort().join(''))
    })
  })

  it('reads from the right where the words do, with figures and Latin in their own order', async () => {
    const text = 'تنتهي 12 ABC إقامتك'
    const { pieces } = await readPdf(await pdfOf(sheet([{ kind: 'words', language: 'ar', text }])))
    const latin = pieces.find((piece) => piece.text.trim() === 'ABC 12')!
    const end = Math.max(...pieces.filter(({ y }) => y === latin.y).map(({ x, width }) => x + width))
    expect(end).toBeGreaterThan(PAPER_WIDTH - 57 - 30)
  })

  it('shows what cannot be seen, and lets no name turn its neighbours around', async () => {
    const name = '\u202Egnp.exe\u202C \u2066open \u0007 \uD800 \u{1F600} \u200Bx\u{E0041}'
    const facts: Block = {
      kind: 'facts',
      rows: [
        ['Nama', name],
        ['Asal', [{ text: 'محمد' }, { text: '7' }, { text: '<script>' }]],
      ],
    }
    const { pages, pieces } = await readPdf(await pdfOf(sheet([facts])))
    const all = pages.join('')
    for (const point of ['202E', '202C', '2066', '0007', 'D800', '1F600', '200B', 'E0041'])
      expect(all).toContain(`‹U+${point}›`)
    expect(all).toContain('gnp.exe')
    const after = pieces.find((piece) => piece.text === '7<script>')!
    const before = pieces.filter(({ text, y }) => /\p{scx=Arab}/u.test(text) && y === after.y)
    expect(Math.max(...before.map(({ x }) => x))).toBeLessThan(after.x)
  })

  it('keeps the marks of direction of words that were sent, as long as they end what they begin', async () => {
    const text = 'a \u2068b\u2069 c \u2069 d \u2067 e\u200B'
    const { pages } = await readPdf(await pdfOf(sheet([{ kind: 'words', language: 'en', text }])))
    expect(pages.join('').match(/‹U\+\w+›/g)).toEqual(['‹U+2069›', '‹U+2067›'])
  })

  it('breaks what has no spaces, wherever it ends, and stays between its margins', async () => {
    const long = [
      'x'.repeat(300),
      'กรุณามาที่สำนักงาน'.repeat(20),
      '请在到期前前往移民局办公室'.repeat(20),
      'e\u0301'.repeat(300),
      `a${'\u0301'.repeat(300)}`,
    ]
    const blocks = long.flatMap((text): Block[] => [
      { kind: 'facts', rows: [[text.slice(0, 60), text]] },
      { kind: 'words', language: 'th', text },
      { kind: 'heading', level: 1, text },
      { kind: 'table', head: ['A', 'B'], widths: [1, 3], rows: [[text.slice(0, 50), text]] },
    ])
    const { pieces, pages } = await readPdf(await pdfOf(sheet(blocks)))
    expect(Math.max(...pieces.map(({ x, width }) => x + width))).toBeLessThanOrEqual(PAPER_WIDTH - 57 + 1)
    expect(pages.join('').match(/x/g)!.length).toBeGreaterThanOrEqual(900)
  })

  it('leaves no heading alone at the foot of a page, and says on each page which it is', async () => {
    const blocks = Array.from({ length: 60 }, (_, at): Block[] => [
      { kind: 'heading', level: 1, text: `Judul ${at}.` },
      { kind: 'heading', level: 2, text: `Anak ${at}.` },
      { kind: 'text', text: `Isi ${at}. ${'kata '.repeat(20 + (at % 7) * 13)}` },
    ]).flat()
    const { pages } = await readPdf(await pdfOf(sheet(blocks)))
    expect(pages.length).toBeGreaterThan(3)
    for (const [at, page] of pages.entries()) {
      expect(page).toContain(`Halaman ${at + 1} dari ${pages.length}`)
      for (const [, number] of page.matchAll(/Judul (\d+)\./g)) {
        expect(page).toContain(`Anak ${number}.`)
        expect(page).toContain(`Isi ${number}.`)
      }
    }
  })

  it('repeats the head of a table on each page', async () => {
    const rows = Array.from({ length: 120 }, (_, at) => [`baris ${at}`, '6 Desember 2026'])
    const { pages } = await readPdf(
      await pdfOf(sheet([{ kind: 'table', head: ['Nomor', 'Tanggal'], widths: [1, 2], rows }])),
    )
    expect(pages.length).toBeGreaterThan(2)
    for (const page of pages) expect(page).toContain('Nomor')
    for (const [row] of rows) expect(pages.join('\n')).toContain(row)
  })

  it('prints code as it is', async () => {
    const line = `{"a": "b c"} ${'0O1lI'.repeat(40)}`
    const { pages, pieces } = await readPdf(await pdfOf(sheet([{ kind: 'code', lines: [line, 'iiii', 'MMMM'] }])))
    expect(pages.join('').replaceAll('\n', '')).toContain(line)
    const wide = pieces.filter(({ text }) => /^(iiii|MMMM)$/.test(text)).map(({ width }) => Math.round(width))
    expect(wide).toEqual([17, 17])
  })

  it('embeds only what it uses, each font of it', async () => {
    const text =
      '您的居留许可将于2026年12月6日（星期日）到期。请在2026年12月4日之前前往移民局办公室办理延期，或在到期前离开印度尼西亚。'
    const bytes = await pdfOf(sheet([{ kind: 'words', language: 'zh-Hans', text }]))
    const raw = bytes.toString('latin1')
    const descriptors = raw.match(/\/Type \/FontDescriptor/g)!.length
    expect(raw.match(/\/FontFile2 \d+ 0 R/g)).toHaveLength(descriptors)
    expect(raw).not.toMatch(/\/BaseFont \/(Helvetica|Courier|Times)/)
    expect(bytes.length).toBeLessThan(60_000)
  })

  it('draws Han as the readers of each language know it', async () => {
    const fonts = async (language: string) => {
      const raw = (await pdfOf(sheet([{ kind: 'words', language, text: '骨直' }]))).toString('latin1')
      return [...new Set(Array.from(raw.matchAll(/noto-sans-(sc|tc|jp|kr)-\d/g), (match) => match[1]))]
    }
    expect(await fonts('zh-Hans')).toEqual(['sc'])
    expect(await fonts('zh-Hant')).toEqual(['tc'])
    expect(await fonts('ja')).toEqual(['jp'])
    expect(await fonts('ko')).toEqual(['kr'])
    expect(await fonts('not a language!')).toEqual(['sc'])
  })

  it('carries files along', async () => {
    const bytes = Buffer.from('{"a":1}')
    const file = { name: 'data.json', type: 'application/json', description: 'data', bytes }
    const { attachments, info } = await readPdf(await pdfOf({ ...sheet([]), attachments: [file] }))
    expect(Buffer.from(attachments.get('data.json')!).toString()).toBe('{"a":1}')
    expect(info).toMatchObject({ Title: 'Uji', Creator: 'Tenggat', CreationDate: 'D:20261122013000Z' })
  })
})

function sheet(blocks: Block[]): PdfContent {
  return {
    title: 'Uji',
    language: 'id',
    letterhead: { name: 'Kantor', lines: ['Alamat'] },
    blocks,
    footer: ['kaki'],
    pageOf: (page, pages) => `Halaman ${page} dari ${pages}`,
    madeAt: Date.UTC(2026, 10, 22, 1, 30),
  }
}

function textsIn(node: unknown): string[] {
  if (typeof node === 'string') return [node]
  return typeof node === 'object' && node !== null ? Object.values(node).flatMap(textsIn) : []
}

/** Enough for one page: words with letters that no word before them has, and the first sentences. */
function sampleOf(file: string): string {
  const words = textsIn(parse(readFileSync(file, 'utf8')))
    .join(' ')
    .split(/\s+/)
  const seen = new Set<string>()
  const telling = words.filter((word) => {
    const before = seen.size
    for (const letter of word) seen.add(letter)
    return seen.size > before
  })
  return [...words.slice(0, 120), ...telling].join(' ').slice(0, 2_500)
}
