import { eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  type CorrectedField,
  correctionHistory,
  correctResident,
  endCorrection,
  liveCorrections,
} from './corrections.ts'
import { row, TestRegister, testVault as vault } from './import-testing.ts'
import { registerMark } from './mark.ts'
import { chooseLanguage } from './residents.ts'

const OLD = '+6281200000001'
const NEW = '+6281234567890'
const OTHER = '+60123456789'

let at: TestRegister
let residentId: number
let now = 100

beforeAll(async () => {
  at = await TestRegister.open()
})
afterAll(() => at[Symbol.asyncDispose]())
beforeEach(async () => {
  at.nextOffice()
  await at.bring([row(1, { language: 'ms' })])
  residentId = (await at.residents())[0]!.id
})

describe('a correction', () => {
  it('stands in the register at once, with who, when and why', async () => {
    const { id, inForce } = await correct('phone', '0812-3456-7890')
    expect(inForce).toBe(true)
    expect(await person()).toMatchObject({
      phone: NEW,
      phone_index: vault.blind(NEW, 'phone'),
      phone_country: 'ID',
      phone_line: 'mobile',
      sponsor_phone: '+6281200009999',
      updated_at: now,
    })
    expect((await liveCorrections(at.db.read, [residentId])).get(residentId)).toEqual([
      {
        id,
        residentId,
        field: 'phone',
        value: NEW,
        registerValue: OLD,
        formerValue: OLD,
        reason: 'diberitahu penjamin',
        madeBy: 'sari',
        madeAt: now,
        endedAt: null,
        endedBy: null,
      },
    ])
  })

  it("leaves the register's own digest alone: the same file again is unchanged", async () => {
    const before = (await person()).register_digest
    await correct('phone', NEW)
    expect((await person()).register_digest).toBe(before)
  })

  it("may say that the number is nobody's and none is known", async () => {
    await correct('phone', '')
    expect(await person()).toMatchObject({ phone: null, phone_index: null, phone_country: null, phone_line: null })
    expect(await history()).toMatchObject([{ value: '', registerValue: OLD, endedAt: null }])
  })

  it("follows another one, which then ends; the register's value is remembered through both", async () => {
    const first = await correct('phone', NEW)
    await correct('phone', OTHER, { seen: first.id, by: 'budi' })
    expect(await history()).toMatchObject([
      { value: OTHER, registerValue: OLD, formerValue: NEW, madeBy: 'budi', endedAt: null },
      { value: NEW, registerValue: OLD, formerValue: OLD, madeBy: 'sari', endedBy: 'budi' },
    ])
    expect((await person()).phone).toBe(OTHER)
  })

  it('back to what the register says is on record, and over at once', async () => {
    const { id } = await correct('phone', NEW)
    expect((await correct('phone', OLD, { seen: id, reason: 'salah dengar' })).inForce).toBe(false)
    expect(await history()).toMatchObject([
      { value: OLD, reason: 'salah dengar', endedBy: 'register' },
      { value: NEW, endedBy: 'sari' },
    ])
    expect(await person()).toMatchObject({ phone: OLD, phone_index: vault.blind(OLD, 'phone') })
    expect((await liveCorrections(at.db.read, [residentId])).size).toBe(0)
  })

  it.each([
    ['phone', OLD, 'sudah tercatat'],
    ['phone', 'bukan nomor', 'bukan nomor telepon'],
    ['phone', '0812', 'tidak ada nomor telepon seperti itu'],
    ['language', 'ms', 'sudah tercatat'],
    ['language', '', 'bahasa tidak dikenal'],
  ] as const)('of %s to %j is refused and changes nothing', async (field, value, said) => {
    const before = await at.register()
    await expect(correct(field, value)).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining(said),
    })
    expect(await at.register()).toEqual(before)
    expect(await history()).toEqual([])
  })

  it('never shows in an error what was typed as a number', async () => {
    await expect(correct('phone', '08123456')).rejects.not.toThrow('08123456')
  })

  it('wants a reason', async () => {
    await expect(correct('phone', NEW, { reason: ' \n ' })).rejects.toMatchObject({ code: 'invalid' })
  })

  it('is refused where another one than the one seen is in force, and names who made it', async () => {
    await correct('phone', NEW, { by: 'budi' })
    await expect(correct('phone', OTHER)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('budi'),
    })
    expect((await person()).phone).toBe(NEW)
  })

  it('is refused where the one seen is over, and names who ended it', async () => {
    const { id } = await correct('phone', NEW)
    await finish(id, 'budi')
    await expect(correct('phone', OTHER, { seen: id })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('budi'),
    })
    expect((await person()).phone).toBe(OLD)
  })

  it('of nobody is refused', async () => {
    residentId = 999_999
    await expect(correct('phone', NEW)).rejects.toMatchObject({ code: 'not-found' })
  })

  it('is stored sealed', async () => {
    const reason = 'kata istrinya di loket'
    await correct('phone', NEW, { reason })
    const stored = await at.db.write((tx) => tx.all<Record<string, unknown>>(sql`select * from corrections`))
    expect(JSON.stringify(stored)).not.toMatch(/81234567890|8120000|istrinya/)
  })
})

describe('an ended correction', () => {
  it('gives the register its word back', async () => {
    const { id } = await correct('phone', '')
    await finish(id)
    expect(await person()).toMatchObject({
      phone: OLD,
      phone_index: vault.blind(OLD, 'phone'),
      phone_country: 'ID',
      phone_line: 'mobile',
    })
    expect(await history()).toMatchObject([{ endedBy: 'sari', endedAt: now }])
  })

  it('is ended once; the next one is told by whom', async () => {
    const { id } = await correct('sponsor_phone', OTHER)
    await finish(id, 'budi')
    await expect(finish(id)).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('budi') })
  })

  it('is not found under another person', async () => {
    const { id } = await correct('phone', NEW)
    await at.bring([row(1), row(2)])
    residentId = (await at.residents())[1]!.id
    await expect(finish(id)).rejects.toMatchObject({ code: 'not-found' })
    await expect(finish(id + 1000)).rejects.toMatchObject({ code: 'not-found' })
  })
})

describe('a corrected language', () => {
  it("wins over the register and over the resident's earlier choice, which comes back", async () => {
    await choose('ta')
    const { id } = await correct('language', 'bahasa Inggris')
    expect(await person()).toMatchObject({ language: 'ms', chosen_language: 'en' })
    await finish(id)
    expect(await person()).toMatchObject({ language: 'ms', chosen_language: 'ta' })
  })

  it('keeps that choice through several', async () => {
    await choose('ta')
    const first = await correct('language', 'en')
    const second = await correct('language', 'my', { seen: first.id })
    await finish(second.id)
    expect((await person()).chosen_language).toBe('ta')
  })

  it("back to the register's sets the earlier choice aside for good", async () => {
    await choose('ta')
    const { inForce } = await correct('language', 'ms')
    expect(inForce).toBe(false)
    expect((await person()).chosen_language).toBeNull()
    expect(await history()).toMatchObject([{ value: 'ms', formerValue: 'ta', endedBy: 'register' }])
  })

  it('ends when the resident chooses later, and that choice stands', async () => {
    const { id } = await correct('language', 'en')
    await correct('phone', NEW)
    now += 1
    await choose('ta')
    expect((await person()).chosen_language).toBe('ta')
    expect(await history()).toMatchObject([
      { field: 'phone', endedAt: null },
      { id, field: 'language', endedAt: now, endedBy: 'resident' },
    ])
    await expect(finish(id)).rejects.toThrow('WNA itu sendiri')
  })
})

describe('the mark of the register', () => {
  it('is another one after each import, correction and ending, and the same while nothing happens', async () => {
    const marks = [await registerMark(at.db.read), await registerMark(at.db.read)]
    expect(marks[0]).toBe(marks[1])
    await at.bring([row(1, { address: 'x' })])
    marks.push(await registerMark(at.db.read))
    const { id } = await correct('phone', NEW)
    marks.push(await registerMark(at.db.read))
    await finish(id)
    marks.push(await registerMark(at.db.read))
    expect(new Set(marks).size).toBe(4)
  })
})

async function correct(
  field: CorrectedField,
  value: string,
  more: { reason?: string; seen?: number; by?: string } = {},
): ReturnType<typeof correctResident> {
  const { reason = 'diberitahu penjamin', seen = null, by = 'sari' } = more
  return at.db.write((tx) => correctResident(tx, { vault, residentId, field, value, reason, seen, by, now }))
}

async function finish(id: number, by = 'sari'): Promise<void> {
  await at.db.write((tx) => endCorrection(tx, { vault, id, residentId, by, now }))
}

async function choose(language: string): Promise<void> {
  await at.db.write((tx) => chooseLanguage(tx, { residentId, language, now }))
}

function history() {
  return correctionHistory(at.db.read, residentId)
}

async function person() {
  const { residents } = at.db.t
  const [row] = await at.db.read.select().from(residents).where(eq(residents.id, residentId))
  return row!
}
