import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { and, eq, isNotNull } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTestDb } from '../db/testing.ts'
import { civilDate, daysBetween } from '../lib/civil-date.ts'
import { silentLog } from '../lib/events.ts'
import { type Columns, fields } from './headers.ts'
import { importRegister } from './import.ts'
import { type RegisterRow, type RowFault, readRow } from './parse-row.ts'
import { type SampleOptions, sampleRegister, writeSampleCsv } from './sample.ts'
import { cast } from './sample-cast.ts'

const today = civilDate('2026-11-22')
const office: SampleOptions = { today, residents: 138, seed: 7 }

function read(options: SampleOptions): { good: RegisterRow[]; bad: RowFault[][]; remarks: RowFault[] } {
  const columns: Columns = new Map(fields.map((field, index) => [field, index]))
  const good: RegisterRow[] = []
  const bad: RowFault[][] = []
  const remarks: RowFault[] = []
  let line = 1
  for (const row of sampleRegister(options)) {
    line += 1
    const parsed = readRow({ line, cells: fields.map((field) => row[field]), faults: [] }, columns, options.today)
    if ('faults' in parsed) {
      bad.push(parsed.faults)
    } else {
      good.push(parsed.row)
      remarks.push(...parsed.remarks)
    }
  }
  return { good, bad, remarks }
}

const person = (row: RegisterRow) => row.registerNo ?? row.passportNo

describe('the sample register', () => {
  const { good, bad, remarks } = read(office)
  const left = (row: RegisterRow) => daysBetween(today, row.expiresOn)

  it('is always the same for one seed and day, and another for another', () => {
    expect([...sampleRegister(office)]).toEqual([...sampleRegister(office)])
    expect([...sampleRegister({ ...office, seed: 8 })]).not.toEqual([...sampleRegister(office)])
  })

  it('holds 138 people, 58 in Blitar and 80 in Tulungagung', () => {
    const homes = new Map(good.map((row) => [person(row), row.regency]))
    expect(homes.size).toBe(138)
    const inTulungagung = [...homes.values()].filter((regency) => regency === 'Kabupaten Tulungagung')
    expect(inTulungagung.length).toBe(80)
    expect(new Set(homes.values())).toEqual(new Set(['Kota Blitar', 'Kabupaten Blitar', 'Kabupaten Tulungagung']))
  })

  it('has five rows that are rejected, each for another reason', () => {
    expect(bad.length).toBe(5)
    expect(new Set(bad.map((faults) => faults.find((fault) => fault.fatal)?.reason.en)).size).toBe(5)
  })

  it.each([60, 14, 7, 3, 1, 0, 11, 9, 5, 2, -1, -7, -8, -30, -31, -60, -61, -290])(
    'has somebody with %i days left',
    (days) => {
      expect(good.some((row) => left(row) === days)).toBe(true)
    },
  )

  it('has people of at least twelve nationalities due at fourteen days with a mobile phone, mostly Indonesian', () => {
    const due = good.filter((row) => left(row) === 14 && row.phone?.line === 'mobile')
    expect(new Set(due.map((row) => row.nationality)).size).toBeGreaterThanOrEqual(12)
    expect(due.filter((row) => row.phone?.country === 'ID').length * 2).toBeGreaterThan(due.length)
  })

  it('has phones that are shared, fixed, foreign, missing or spoilt, and no other unreadable ones', () => {
    const byNumber = Map.groupBy(good, (row) => row.phone?.number)
    expect([...byNumber].filter(([number, rows]) => number && rows.length >= 3).length).toBe(1)
    expect(good.some((row) => row.phone && row.phone.number === row.sponsorPhone?.number)).toBe(true)
    expect(good.some((row) => row.phone?.line === 'fixed')).toBe(true)
    expect(good.some((row) => row.phone && row.phone.country !== 'ID')).toBe(true)
    expect(good.some((row) => !row.phone && !row.sponsorPhone)).toBe(true)
    expect(new Set(remarks.map((fault) => fault.value))).toEqual(new Set(['8,•••11']))
  })

  it('has minors with a sponsor who can be reached, and WhatsApp consents', () => {
    const minors = good.filter((row) => row.birthDate && row.birthDate > '2008-11-22')
    expect(minors.length).toBe(2)
    expect(minors.every((row) => row.sponsorPhone)).toBe(true)
    expect(good.filter((row) => row.whatsappOptInOn).length).toBeGreaterThan(5)
  })

  it('reads on every day of a year', () => {
    for (const day of ['2027-01-01', '2028-02-29', '2026-12-31', '2027-03-31']) {
      const then = read({ ...office, today: civilDate(day) })
      expect([new Set(then.good.map(person)).size, then.bad.length]).toEqual([138, 5])
    }
  })

  it('grows to any size without doubles, about three in a thousand due', () => {
    const many = read({ ...office, residents: 20_000 })
    expect(new Set(many.good.map(person)).size).toBe(20_000)
    expect(new Set(many.good.map((row) => row.permitNo)).size).toBe(many.good.length)
    const others = many.good.filter((row) => !row.permitNo.endsWith('-A')).slice(cast.length)
    const due = others.filter((row) => left(row) >= 0 && left(row) <= 14)
    expect(due.length / others.length).toBeGreaterThan(0.002)
    expect(due.length / others.length).toBeLessThan(0.004)
    const namesakes = Map.groupBy(others, (row) => `${row.nationality} ${row.fullName} ${row.birthDate}`)
    expect([...namesakes.values()].filter((rows) => rows.length > 1)).toEqual([])
  })
})

describe('the sample as a file', () => {
  let folder: string

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tenggat-sample-'))
  })

  afterAll(() => rmSync(folder, { recursive: true }))

  it('is imported with what it promises, and a second time without a change', async () => {
    await using db = await openTestDb()
    const file = join(folder, 'register.csv')
    writeSampleCsv(file, office)
    const deps = { db, log: silentLog, now: 1, today, officeCode: 'BLT' }
    expect(await importRegister(deps, { file })).toMatchObject({ state: 'applied', rows: 145, added: 140, rejected: 5 })
    const { residents, permits, holds } = db.t
    expect(await db.read.$count(residents)).toBe(138)
    expect(await db.read.$count(permits, eq(permits.is_current, 1))).toBe(138)
    expect(await db.read.$count(residents, isNotNull(residents.identity_doubt))).toBe(1)
    expect(await db.read.$count(holds, and(eq(holds.reason, 'diplomatic'), eq(holds.set_by, 'import')))).toBe(2)
    const again = await importRegister(deps, { file })
    expect(again).toMatchObject({ state: 'applied', unchanged: 140, added: 0, changed: 0, renewed: 0, absent: 0 })
  })
})
