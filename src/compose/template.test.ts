import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { AppError } from '../lib/errors.ts'
import { loadTemplates, templateFor } from './template.ts'

const TEMPLATES = join(import.meta.dirname, '../../templates')
const templates = loadTemplates(TEMPLATES)

/** ISO 15924 names of the scripts a language is written in. */
const SCRIPTS: Readonly<Record<string, readonly string[]>> = {
  ar: ['Arabic'],
  bn: ['Bengali'],
  de: ['Latin'],
  en: ['Latin'],
  fil: ['Latin'],
  fr: ['Latin'],
  hi: ['Devanagari'],
  id: ['Latin'],
  ja: ['Han', 'Hiragana', 'Katakana'],
  ko: ['Hangul'],
  ms: ['Latin'],
  my: ['Myanmar'],
  nl: ['Latin'],
  pt: ['Latin'],
  ru: ['Cyrillic'],
  ta: ['Tamil'],
  th: ['Thai'],
  tr: ['Latin'],
  ur: ['Arabic'],
  vi: ['Latin'],
  'zh-Hans': ['Han'],
  'zh-Hant': ['Han'],
}

describe('the language files', () => {
  it('are the ones that this test knows', () => {
    expect([...templates.keys()].sort()).toEqual(Object.keys(SCRIPTS).sort())
  })

  it.each(Object.entries(SCRIPTS))('%s is mostly in its own script', (language, scripts) => {
    const words = [...textsOf(language).values()].join(' ')
    const own = new RegExp(scripts.map((script) => `\\p{Script=${script}}`).join('|'), 'gu')
    const letters = words.match(/\p{L}/gu)?.length ?? 0
    const share = (words.match(own)?.filter((letter) => /\p{L}/u.test(letter)).length ?? 0) / letters
    expect(share).toBeGreaterThan(0.85)
  })

  it('write Chinese in one script each', () => {
    const simplified = [...textsOf('zh-Hans').values()].join('')
    const traditional = [...textsOf('zh-Hant').values()].join('')
    expect(simplified).not.toMatch(/[國請護證後來個話號們這說開關時間簡訊實現將於發給點]/)
    expect(traditional).not.toMatch(/[国请护证后来个话号们这说开关时间简讯实现将于发给点]/)
  })

  it('are no two alike: hardly a text is the same in two of them', () => {
    const texts = new Map([...templates.keys()].map((language) => [language, textsOf(language)]))
    for (const [one, ones] of texts) {
      for (const [other, others] of texts) {
        if (one >= other) continue
        const same = [...ones].filter(([key, text]) => others.get(key) === text)
        expect(same.length / ones.size, `${one} and ${other}: ${same.join(' | ')}`).toBeLessThan(0.03)
      }
    }
  })

  it.each([
    ['ar', 'rtl'],
    ['ur', 'rtl'],
    ['id', 'ltr'],
    ['ja', 'ltr'],
  ])('%s runs %s', (language, direction) => {
    expect(templates.get(language)?.direction).toBe(direction)
  })

  it('name the language in itself, each with another name', () => {
    const names = [...templates.values()].map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    expect(names).toContain('Bahasa Indonesia')
    expect(names).toContain('한국어')
  })

  it('leave the voice open where none is fit', () => {
    expect(templates.get('my')?.voices).toEqual({ google: null, espeak: null })
    for (const language of ['th', 'fil']) expect(templates.get(language)?.voices.espeak).toBeNull()
    for (const language of ['id', 'en']) {
      expect(templates.get(language)?.voices.google).not.toBeNull()
      expect(templates.get(language)?.voices.espeak).not.toBeNull()
    }
  })
})

describe('templateFor', () => {
  it.each([
    ['id', 'id', null],
    ['zh-Hant', 'zh-Hant', null],
    ['zh-TW', 'zh-Hant', null],
    ['zh-HK', 'zh-Hant', null],
    ['zh-MO', 'zh-Hant', null],
    ['yue', 'zh-Hant', null],
    ['zh', 'zh-Hans', null],
    ['zh-CN', 'zh-Hans', null],
    ['zh-SG', 'zh-Hans', null],
    ['en-GB', 'en', null],
    ['pt-TL', 'pt', null],
    ['tl', 'fil', null],
    ['km', 'en', 'km'],
    ['not a language', 'en', 'not a language'],
    [null, 'en', null],
  ])('serves %s with %s', (language, served, asked) => {
    const found = templateFor(templates, language)
    expect(found.template.language).toBe(served)
    expect(found.asked).toBe(asked)
  })
})

describe('loadTemplates', () => {
  it('names file, key and what is allowed, for all faults of all files at once', () => {
    const dir = spoiled({
      'id.yaml': (text) =>
        text.replace('direction: ltr', 'direction: left').replace("days_left: '{days", "days_left: '{day"),
      'en.yaml': (text) =>
        text
          .replace('{notice} Tel {phone}', 'Tel {phone}')
          .replace('understood: I understand', 'understood: I have understood this'),
    })
    const message = refusal(dir)
    expect(message).toMatch(/id\.yaml: direction: .*"ltr"\|"rtl"/)
    expect(message).toMatch(/id\.yaml: page\.days_left: \{day\} does not exist here; allowed: \{days\}/)
    expect(message).toMatch(/en\.yaml: sms\.body: \{notice\} is missing/)
    expect(message).toMatch(/en\.yaml: whatsapp\.buttons\.understood: .*20 characters/)
  })

  it.each([
    [
      'an argument missing in one branch only',
      'yes {Your stay permit (izin tinggal) ends on {expires}. Apply by {last_day} to extend it',
      'yes {Your stay permit (izin tinggal) ends on {expires}. Apply to extend it',
      /notice\.resident\.due: \{last_day\} is missing in a branch/,
    ],
    [
      'a choice that does not exist',
      'no {Your stay permit',
      'never {Your stay permit',
      /notice\.resident\.due: "never" is no value of \{extend\}; allowed: yes, no, ask, other/,
    ],
    [
      'a plural in a text that WhatsApp approves',
      'Reference: {reference}',
      'Reference: {reference, plural, one {#} other {#}}',
      /whatsapp\.due: holds a plural or a select/,
    ],
    ['an unknown key', 'direction: ltr', 'direction: ltr\nsurprise: yes', /en\.yaml: file: .*surprise/],
    ['a missing key', 'direction: ltr', '', /en\.yaml: direction: /],
    [
      'a language that is not the name of the file',
      'language: en',
      'language: de',
      /en\.yaml: language: "de"; allowed: "en"/,
    ],
    ['broken YAML', 'direction: ltr', 'direction: [', /en\.yaml: cannot be read/],
    [
      'unbalanced braces',
      'title: Notice about a stay permit',
      'title: "Notice {about"',
      /page\.title: not a valid ICU message/,
    ],
  ])('refuses %s', (_, from, to, expected) => {
    expect(refusal(spoiled({ 'en.yaml': (text) => text.replace(from, to) }))).toMatch(expected)
  })

  it('needs Indonesian and English', () => {
    const dir = spoiled({})
    rmSync(join(dir, 'id.yaml'))
    expect(refusal(dir)).toMatch(/id\.yaml: missing/)
  })

  it('leaves files that are no language alone', () => {
    const dir = spoiled({})
    writeFileSync(join(dir, 'office.yaml'), 'name: [')
    expect([...loadTemplates(dir).keys()]).toEqual(['en', 'id'])
  })
})

/** Every text of a language by its key, without arguments, links, and words that are the same in all languages. */
function textsOf(language: string): Map<string, string> {
  const { notice, sms, whatsapp, voice, call, page } = templates.get(language)!
  const texts = leaves({ notice, sms, whatsapp, voice, call, page }, '')
  return new Map(texts.map(([key, text]) => [key, bare(text)] as const).filter(([, text]) => text.length > 2))
}

function leaves(value: unknown, key: string): [string, string][] {
  if (typeof value === 'string') return [[key, value]]
  if (value === null || typeof value !== 'object') return []
  return Object.entries(value).flatMap(([name, inner]) => leaves(inner, `${key}.${name}`))
}

function bare(text: string): string {
  const syntax = /\{\w+\}|\{\w+, (?:select|plural),|\b(?:yes|no|other|one|two|few|many)(?= ?\{)|=0|[{}#]/g
  const names = /izin tinggal|evisa\.imigrasi\.go\.id|WhatsApp|SMS|KTP|IT(?:K|AS|AP)|VOA|Ref\.?|Tel\.?|Online:/g
  return text.replaceAll(syntax, '').replaceAll(names, '').replaceAll(/\s+/g, ' ').trim()
}

function spoiled(changes: Record<string, (text: string) => string>): string {
  const dir = mkdtempSync(join(tmpdir(), 'templates-'))
  for (const file of ['id.yaml', 'en.yaml']) {
    const change = changes[file]
    if (!change) copyFileSync(join(TEMPLATES, file), join(dir, file))
    else writeFileSync(join(dir, file), change(readFileSync(join(TEMPLATES, file), 'utf8')))
  }
  return dir
}

function refusal(dir: string): string {
  try {
    loadTemplates(dir)
  } catch (error) {
    expect(error).toBeInstanceOf(AppError)
    expect(error).toMatchObject({ code: 'config' })
    return error instanceof Error ? error.message : ''
  }
  throw new Error('the templates were not refused')
}
