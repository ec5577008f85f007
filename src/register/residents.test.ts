import { describe, expect, it } from 'vitest'
import { row, TestRegister } from './import-testing.ts'
import { settleDoubt } from './residents.ts'

describe('a doubt about who somebody is', () => {
  it('is settled once, only as it was shown, and does not come back with the same file', async () => {
    await using at = await TestRegister.open()
    at.nextOffice()
    const file = [row(1), row(2, { full_name: 'Person 0001' })]
    await at.bring(file)
    const [first, second] = await at.residents()
    const doubt = `same-person:${first!.id}`
    expect(second!.identity_doubt).toBe(doubt)
    const settle = (settled: { residentId: number; doubt: string }) =>
      at.db.write((tx) => settleDoubt(tx, { ...settled, now: 2 }))
    expect(await settle({ residentId: second!.id, doubt: 'permits' })).toBe(false)
    expect(await settle({ residentId: second!.id, doubt })).toBe(true)
    expect(await settle({ residentId: second!.id, doubt })).toBe(false)
    await at.bring(file)
    expect((await at.residents()).map((one) => one.identity_doubt)).toEqual([null, null])
  })
})
