import { asc, eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { addDays } from '../lib/civil-date.ts'
import { assignCase, closeCase, escalateCase, noteOnCase, recordContact, reopenCase } from './case-actions.ts'
import { overstayList } from './case-list.ts'
import { overstayPass } from './cases.ts'
import { morning, office, on, openWorld, passAt } from './fixture.ts'

const ended = on('2026-10-01')
const today = addDays(ended, 2)

async function worldWithCase() {
  const world = await openWorld()
  await world.permit((await world.resident()).id, ended)
  await overstayPass(passAt(world.db, today))
  return { ...world, deps: { db: world.db, office, now: morning(today) + 1, today } }
}

describe('an officer’s action', () => {
  it('is refused to the second of two who close the same case, naming the first', async () => {
    await using world = await worldWithCase()
    const both = await Promise.allSettled([
      closeCase(world.deps, { caseId: 1, outcome: 'left', by: 'sri', version: 1 }),
      closeCase(world.deps, { caseId: 1, outcome: 'deported', by: 'budi', version: 1 }),
    ])
    expect(both[0]).toEqual({ status: 'fulfilled', value: 2 })
    expect(both[1]).toMatchObject({
      status: 'rejected',
      reason: {
        code: 'conflict',
        message: 'kasus 1 sudah ditutup oleh sri pada 2026-10-03 (left); muat ulang, lalu periksa lagi',
      },
    })
    expect(await overstayList(world.db.read, { office, today, filter: { closed: true } })).toMatchObject([
      { closed_by: 'sri', outcome: 'left', closed_at: world.deps.now },
    ])
  })

  it('is refused when the case changed since the officer looked, also by the program', async () => {
    await using world = await worldWithCase()
    const version = await assignCase(world.deps, { caseId: 1, to: 'budi', by: 'sri', version: 1 })
    await expect(escalateCase(world.deps, { caseId: 1, by: 'budi', version: 1 })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('ditugaskan oleh sri'),
    })
    await overstayPass(passAt(world.db, addDays(ended, 8)))
    await noteOnCase(world.deps, { caseId: 1, by: 'ani', text: 'tanya RT' })
    await expect(closeCase(world.deps, { caseId: 1, outcome: 'left', by: 'budi', version })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('dinaikkan oleh tenggat pada 2026-10-09'),
    })
  })

  it('is written down with who and when, also closing and reopening', async () => {
    await using world = await worldWithCase()
    const { deps } = world
    await assignCase(deps, { caseId: 1, to: 'budi', by: 'sri' })
    await recordContact(deps, { caseId: 1, by: 'budi', channel: 'visit', text: 'rumah kosong' })
    await escalateCase(deps, { caseId: 1, by: 'budi', to: 'field-check', note: 'perintah kepala seksi' })
    await noteOnCase(deps, { caseId: 1, by: 'budi', text: 'catatan' })
    await closeCase(deps, { caseId: 1, outcome: 'paid-and-left', by: 'sri', note: 'lewat Juanda' })
    expect(await reopenCase(deps, { caseId: 1, by: 'kepala' })).toBe(6)
    await assignCase(deps, { caseId: 1, to: null, by: 'kepala' })
    const { case_events } = world.db.t
    const [, ...events] = await world.db.read
      .select()
      .from(case_events)
      .where(eq(case_events.case_id, 1))
      .orderBy(asc(case_events.id))
    expect(events.map(({ kind, level, by, text }) => [kind, level, by, text])).toEqual([
      ['assigned', 'verify', 'sri', 'budi'],
      ['contact', 'verify', 'budi', 'visit: rumah kosong'],
      ['escalated', 'field-check', 'budi', 'perintah kepala seksi'],
      ['note', 'field-check', 'budi', 'catatan'],
      ['closed', 'field-check', 'sri', 'paid-and-left: lewat Juanda'],
      ['reopened', 'field-check', 'kepala', null],
      ['assigned', 'field-check', 'kepala', null],
    ])
    for (const event of events) expect(event).toMatchObject({ on: today, at: deps.now })
    expect(await overstayList(world.db.read, { office, today })).toMatchObject([
      { closed_at: null, outcome: null, assigned_to: null, level: 'field-check' },
    ])
  })

  it('is refused with what is allowed', async () => {
    await using world = await worldWithCase()
    const { deps } = world
    await expect(closeCase(deps, { caseId: 9, outcome: 'left', by: 'sri' })).rejects.toMatchObject({
      code: 'not-found',
    })
    await expect(reopenCase(deps, { caseId: 1, by: 'sri' })).rejects.toMatchObject({ code: 'conflict' })
    await expect(escalateCase(deps, { caseId: 1, by: 'sri', to: 'verify' })).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('summon, field-check, over-60'),
    })
    await escalateCase(deps, { caseId: 1, by: 'sri', to: 'over-60' })
    await expect(escalateCase(deps, { caseId: 1, by: 'sri' })).rejects.toMatchObject({ code: 'invalid' })
    const outcome = JSON.parse('"forgotten"')
    await expect(closeCase(deps, { caseId: 1, outcome, by: 'sri' })).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('applied-before-expiry'),
    })
  })
})
