import { asc, eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { civilDate } from '../lib/civil-date.ts'
import { liftHold } from './holds.ts'
import { counts, none, row, rows, TestRegister, testVault } from './import-testing.ts'
import { chooseLanguage } from './residents.ts'
import { testToday } from './testing.ts'

describe('importing a register', () => {
  let at: TestRegister

  beforeAll(async () => {
    at = await TestRegister.open()
  }, 60_000)

  afterAll(() => at[Symbol.asyncDispose]())

  beforeEach(() => at.nextOffice())

  it('adds everybody at first, sealed, indexed and with one current permit', async () => {
    const result = await at.bring(rows(3))
    expect(result).toMatchObject({ state: 'applied', rows: 3, ...none, added: 3, remarks: 0, absentList: [] })
    const [first] = await at.residents()
    expect(first).toMatchObject({
      register_no: 'R0001',
      passport_no: 'A1000001',
      passport_index: testVault.blind('A1000001', 'passport'),
      phone: '+6281200000001',
      phone_index: testVault.blind('+6281200000001', 'phone'),
      phone_country: 'ID',
      phone_line: 'mobile',
      sponsor_phone_index: testVault.blind('+6281200009999', 'phone'),
      address: 'Jl. Merdeka 1',
      identity_doubt: null,
      first_import_id: result.import_id,
      last_import_id: result.import_id,
    })
    expect((await at.permits()).map((one) => [one.permit_no, one.kind, one.is_current, one.known_since])).toEqual([
      ['P0001', 'ITAS', 1, testToday],
      ['P0002', 'ITAS', 1, testToday],
      ['P0003', 'ITAS', 1, testToday],
    ])
    const { imports, staging } = at.db.t
    const [record] = await at.db.read.select().from(imports).where(eq(imports.id, result.import_id))
    expect(record).toMatchObject({ state: 'applied', rows: 3, added: 3, forced: 0, format: 'csv' })
    expect(record!.file_digest).toMatch(/^[0-9a-f]{64}$/)
    expect(await at.db.read.$count(staging)).toBe(0)
  })

  it('changes nothing when the same file comes again, but knows that it saw everybody', async () => {
    await at.bring(rows(12))
    const before = await at.register()
    const result = await at.bring(rows(12), {}, { now: 2, today: civilDate('2026-11-23') })
    expect(counts(result)).toEqual({ ...none, unchanged: 12 })
    expect(await at.register()).toEqual(before)
    expect(new Set((await at.residents()).map((one) => one.last_import_id))).toEqual(new Set([result.import_id]))
    expect(new Set((await at.permits()).map((one) => one.last_import_id))).toEqual(new Set([result.import_id]))
  })

  it('tells added, changed, renewed, unchanged, absent and rejected apart', async () => {
    await at.bring(rows(10))
    const later = civilDate('2026-12-01')
    const gone = (await at.residents()).find((one) => one.register_no === 'R0010')!
    const result = await at.bring(
      [
        row(1, { phone: '+62 812-0000-7777' }),
        row(2, { passport_no: 'B7654321' }),
        row(3, { expires_on: '2028-01-09' }),
        row(4),
        row(4, { permit_no: 'P0004B', issued_on: '2026-11-30', expires_on: '2028-06-30' }),
        ...rows(5, 5),
        row(11),
        row(12, { expires_on: 'soon' }),
      ],
      {},
      { today: later, now: 2 },
    )
    expect(counts(result)).toEqual({ added: 1, changed: 2, renewed: 2, unchanged: 6, absent: 1, rejected: 1 })
    expect(result.absentList).toEqual([gone.id])
    expect(result.rejects).toMatchObject([{ line: 13, column: 'expires_on', value: 'soon' }])
    const people = await at.residents()
    expect(people.length).toBe(11)
    expect(people[0]!.phone).toBe('+6281200007777')
    expect(people[1]).toMatchObject({ register_no: 'R0002', passport_no: 'B7654321', identity_doubt: null })
    expect(people[9]!.last_import_id).toBe(gone.last_import_id)
    expect((await at.permits()).map((one) => [one.permit_no, one.is_current, one.known_since]).slice(2, 6)).toEqual([
      ['P0003', 1, later],
      ['P0004', 0, testToday],
      ['P0004B', 1, later],
      ['P0005', 1, testToday],
    ])
  })

  it('keeps what a resident chose and empties what the register has emptied', async () => {
    await at.bring(rows(1))
    const [before] = await at.residents()
    await at.db.write((tx) => chooseLanguage(tx, { residentId: before!.id, language: 'ta', now: 1 }))
    await at.bring([row(1, { address: '', sponsor_phone: '', sex: '', register_no: 'R0001', passport_no: '' })])
    const [after] = await at.residents()
    expect(after).toMatchObject({
      id: before!.id,
      chosen_language: 'ta',
      address: null,
      sponsor_phone: null,
      sponsor_phone_index: null,
      sponsor_phone_line: null,
      sex: null,
      passport_no: 'A1000001',
    })
  })

  it('takes a file without a column as saying nothing about it', async () => {
    await at.bring(rows(12))
    const before = await at.register()
    const leftOut = ['address', 'phone', 'sponsor_phone', 'issued_on', 'index_code', 'passport_no', 'birth_date']
    const narrow = [...rows(12), row(13)].map((record) =>
      Object.fromEntries(Object.entries(record).filter(([column]) => !leftOut.includes(column))),
    )
    const result = await at.bring(narrow)
    expect(counts(result)).toEqual({ ...none, added: 1, unchanged: 12 })
    const after = await at.register()
    expect(after.residents.slice(0, 12)).toEqual(before.residents)
    expect(after.permits.slice(0, 12)).toEqual(before.permits)
    expect(after.residents[12]).toMatchObject({ register_no: 'R0013', address: null, phone: null, passport_no: null })

    const changed = await at.bring([{ ...narrow[0]!, regency: 'Kabupaten Blitar' }, ...narrow.slice(1)])
    expect(counts(changed)).toEqual({ ...none, changed: 1, unchanged: 12 })
    expect((await at.residents())[0]).toMatchObject({ regency: 'Kabupaten Blitar', address: 'Jl. Merdeka 1' })
    expect((await at.bring(rows(13))).changed).toBe(2)
  })

  it('finds a resident by passport and nationality where the register number is new or missing', async () => {
    await at.bring([row(1, { register_no: '' }), row(2), row(3)])
    const before = await at.residents()
    const result = await at.bring([
      row(1, { register_no: 'R0001' }),
      row(2, { register_no: '', permit_no: 'P0002B' }),
      row(3, { register_no: 'R0333' }),
    ])
    expect(counts(result)).toEqual({ ...none, changed: 2, added: 1 })
    const after = await at.residents()
    expect(new Set(after.map((one) => one.id))).toEqual(new Set(before.map((one) => one.id)))
    expect(after.map((one) => one.register_no)).toEqual(['R0001', 'R0002', 'R0333'])
  })

  it('takes one passport under two register numbers and two names for two people', async () => {
    await at.bring([row(1)])
    const file = [row(1), row(2, { passport_no: 'A1000001', birth_date: '2015-05-05' })]
    expect(counts(await at.bring(file))).toEqual({ ...none, unchanged: 1, added: 1 })
    expect((await at.residents()).map((one) => one.full_name)).toEqual(['Person 0001', 'Person 0002'])
    expect(counts(await at.bring(file))).toEqual({ ...none, unchanged: 2 })
  })

  it('puts rows of one person together, with and without a register number', async () => {
    const file = [
      row(1, { permit_no: 'P1A', expires_on: '2026-12-31', address: 'old' }),
      row(1, {
        permit_no: 'P1B',
        expires_on: '2027-12-31',
        address: 'new',
        register_no: '',
        issued_on: '2026-02-01',
      }),
      row(2, { permit_no: 'P2A', register_no: '' }),
      row(2, { permit_no: 'P2B', register_no: '' }),
    ]
    expect(await at.bring(file)).toMatchObject({ added: 4, remarks: 1, remarkList: [{ line: 2 }] })
    const people = await at.residents()
    expect(people.map((one) => [one.register_no, one.address]).sort()).toEqual([
      [null, 'Jl. Merdeka 2'],
      ['R0001', 'new'],
    ])
    expect((await at.permits()).map((one) => [one.permit_no, one.is_current])).toEqual([
      ['P1A', 0],
      ['P1B', 1],
      ['P2A', 0],
      ['P2B', 1],
    ])
    const before = await at.register()
    expect(counts(await at.bring(file))).toEqual({ ...none, unchanged: 4 })
    expect(await at.register()).toEqual(before)
  })

  it('keeps somebody with the name, birth date and nationality of another as a second person, in doubt', async () => {
    await at.bring([row(1)])
    const [first] = await at.residents()
    await at.bring([row(1), row(2, { full_name: 'Person 0001' }), row(3, { full_name: 'Person 0001', birth_date: '' })])
    expect((await at.residents()).map((one) => one.identity_doubt)).toEqual([null, `same-person:${first!.id}`, null])
  })

  it('opens a doubt where the dates do not settle which permit is current, and ends it with them', async () => {
    const file = (issued_on: string) => [row(1, { issued_on }), row(1, { permit_no: 'P1B', expires_on: '2027-03-09' })]
    await at.bring(file('2026-01-10'))
    expect((await at.residents())[0]!.identity_doubt).toBe('permits')
    expect((await at.permits()).map((one) => one.is_current)).toEqual([0, 1])
    await at.bring(file('2026-01-11'))
    expect((await at.residents())[0]!.identity_doubt).toBeNull()
    expect((await at.permits()).map((one) => one.is_current)).toEqual([1, 0])
  })

  it('gives a permit that now belongs to somebody else to that person', async () => {
    await at.bring([row(1), row(2)])
    const result = await at.bring([row(1, { permit_no: 'P0002' }), row(2, { permit_no: 'P0009' })], { force: true })
    expect(counts(result)).toEqual({ ...none, changed: 1, added: 1 })
    const [one, two] = await at.residents()
    expect(
      (await at.permits()).map(({ permit_no, resident_id, is_current }) => [permit_no, resident_id, is_current]),
    ).toEqual([
      ['P0001', one!.id, 0],
      ['P0002', one!.id, 1],
      ['P0009', two!.id, 1],
    ])
  })

  it('settles one permit number on several rows of a file', async () => {
    const result = await at.bring([
      row(1),
      row(1, { phone: '+62 812-0000-5555' }),
      row(2, { permit_no: 'P0001' }),
      row(3),
      row(3),
    ])
    expect(result).toMatchObject({ rows: 5, added: 2, rejected: 1, remarks: 1 })
    expect(result.rejects).toMatchObject([
      { line: 4, column: 'permit_no', reason: 'stands in line 2 already, for another person' },
    ])
    expect(result.remarkList).toMatchObject([{ line: 2, column: 'permit_no' }])
    expect((await at.residents()).map((one) => one.phone)).toEqual(['+6281200005555', '+6281200000003'])
  })

  it('notices a date that is corrected and corrected back', async () => {
    const day = (date: string) => ({ today: civilDate(date) })
    await at.bring([row(1)], {}, day('2026-11-01'))
    expect(await at.bring([row(1, { expires_on: '2026-12-09' })], {}, day('2026-11-02'))).toMatchObject({
      changed: 1,
    })
    expect(await at.bring([row(1)], {}, day('2026-11-03'))).toMatchObject({ renewed: 1 })
    expect(await at.bring([row(1, { index_code: 'E28' })], {}, day('2026-11-04'))).toMatchObject({ changed: 1 })
    expect(await at.permits()).toMatchObject([
      { expires_on: '2027-01-09', index_code: 'E28', known_since: '2026-11-03' },
    ])
  })

  it('holds diplomats once, and lets go of its own hold when the kind was wrong', async () => {
    const live = async () => {
      const { holds } = at.db.t
      const found = await at.db.read.select().from(holds).orderBy(asc(holds.id))
      const ids = new Set((await at.residents()).map((one) => one.id))
      return found.filter((hold) => ids.has(hold.resident_id) && hold.lifted_at === null)
    }
    const file = (kind: string, phone = '') => [row(1, { permit_kind: kind, phone }), row(2, { permit_kind: 'dinas' })]
    await at.bring(file('Diplomatik'))
    expect((await live()).map((hold) => [hold.reason, hold.set_by])).toEqual([
      ['diplomatic', 'import'],
      ['diplomatic', 'import'],
    ])
    await at.bring(file('ITAS'))
    expect((await live()).length).toBe(1)
    await at.bring(file('Diplomatik'))
    const [dinas, again] = await live()
    expect(again!.resident_id).not.toBe(dinas!.resident_id)
    await at.db.write((tx) => liftHold(tx, { id: again!.id, liftedBy: 'sari', now: 5 }))
    await at.bring(file('Diplomatik', '+62 812-0000-4444'))
    expect(await live()).toEqual([dinas])
  })
})
