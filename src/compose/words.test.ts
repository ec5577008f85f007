import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { addDays, type CivilDate, civilDate } from '../lib/civil-date.ts'
import { SEGMENT_LIMIT } from './segments.ts'
import { loadTemplates, type Template } from './template.ts'
import {
  callScript,
  endedWords,
  homeWords,
  type NoticeFacts,
  pageWords,
  smsWords,
  voiceScript,
  whatsappReply,
  whatsappWords,
} from './words.ts'

const templates = loadTemplates(join(import.meta.dirname, '../../templates'))
const every = Array.from(templates, ([language, template]) => ({ language, template }))
const DECEMBER = civilDate('2026-12-28')
const GSM_7 = ['id', 'en', 'ms', 'de', 'nl', 'fil', 'fr', 'pt']

describe.each(every)('the SMS in $language', ({ language, template }) => {
  const sent = [...everyFacts()].map((facts) => ({ facts, ...smsWords(template, facts) }))

  it('fits in its segments at every month, extension, role, count, lateness and hurry', () => {
    for (const { body, encoding, segments } of sent) {
      if (GSM_7.includes(language)) expect(encoding, body).toBe('GSM-7')
      expect(segments, body).toBeLessThanOrEqual(SEGMENT_LIMIT[encoding])
    }
  })

  it('always holds the dates, the office, its phone, the reference, and ends with the link', () => {
    for (const { facts, body } of sent) {
      const { dates } = template
      const held = [dates.short(facts.expiresOn), facts.officeShortName, facts.officePhone, facts.reference]
      if (!facts.overstay) held.push(dates.brief(facts.lastFilingDay))
      if (facts.late || facts.overstay) held.push(dates.brief(facts.comeOn))
      if (facts.count > 1) held.push(String(facts.count))
      expect(held.filter((text) => !body.includes(text))).toEqual([])
      expect(body).toMatch(/\S\nhttps:\/\/\S+$/)
    }
  })

  it('says something else to each reader, in each situation and for each kind of permit', () => {
    const bodies = sent
      .filter(({ facts }) => facts.expiresOn === DECEMBER)
      .filter(({ facts }) => !facts.overstay || facts.extend === 'yes')
      .filter(({ facts }) => !facts.late || facts.extend !== 'ask')
      .map(({ body }) => body)
    expect(new Set(bodies).size).toBe(bodies.length)
  })

  it('has plain spaces, no bidi characters, no lone punctuation and no braces', () => {
    const unwanted = /[\u00a0\u2009\u202f\u200e\u200f\u2066-\u2069]| {2}| [.,]|[{}]/
    expect(sent.map(({ body }) => body).filter((body) => unwanted.test(body))).toEqual([])
  })
})

describe.each(every.filter(({ template }) => template.direction === 'rtl'))(
  'right-to-left SMS in $language',
  ({ template }) => {
    it('begins with its own script, and has the phone right after a Latin word so that its + stays in front', () => {
      for (const facts of everyFacts([DECEMBER])) {
        const { body } = smsWords(template, facts)
        expect(body).toMatch(/^[^\p{L}]*\p{Script=Arabic}/u)
        expect(body).toMatch(/\p{Script=Latin} \+62/u)
      }
    })
  },
)

describe.each(every)('the voice note in $language', ({ template }) => {
  it('says the date that counts twice, and every date in full', () => {
    for (const facts of everyFacts([DECEMBER])) {
      const { text } = voiceScript(template, facts)
      const counts = facts.overstay
        ? facts.comeOn
        : facts.extend === 'no' || facts.late
          ? facts.expiresOn
          : facts.lastFilingDay
      expect(text.split(template.dates.spoken(counts)).length - 1, text).toBeGreaterThanOrEqual(2)
      expect(text).toContain(template.dates.spoken(facts.expiresOn))
    }
  })

  it('speaks no days left, reference, phone or link, so that one recording serves many', () => {
    for (const facts of everyFacts([DECEMBER])) {
      const { text } = voiceScript(template, facts)
      const { expiresOn, lastFilingDay, late, comeOn, extend, overstay } = facts
      expect(voiceScript(template, { expiresOn, lastFilingDay, late, comeOn, extend, overstay }).text).toBe(text)
      expect(text).not.toMatch(/BLT|https?:|\+62|[{}<>]/)
    }
  })

  it('says the same in SSML, with pauses between the sentences', () => {
    const { text, ssml } = voiceScript(template, facts({}))
    expect(ssml).toMatch(/^<speak>.+<break time="\d+ms"\/>.+<\/speak>$/s)
    expect(ssml.replaceAll(/<[^>]+>/g, '').replaceAll(/\s/g, '')).toBe(text.replaceAll(/\s/g, ''))
  })

  it('is surrounded by calls of its own language', () => {
    for (const word of Object.keys(template.call) as (keyof Template['call'])[]) {
      expect(callScript(template, word).text).not.toBe('')
      expect(callScript(template, word).ssml).toMatch(/^<speak>.+<\/speak>$/s)
    }
  })
})

describe('the Japanese voice note', () => {
  it('holds no kanji and no digits, which the embedded voice cannot read', () => {
    const template = templates.get('ja')!
    for (const facts of everyFacts([DECEMBER]))
      expect(voiceScript(template, facts).text).not.toMatch(/\p{Script=Han}|\d/u)
    for (const word of Object.values(template.call)) expect(word).not.toMatch(/\p{Script=Han}|\d/u)
  })
})

describe('the Arabic voice note', () => {
  it('is written with its vowel marks', () => {
    const { text } = voiceScript(templates.get('ar')!, facts({}))
    const marks = text.match(/[\u064b-\u0652]/g)?.length ?? 0
    const letters = text.match(/\p{L}/gu)?.length ?? 0
    expect(marks / letters).toBeGreaterThan(0.5)
  })
})

describe.each(every)('WhatsApp in $language', ({ template }) => {
  it('has a fixed text with numbered variables, none of them first or last, and one number for each', () => {
    for (const facts of everyFacts([DECEMBER])) {
      const { body, variables, text } = whatsappWords(template, facts)
      expect(body).toMatch(/^[^{].*[^}]$/s)
      expect(Object.keys(variables)).toEqual([
        ...new Set(Array.from(body.matchAll(/\{\{(\d+)\}\}/g), ([, number]) => number)),
      ])
      expect(body.replaceAll(/\{\{(\d+)\}\}/g, (_, number: string) => variables[number] ?? '')).toBe(text)
      expect(text.length).toBeLessThanOrEqual(1024)
      expect(Object.values(variables).join('')).not.toMatch(/\n| {4}/)
      expect(Object.values(variables)).not.toContain('')
      expect(text).toContain(facts.link)
      expect(text).toContain(facts.reference)
      expect(text).toContain(facts.officePhone)
    }
  })

  it('answers who writes to it with the phone of the office', () => {
    for (const reply of ['stopped', 'automatic'] as const) {
      expect(whatsappReply(template, reply, { officePhone: '0342-801234' })).toContain('0342-801234')
    }
  })

  it('has one approved text for everyone before the end and one after it', () => {
    const bodies = [...everyFacts([DECEMBER])].map(
      (facts) => `${facts.overstay} ${whatsappWords(template, facts).body}`,
    )
    expect(new Set(bodies).size).toBe(2)
  })
})

describe.each(every)('the page in $language', ({ template }) => {
  it('has every text filled in', () => {
    for (const facts of everyFacts([DECEMBER])) {
      const words = pageWords(template, { ...facts, daysLeft: 3, permitKind: 'ITAS' })
      for (const text of textsIn(words)) expect(text).not.toMatch(/[{}]|undefined|^\s*$/)
      expect(words.expires).toContain(facts.expiresOn.slice(0, 4))
      expect(words.notice).toContain(words.expires)
    }
  })

  it('counts the days left in the plural of the language, and none after the end', () => {
    const left = (daysLeft: number) => pageWords(template, { ...facts({}), daysLeft, permitKind: null }).daysLeft
    expect(left(14)).toContain('14')
    expect(left(0)).not.toMatch(/\d/)
    expect(new Set([left(0), left(1), left(2), left(3), left(14)]).size).toBe(5)
    expect(left(-1)).toBeNull()
  })

  it('says how to tell that it is real, and what happens once the link has ended', () => {
    const office = { officeName: 'Kantor Imigrasi Blitar', officePhone: '0342-801234' }
    const { verify } = pageWords(template, { ...facts({}), daysLeft: 14, permitKind: 'ITK' })
    expect(verify.text).toContain('+62342801234')
    expect(endedWords(template, office).text).toContain('0342-801234')
    expect(homeWords(template, office).text).toContain('Kantor Imigrasi Blitar')
  })
})

it('shows an unknown kind of permit as the register writes it', () => {
  expect(pageWords(templates.get('en')!, { ...facts({}), daysLeft: 5, permitKind: 'E33G' }).kind).toBe('E33G')
})

it('says in the SMS where to apply and how to check it, where that costs no further segment', () => {
  const english = templates.get('en')!
  expect(smsWords(english, facts({})).body).toBe(
    'Imigrasi Blitar: Your stay permit (izin tinggal) ends on 6 Dec 2026. Apply by 4 Dec 2026 to extend it, or leave ' +
      'Indonesia by 6 Dec 2026. Online: evisa.imigrasi.go.id. Unsure? Ask at the office. Tel +623428012345. Ref BLT-7K3Q\n' +
      'https://tenggat.blitar.imigrasi.go.id/n/AAAAAAAAAAAAAAAAAAAAAA',
  )
})

it('never names a sanction, in any language', () => {
  for (const { language, template } of every) {
    const texts = textsIn({ ...template, voices: null })
    for (const text of texts) expect(text, language).not.toMatch(THREATS)
  }
})

const THREATS = new RegExp(
  [
    'deport|penalt|\\bfines?\\b|\\bfined\\b|punish|sanction|arrest|detain|prison|blacklist|illegal|overstay',
    '\\bdenda\\b|sanksi|hukum|penjara|tangkal|\\bilegal|biaya|pidana|tahanan|\\bRp\\b',
    '驱逐|罚|拘留|非法|遣返|逾期居留|驅逐|罰|遣送|強制|不法|逮捕|罰金',
    '추방|벌금|과태료|불법|처벌|구금|강제',
    'ترحيل|غرامة|عقوب|سجن|اعتقال|جرمانہ|سزا|گرفتار|ملک بدر',
    'जुर्माना|निर्वास|दंड|सज़ा|गिरफ़्तार|গ্রেপ্তার|জরিমানা|শাস্তি|বহিষ্কার|அபராத|தண்டனை|நாடுகடத்த|கைது',
    'abschieb|bußgeld|\\bhaft\\b|uitzet|boete|illegaal|amende|expuls|прокуратур|депорт|штраф|наказан|арест|выдвор',
    'ค่าปรับ|เนรเทศ|จับกุม|โทษ|trục xuất|phạt|bất hợp pháp|parusa|kulong|နှင်ထုတ်|ဒဏ်',
    'multa|deporta|prisão|sınır dışı|ceza|tutukla|kaçak',
  ].join('|'),
  'iu',
)

function facts(changes: Partial<NoticeFacts>): NoticeFacts {
  return {
    officeName: 'Kantor Imigrasi Kelas II Non-TPI Blitar',
    officeShortName: 'Imigrasi Blitar',
    officePhone: '+623428012345',
    expiresOn: civilDate('2026-12-06'),
    lastFilingDay: civilDate('2026-12-04'),
    late: false,
    comeOn: civilDate('2026-12-07'),
    hurry: false,
    extend: 'yes',
    overstay: false,
    count: 1,
    role: 'resident',
    reference: 'BLT-7K3Q',
    link: `https://tenggat.blitar.imigrasi.go.id/n/${'A'.repeat(22)}`,
    ...changes,
  }
}

function* everyFacts(days = lateInEachMonth()): Generator<NoticeFacts> {
  for (const expiresOn of days) {
    const dates = { expiresOn, lastFilingDay: addDays(expiresOn, -2), comeOn: addDays(expiresOn, 1) }
    for (const extend of ['yes', 'no', 'ask'] as const) {
      for (const situation of [{ hurry: false }, { hurry: true }, { late: true }, { late: true, overstay: true }]) {
        yield facts({ ...dates, ...situation, extend })
        yield facts({ ...dates, ...situation, extend, role: 'sponsor' })
        yield facts({ ...dates, ...situation, extend, count: 23 })
      }
    }
  }
}

function lateInEachMonth(): CivilDate[] {
  return Array.from({ length: 13 }, (_, month) =>
    civilDate(`${2026 + Math.floor((11 + month) / 12)}-${String(((11 + month) % 12) + 1).padStart(2, '0')}-28`),
  )
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (value === null || typeof value !== 'object') return []
  return Object.values(value).flatMap(textsIn)
}
