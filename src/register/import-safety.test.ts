import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { row, rows, TestRegister } from './import-testing.ts'
import { testToday } from './testing.ts'

describe('an import that must not go through', () => {
  let at: TestRegister

  beforeAll(async () => {
    at = await TestRegister.open()
  }, 60_000)

  afterAll(() => at[Symbol.asyncDispose]())

  beforeEach(() => at.nextOffice())

  it('leaves nothing behind after a dry run and says what would stop the import', async () => {
    await at.bring(rows(10))
    const before = await at.register()
    const tables = [at.db.t.imports, at.db.t.staging, at.db.t.rejects, at.db.t.holds]
    const sizes = () => Promise.all(tables.map((table) => at.db.read.$count(table)))
    const sizesBefore = await sizes()
    const result = await at.bring([...rows(3), row(4, { expires_on: '' }), row(20, { permit_kind: 'DINAS' })], {
      dryRun: true,
    })
    expect(result).toMatchObject({ state: 'dry-run', added: 1, unchanged: 3, absent: 7, rejected: 1 })
    expect(result.reason).toContain('--force')
    expect(result.rejects).toMatchObject([{ line: 5, column: 'expires_on' }])
    expect(await at.register()).toEqual(before)
    expect(await sizes()).toEqual(sizesBefore)
  })

  it('stops a file that would change more than half of the register, unless forced', async () => {
    await at.bring(rows(10))
    const before = await at.register()
    const other = [...rows(4), ...rows(6, 5).map((record) => ({ ...record, full_name: 'Somebody else' }))]
    const stopped = await at.bring(other)
    expect(stopped).toMatchObject({ state: 'refused', changed: 6, unchanged: 4 })
    expect(await at.register()).toEqual(before)
    const { imports } = at.db.t
    const [record] = await at.db.read.select().from(imports).where(eq(imports.id, stopped.import_id))
    expect(record).toMatchObject({ state: 'refused', changed: 6, reason: stopped.reason_id })
    expect((await at.bring(rows(10).map((one) => ({ ...one, expires_on: '2028-01-09' })))).state).toBe('applied')
    expect(await at.bring(other, { force: true })).toMatchObject({ state: 'applied', changed: 10 })
  })

  it('does not count people whose permit ended long ago as missing', async () => {
    await at.bring([...rows(10), ...rows(30, 100).map((one) => ({ ...one, expires_on: '2026-03-01' }))])
    expect(await at.bring(rows(10))).toMatchObject({ state: 'applied', unchanged: 10, absent: 30 })
  })

  it('refuses a month-first file as a whole, half read', async () => {
    await at.bring(rows(2))
    const before = await at.register()
    const result = await at.bring([...rows(500, 3), row(2100, { issued_on: '12/31/2025' })])
    expect(result).toMatchObject({ state: 'refused', added: 0 })
    expect(result.reason).toContain('month first')
    expect(await at.register()).toEqual(before)
    expect(await at.db.read.$count(at.db.t.staging)).toBe(0)
  })

  it('keeps hostile names byte for byte', async () => {
    const names = [
      '<script>alert("x")</script>',
      "Robert'); DROP TABLE residents;--",
      'عبد الرحمن بن محمد',
      'नमस्ते 👩‍👩‍👧 José Ñandú',
      '𠮷野家 {{=it.name}} %s \\x00',
      `${'N'.repeat(199)}Ø`,
    ]
    const address = `${'A'.repeat(299)}👩‍🚀`
    await at.bring(names.map((full_name, index) => row(index + 1, { full_name, address })))
    expect((await at.residents()).map((one) => one.full_name)).toEqual(names)
    expect(new Set((await at.residents()).map((one) => one.address))).toEqual(new Set([address]))
  })

  it('finishes in the same state when it is run again after a stop half way', async () => {
    const before = rows(350)
    const after = [
      ...rows(150).map((one) => ({ ...one, phone: '' })),
      ...rows(50, 151),
      ...rows(150, 201).map((one) => ({ ...one, expires_on: '2029-01-09' })),
      ...rows(4_800, 2000),
      row(9000, { permit_kind: 'DIPLOMATIK' }),
    ]
    await at.bring(before)
    const whole = await at.bring(after)
    expect(whole.state).toBe('applied')
    const undisturbed = await at.contents()

    at.office = `${at.office}-stopped`
    await at.bring(before)
    const seen: number[] = []
    const stopped = at.bring(
      after,
      {},
      {
        progress(done) {
          seen.push(done)
          if (done > 500) throw new Error('killed')
        },
      },
    )
    await expect(stopped).rejects.toThrow('killed')
    expect(seen.some((done) => done > 500 && done < 950)).toBe(true)
    const half = await at.contents()
    expect(half.permits.length).toBeGreaterThan(350)
    expect(half.permits.length).toBeLessThan(undisturbed.permits.length)
    expect(half.permits.filter((one) => one.is_current === 1).length).toBe(half.residents.length)

    const again = await at.bring(after)
    expect(again.state).toBe('applied')
    expect(again.added + again.renewed + again.changed).toBeLessThan(whole.added + whole.renewed + whole.changed)
    expect(await at.contents()).toEqual(undisturbed)
    const { imports } = at.db.t
    const states = await at.db.read
      .select({ state: imports.state })
      .from(imports)
      .where(eq(imports.office_code, at.office))
      .orderBy(imports.id)
    expect(states.map(({ state }) => state)).toEqual(['applied', 'failed', 'applied'])
    expect(await at.db.read.$count(at.db.t.staging)).toBe(0)
  }, 60_000)

  it('cleans up after an import that was killed without a word', async () => {
    await at.bring(rows(2))
    const { imports, staging } = at.db.t
    const killed = await at.db.write(async (tx) => {
      const [made] = await tx
        .insert(imports)
        .values({
          office_code: at.office,
          file_name: 'x',
          file_digest: 'x',
          format: 'csv',
          state: 'staged',
          started_at: 1,
          started_on: testToday,
        })
        .returning({ id: imports.id })
      await tx.insert(staging).values({
        import_id: made!.id,
        line: 2,
        full_name: 'A',
        nationality: 'MY',
        permit_no: 'X',
        permit_kind: 'ITK',
        expires_on: testToday,
        resident_digest: 'x',
        permit_digest: 'x',
      })
      return made!.id
    })
    await at.bring(rows(2))
    const [record] = await at.db.read.select().from(imports).where(eq(imports.id, killed))
    expect(record).toMatchObject({ state: 'failed', reason: 'interrupted' })
    expect(await at.db.read.$count(staging)).toBe(0)
  })

  it('changes nothing more once a newer import of the same office has ended it', async () => {
    const { imports } = at.db.t
    let ended: Promise<void> | undefined
    const older = at.bring(
      rows(20),
      {},
      {
        progress(done) {
          if (done !== 500) return
          ended = at.db.write(async (tx) => {
            await tx
              .update(imports)
              .set({ state: 'failed', reason: 'interrupted' })
              .where(eq(imports.office_code, at.office))
          })
        },
      },
    )
    await expect(older).rejects.toThrow(/was ended by a newer import/)
    await ended
    expect(await at.residents()).toEqual([])
    expect((await at.bring(rows(20))).added).toBe(20)
  })
})
