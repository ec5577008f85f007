import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { addDays, type CivilDate } from '../lib/civil-date.ts'
import { recordContact } from './case-actions.ts'
import { overstayList } from './case-list.ts'
import { overstayPass } from './cases.ts'
import { type ContactState, mayBe } from './contact-state.ts'
import { office, on, openWorld, passAt, type World } from './fixture.ts'
import { closeFollowUp, openFollowUps } from './follow-ups.ts'

const TODAY = on('2026-11-23')

describe('the state of contact that the database can tell', () => {
  it('never leaves out a case that is in it', async () => {
    await using world = await openWorld()
    await fill(world)
    const rows = await overstayList(world.db.read, { office, today: TODAY })
    for (const state of ['confirmed', 'unconfirmed', 'untried'] as const) {
      const may = await names(world, state)
      const are = rows.filter((row) => stateOf(row) === state).map((row) => row.name)
      expect(are.length).toBeGreaterThan(0)
      expect([state, are.filter((name) => !may.includes(name))]).toEqual([state, []])
    }
    const untried = rows.filter((row) => stateOf(row) === 'untried').map((row) => row.name)
    expect(await names(world, 'untried')).toEqual(untried.toSorted())
  })
})

function stateOf(row: Awaited<ReturnType<typeof overstayList>>[number]): ContactState {
  return row.confirmed ? 'confirmed' : row.last_contact === null ? 'untried' : 'unconfirmed'
}

async function fill(world: World): Promise<void> {
  const { db } = world
  const person = async (full_name: string, birth_date: CivilDate | null = null) => {
    const resident = await world.resident({ full_name, birth_date })
    const cycle = await world.cycle(await world.permit(resident.id, addDays(TODAY, -5)))
    return { cycle, notice: await world.notice(cycle, 14), phone: resident.phone! }
  }
  await person('nothing was due')
  const child = on('2015-01-01')
  for (const [name, to, birth] of [
    ['waits', { state: 'queued' }, null],
    ['sent', { state: 'sent' }, null],
    ['failed', { state: 'exhausted' }, null],
    ['told', { state: 'delivered' }, null],
    ['read it', { state: 'read', channel: 'whatsapp' }, null],
    ['sponsor told', { state: 'delivered', role: 'sponsor' }, null],
    ['sponsor of a child told', { state: 'delivered', role: 'sponsor' }, child],
  ] as const) {
    const { notice, phone } = await person(name, birth)
    await world.delivery(notice, { phone, ...to })
  }
  for (const role of ['resident', 'sponsor'] as const) {
    const { cycle } = await person(`${role} answered`)
    await world.answer(cycle.id, { answer: 'understood', at: 1, role })
  }
  const { cycle } = await person('reached by phone')
  const wanted = [{ resident_id: cycle.resident_id, kind: 'phone' as const, cycle_id: cycle.id, cause: 'unconfirmed' }]
  await openFollowUps(db, { wanted, dueOn: () => TODAY, now: 1 })
  await closeFollowUp({ db, now: 2 }, { id: 1, by: 'sri', outcome: 'reached' })
  await person('visited')
  await person('spoken of')
  await overstayPass(passAt(db, TODAY))
  const deps = { db, now: 3, today: TODAY }
  for (const { case_id, name } of await overstayList(db.read, { office, today: TODAY })) {
    const channel = name === 'visited' ? 'visit' : name === 'spoken of' ? 'sponsor' : null
    if (channel) await recordContact(deps, { caseId: case_id, by: 'sri', channel, text: 'x' })
  }
}

async function names({ db }: World, state: ContactState): Promise<string[]> {
  const { overstay_cases: cases, residents } = db.t
  const rows = await db.read
    .select({ name: residents.full_name })
    .from(cases)
    .innerJoin(residents, eq(residents.id, cases.resident_id))
    .where(mayBe(db.read, state, { cycleId: cases.cycle_id, residentId: cases.resident_id, caseId: cases.id }))
  return rows.map((row) => row.name).toSorted()
}
