import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { languageOf, loadLanguages } from './language.ts'

const languages = await loadLanguages(join(import.meta.dirname, '../../templates'))
const nobody = { nationality: null, language: null, chosenLanguage: null }

describe('languageOf', () => {
  it.each([
    ['what the resident chose wins', { nationality: 'TW', language: 'ja', chosenLanguage: 'id' }, 'id'],
    ["then the register's language", { nationality: 'TW', language: 'ja', chosenLanguage: null }, 'ja'],
    ['then the first of the nationality', { ...nobody, nationality: 'TW' }, 'zh-Hant'],
    ['a bare zh of a Taiwanese is traditional', { ...nobody, nationality: 'TW', language: 'zh' }, 'zh-Hant'],
    ['a bare zh of a Malaysian is simplified', { ...nobody, nationality: 'MY', language: 'zh' }, 'zh-Hans'],
    ['a bare zh of an American stays bare', { ...nobody, nationality: 'US', language: 'zh' }, 'zh'],
    ['an unlisted nationality reads English', { ...nobody, nationality: 'TO' }, 'en'],
    ['no nationality at all reads English', nobody, 'en'],
  ])('%s', (_, resident, expected) => {
    expect(languageOf(resident, languages)).toBe(expected)
  })

  it.each([
    ['TW', 'zh-Hant'],
    ['MY', 'ms'],
    ['DE', 'de'],
    ['JP', 'ja'],
    ['US', 'en'],
    ['TH', 'th'],
    ['BD', 'bn'],
    ['TL', 'pt'],
    ['LB', 'ar'],
    ['PK', 'ur'],
    ['SG', 'en'],
    ['PH', 'fil'],
    ['NG', 'en'],
    ['IN', 'hi'],
    ['MM', 'my'],
    ['CN', 'zh-Hans'],
    ['KR', 'ko'],
    ['NL', 'nl'],
    ['VN', 'vi'],
    ['EG', 'ar'],
    ['SN', 'fr'],
    ['UZ', 'ru'],
    ['BR', 'pt'],
    ['TR', 'tr'],
  ])('%s reads %s', (nationality, expected) => {
    expect(languageOf({ ...nobody, nationality }, languages)).toBe(expected)
  })
})

describe('loadLanguages', () => {
  it('names every wrong country and tag at once', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'languages-'))
    writeFileSync(join(dir, 'languages.yaml'), 'default: english!\nnationalities: { XX: [en], TW: [zh_TW] }\n')
    await expect(loadLanguages(dir)).rejects.toThrow(
      /default: "english!".*\n.*XX.*ISO 3166 alpha-2.*\n.*TW\.0: "zh_TW".*BCP 47/,
    )
  })

  it('says which file is missing', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'languages-'))
    await expect(loadLanguages(dir)).rejects.toThrow(/languages\.yaml: cannot be read/)
  })
})
