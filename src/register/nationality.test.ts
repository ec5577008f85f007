import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import { parseNationality } from './nationality.ts'

const isoCodes = (createRequire(import.meta.url)('i18n-iso-countries/codes.json') as string[][]).map(
  ([alpha2]) => alpha2!,
)

describe('parseNationality', () => {
  it.each([
    ['TW', 'TW'],
    ['tw', 'TW'],
    ['TWN', 'TW'],
    ['Taiwan', 'TW'],
    ['RRT', 'CN'],
    ['R.R.T.', 'CN'],
    ['Tiongkok', 'CN'],
    ['China', 'CN'],
    ['Cina', 'CN'],
    ["People's Republic of China", 'CN'],
    ['Korea Selatan', 'KR'],
    ['KOREA', 'KR'],
    ['Republic of Korea', 'KR'],
    ['Korea Utara', 'KP'],
    ['Inggris', 'GB'],
    ['UK', 'GB'],
    ['GBR', 'GB'],
    ['Britania Raya', 'GB'],
    ['Amerika Serikat', 'US'],
    ['USA', 'US'],
    ['U.S.A.', 'US'],
    ['AS', 'US'],
    ['Belanda', 'NL'],
    ['Jerman', 'DE'],
    ['D', 'DE'],
    ['Jepang', 'JP'],
    ['Japan', 'JP'],
    ['WN Jepang', 'JP'],
    ['Warga Negara Malaysia', 'MY'],
    ['Timor Leste', 'TL'],
    ['Timor-Leste', 'TL'],
    ['Rusia', 'RU'],
    ['Russian Federation', 'RU'],
    ['Vietnam', 'VN'],
    ['Viet Nam', 'VN'],
    ['Bangladesh', 'BD'],
    ['Libanon', 'LB'],
    ['Lebanon', 'LB'],
    ['Pakistan', 'PK'],
    ['Singapura', 'SG'],
    ['Filipina', 'PH'],
    ['Philippines', 'PH'],
    ['Nigeria', 'NG'],
    ['India', 'IN'],
    ['Thailand', 'TH'],
    ['Myanmar', 'MM'],
    ['Mesir', 'EG'],
    ['Arab Saudi', 'SA'],
    ['Yaman', 'YE'],
    ['Suriah', 'SY'],
    ['Turki', 'TR'],
    ['Türkiye', 'TR'],
    ["Cote d'Ivoire", 'CI'],
    ['Prancis', 'FR'],
    ['Australia', 'AU'],
    ['Selandia Baru', 'NZ'],
    ['Hong Kong', 'HK'],
    ['Malaysian', 'MY'],
    [' japan ', 'JP'],
    ['ＪＰ', 'JP'],
    ['XXA', 'XXA'],
    ['stateless', 'XXA'],
    ['XXB', 'XXB'],
    ['UNHCR', 'XXB'],
    ['Pengungsi', 'XXB'],
    ['XXC', 'XXC'],
  ])('reads %j as %s', (text, code) => {
    expect(parseNationality(text)).toBe(code)
  })

  it('knows the name that the platform gives to any country, in English and Indonesian', () => {
    const names = ['en', 'id'].flatMap((language) => {
      const regions = new Intl.DisplayNames(language, { type: 'region', fallback: 'none' })
      return isoCodes.map((code) => [code, regions.of(code) ?? code] as const)
    })
    expect(names.filter(([code, name]) => parseNationality(name) !== code)).toEqual([])
  })

  it.each(['', '-', 'ZZ', 'QQQ', 'Atlantis', '123', 'WNA'])('knows no country %j', (text) => {
    expect(parseNationality(text)).toBeNull()
  })
})
