// The package's own entry loads eighty languages; these two are what a register is written in.
import countries from 'i18n-iso-countries/index.js'
import english from 'i18n-iso-countries/langs/en.json' with { type: 'json' }
import indonesian from 'i18n-iso-countries/langs/id.json' with { type: 'json' }

/**
 * ISO alpha-2 from alpha-2, alpha-3, or a country's name or people in English or Indonesian; null when nothing fits.
 * Those without a nationality keep the passport codes of ICAO Doc 9303: XXA stateless, XXB refugee, XXC other refugee,
 * XXX unspecified.
 */
export function parseNationality(text: string): string | null {
  const name = text.normalize('NFKC').trim()
  const code = name.toUpperCase().replace(/[.\s]/g, '')
  if (code === '') return null
  return otherCodes[code] ?? isoCode(code) ?? names.get(squash(name)) ?? names.get(squash(withoutTitle(name))) ?? null
}

for (const locale of [english, indonesian]) countries.registerLocale(locale)

function isoCode(code: string): string | undefined {
  if (/^[A-Z]{2}$/.test(code) && countries.isValid(code)) return code
  return /^[A-Z]{3}$/.test(code) ? countries.alpha3ToAlpha2(code) : undefined
}

function withoutTitle(name: string): string {
  return name.replace(/^(?:warga\s*negara|wn|republic of|republik|kingdom of|kerajaan|negara)\s+/i, '')
}

function squash(name: string): string {
  return name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^\p{L}]/gu, '')
}

// Before ISO: AS is America's usual short form here (ISO: American Samoa); the rest are passport codes.
const otherCodes: Record<string, string> = {
  AS: 'US',
  UK: 'GB',
  GBD: 'GB',
  GBN: 'GB',
  GBO: 'GB',
  GBP: 'GB',
  GBS: 'GB',
  D: 'DE',
  RKS: 'XK',
  XKX: 'XK',
  RRC: 'CN',
  RRT: 'CN',
  PRC: 'CN',
  ROC: 'TW',
  ROK: 'KR',
  DPRK: 'KP',
  UAE: 'AE',
  PNG: 'PG',
  RDTL: 'TL',
  XXA: 'XXA',
  XXB: 'XXB',
  XXC: 'XXC',
  XXX: 'XXX',
  UNHCR: 'XXB',
}

const otherNames: Record<string, string> = {
  AE: 'emirat arab, uni emirat',
  AF: 'afgan, afghan',
  AU: 'australian',
  BD: 'bangladeshi, banglades',
  BN: 'brunei',
  CA: 'canadian',
  CD: 'kongo',
  CN: 'cina, tiongkok, tionghoa, chinese, mainland china, republik rakyat china, republik rakyat tiongkok',
  CZ: 'ceko, czech, czech republic',
  DE: 'german, bundesrepublik deutschland',
  EG: 'egyptian',
  ES: 'spanish',
  FR: 'french',
  GB: 'inggris, british, england, inggris raya, scotland, wales',
  HK: 'hongkong, hong kong sar',
  IN: 'indian',
  IR: 'iranian',
  IT: 'italian',
  JP: 'japanese',
  KH: 'kamboja, cambodian',
  KP: 'korea utara, north korea',
  KR: 'korea, korean, south korean, korsel',
  LA: 'laos, lao',
  LB: 'libanon, lebanese',
  MM: 'burma, birma, burmese',
  MO: 'macau, makau',
  MY: 'malaysian',
  NG: 'nigerian',
  NL: 'belanda, dutch, holland',
  NZ: 'selandia baru',
  PH: 'pilipina, filipina, filipino, philippine',
  PK: 'pakistani',
  PS: 'palestina',
  RU: 'russian',
  SA: 'saudi, arab saudi',
  SD: 'sudanese',
  SG: 'singaporean, singapur',
  SY: 'suriah, syria, syrian',
  TH: 'muangthai, thai',
  TL: 'timor leste, timorese, timor timur, east timor',
  TR: 'turkiye, turkish',
  TW: 'taiwanese, chinese taipei, republic of china',
  UA: 'ukrainian',
  US: 'amerika, america, american, united states america',
  VN: 'vietnam, viet nam, vietnamese',
  YE: 'yaman, yemeni',
  ZA: 'afrika selatan',
  XXA: 'stateless, tanpa kewarganegaraan, tidak berkewarganegaraan',
  XXB: 'refugee, pengungsi, pengungsi unhcr, unhcr refugee',
}

const names = namesOf()

function namesOf(): ReadonlyMap<string, string> {
  const table = new Map<string, string>()
  for (const language of ['en', 'id']) {
    const regions = new Intl.DisplayNames(language, { type: 'region', fallback: 'none' })
    for (const [code, spellings] of Object.entries(countries.getNames(language, { select: 'all' }))) {
      for (const spelling of [...spellings, regions.of(code) ?? '']) if (spelling) table.set(squash(spelling), code)
    }
  }
  for (const [code, spellings] of Object.entries(otherNames)) {
    for (const spelling of spellings.split(',')) table.set(squash(spelling), code)
  }
  return table
}
