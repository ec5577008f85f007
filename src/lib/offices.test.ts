import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MALANG } from '../../test/several-offices.ts'
import { byTimeZone, loadOffices, onlyOffice } from './offices.ts'

/** Malang without senders of its own. */
const OWN = MALANG.replace(/senders:[\s\S]*/, '').replace('"08:00"', '"07:30"')

describe('several offices', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tenggat-offices-'))
    copyFileSync(join(import.meta.dirname, '../../templates/office.yaml'), join(folder, 'office.yaml'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const load = () => loadOffices(join(folder, 'office.yaml'))
  function put(code: string, content: string) {
    mkdirSync(join(folder, 'offices', code), { recursive: true })
    writeFileSync(join(folder, 'offices', code, 'office.yaml'), content)
  }

  it('are one where there is one file', async () => {
    const offices = await load()
    expect(offices.all.map(({ code }) => code)).toEqual(['BLT'])
    expect([offices.home.code, offices.whole]).toEqual(['BLT', true])
    expect(byTimeZone(offices)).toEqual([offices])
    expect(onlyOffice(offices, 'BLT')).toBe(offices)
  })

  it('say what is their own and have the rest from the first', async () => {
    put('MLG', OWN)
    const { home, all, of } = await load()
    expect(all.map(({ code }) => code)).toEqual(['BLT', 'MLG'])
    const malang = of('MLG')
    expect(malang).toMatchObject({
      name: 'Kantor Imigrasi Kelas I TPI Malang',
      areas: { regencies: ['Kota Malang'] },
      unverified: [],
    })
    expect(malang.hours).not.toEqual(home.hours)
    const same = ['stages', 'kinds', 'holidays', 'senders', 'rates', 'timeZone'] as const
    for (const key of same) expect([key, malang[key]]).toEqual([key, home[key]])
  })

  it('may have a policy and a time zone of their own', async () => {
    put('MLG', `${OWN}time_zone: Asia/Makassar\nstages:\n  14: { channels: [sms], to: [resident] }\n`)
    const offices = await load()
    expect([...offices.of('MLG').stages.keys()]).toEqual([14])
    const zones = byTimeZone(offices)
    expect(zones.map(({ all, whole }) => [all.map(({ code }) => code), whole])).toEqual([
      [['BLT'], false],
      [['MLG'], false],
    ])
  })

  it.each([
    ['what is missing', OWN.replace(/^name:.*\n/m, ''), /MLG.office\.yaml, 1 to mend:\n {2}name is missing/],
    [
      'what holds for all',
      `${OWN}rates: {}\n`,
      /rates \(line \d+\) holds for all offices: allowed in .*office\.yaml alone/,
    ],
    ["the first one's code", OWN.replace('MLG', 'BLT'), /code BLT is that of/],
    ['a folder of another name', OWN.replace('MLG', 'SUB'), /code is SUB; its folder is MLG/],
    ['a wrong value', OWN.replace('"07:30"', '"7:30"'), /hours\[0\]\.from \(line \d+\) is "7:30": must be a time/],
  ])('name the file and %s', async (_, content, expected) => {
    put('MLG', content)
    await expect(load()).rejects.toThrow(expected)
  })

  it('are all faulty at once, by name', async () => {
    put('MLG', OWN.replace(/^name:.*\n/m, ''))
    put('SUB', OWN)
    await expect(load()).rejects.toThrow(/MLG[\s\S]*name is missing[\s\S]*code is MLG; its folder is SUB/)
  })
})
