import { asc, inArray, isNull } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Db } from '../db/open.ts'
import { correctResident } from './corrections.ts'
import { row, TestRegister } from './import-testing.ts'
import { transferResidents } from './transfer.ts'

describe('a file that names people of another office', () => {
  let at: TestRegister
  let serial = 0
  let codes: [a: string, b: string, c: string]

  beforeAll(async () => {
    at = await TestRegister.open()
  }, 60_000)
  afterAll(() => at[Symbol.asyncDispose]())
  beforeEach(() => {
    serial += 1
    codes = [`A${serial}`, `B${serial}`, `C${serial}`]
  })

  const bring = (office: 'a' | 'b' | 'c', records: Parameters<TestRegister['bring']>[0], db: Db = at.db) => {
    const officeCode = codes['abc'.indexOf(office)]!
    const elsewhere = codes.filter((code) => code !== officeCode)
    return at.bring(records, { force: true }, { officeCode, elsewhere, db })
  }
  async function people() {
    const { residents } = at.db.t
    const rows = await at.db.read
      .select()
      .from(residents)
      .where(inArray(residents.office_code, codes))
      .orderBy(asc(residents.id))
    return rows.map((one) => ({ ...one, office: 'abc'[codes.indexOf(one.office_code)] }))
  }
  const places = async () => (await people()).map(({ full_name, office }) => [full_name, office])

  const renewed = { permit_no: 'N1', issued_on: '2026-10-01', expires_on: '2028-01-09' }

  it('keeps two people two who have one passport number there, whatever the other office calls one of them', async () => {
    await bring('a', [row(1, { full_name: 'Anna' })])
    await bring('b', [
      row(2, { full_name: 'Anna', passport_no: 'A1000001', ...renewed }),
      row(3, { full_name: 'Bela', passport_no: 'A1000001', permit_no: 'N2' }),
    ])
    expect(await places()).toEqual([
      ['Anna', 'a'],
      ['Anna', 'b'],
      ['Bela', 'b'],
    ])
  })

  it('makes nobody another person by a passport number alone: name or register number must agree', async () => {
    await bring('a', [row(1, { full_name: 'Anna' })])
    await bring('b', [row(2, { full_name: 'Bela', passport_no: 'A1000001', ...renewed })])
    expect(await places()).toEqual([
      ['Anna', 'a'],
      ['Bela', 'b'],
    ])
  })

  it('knows somebody with a new passport by register number, name and nationality', async () => {
    await bring('a', [row(1)])
    expect(await bring('b', [row(1, { passport_no: 'Z9999999', ...renewed })])).toMatchObject({
      transferred: 1,
      added: 0,
    })
    expect(await places()).toEqual([['Person 0001', 'b']])
  })

  it('does not take back whose older permit ends later: the newest issued is the current one', async () => {
    const old = row(1, { issued_on: '2025-01-10', expires_on: '2027-06-30' })
    await bring('a', [old])
    await bring('b', [row(1, { permit_no: 'N1', issued_on: '2026-10-01', expires_on: '2027-03-31' })])
    expect(await places()).toEqual([['Person 0001', 'b']])
    expect(await bring('a', [old])).toMatchObject({ transferred: 0, rejected: 1 })
    expect(await places()).toEqual([['Person 0001', 'b']])
  })

  it.each(['an empty', 'no'])(
    'takes two who had one register number in two offices, from a file with %s column',
    async (column) => {
      await bring('a', [row(1, { full_name: 'Anna' })])
      await bring('c', [row(2, { full_name: 'Bela', register_no: 'R0001' })])
      const { register_no: _, ...anna } = row(1, { full_name: 'Anna', ...renewed })
      const { register_no: __, ...bela } = row(2, { full_name: 'Bela', ...renewed, permit_no: 'N2' })
      const numbers = column === 'no' ? {} : { register_no: '' }
      const both = [anna, bela].map((one) => ({ ...numbers, ...one }))
      expect(await bring('b', both)).toMatchObject({ state: 'applied', transferred: 2 })
      expect((await people()).map(({ office, register_no }) => [office, register_no])).toEqual([
        ['b', 'R0001'],
        ['b', null],
      ])
    },
  )

  it('puts aside two whose former permits had one number, and says so', async () => {
    await bring('a', [row(1)])
    await bring('c', [row(2, { permit_no: 'P0001' })])
    const result = await bring('b', [row(1, renewed), row(2, { ...renewed, permit_no: 'N2' }), row(3)])
    expect(result).toMatchObject({ state: 'applied', transferred: 0, rejected: 2, added: 1 })
    expect(result.rejects[0]!.reason).toContain('number')
    expect((await people()).map(({ office }) => office)).toEqual(['a', 'c', 'b'])
  })

  it('takes whoever has no permit any more where they were', async () => {
    await bring('a', [row(1), row(2)])
    // The first one's permit is now the second one's.
    await bring('a', [row(2, { permit_no: 'P0001' })])
    const { permits } = at.db.t
    const held = await at.db.read.select({ id: permits.resident_id }).from(permits)
    const [first] = await people()
    expect(held.some(({ id }) => id === first!.id)).toBe(false)
    expect(await bring('b', [row(1, { permit_no: 'N1' })])).toMatchObject({ transferred: 1, rejected: 0 })
    expect((await people()).map(({ office }) => office)).toEqual(['b', 'a'])
  })

  it('leaves a correction in force when a file without that column brings the person', async () => {
    await bring('a', [row(1)])
    const [anna] = await people()
    const { vault } = at.db
    const change = { vault, residentId: anna!.id, by: 'sari', now: 2 }
    await at.db.write((tx) =>
      correctResident(tx, { ...change, field: 'phone', value: '+6281200007777', reason: 'ganti nomor', seen: null }),
    )
    const { phone: _, ...without } = row(1, renewed)
    expect(await bring('b', [without])).toMatchObject({ transferred: 1 })
    const { corrections } = at.db.t
    const live = await at.db.read.select().from(corrections).where(isNull(corrections.ended_at))
    expect(live).toMatchObject([{ resident_id: anna!.id, register_value: '+6281200000001' }])
    await bring('b', [row(1, renewed)])
    expect((await people())[0]!.phone).toBe('+6281200007777')
  })

  it('brings nobody back who went to another office while the file was read', async () => {
    await bring('a', [row(1)])
    const [anna] = await people()
    let gone = false
    const db: Db = {
      ...at.db,
      async write(work, options) {
        const { imports } = at.db.t
        const [staged] = await at.db.read
          .select()
          .from(imports)
          .where(inArray(imports.state, ['staged']))
        if (staged && !gone) {
          gone = true
          await at.db.write((tx) =>
            transferResidents(tx, { residentIds: [anna!.id], to: codes[1], by: 'sari', now: 3 }),
          )
        }
        return at.db.write(work, options)
      },
    }
    await bring('a', [row(1, { address: 'Jl. Lain 2' })], db)
    expect(gone).toBe(true)
    expect(await people()).toMatchObject([{ office: 'b', address: 'Jl. Merdeka 1' }])
  })
})
