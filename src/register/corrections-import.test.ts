import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type CorrectedField, correctionHistory, correctResident } from './corrections.ts'
import { counts, none, row, rows, TestRegister, testVault as vault } from './import-testing.ts'
import { chooseLanguage } from './residents.ts'

const OLD = '+6281200000001'
const NEW = '+6281234567890'
const THIRD = '+6281398765432'

let at: TestRegister

beforeAll(async () => {
  at = await TestRegister.open()
})
afterAll(() => at[Symbol.asyncDispose]())
beforeEach(async () => {
  at.nextOffice()
  await at.bring(rows(12))
})

describe('an import after a correction', () => {
  it('of the same file changes nothing and says where it differs', async () => {
    await correct('phone', NEW)
    const before = await at.register()
    const result = await at.bring(rows(12), {}, { now: 3 })
    expect(counts(result)).toEqual({ ...none, unchanged: 12 })
    expect(await at.register()).toEqual(before)
    expect(result).toMatchObject({ differs: 1, remarks: 1 })
    expect(result.remarkList).toMatchObject([{ line: 2, column: 'phone', value: '+6•••01' }])
    expect(await history()).toMatchObject([{ value: NEW, registerValue: OLD, endedAt: null }])
  })

  it('that changes another column keeps every corrected value', async () => {
    await correct('phone', NEW)
    await correct('sponsor_phone', '')
    await correct('language', 'de')
    const result = await at.bring([row(1, { address: 'Jl. Baru 7' }), ...rows(11, 2)], {}, { now: 3 })
    expect(counts(result)).toEqual({ ...none, changed: 1, unchanged: 11 })
    expect(result.differs).toBe(3)
    expect(await first()).toMatchObject({
      address: 'Jl. Baru 7',
      phone: NEW,
      phone_index: vault.blind(NEW, 'phone'),
      phone_country: 'ID',
      phone_line: 'mobile',
      sponsor_phone: null,
      sponsor_phone_index: null,
      sponsor_phone_line: null,
      language: null,
      chosen_language: 'de',
    })
    expect((await history()).every(({ endedAt }) => endedAt === null)).toBe(true)
  })

  it("follows the file's own value, which comes back when the correction is ended", async () => {
    await correct('phone', NEW)
    await at.bring([row(1, { phone: THIRD }), ...rows(11, 2)])
    expect((await first()).phone).toBe(NEW)
    expect(await history()).toMatchObject([{ value: NEW, registerValue: THIRD, formerValue: OLD, endedAt: null }])
    await at.bring([row(1, { phone: '' }), ...rows(11, 2)])
    expect(await history()).toMatchObject([{ value: NEW, registerValue: null, endedAt: null }])
    expect((await first()).phone).toBe(NEW)
  })

  it('that says the same at last ends it, and the register counts from then on', async () => {
    await correct('phone', NEW)
    await correct('sponsor_phone', '')
    const caughtUp = [row(1, { phone: '0812 3456 7890', sponsor_phone: '' }), ...rows(11, 2)]
    const result = await at.bring(caughtUp, {}, { now: 5 })
    expect(counts(result)).toEqual({ ...none, changed: 1, unchanged: 11 })
    expect(result.differs).toBe(0)
    expect(await history()).toMatchObject([
      { field: 'sponsor_phone', value: '', registerValue: null, endedAt: 5, endedBy: 'register' },
      { field: 'phone', value: NEW, registerValue: NEW, endedAt: 5, endedBy: 'register' },
    ])
    expect(await first()).toMatchObject({ phone: NEW, phone_index: vault.blind(NEW, 'phone'), sponsor_phone: null })
    expect(counts(await at.bring(caughtUp))).toEqual({ ...none, unchanged: 12 })
    await at.bring([row(1, { phone: THIRD }), ...rows(11, 2)])
    expect((await first()).phone).toBe(THIRD)
  })

  it('that says the same language gives the choice back to the register', async () => {
    await at.db.write(async (tx) => chooseLanguage(tx, { residentId: (await first()).id, language: 'ta', now: 1 }))
    await correct('language', 'de')
    await at.bring([row(1, { language: 'Jerman' }), ...rows(11, 2)])
    expect(await first()).toMatchObject({ language: 'de', chosen_language: null })
    expect(await history()).toMatchObject([{ formerValue: 'ta', endedBy: 'register' }])
  })

  it('without the column says nothing about it: neither changed nor caught up', async () => {
    await correct('phone', NEW)
    await correct('language', 'de')
    const before = await at.register()
    const without = (cells: ReturnType<typeof row>) => {
      const { phone: _, sponsor_phone: __, language: ___, ...rest } = cells
      return rest as typeof cells
    }
    const result = await at.bring(rows(12).map(without), {}, { now: 4 })
    expect(counts(result)).toEqual({ ...none, unchanged: 12 })
    expect(result.differs).toBe(0)
    expect(await at.register()).toEqual(before)
    const moved = [row(1, { address: 'Jl. Baru 7' }), ...rows(11, 2)].map(without)
    expect(counts(await at.bring(moved))).toEqual({ ...none, changed: 1, unchanged: 11 })
    expect(await first()).toMatchObject({ address: 'Jl. Baru 7', phone: NEW, chosen_language: 'de' })
    expect(await history()).toMatchObject([
      { field: 'language', registerValue: null, endedAt: null },
      { field: 'phone', registerValue: OLD, endedAt: null },
    ])
  })

  it('of several permits goes by the row that speaks for the person', async () => {
    await correct('phone', NEW)
    const older = row(1, { permit_no: 'P0001A', phone: NEW, issued_on: '2024-01-10', expires_on: '2025-01-09' })
    const newer = row(1, { permit_no: 'P0001C', phone: THIRD, issued_on: '2026-11-01', expires_on: '2027-10-31' })
    await at.bring([older, newer, ...rows(12)])
    expect((await first()).phone).toBe(NEW)
    expect(await history()).toMatchObject([{ registerValue: THIRD, endedAt: null }])
  })

  it('that renews the permit keeps it', async () => {
    await correct('phone', NEW)
    const renewed = row(1, { expires_on: '2028-01-09' })
    expect(counts(await at.bring([renewed, ...rows(11, 2)]))).toEqual({ ...none, renewed: 1, unchanged: 11 })
    expect((await first()).phone).toBe(NEW)
  })

  it('as a rehearsal tells how many differ and leaves all as it is', async () => {
    await correct('phone', NEW)
    const before = await at.register()
    const file = [row(1, { phone: THIRD }), ...rows(11, 2)]
    const result = await at.bring(file, { dryRun: true })
    expect(result).toMatchObject({ state: 'dry-run', differs: 1, changed: 1 })
    expect(await at.register()).toEqual(before)
    expect(await history()).toMatchObject([{ registerValue: OLD, endedAt: null }])
  })

  it('stopped half way and begun anew ends in the same state', async () => {
    await correct('phone', NEW)
    await correct('sponsor_phone', THIRD)
    const file = [row(1, { phone: THIRD, sponsor_phone: THIRD, address: 'x' }), ...rows(11, 2)]
    const stopped = new Error('stopped')
    const progress = (done: number) => {
      if (done > 500) throw stopped
    }
    await expect(at.bring(file, {}, { progress })).rejects.toBe(stopped)
    await at.bring(file)
    expect(await first()).toMatchObject({ phone: NEW, sponsor_phone: THIRD, address: 'x' })
    expect(await history()).toMatchObject([
      { field: 'sponsor_phone', registerValue: THIRD, endedBy: 'register' },
      { field: 'phone', registerValue: THIRD, endedAt: null },
    ])
  })

  it('touches the corrections of its own office only', async () => {
    await correct('phone', NEW)
    const { id } = await first()
    at.nextOffice()
    await at.bring(rows(12))
    expect((await at.bring([row(1, { address: 'x' }), ...rows(11, 2)])).differs).toBe(0)
    expect(await correctionHistory(at.db.read, id)).toMatchObject([{ registerValue: OLD, endedAt: null }])
  })

  it('finds each of many corrections', async () => {
    await at.bring(rows(510))
    const people = await at.residents()
    await at.db.write(async (tx) => {
      await tx.insert(tx.t.corrections).values(people.map(({ id }) => noNumber(id)))
      await tx
        .update(tx.t.residents)
        .set({ phone: null, phone_index: null })
        .where(eq(tx.t.residents.office_code, at.office))
    })
    const result = await at.bring(rows(510).map((cells, index) => (index % 2 === 0 ? { ...cells, phone: '' } : cells)))
    expect(result).toMatchObject({ changed: 255, unchanged: 255, differs: 255 })
    const { corrections } = at.db.t
    const ended = await at.db.read.select().from(corrections).where(eq(corrections.ended_by, 'register'))
    expect(ended.filter(({ resident_id }) => people.some(({ id }) => id === resident_id))).toHaveLength(255)
    expect((await at.residents()).every(({ phone }) => phone === null)).toBe(true)
  })
})

function noNumber(resident_id: number) {
  const made = { reason: 'x', made_by: 'sari', made_at: 2 }
  return { resident_id, field: 'phone' as const, value: '', register_value: OLD, ...made }
}

async function first() {
  return (await at.residents())[0]!
}

async function correct(field: CorrectedField, value: string): Promise<void> {
  const { id } = await first()
  const change = { vault, residentId: id, field, value, reason: 'di loket', seen: null, by: 'sari', now: 2 }
  await at.db.write((tx) => correctResident(tx, change))
}

async function history() {
  return correctionHistory(at.db.read, (await first()).id)
}
