import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { addDays, type CivilDate } from '../lib/civil-date.ts'
import { closeCase, escalateCase, recordContact, reopenCase } from './case-actions.ts'
import { overstayList } from './case-list.ts'
import { overstayPass } from './cases.ts'
import { morning, office, on, openWorld, passAt, type World } from './fixture.ts'

const ended = on('2026-10-01')
const day = (days: number) => addDays(ended, days)
const pass = (world: World, days: number) => overstayPass(passAt(world.db, day(days)))
const officer = (world: World, days: number) => ({
  db: world.db,
  office,
  now: morning(day(days)) + 1,
  today: day(days),
})
const none = { opened: 0, escalated: 0, flagged_day_60: 0, proposed: 0, withdrawn: 0 }

async function cases({ db }: World) {
  return db.read.select().from(db.t.overstay_cases).orderBy(db.t.overstay_cases.id)
}

async function history({ db }: World, caseId: number) {
  const { case_events } = db.t
  const rows = await db.read.select().from(case_events).where(eq(case_events.case_id, caseId)).orderBy(case_events.id)
  return rows.map(({ kind, level, by, on, text }) => [kind, level, by, on, text])
}

describe('a case from its first day to its end', () => {
  it('opens a case on day 1, walks it up by days, flags day 60, proposes closing on a renewal, and changes nothing when run again', async () => {
    await using world = await openWorld()
    const { id } = await world.resident()
    const permit = await world.permit(id, ended)
    expect(await pass(world, 0)).toEqual(none)
    expect(await pass(world, 1)).toEqual({ ...none, opened: 1 })
    expect(await pass(world, 1)).toEqual(none)
    expect(await cases(world)).toMatchObject([
      { permit_id: permit.id, resident_id: id, expires_on: ended, level: 'verify', known_late: 0, opened_on: day(1) },
    ])

    expect(await pass(world, 7)).toEqual(none)
    expect(await pass(world, 8)).toEqual({ ...none, escalated: 1 })
    expect(await pass(world, 8)).toEqual(none)
    expect(await pass(world, 30)).toEqual(none)
    expect(await pass(world, 31)).toEqual({ ...none, escalated: 1 })
    expect(await pass(world, 59)).toEqual(none)
    expect(await pass(world, 60)).toEqual({ ...none, flagged_day_60: 1 })
    expect(await pass(world, 60)).toEqual(none)
    expect(await pass(world, 61)).toEqual({ ...none, escalated: 1 })
    expect(await history(world, 1)).toEqual([
      ['opened', 'verify', 'tenggat', day(1), null],
      ['escalated', 'summon', 'tenggat', day(8), null],
      ['escalated', 'field-check', 'tenggat', day(31), null],
      ['day-60', 'field-check', 'tenggat', day(60), null],
      ['escalated', 'over-60', 'tenggat', day(61), null],
    ])

    const { permits } = world.db.t
    await world.db.write((tx) => tx.update(permits).set({ is_current: 0 }).where(eq(permits.id, permit.id)))
    await world.permit(id, day(365), { issued_on: day(-2) })
    expect(await pass(world, 62)).toEqual({ ...none, proposed: 1 })
    expect(await pass(world, 62)).toEqual(none)
    expect(await overstayList(world.db.read, { office, today: day(62) })).toMatchObject([
      { proposed: 'renewed', suggested_outcome: 'renewed', closed_at: null, days: 62 },
    ])
    await closeCase(officer(world, 62), { caseId: 1, outcome: 'renewed', by: 'sri', version: 6 })
    expect(await pass(world, 100)).toEqual(none)
    expect(await cases(world)).toMatchObject([{ outcome: 'renewed', proposed: null, closed_by: 'sri' }])
  })
})

describe('the overstay pass', () => {
  it('catches up after downtime in one go, with one event that says what was skipped', async () => {
    await using world = await openWorld()
    await world.permit((await world.resident()).id, ended)
    await world.permit((await world.resident()).id, day(30))
    await pass(world, 1)
    expect(await pass(world, 40)).toEqual({ ...none, opened: 1, escalated: 1 })
    expect(await history(world, 1)).toEqual([
      ['opened', 'verify', 'tenggat', day(1), null],
      ['escalated', 'field-check', 'tenggat', day(40), 'terlewati: summon'],
    ])
    expect(await history(world, 2)).toEqual([['opened', 'summon', 'tenggat', day(40), null]])
  })

  it('flags a case that opens on day 60 and never flags a day that has gone by', async () => {
    await using world = await openWorld()
    await world.permit((await world.resident()).id, ended)
    await world.permit((await world.resident()).id, day(1))
    expect(await pass(world, 61)).toEqual({ ...none, opened: 2, flagged_day_60: 1 })
    expect((await history(world, 2)).map(([kind]) => kind)).toEqual(['opened', 'day-60'])
    expect((await history(world, 1)).map(([kind]) => kind)).toEqual(['opened'])
  })

  it('opens nothing for who is held, is another office’s, or whose permit is not the current one', async () => {
    await using world = await openWorld()
    const held = await world.resident()
    await world.permit(held.id, ended)
    await world.hold(held.id)
    await world.permit((await world.resident()).id, ended, { office_code: 'SUB' })
    await world.permit((await world.resident()).id, ended, { is_current: 0 })
    await world.permit((await world.resident()).id, day(1))
    expect(await pass(world, 1)).toEqual(none)
  })

  it('opens a case, at its level, once the last day of a hold has passed', async () => {
    await using world = await openWorld()
    const { id } = await world.resident()
    await world.permit(id, ended)
    await world.hold(id, { until_on: day(9) })
    expect(await pass(world, 9)).toEqual(none)
    expect(await pass(world, 10)).toEqual({ ...none, opened: 1 })
    expect(await cases(world)).toMatchObject([{ level: 'summon', known_late: 0 }])
  })

  it('proposes closing while a hold lives, withdraws it when it is lifted, and then catches up on the level', async () => {
    await using world = await openWorld()
    const { id } = await world.resident()
    await world.permit(id, ended)
    await pass(world, 1)
    const hold = await world.hold(id, { reason: 'left' })
    expect(await pass(world, 2)).toEqual({ ...none, proposed: 1 })
    expect(await pass(world, 31)).toEqual(none)
    expect(await cases(world)).toMatchObject([{ proposed: 'held:left', proposed_at: morning(day(2)), level: 'verify' }])
    await world.db.write((tx) =>
      tx.update(tx.t.holds).set({ lifted_at: 1, lifted_by: 'sri' }).where(eq(tx.t.holds.id, hold.id)),
    )
    expect(await pass(world, 32)).toEqual({ ...none, withdrawn: 1, escalated: 1 })
    expect(await history(world, 1)).toEqual([
      ['opened', 'verify', 'tenggat', day(1), null],
      ['proposed', 'verify', 'tenggat', day(2), 'held:left'],
      ['withdrawn', 'verify', 'tenggat', day(32), 'held:left'],
      ['escalated', 'field-check', 'tenggat', day(32), 'terlewati: summon'],
    ])
    expect(await cases(world)).toMatchObject([{ proposed: null, proposed_at: null }])
  })

  it('leaves a permit known late at verify until an officer saw the resident, then goes by days', async () => {
    await using world = await openWorld()
    for (let i = 0; i < 3; i++) await world.permit((await world.resident()).id, ended, { known_since: day(20) })
    expect(await pass(world, 20)).toEqual({ ...none, opened: 3 })
    expect(await cases(world)).toMatchObject(Array(3).fill({ level: 'verify', known_late: 1 }))
    expect((await history(world, 1))[0]).toEqual([
      'opened',
      'verify',
      'tenggat',
      day(20),
      'lewat sebelum data masuk: periksa perlintasan',
    ])
    expect(await pass(world, 40)).toEqual(none)
    await recordContact(officer(world, 40), { caseId: 1, by: 'sri', channel: 'phone', text: 'masih di Blitar' })
    await escalateCase(officer(world, 40), { caseId: 2, by: 'sri' })
    expect(await pass(world, 41)).toEqual({ ...none, escalated: 2 })
    expect((await cases(world)).map((row) => row.level)).toEqual(['field-check', 'field-check', 'verify'])
  })

  it('makes a changed end a new cycle: the old case may close, and the new end has a case of its own', async () => {
    await using world = await openWorld()
    const permit = await world.permit((await world.resident()).id, ended)
    await pass(world, 1)
    const move = (expires_on: CivilDate) =>
      world.db.write((tx) => tx.update(tx.t.permits).set({ expires_on }).where(eq(tx.t.permits.id, permit.id)))
    await move(day(30))
    expect(await pass(world, 5)).toEqual({ ...none, proposed: 1 })
    expect(await pass(world, 31)).toEqual({ ...none, opened: 1 })
    expect(await cases(world)).toMatchObject([
      { expires_on: ended, proposed: 'renewed' },
      { expires_on: day(30), proposed: null },
    ])
    await move(ended)
    expect(await pass(world, 32)).toEqual({ ...none, withdrawn: 1, proposed: 1, escalated: 1 })
    expect((await cases(world)).map((row) => row.proposed)).toEqual([null, 'corrected'])
  })

  it('never reopens what an officer closed, and proposes again what still stands when an officer does', async () => {
    await using world = await openWorld()
    const { id } = await world.resident()
    await world.permit(id, ended)
    await world.hold(id, { until_on: day(0) })
    await pass(world, 1)
    const hold = await world.hold(id, { reason: 'left' })
    await pass(world, 2)
    await closeCase(officer(world, 2), { caseId: 1, outcome: 'left', by: 'sri' })
    await world.db.write((tx) => tx.update(tx.t.holds).set({ lifted_at: 1 }).where(eq(tx.t.holds.id, hold.id)))
    expect(await pass(world, 40)).toEqual(none)
    await reopenCase(officer(world, 41), { caseId: 1, by: 'budi', note: 'terlihat di Srengat' })
    await world.hold(id, { reason: 'refugee' })
    expect(await pass(world, 41)).toEqual({ ...none, proposed: 1 })
    expect(await cases(world)).toMatchObject([{ closed_at: null, outcome: null, proposed: 'held:refugee' }])
  })

  it('uses the cycle that the scan made', async () => {
    await using world = await openWorld()
    const permit = await world.permit((await world.resident()).id, ended)
    const cycle = await world.cycle(permit)
    await pass(world, 1)
    expect(await cases(world)).toMatchObject([{ cycle_id: cycle.id }])
    expect(await world.db.read.$count(world.db.t.cycles)).toBe(1)
  })

  it('goes through more cases than one page holds, each once', async () => {
    await using world = await openWorld()
    const { residents, permits, overstay_cases } = world.db.t
    const { id } = await world.resident()
    await world.db.write(async (tx) => {
      const [resident] = await tx.select().from(residents).where(eq(residents.id, id))
      for (let at = 0; at < 2500; at += 500) {
        const people = Array.from({ length: 500 }, (_, n) => ({
          ...resident!,
          id: at + n + 10,
          register_no: null,
          phone: null,
        }))
        await tx.insert(residents).values(people)
        await tx.insert(permits).values(
          people.map((person) => ({
            resident_id: person.id,
            office_code: 'BLT',
            permit_no: `Q-${person.id}`,
            kind: 'ITAS',
            expires_on: addDays(ended, -(person.id % 3)),
            is_current: 1,
            known_since: day(-300),
            register_digest: 'x',
            created_at: 0,
            updated_at: 0,
          })),
        )
      }
    })
    expect(await pass(world, 1)).toEqual({ ...none, opened: 2500 })
    expect(await pass(world, 8)).toEqual({ ...none, escalated: 2500 })
    expect(await world.db.read.$count(overstay_cases, eq(overstay_cases.level, 'summon'))).toBe(2500)
    expect(await pass(world, 8)).toEqual(none)
  })
})
