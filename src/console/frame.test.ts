import { describe, expect, it } from 'vitest'
import { civilDate, instantOf } from '../lib/civil-date.ts'
import { lockedUntil } from './accounts.ts'
import { readAssets } from './assets.ts'
import { autoThemeOf } from './auto-theme.ts'
import { TONES } from './badges.ts'
import { dateText, instantText, numberText } from './figures.ts'
import { inArea } from './officer.ts'
import { safePath } from './pages.ts'
import { hashPassword, newOneTimePassword, verifyPassword } from './password.ts'
import { loadWords, readMessages, WORDS_FOLDER } from './words.ts'

describe('words', () => {
  it('are the same in both languages', async () => {
    const [id, en] = [await readMessages(WORDS_FOLDER, 'id'), await readMessages(WORDS_FOLDER, 'en')]
    expect([...en.keys()].sort()).toEqual([...id.keys()].sort())
  })

  it('name each badge that has a colour', async () => {
    const words = await loadWords()
    for (const value of Object.keys(TONES)) expect([value, words.id.has(`badge.${value}`)]).toEqual([value, true])
  })

  it('refuse a key that is not there', async () => {
    const words = await loadWords()
    expect(() => words.id('nothing.such')).toThrow('nothing.such')
  })
})

describe('figures', () => {
  it('are written as officers write them', () => {
    const at = instantOf(civilDate('2026-12-06'), '08:05', 'Asia/Jakarta')
    expect(dateText(civilDate('2026-12-06'), 'id')).toBe('6 Desember 2026')
    expect(dateText(civilDate('2026-12-06'), 'en')).toBe('6 December 2026')
    expect(instantText(at, 'id', 'Asia/Jakarta')).toBe('6 Desember 2026 08.05')
    expect(instantText(at, 'en', 'Asia/Jakarta')).toBe('6 December 2026 08:05')
    expect([dateText(null, 'id'), instantText(null, 'id', 'Asia/Jakarta')]).toEqual(['–', '–'])
    expect([numberText(1_250_000, 'id'), numberText(1_250_000, 'en')]).toEqual(['1.250.000', '1,250,000'])
  })
})

describe('the dark half of a stylesheet', () => {
  it('is written for the device that asks for it', () => {
    const css = `@charset "UTF-8";:root,[data-bs-theme=light]{--a:1}.theme-dark,[data-bs-theme=dark],body[data-bs-theme=dark] [data-bs-theme=light]{--a:2;b:url("x}{")}[data-bs-theme=dark] .x:not(.y,.z),.w{c:d}@media print{[data-bs-theme=dark]{--a:1}}`
    expect(autoThemeOf(css)).toBe(
      '@media screen and (prefers-color-scheme:dark){[data-bs-theme=auto]{--a:2;b:url("x}{")}[data-bs-theme=auto] .x:not(.y,.z){c:d}}',
    )
  })

  it('has rules of Tabler in it', () => {
    const { hrefs, files } = readAssets()
    const css = files.get(hrefs.get('tabler-auto.css')!)!.bytes.toString()
    expect(css).toContain('[data-bs-theme=auto]{')
    expect(css).toContain('color-scheme:dark')
    expect(css).not.toContain('[data-bs-theme=dark]')
  })
})

describe('passwords', () => {
  it('are hashed with a salt each, and verified', async () => {
    const cost = { memoryKiB: 64, passes: 1 }
    const [one, two] = [await hashPassword('rahasia besar', cost), await hashPassword('rahasia besar', cost)]
    expect(one).toMatch(/^\$argon2id\$v=19\$m=64,t=1,p=1\$/)
    expect(one).not.toBe(two)
    expect(await verifyPassword(one, 'rahasia besar')).toBe(true)
    expect(await verifyPassword(one, 'rahasia besar ')).toBe(false)
    expect(await verifyPassword(null, 'rahasia besar', cost)).toBe(false)
  })

  it('for one time are hard to guess and easy to read', () => {
    const made = new Set(Array.from({ length: 100 }, newOneTimePassword))
    expect(made.size).toBe(100)
    for (const one of made) expect(one).toMatch(/^([a-km-np-z2-9]{4}-){3}[a-km-np-z2-9]{4}$/)
  })

  it('lock for twice as long each time, up to a quarter of an hour', () => {
    const minutes = [4, 5, 6, 7, 8, 9, 10, 11, 500].map((failures) => (lockedUntil(failures, 0) ?? 0) / 60_000)
    expect(minutes).toEqual([0, 0.5, 1, 2, 4, 8, 15, 15, 15])
  })
})

describe('an area', () => {
  it('holds its regencies and whoever is of none', () => {
    const officer = { regencies: ['Kota Blitar'] }
    expect([inArea(officer, 'Kota Blitar'), inArea(officer, 'Kabupaten Blitar'), inArea(officer, null)]).toEqual([
      true,
      false,
      true,
    ])
    expect(inArea({ regencies: null }, 'Kabupaten Blitar')).toBe(true)
  })
})

describe('a path that came from outside', () => {
  it.each([
    ['/cases/5?x=1', '/cases/5?x=1'],
    ['//evil.example', '/'],
    ['/\\evil.example', '/'],
    ['https://evil.example', '/'],
    ['/a b', '/'],
    ['', '/'],
    [null, '/'],
  ])('%j is %j', (text, path) => {
    expect(safePath(text)).toBe(path)
  })
})
