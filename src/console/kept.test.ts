import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import type { Tx } from '../db/open.ts'
import { addDays, civilDate } from '../lib/civil-date.ts'
import { escalateCase } from '../overstay/case-actions.ts'
import { overstayPass } from '../overstay/cases.ts'
import { office, openWorld, passAt, type World } from '../overstay/fixture.ts'
import { transferResidents } from '../register/transfer.ts'
import { kept, standingOf } from './kept.ts'
import { today as todayOf } from './today-query.ts'

const TODAY = civilDate('2026-11-23')

describe('what is kept for the first page', () => {
  it('is made anew with every notice, case, transfer, import and erasure', async () => {
    await using world = await openWorld()
    const { db } = world
    const { now } = passAt(db, TODAY)
    const figures = () => todayOf({ db, office, today: TODAY, now, officer: { regencies: null } })

    const over = await world.resident()
    const cycle = await world.cycle(await world.permit(over.id, addDays(TODAY, -3)))
    expect(await figures()).toMatchObject({ ends14: 0, told: 0, newCases: 0, raisedCases: 0 })
    await world.notice(cycle, -1, TODAY)
    expect(await figures()).toMatchObject({ told: 1 })
    await overstayPass(passAt(db, TODAY))
    expect(await figures()).toMatchObject({ newCases: 1, raisedCases: 0 })
    const [open] = await db.read.select().from(db.t.overstay_cases)
    await escalateCase({ db, now, today: TODAY, office }, { caseId: open!.id, by: 'sri' })
    expect(await figures()).toMatchObject({ raisedCases: 1 })

    const soon = await world.resident()
    await world.permit(soon.id, addDays(TODAY, 5))
    await anImport(world, 'applied')
    expect(await figures()).toMatchObject({ ends14: 1 })
    const give = (id: number) => (tx: Tx) => transferResidents(tx, { residentIds: [id], to: 'SUB', by: 'sri', now })
    await db.write(give(soon.id))
    expect(await figures()).toMatchObject({ ends14: 0, told: 1 })
    await db.write(give(over.id))
    expect(await figures()).toMatchObject({ told: 0, newCases: 0, raisedCases: 0 })

    const gone = await world.resident()
    const permit = await world.permit(gone.id, addDays(TODAY, 5))
    await anImport(world, 'applied')
    expect(await figures()).toMatchObject({ ends14: 1 })
    await db.write(async (tx) => {
      await tx.delete(tx.t.permits).where(eq(tx.t.permits.id, permit.id))
      const erasure = { at: now, rule: 'request', basis: 'x', table: 'permits', rows: 1, by: 'sri' }
      await tx.insert(tx.t.erasures).values(erasure)
    })
    expect(await figures()).toMatchObject({ ends14: 0 })
  })

  it('is never of an import that is half in', async () => {
    await using world = await openWorld()
    const { db } = world
    const importId = await anImport(world, 'staging')
    const before = await standingOf(db)
    const into = (state: 'staged' | 'applied') =>
      db.write(async (tx) => {
        await tx.update(tx.t.imports).set({ state }).where(eq(tx.t.imports.id, importId))
      })
    await into('staged')
    const amid = await standingOf(db)
    expect(amid).toEqual({ people: null, cases: null, notices: null })
    let made = 0
    const ask = (about: string | null) => kept(db, { question: 'how many', about }, async () => ++made)
    expect([await ask(amid.people), await ask(amid.people)]).toEqual([1, 2])
    await into('applied')
    const after = await standingOf(db)
    expect(after.people).not.toBe(before.people)
    expect([await ask(after.people), await ask(after.people)]).toEqual([3, 3])
  })
})

async function anImport({ db }: World, state: 'staging' | 'applied'): Promise<number> {
  const [row] = await db.write((tx) =>
    tx
      .insert(tx.t.imports)
      .values({
        ...{ office_code: office.code, file_name: 'x.csv', file_digest: 'x', format: 'csv', state },
        ...{ started_at: 0, started_on: TODAY },
      })
      .returning({ id: tx.t.imports.id }),
  )
  return row!.id
}
