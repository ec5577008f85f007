import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { AppError } from './errors.ts'
import { extendFor, loadOffice, planFor, priceFor, stagesFor } from './office.ts'

const path = join(import.meta.dirname, '../../templates/office.yaml')
const written = readFileSync(path, 'utf8')
const office = await loadOffice(path)

describe('the office file of Blitar', () => {
  it('holds the policy that the office announced', () => {
    expect(Object.fromEntries(office.stages)).toEqual({
      14: { channels: ['sms', 'voice'], to: ['resident'], unless: [] },
      7: { channels: ['sms'], to: ['resident'], unless: [] },
      3: { channels: ['sms', 'voice'], to: ['resident', 'sponsor'], unless: [] },
      1: { channels: ['sms'], to: ['resident'], unless: ['applied', 'leaving'] },
    })
    expect(Object.fromEntries(office.overstay)).toEqual({ 1: ['sms'], 7: ['sms', 'voice'] })
    expect(office.areas.regencies).toEqual(['Kota Blitar', 'Kabupaten Blitar', 'Kabupaten Tulungagung'])
    expect(office.workingDays).toEqual([1, 2, 3, 4, 5])
  })

  it.each([
    [2026, 17, 8],
    [2027, 18, 8],
  ])('lists the days of the decree for %i', (year, holidays, jointLeave) => {
    const list = office.holidays.find((list) => list.year === year)
    expect(list?.confirmed).toBe(true)
    expect(list?.days.filter(({ joint }) => !joint)).toHaveLength(holidays)
    expect(list?.days.filter(({ joint }) => joint)).toHaveLength(jointLeave)
  })

  it('leaves open the days of 2027 that the minister still has to fix', () => {
    const open = office.holidays.flatMap(({ days }) => days.filter(({ confirmed }) => !confirmed))
    expect(open.map(({ date }) => date)).toEqual(['2027-03-10', '2027-03-11', '2027-05-17'])
  })

  it('names what the office has not yet verified', () => {
    expect(office.unverified).toContain('senders')
  })
})

describe('plans', () => {
  it.each([
    ['ITK', [14, 7, 3, 1]],
    ['ITAS', [60, 14, 7, 3, 1]],
    ['ITAP', [60, 14, 7, 3, 1]],
    ['a kind nobody has heard of', [14, 7, 3, 1]],
  ])('gives %s its stages, largest first', (kind, stages) => {
    expect(stagesFor(office, kind)).toEqual(stages)
  })

  it('lets a kind override a common stage', () => {
    const own = { channels: ['sms' as const], to: ['sponsor' as const], unless: [] }
    const changed = { ...office, kinds: new Map([['VOA', new Map([[7, own]])]]) }
    expect(planFor(changed, 'VOA', 7)).toBe(own)
    expect(planFor(changed, 'VOA', 3)).toBe(office.stages.get(3))
    expect(stagesFor(changed, 'VOA')).toEqual([14, 7, 3, 1])
  })

  it('sends overstay notices to the resident by the channels of that day', () => {
    expect(planFor(office, 'ITK', -7)).toEqual({ channels: ['sms', 'voice'], to: ['resident'], unless: [] })
  })

  it.each([60, -2, 0])('refuses stage %i, which an ITK does not have', (stage) => {
    expect(() => planFor(office, 'ITK', stage)).toThrow(RangeError)
  })

  it.each([
    ['ITAS', { extend: 'yes', known: true }],
    ['VOA', { extend: 'ask', known: true }],
    ['F', { extend: 'no', known: true }],
    ['Z9', { extend: 'ask', known: false }],
  ])('says of %s whether it can be extended', (kind, expected) => {
    expect(extendFor(office, kind)).toEqual(expected)
  })
})

it.each([
  ['+628123456789', 2],
  ['+6281', 2],
  ['+6123456789', 3],
  ['+449876543210', 9],
])('prices %s by its longest prefix', (phone, price) => {
  const prices = new Map([
    ['+6', 3],
    ['+62', 2],
    ['other', 9],
  ])
  expect(priceFor(prices, phone)).toBe(price)
})

describe('faults in the file', () => {
  it.each([
    [
      'channels: [sms, voice], to: [resident] }',
      'channels: [sms, fax], to: [resident] }',
      /stages\.14\.channels\[1\] \(line \d+\) is "fax": .*"sms"\|"voice"/,
    ],
    ['  14: {', '  13: {', /stages \(line \d+\).*must have a stage 14/],
    [
      '  7: { channels: [sms], to: [resident] }',
      '  seven: { channels: [sms], to: [resident] }',
      /stages\.seven .*whole number of days from 1 to 365/,
    ],
    ['  7: [sms, voice]', '  15: [sms, voice]', /overstay\.15 .*from 1 to 14/],
    [
      'unless: [applied, leaving]',
      'unles: [applied, leaving]',
      /stages\.1\.unles \(line \d+\) is not known here; allowed: channels, to, unless/,
    ],
    [
      'call: { from: "09:00"',
      'call: { from: "9:00"',
      /window\.call\.from \(line \d+\) is "9:00": must be a time written "HH:MM"/,
    ],
    ['call: { from: "09:00"', 'call: { from: "18:00"', /window\.call .*must open/],
    ['2026-12-24', '2026-13-24', /holidays\[0\]\.days\[23\]\.date \(line \d+\) is "2026-13-24"/],
    ['2026-12-24', '2026-12-25', /holidays\[0\]\.days\[24\]\.date .*stands twice/],
    ['2026-12-24', '2027-12-24', /holidays\[0\]\.days\[23\]\.date .*must be a date in 2026/],
    ['short_name: Imigrasi Blitar', 'short_name: Kantor Imigrasi Blitar', /short_name .*1 to 16/],
    ['short_name: Imigrasi Blitar', 'short_name: Imigrasi Blitar’', /short_name .*1 to 16/],
    ['{ name: summon, from: 8 }', '{ name: summon, from: 40 }', /levels .*must rise/],
    ['{ name: over-60, from: 61 }', '{ name: over-60, from: 60 }', /levels .*day 61/],
    ['time_zone: Asia/Jakarta', 'time_zone: Asia/Blitar', /time_zone .*"Asia\/Blitar".*such as Asia\/Jakarta/],
    ['  ITK: yes', '  ITK: maybe', /extend\.ITK .*"yes"\|"ask"\|"no"/],
    ['code: BLT', 'cod: BLT', /^ {2}code is missing/m],
    ['  - fee.basis', '  - fee.law', /unverified: there is no key fee\.law/],
    ['sms_segment: { "+62": 0.45, other: 0.15 }', 'sms_segment: { "+62": 0.45 }', /prices\.sms_segment .*"other"/],
    ['phone_e164: "+62342554759"', 'phone_e164: 0342554759', /phone_e164 .*is/],
  ])('%s as %s', async (before, after, message) => {
    expect(written).toContain(before)
    expect(await faultsOf(written.replace(before, after))).toMatch(message)
  })

  it.each(['unverified', 'budget', 'kinds', 'whatsapp_templates'])('are not that %s is left empty', async (key) => {
    const [before, rest] = written.split(new RegExp(`^${key}:.*\n(?:[ #].*\n)*`, 'm'))
    const file = fileWith(`${before}${key}:\n${rest}`)
    expect((await loadOffice(file)).code).toBe('BLT')
  })

  it('reports all of them at once', async () => {
    const faults = await faultsOf(
      written
        .replace('  ITK: yes', '  ITK: maybe')
        .replace('"09:00"', '"25:00"')
        .replace('per_day: 1000000', 'per_day: -1')
        .replace('  - fee.basis', '  - nothing'),
    )
    expect(faults).toContain('4 to mend')
    for (const key of ['extend.ITK', 'window.call.from', 'fee.per_day', 'nothing']) expect(faults).toContain(key)
  })

  it('names the line of a file that is not YAML', async () => {
    expect(await faultsOf('code: BLT\nname: [a, b\nphone: 1')).toMatch(/line \d/)
  })

  it('refuses an empty file', async () => {
    expect(await faultsOf('')).toMatch(/the file/)
  })

  it('names a file that is not there', async () => {
    await expect(loadOffice('/nowhere/office.yaml')).rejects.toThrow(
      /office file \/nowhere\/office\.yaml cannot be read/,
    )
  })
})

async function faultsOf(content: string): Promise<string> {
  const file = fileWith(content)
  try {
    await loadOffice(file)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    expect(error.code).toBe('config')
    expect(error.message).toContain(file)
    return error.message
  }
  throw new Error('the file was accepted')
}

function fileWith(content: string): string {
  const file = join(mkdtempSync(join(tmpdir(), 'office-')), 'office.yaml')
  writeFileSync(file, content)
  return file
}
