import { eq } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { costDepsOf, forecastCommand } from '../src/cli/forecast.ts'
import type { Output } from '../src/cli/output.ts'
import { openAlarms } from '../src/db/alarms.ts'
import { checkBudget, checkSpending } from '../src/deliver/budget.ts'
import { spentThisMonth } from '../src/deliver/cost.ts'
import { forecastCost } from '../src/deliver/forecast-cost.ts'
import { addDays, civilDate } from '../src/lib/civil-date.ts'
import { officesOf } from '../src/lib/offices.ts'
import { setHold } from '../src/register/holds.ts'
import { permitMark } from '../src/scan/told-marks.ts'
import { openWorld, type Row, type World } from './world.ts'

const TODAY = civilDate('2026-06-01')
const DAYS = 30

const row = (name: string, nationality: string, phone: string, more: Partial<Row> & { expires_on: string }): Row => ({
  register_no: `R-${name}`,
  full_name: `${name} Test`,
  nationality,
  passport_no: `C0000${[...name].map((letter) => letter.codePointAt(0)! % 10).join('')}`,
  phone,
  permit_no: `P-${name}`,
  permit_kind: 'ITK',
  issued_on: '2026-04-20',
  ...more,
})

const REGISTER: Row[] = [
  row('Anna', 'DE', '0812 0000 0001', { expires_on: '2026-06-15' }),
  row('Chen', 'TW', '0812 0000 0002', { permit_kind: 'ITAS', expires_on: '2026-07-20' }),
  row('Dai', 'JP', '0812 0000 0003', { expires_on: '2026-06-19' }),
  row('Emi', 'JP', '0812 0000 0003', { expires_on: '2026-06-19' }),
  row('Farid', 'PK', '-', { expires_on: '2026-06-17', sponsor_name: 'PT Maju', sponsor_phone: '0812 0000 0004' }),
  row('Greta', 'NL', '+31 6 1000 0005', {
    expires_on: '2026-06-18',
    birth_date: '2015-02-03',
    sponsor_name: 'Ibu',
    sponsor_phone: '0812 0000 0006',
  }),
  row('Ivan', 'KR', '0812 0000 0008', { expires_on: '2026-06-16' }),
  row('Jun', 'KR', '+82 10-0000-0009', { expires_on: '2026-06-10' }),
  row('Kim', 'CN', '0812 0000 0010', { expires_on: '2026-05-20' }),
  row('Lia', 'MY', '0812 0000 0011', { expires_on: '2026-06-22', whatsapp_opt_in_on: '2026-05-01', language: 'id' }),
  row('Mona', 'FR', '0812 0000 0012', { expires_on: '2026-06-20', permit_kind: 'Diplomatik' }),
]

describe('the forecast', () => {
  let world: World

  beforeEach(async () => {
    world = await openWorld({
      today: TODAY,
      people: () => ({ answers: 'human', presses: ['1'], whatsapp: 'read', taps: true }),
    })
    world.at(TODAY, '05:30')
    await world.register(REGISTER)
  })
  afterEach(() => world[Symbol.asyncDispose]())

  it('names for each day, stage, language and channel just what the scans of those days then create', async () => {
    await hold('Ivan', addDays(TODAY, 10))
    const forecast = await forecastCost(costDepsOf(world.app), { today: TODAY, days: DAYS, now: world.clock.now() })
    for (let day = 0; day < DAYS; day++) {
      world.at(addDays(TODAY, day), '06:00')
      await world.app.scan()
      await sendAll()
    }
    const planned = forecast.map(
      ({ on, stage, language, channel, deliveries }) => `${on} ${stage} ${language} ${channel} ${deliveries}`,
    )
    expect(planned.toSorted()).toEqual(await created())
    expect(planned.length).toBeGreaterThan(30)
  })

  it('counts what waits in the queue once, before the scan and after it', async () => {
    const before = await forecastCost(costDepsOf(world.app), { today: TODAY, days: DAYS, now: world.clock.now() })
    world.at(TODAY, '06:00')
    await world.app.scan()
    const after = await forecastCost(costDepsOf(world.app), { today: TODAY, days: DAYS, now: world.clock.now() })
    expect(after).toEqual(before)
  })

  it('counts nobody for what they were told before they were erased and came in again', async () => {
    const { vault } = world.app.db
    const anna = permitMark(vault, { issuedBy: 'BLT', permitNo: 'P-ANNA' })
    await world.app.db.write((tx) =>
      tx.insert(tx.t.told_marks).values({ permit_mark: anna, expires_on: civilDate('2026-06-15'), stage: 14, at: 0 }),
    )
    const forecast = await forecastCost(costDepsOf(world.app), { today: TODAY, days: 1, now: world.clock.now() })
    const german = forecast.filter(({ language }) => language === 'de')
    world.at(TODAY, '06:00')
    await world.app.scan()
    expect(german).toEqual([])
    expect((await created()).filter((one) => one.includes(' de '))).toEqual([])
  })

  it('costs what the same days then cost, to the segment', async () => {
    const forecast = await forecastCost(costDepsOf(world.app), { today: TODAY, days: 1, now: world.clock.now() })
    await world.day(TODAY)
    const spent = await spentThisMonth(world.app.db.read, { office: world.app.office, now: world.clock.now() })
    const sum = (key: 'segments' | 'cost' | 'callMinutes') => forecast.reduce((total, one) => total + one[key], 0)
    expect(spent.segments).toBe(sum('segments'))
    expect(spent.callMinutes).toBeGreaterThan(0)
    expect(Math.abs(spent.callMinutes - sum('callMinutes'))).toBeLessThanOrEqual(sum('callMinutes') / 2)
    const { attempts } = world.app.db.t
    const seconds = await world.app.db.read
      .select({ seconds: attempts.seconds })
      .from(attempts)
      .where(eq(attempts.channel, 'call'))
    expect(seconds.every((one) => one.seconds !== null && one.seconds > 0)).toBe(true)
  })

  it('is printed for a person and as one JSON object', async () => {
    const printed = await print()
    expect(printed.text).toContain('2026-06-01 to 2026-06-30, at most')
    expect(printed.text).toMatch(/2026-06-01 .*H-14: .*sms de/)
    expect(printed.result).toMatchObject({
      from: '2026-06-01',
      to: '2026-06-30',
      currency: 'USD',
      budget: { monthly: null, spent: 0 },
    })
    const { total, by_channel, rows } = printed.result as {
      total: { cost: number; deliveries: number }
      by_channel: Record<string, { deliveries: number }>
      rows: { deliveries: number }[]
    }
    expect(Object.values(by_channel).reduce((sum, one) => sum + one.deliveries, 0)).toBe(total.deliveries)
    expect(rows.reduce((sum, one) => sum + one.deliveries, 0)).toBe(total.deliveries)
    expect(total.cost).toBeGreaterThan(0)
    expect(JSON.stringify(printed)).not.toMatch(/\+?62812|Anna|P-/)
  })

  async function sendAll(): Promise<void> {
    const { deliveries } = world.app.db.t
    await world.app.db.write((tx) =>
      tx.update(deliveries).set({ state: 'delivered', attempts: 1 }).where(eq(deliveries.state, 'queued')),
    )
  }

  async function created(): Promise<string[]> {
    const { deliveries } = world.app.db.t
    const rows = await world.app.db.read.select().from(deliveries)
    const groups = Map.groupBy(rows, (one) => `${one.due_on} ${one.stage} ${one.language} ${one.channel}`)
    return [...groups].map(([name, of]) => `${name} ${of.length}`).toSorted()
  }

  async function hold(name: string, untilOn: ReturnType<typeof addDays>): Promise<void> {
    await world.app.db.write(async (tx) => {
      const { residents } = tx.t
      const [person] = await tx
        .select({ id: residents.id })
        .from(residents)
        .where(eq(residents.full_name, `${name} Test`))
      await setHold(tx, { residentId: person!.id, reason: 'applied', setBy: 'Sari', untilOn, now: world.clock.now() })
    })
  }

  async function print(): Promise<{ text: string; result: Record<string, unknown> }> {
    const lines: string[] = []
    let result: Record<string, unknown> = {}
    const output: Output = {
      json: false,
      line: (text) => void lines.push(text),
      result: (value) => {
        result = value
      },
    }
    expect(await forecastCommand(world.app, output, { days: DAYS })).toBe(0)
    return { text: lines.join('\n'), result }
  }
})

describe("the month's ceiling and the carrier's balance", () => {
  it('alarms at 80 and anew at 100 percent, stops nothing, and is quiet again next month', async () => {
    await using world = await openWorld({ today: TODAY })
    const anna = row('Anna', 'DE', '0812 0000 0001', { permit_kind: 'ITAS', expires_on: '2026-07-31' })
    await world.register([anna])
    const [sms] = await forecastCost(costDepsOf(world.app), { today: TODAY, days: 1, now: world.clock.now() })
    await world.day(TODAY)
    const offices = officesOf([{ ...world.app.office, budget: { monthly: sms!.cost / 0.8 } }])
    const check = () => checkBudget({ ...world.app, offices })
    expect((await check()).percent).toBe(80)
    expect(await alarms(world)).toEqual([{ kind: 'budget', mark: '80%', times: 1 }])
    await check()
    expect(await alarms(world)).toEqual([{ kind: 'budget', mark: '80%', times: 2 }])
    await world.register(
      [anna, row('Bert', 'DE', '0812 0000 0002', { permit_kind: 'ITAS', expires_on: '2026-08-01' })],
      { force: true },
    )
    await world.day('2026-06-02')
    expect((await check()).percent).toBe(160)
    expect(await alarms(world)).toEqual([{ kind: 'budget', mark: '100%', times: 1 }])
    await world.day('2026-06-03')
    expect(world.sandbox.transcript()).toHaveLength(2)
    world.at('2026-07-01', '06:00')
    expect(await check()).toMatchObject({ percent: 0, attempts: 0, since: '2026-07-01' })
    expect(await alarms(world)).toEqual([])
  })

  it('says so when the balance does not last for the next fourteen days, and takes it back', async () => {
    await using world = await openWorld({ today: TODAY })
    await world.register([row('Anna', 'DE', '0812 0000 0001', { expires_on: '2026-06-15' })])
    const deps = { ...world.delivery.deps, ...costDepsOf(world.app) }
    const enough = await checkSpending(deps)
    expect(enough.balance).toMatchObject({ balance: 250, currency: 'USD', enough: true })
    expect(enough.balance!.needed).toBeGreaterThan(1)
    expect(await alarms(world)).toEqual([])
    world.sandbox.faults.set([{ kind: 'account', state: 'no-balance' }])
    expect((await checkSpending(deps)).balance).toMatchObject({ balance: -0.42, enough: false })
    expect(await alarms(world)).toMatchObject([{ kind: 'balance' }])
    world.sandbox.faults.set([{ kind: 'account', state: 'suspended' }])
    expect((await checkSpending(deps)).balance).toBeNull()
    world.sandbox.faults.clear()
    await checkSpending(deps)
    expect(await alarms(world)).toEqual([])
  })

  it('compares no balance that is hidden or in another currency', async () => {
    await using world = await openWorld({ today: TODAY })
    const deps = { ...world.delivery.deps, ...costDepsOf(world.app) }
    for (const value of [
      { balance: null, currency: null },
      { balance: 1, currency: 'EUR' },
    ]) {
      const carrier = { probe: async () => ({ ok: true as const, value: { ...value, skewMs: null } }) }
      expect((await checkSpending({ ...deps, carrier })).balance).toMatchObject({ ...value, enough: null })
    }
    expect(await alarms(world)).toEqual([])
  })

  async function alarms(world: World) {
    const rows = await openAlarms(world.app.db.read)
    return rows.map(({ kind, detail, times }) => ({ kind, mark: detail.split(' ')[0], times }))
  }
})
