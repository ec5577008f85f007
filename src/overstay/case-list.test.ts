import { describe, expect, it } from 'vitest'
import { addDays } from '../lib/civil-date.ts'
import { assignCase, closeCase, escalateCase, recordContact } from './case-actions.ts'
import { allOverstays, type OverstayFilter, overstayList } from './case-list.ts'
import { overstayPass } from './cases.ts'
import { morning, office, on, openWorld, passAt } from './fixture.ts'

const today = on('2026-11-30')
const ended = (days: number) => addDays(today, -days)

describe('the officers’ list', () => {
  it('says who, since when, how to reach them, what was tried and what it would cost', async () => {
    await using world = await openWorld()
    const resident = await world.resident({
      full_name: 'ANNA BRANDT',
      phone: '+4915112345678',
      district: 'Srengat',
      sponsor_name: 'PT Maju',
      sponsor_phone: '+6281111111',
    })
    const permit = await world.permit(resident.id, ended(60), { kind: 'ITK', index_code: 'C1', permit_no: '2C-77' })
    const cycle = await world.cycle(permit)
    const notice = await world.notice(cycle, 14)
    const sms = morning(notice.created_on) + 1000
    await world.delivery(notice, { phone: '+4915112345678', state: 'sent', at: sms })
    await world.delivery(notice, { phone: '+4915112345678', channel: 'call', state: 'queued', at: sms + 9 })
    await overstayPass(passAt(world.db, today))

    const [row] = await overstayList(world.db.read, { office, today })
    expect(row).toMatchObject({
      case_id: 1,
      version: 1,
      expires_on: ended(60),
      days: 60,
      day_60: true,
      level: 'field-check',
      known_late: false,
      name: 'ANNA BRANDT',
      nationality: 'DE',
      permit_kind: 'ITK',
      permit_no: '2C-77',
      index_code: 'C1',
      regency: 'Kota Blitar',
      district: 'Srengat',
      phone: '+4915112345678',
      sponsor_name: 'PT Maju',
      sponsor_phone: '+6281111111',
      last_contact: { at: sms, channel: 'sms', what: 'sent', role: 'resident' },
      confirmed: false,
      assigned_to: null,
      proposed: null,
      fee: { amount: 60_000_000, currency: 'IDR', wording: 'perkiraan' },
    })
  })

  it('calls confirmed only what certainly reached the resident', async () => {
    await using world = await openWorld()
    const deps = { db: world.db, office, now: morning(today), today }
    const told = async (
      birth_date: string | null,
      state: 'read' | 'accepted' | 'delivered',
      role: 'resident' | 'sponsor',
    ) => {
      const resident = await world.resident({ birth_date: birth_date === null ? null : on(birth_date) })
      const cycle = await world.cycle(await world.permit(resident.id, ended(3)))
      await world.delivery(await world.notice(cycle, 14), { phone: '+6281', state, role })
      return cycle
    }
    await told(null, 'accepted', 'resident')
    await told(null, 'read', 'resident')
    await told(null, 'delivered', 'sponsor')
    await told('2010-01-01', 'delivered', 'sponsor')
    await world.answer((await told(null, 'accepted', 'resident')).id, { answer: 'understood', at: 5 })
    await world.answer((await told(null, 'accepted', 'resident')).id, { answer: 'help', at: 5, role: 'sponsor' })
    await told(null, 'accepted', 'resident')
    await overstayPass(passAt(world.db, today))
    await recordContact(deps, { caseId: 7, by: 'sri', channel: 'phone', text: 'akan datang besok' })
    const rows = await overstayList(world.db.read, { office, today })
    expect(rows.map((row) => [row.case_id, row.confirmed])).toEqual([
      [7, true],
      [6, false],
      [5, true],
      [4, true],
      [3, false],
      [2, true],
      [1, false],
    ])
    expect(rows[0]?.last_contact).toMatchObject({
      channel: 'phone',
      what: 'akan datang besok',
      by: 'sri',
      at: deps.now,
    })
  })

  it('shows the newest overstay first and pages by key without losing or doubling a row', async () => {
    await using world = await openWorld()
    for (const days of [5, 90, 5, 1, 61, 5]) await world.permit((await world.resident()).id, ended(days))
    await overstayPass(passAt(world.db, today))
    const whole = await overstayList(world.db.read, { office, today })
    expect(whole.map((row) => row.days)).toEqual([1, 5, 5, 5, 61, 90])
    const paged = []
    for await (const row of allOverstays(world.db.read, { office, today, filter: { limit: 2 } })) paged.push(row)
    expect(paged).toEqual(whole)
  })

  it('narrows by level, officer, area, mark and state', async () => {
    await using world = await openWorld()
    const deps = { db: world.db, office, now: morning(today), today }
    const held = await world.resident()
    await world.permit(held.id, ended(60))
    await world.permit((await world.resident({ regency: 'Kabupaten Tulungagung' })).id, ended(9))
    await world.permit((await world.resident()).id, ended(9), { known_since: ended(1) })
    await world.permit((await world.resident()).id, ended(2))
    await overstayPass(passAt(world.db, today))
    await world.hold(held.id)
    await overstayPass(passAt(world.db, today))
    const all = await overstayList(world.db.read, { office, today })
    const idOf = (days: number, late = false) =>
      all.find((row) => row.days === days && row.known_late === late)!.case_id
    await assignCase(deps, { caseId: idOf(9), to: 'sri', by: 'kepala' })
    await escalateCase(deps, { caseId: idOf(9, true), by: 'sri' })
    await closeCase(deps, { caseId: idOf(2), by: 'sri', outcome: 'left' })

    const narrowed = async (filter: OverstayFilter) =>
      (await overstayList(world.db.read, { office, today: addDays(today, 0), filter })).map((row) => row.case_id)
    expect(await narrowed({ level: 'summon' })).toEqual([idOf(9, true), idOf(9)].sort((a, b) => b - a))
    expect(await narrowed({ assignedTo: 'sri' })).toEqual([idOf(9)])
    expect(await narrowed({ assignedTo: null, knownLate: false })).toEqual([idOf(60)])
    expect(await narrowed({ regencies: ['Kabupaten Tulungagung'] })).toEqual([idOf(9)])
    expect(await narrowed({ knownLate: true })).toEqual([idOf(9, true)])
    expect(await narrowed({ day60: true })).toEqual([idOf(60)])
    expect(await narrowed({ proposed: true })).toEqual([idOf(60)])
    expect(await narrowed({ residentId: held.id })).toEqual([idOf(60)])
    expect(await narrowed({ closed: true })).toEqual([idOf(2)])
    expect(await narrowed({ caseId: idOf(2) })).toEqual([idOf(2)])
  })

  it('counts the days of a closed case to its closing', async () => {
    await using world = await openWorld()
    await world.permit((await world.resident()).id, ended(3))
    await overstayPass(passAt(world.db, today))
    await closeCase({ db: world.db, now: morning(today), today }, { caseId: 1, by: 'sri', outcome: 'left' })
    const [row] = await overstayList(world.db.read, { office, today: addDays(today, 50), filter: { caseId: 1 } })
    expect(row).toMatchObject({ days: 3, fee: { amount: 3_000_000 } })
  })
})
