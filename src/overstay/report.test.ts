import { describe, expect, it } from 'vitest'
import { addDays, instantOf } from '../lib/civil-date.ts'
import { office, on, openWorld } from './fixture.ts'
import { reportOf } from './report.ts'
import { END, noon, permitsTo, writeHistory } from './report-fixture.ts'
import { yearPeriod } from './report-period.ts'

const today = on('2026-11-22')
const YEAR = yearPeriod(2026)

describe('the report', () => {
  it('counts a known history exactly', async () => {
    await using world = await openWorld()
    await writeHistory(world, today)
    const report = await reportOf({ read: world.db.read, office, today, regencies: null }, YEAR)

    expect(report.total).toEqual({
      ended: 16,
      contacts: { told: 9, sponsor: 1, attempted: 2, unreached: 1, missed: 0, 'not-due': 2, 'known-late': 1 },
      outcomes: {
        renewed: 6,
        left: 1,
        'renewed-later': 1,
        'left-later': 0,
        overstayed: 1,
        open: 5,
        'not-counted': 2,
      },
      in_time: { count: 6, of: 13, share: 0.4615 },
      in_time_told: { count: 4, of: 7, share: 0.5714 },
      told: { count: 9, of: 13, share: 0.6923 },
    })
    expect(report.renewed_before_told).toBe(1)
    expect(report.still_valid).toBe(2)
    expect(report.by_month.map(({ month, ended }) => [month, ended])).toEqual(
      Array.from({ length: 11 }, (_, at) => [`2026-${String(at + 1).padStart(2, '0')}`, at === 5 ? 16 : 0]),
    )
    expect(report.by_month[0]!.in_time_told).toEqual({ count: 0, of: 0, share: null })
    expect(report.by_language.map(({ language, ended, contacts }) => [language, ended, contacts.told])).toEqual([
      ['en', 11, 8],
      ['', 5, 1],
    ])
    expect(report.by_contact.map(({ contact, in_time }) => [contact, in_time.count, in_time.of])).toEqual([
      ['told', 4, 7],
      ['sponsor', 0, 1],
      ['attempted', 0, 2],
      ['unreached', 0, 1],
      ['missed', 0, 0],
      ['not-due', 2, 2],
      ['known-late', 0, 0],
    ])
  })

  it('counts what was done in the period, by the day it was done', async () => {
    await using world = await openWorld()
    await writeHistory(world, today)
    const { activity, costs } = await reportOf({ read: world.db.read, office, today, regencies: null }, YEAR)

    expect(activity.notices).toEqual([
      { stage: 14, notices: 13 },
      { stage: -1, notices: 1 },
    ])
    expect(activity.channels).toEqual([
      { channel: 'sms', deliveries: 12, fates: { confirmed: 9, unconfirmed: 1, failed: 1, 'not-sent': 1 } },
      { channel: 'call', deliveries: 1, fates: { confirmed: 1, unconfirmed: 0, failed: 0, 'not-sent': 0 } },
    ])
    expect(activity.answers).toEqual({
      cycles: 1,
      by: [
        { answer: 'understood', cycles: 1 },
        { answer: 'applied', cycles: 1 },
        { answer: 'leaving', cycles: 0 },
        { answer: 'help', cycles: 0 },
      ],
    })
    const opened = activity.opened.map(({ level, known_late, outcome, cases }) => [level, known_late, outcome, cases])
    expect(opened).toEqual([
      ['verify', true, 'data-error', 1],
      ['over-60', false, null, 6],
      ['over-60', false, 'deported', 1],
      ['over-60', false, 'died', 1],
    ])
    expect(activity.closed).toEqual([
      { outcome: 'deported', cases: 1 },
      { outcome: 'died', cases: 1 },
      { outcome: 'data-error', cases: 1 },
    ])
    expect(costs).toMatchObject({
      currency: 'USD',
      total: 2.1,
      channels: [
        { channel: 'sms', attempts: 2, segments: 3, minutes: 0, cost: 1.35 },
        { channel: 'call', attempts: 2, segments: 0, minutes: 3, cost: 0.75 },
      ],
    })
  })

  it('keeps to the regencies of an officer, with those of none', async () => {
    await using world = await openWorld()
    await writeHistory(world, today)
    const report = (regencies: string[] | null) =>
      reportOf({ read: world.db.read, office, today, regencies }, YEAR).then(({ total, register, costs, activity }) => [
        total.ended,
        register.residents,
        activity.notices.reduce((sum, one) => sum + one.notices, 0),
        costs === null,
      ])
    expect(await report(null)).toEqual([16, 18, 14, false])
    expect(await report(['Kabupaten Tulungagung'])).toEqual([3, 3, 4, true])
    expect(await report([])).toEqual([1, 1, 2, true])
  })

  it("keeps to the office's own residents, beside another office's", async () => {
    await using world = await openWorld()
    await writeHistory(world, today)
    const { db } = world
    const before = await reportOf({ read: db.read, office, today, regencies: null }, YEAR)
    const { delivery } = await permitsTo(world, END).noticed({ state: 'delivered' }, { office_code: 'MLG' })
    await permitsTo(world, END).attempts(delivery!.id, 'ID', [{ channel: 'sms', segments: 7 }])
    expect(await reportOf({ read: db.read, office, today, regencies: null }, YEAR)).toEqual(before)
    const other = await reportOf({ read: db.read, office: { ...office, code: 'MLG' }, today, regencies: null }, YEAR)
    expect([other.total.ended, other.register.residents, other.costs?.total]).toEqual([1, 1, 3.15])
  })

  it('counts the register as it stands, whatever its words hold', async () => {
    await using world = await openWorld()
    const hostile = '<script>alert(1)</script>'
    for (const [regency, nationality, purpose, left] of [
      ['Kota Blitar', 'DE', 'Bekerja', 10],
      ['Kota Blitar', 'DE', ' bekerja', -1],
      ['Kota Blitar', '=1+1', 'Bekerja', 0],
      [hostile, 'XXA', hostile, 5],
      [null, 'DE', null, -9],
    ] as const) {
      const resident = await world.resident({ regency, nationality, purpose })
      await world.permit(resident.id, addDays(today, left))
    }
    const { register } = await reportOf({ read: world.db.read, office, today, regencies: null }, YEAR)
    expect(register).toEqual({
      residents: 5,
      valid: 3,
      regencies: [
        { key: 'Kota Blitar', residents: 3, valid: 2 },
        { key: '', residents: 1, valid: 0 },
        { key: hostile, residents: 1, valid: 1 },
      ],
      nationalities: [
        { key: 'DE', residents: 3, valid: 1 },
        { key: '=1+1', residents: 1, valid: 1 },
        { key: 'XXA', residents: 1, valid: 1 },
      ],
      purposes: [
        { key: 'Bekerja', residents: 3, valid: 2 },
        { key: '', residents: 1, valid: 0 },
        { key: hostile, residents: 1, valid: 1 },
      ],
    })
  })
})

describe('a report of nothing', () => {
  it('has no share rather than 0 %', async () => {
    await using world = await openWorld()
    const report = await reportOf({ read: world.db.read, office, today, regencies: null }, yearPeriod(2030))
    expect(report.total.in_time_told).toEqual({ count: 0, of: 0, share: null })
    expect(report.total.told.share).toBeNull()
    expect(report.by_month).toEqual([])
    expect(report.costs?.total).toBe(0)
  })
})

describe('the last lawful day', () => {
  it('is the last on which an answer, a hold or a newer permit counts', async () => {
    await using world = await openWorld()
    const add = permitsTo(world, END)
    const ends = instantOf(addDays(END, 1), '00:00', office.timeZone)
    const told = async (at: number) => {
      const { cycle } = await add.noticed({ state: 'sent' })
      await world.answer(cycle.id, { answer: 'understood', at })
    }
    await told(ends - 1)
    await told(ends)
    const held = async (set_at: number) => {
      const { resident } = await add.noticed({ state: 'sent' })
      await world.hold(resident.id, { reason: 'applied', set_at })
    }
    await held(ends - 1)
    await held(ends)
    await add.renewed((await add.noticed({ state: 'sent' })).resident.id, END)
    await add.renewed((await add.noticed({ state: 'sent' })).resident.id, addDays(END, 1))
    const { total } = await reportOf({ read: world.db.read, office, today, regencies: null }, YEAR)
    expect(total.contacts).toMatchObject({ told: 1, attempted: 5 })
    expect(total.outcomes).toMatchObject({ renewed: 2, 'renewed-later': 1, open: 3 })
  })

  it('lets a hold count only while it is in force', async () => {
    await using world = await openWorld()
    const add = permitsTo(world, END)
    for (const given of [
      { until_on: END },
      { until_on: addDays(END, -1) },
      { lifted_at: noon(addDays(END, 1)), lifted_by: 'sri' },
      { lifted_at: noon(END), lifted_by: 'sri' },
    ]) {
      const { resident } = await add.noticed({ state: 'sent' })
      await world.hold(resident.id, { reason: 'left', ...given })
    }
    const { total } = await reportOf({ read: world.db.read, office, today, regencies: null }, YEAR)
    expect(total.outcomes).toMatchObject({ left: 2, open: 2 })
  })

  it('was missed where no notice was made for somebody who then stayed', async () => {
    await using world = await openWorld()
    await world.permit((await world.resident()).id, END)
    const { total } = await reportOf({ read: world.db.read, office, today, regencies: null }, YEAR)
    expect(total).toMatchObject({ contacts: { missed: 1 }, told: { count: 0, of: 1 }, in_time_told: { share: null } })
  })

  it("asks a child's sponsor, and nobody else's", async () => {
    await using world = await openWorld()
    const add = permitsTo(world, END)
    for (const birth_date of ['2008-06-15', '2008-06-16', null]) {
      await add.noticed(
        { state: 'delivered', role: 'sponsor' },
        { birth_date: birth_date === null ? null : on(birth_date) },
      )
    }
    const { total } = await reportOf({ read: world.db.read, office, today, regencies: null }, YEAR)
    expect(total.contacts).toMatchObject({ told: 1, sponsor: 2 })
  })
})
