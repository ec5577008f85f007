import { describe, expect, it } from 'vitest'
import { addDays, civilDate } from '../lib/civil-date.ts'
import { officesOf } from '../lib/offices.ts'
import { overstayPass } from '../overstay/cases.ts'
import { office, openWorld, passAt } from '../overstay/fixture.ts'
import { openFollowUps } from '../overstay/follow-ups.ts'
import { caseFile } from './case-query.ts'
import { deliveryPage, errorCounts, fatesOfDay } from './deliveries-query.ts'
import { referenceIn } from './find.ts'
import { followUpCounts, followUpPage } from './follow-ups-query.ts'
import { importPage } from './imports-query.ts'
import { countOverstays, everyOverstay, OVERSTAY_SORTS, overstayChoices, overstayPage } from './overstays-query.ts'
import { countEnding, residentChoices, residentPage } from './residents-query.ts'
import { personOfReference } from './search-query.ts'
import { today as todayOf } from './today-query.ts'

const TODAY = civilDate('2026-11-23')

describe('the queries of the pages', () => {
  it('give lists, counts and files that agree with each other', async () => {
    await using world = await openWorld()
    const { db } = world
    const names = ["O'Brien 100%_", 'Ana', 'Ana', 'Čapek', 'Zed']
    for (const [index, full_name] of names.entries()) {
      const regency = index === 4 ? null : index % 2 === 0 ? 'Kota Blitar' : 'Kabupaten Tulungagung'
      const resident = await world.resident({ full_name, regency })
      const cycle = await world.cycle(await world.permit(resident.id, addDays(TODAY, -index - 1)))
      const notice = await world.notice(cycle, -1, TODAY)
      await world.delivery(notice, { phone: resident.phone!, state: index === 0 ? 'delivered' : 'sent' })
    }
    const soon = await world.resident({ full_name: 'Soon', regency: 'Kota Blitar' })
    await world.permit(soon.id, addDays(TODAY, 14))
    await world.hold(soon.id)
    const wanted = [{ resident_id: soon.id, kind: 'phone' as const, cycle_id: 0, cause: 'no-phone' }]
    await openFollowUps(db, { wanted, dueOn: () => addDays(TODAY, -1), now: 1 })
    await overstayPass(passAt(db, TODAY))
    const scope = { db, office, today: TODAY, now: passAt(db, TODAY).now, officer: { regencies: null } }
    const blitar = { ...scope, officer: { regencies: ['Kota Blitar'] } }

    for (const sort of OVERSTAY_SORTS) {
      const seen: string[] = []
      for (let after: number | null = null; ; ) {
        const page: Awaited<ReturnType<typeof overstayPage>> = await overstayPage(scope, {
          view: { sort },
          after,
          size: 2,
        })
        seen.push(...page.rows.map((row) => row.name))
        if (page.next === null) break
        after = page.next
      }
      expect([sort, seen.toSorted()]).toEqual([sort, names.toSorted()])
    }
    const found = async (search: string) =>
      (await overstayPage(scope, { view: { search } })).rows.map((row) => row.name)
    expect(await found("o'brien 100%_")).toEqual(["O'Brien 100%_"])
    expect(await found('Čapek')).toEqual(['Čapek'])
    expect(await found('%')).toEqual(["O'Brien 100%_"])
    expect(await found('nobody')).toEqual([])
    const confirmed = await Array.fromAsync(everyOverstay(scope, { contact: 'confirmed' }))
    expect(confirmed.map((row) => row.name)).toEqual(["O'Brien 100%_"])
    expect([await countOverstays(scope, {}), await countOverstays(blitar, {})]).toEqual([5, 3])
    for (const [view, n] of [
      [{ contact: 'untried' }, 0],
      [{ search: 'ana' }, 2],
      [{ kind: 'ITAS', daysFrom: 2 }, 4],
      [{ kind: 'ITK' }, 0],
    ] as const) {
      const { rows, total } = await overstayPage(scope, { view, size: 1, counted: true })
      expect([view, rows.length, total, await countOverstays(scope, view)]).toEqual([view, Math.min(n, 1), n, n])
    }
    const phones = async (numbers: boolean) =>
      (await overstayPage(scope, { view: { search: 'zed' }, numbers })).rows.map((row) => row.phone)
    expect([await phones(true), await phones(false)]).toEqual([[expect.stringMatching(/^\+62/)], [null]])
    expect((await overstayPage(scope, { view: { contact: 'confirmed' }, counted: true })).total).toBeNull()
    expect(await overstayChoices(blitar)).toMatchObject({ levels: { verify: 3 }, regencies: ['Kota Blitar'] })

    expect(await countEnding(scope, [13, 14])).toEqual([0, 1])
    expect((await residentPage(scope, { view: { ends: 14 } })).rows).toMatchObject([
      { name: 'Soon', held: true, days_left: 14 },
    ])
    expect((await residentPage(blitar, { view: { held: false } })).rows.map((row) => row.name)).toEqual([
      'Ana',
      "O'Brien 100%_",
      'Zed',
    ])
    expect((await residentChoices(blitar)).regencies).toEqual(['Kota Blitar'])

    expect((await deliveryPage(blitar, { view: { state: 'sent' } })).rows.map((row) => row.people[0]!.name)).toEqual([
      'Zed',
      'Ana',
    ])
    expect(await fatesOfDay(scope, TODAY)).toEqual({ delivered: 1, sent: 4 })
    expect(await errorCounts(scope)).toEqual([])
    expect((await followUpPage(scope, { view: { overdue: true } })).rows).toMatchObject([
      { name: 'Soon', last_words: null },
    ])
    expect((await followUpCounts(scope))[0]).toEqual({ kind: 'phone', open: 1, overdue: 1, untaken: 1 })
    expect((await importPage(scope)).rows).toEqual([])

    const figures = await todayOf(scope)
    expect(figures).toMatchObject({ ends14: 1, told: 5, newCases: 5, raisedCases: 0, proposedCases: 0 })
    const [row] = (await overstayPage(scope, { view: { search: 'zed' } })).rows
    const file = await caseFile(blitar, row!.case_id)
    expect(file.timeline.map((entry) => entry.kind).toSorted()).toEqual(['case', 'notice', 'permit'])
    const notice = file.timeline.find((entry) => entry.kind === 'notice')!
    expect(notice.deliveries).toMatchObject([{ channel: 'sms', state: 'sent', attempts: [] }])
    expect(await personOfReference({ ...scope, offices: officesOf([office]) }, notice.reference)).toBeNull()
  })
})

describe('a reference', () => {
  it.each([
    ['BLT-7K3Q', 'BLT-7K3Q'],
    [' blt 7k3q ', 'BLT-7K3Q'],
    ['blt7k3q', 'BLT-7K3Q'],
    ['SBY-7K3Q', null],
    ['7K3Q', null],
    ['Budi', null],
  ])('%s is read as %s', (text, reference) => {
    expect(referenceIn(text, ['BLT'])).toBe(reference)
  })
})
