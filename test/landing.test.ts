import { asc, eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { acknowledge } from '../src/deliver/acknowledgements.ts'
import { optIn, optOut } from '../src/deliver/opt-outs.ts'
import { addDays, type CivilDate, civilDate } from '../src/lib/civil-date.ts'
import type { Channel } from '../src/lib/office.ts'
import { liftHold, setHold } from '../src/register/holds.ts'
import { openWorld, type Row, type World } from './world.ts'

/** Days between two tests: by then everyone of the one before has been overtaken by the calendar. */
const APART = 40

describe('a change that lands between queueing and sending', () => {
  let world: World
  let test = 0
  /** The test's first day; its residents' permits end 14 days later. */
  let today: CivilDate
  let expires: CivilDate

  beforeAll(async () => {
    world = await openWorld({ today: '2026-05-02' })
  })
  afterAll(() => world[Symbol.asyncDispose]())
  beforeEach(() => {
    test += 1
    today = addDays(civilDate('2026-04-30'), test * APART)
    expires = addDays(today, 14)
    world.sandbox.faults.clear()
    world.at(today, '05:00')
  })

  it('by a hold stops SMS and call; lifted the same day, the same rows go out', async () => {
    const { phone, residentId } = await queued()
    const before = await rows(phone)
    const hold = await world.app.db.write((tx) =>
      setHold(tx, { residentId, reason: 'applied', setBy: 'Sari', now: world.clock.now() }),
    )
    await until('10:00')
    expect(got(phone)).toEqual([])
    expect(await states(phone)).toEqual(['sms cancelled held', 'call cancelled held'])
    await world.app.db.write((tx) => liftHold(tx, { id: hold.id, liftedBy: 'Sari', now: world.clock.now() }))
    await world.app.scan()
    await until('12:00')
    expect(got(phone)).toEqual(['sms delivered', 'call completed'])
    expect((await rows(phone)).map((row) => row.id)).toEqual(before.map((row) => row.id))
  })

  it('by a hold that is lifted a stage later leaves the old notice cancelled and sends the new one', async () => {
    const { phone, residentId } = await queued()
    const hold = await world.app.db.write((tx) =>
      setHold(tx, { residentId, reason: 'applied', setBy: 'Sari', now: world.clock.now() }),
    )
    await until('10:00')
    world.at(addDays(today, 8), '05:00')
    await world.app.db.write((tx) => liftHold(tx, { id: hold.id, liftedBy: 'Sari', now: world.clock.now() }))
    await world.day(addDays(today, 8))
    expect(await states(phone)).toEqual([
      'sms cancelled held',
      'call cancelled held',
      'sms delivered null',
      'call delivered null',
    ])
    expect((await rows(phone)).map((row) => row.stage)).toEqual([14, 14, 7, 7])
  })

  it('by a hold stops what the carrier had only refused; lifted, it goes out', async () => {
    const { phone, residentId } = await queued()
    world.sandbox.faults.set([{ kind: 'account', state: 'suspended' }])
    await until('08:00')
    expect(await states(phone)).toEqual(['sms queued account:20003', 'call queued null'])
    world.sandbox.faults.clear()
    const hold = await world.app.db.write((tx) =>
      setHold(tx, { residentId, reason: 'applied', setBy: 'Sari', now: world.clock.now() }),
    )
    await until('10:00')
    expect(await states(phone)).toEqual(['sms cancelled held', 'call cancelled held'])
    await world.app.db.write((tx) => liftHold(tx, { id: hold.id, liftedBy: 'Sari', now: world.clock.now() }))
    await world.app.scan()
    await until('12:00')
    expect(got(phone)).toEqual(['sms delivered', 'call completed'])
  })

  it('by a renewal stops everything', async () => {
    const { phone, row } = await queued()
    await world.register(
      [{ ...row, permit_no: `${row.permit_no}-new`, issued_on: today, expires_on: addDays(today, 200) }],
      { force: true },
    )
    await until('12:00')
    expect(got(phone)).toEqual([])
    expect(await states(phone)).toEqual(['sms cancelled renewed', 'call cancelled renewed'])
  })

  it('by a wrong date stops everything; corrected back, the same rows go out with the true date', async () => {
    const { phone, row } = await queued()
    await world.register([{ ...row, expires_on: addDays(expires, 365) }], { force: true })
    await until('10:00')
    expect(got(phone)).toEqual([])
    await world.register([row], { force: true })
    await world.app.scan()
    await until('12:00')
    expect(got(phone)).toEqual(['sms delivered', 'call completed'])
    expect(bodies(phone)[0]).toContain(String(Number(expires.slice(8))))
    expect(await rows(phone)).toHaveLength(2)
  })

  it('by an opt-out stops that channel alone; withdrawn, the same row goes out', async () => {
    const { phone } = await queued()
    await leave(phone, ['sms'])
    await until('08:30')
    expect(await states(phone)).toEqual(['sms cancelled opted_out', 'call queued null'])
    await comeBack(phone, 'sms')
    await world.app.scan()
    await until('12:00')
    expect(got(phone)).toEqual(['sms delivered', 'call completed'])
    expect(await rows(phone)).toHaveLength(2)
  })

  it('by an opt-out that is withdrawn after the call brings the SMS still', async () => {
    const { phone } = await queued()
    await leave(phone, ['sms'])
    await until('12:00')
    expect(got(phone)).toEqual(['call completed'])
    await comeBack(phone, 'sms')
    await world.app.scan()
    await world.app.scan()
    await until('14:00')
    expect(got(phone)).toEqual(['call completed', 'sms delivered'])
  })

  it('by opting out of everything leaves the number alone, at every stage', async () => {
    const { phone } = await queued()
    await leave(phone, ['sms', 'call', 'whatsapp'])
    await world.day(today)
    await world.day(addDays(today, 7))
    expect(got(phone)).toEqual([])
  })

  it('by a corrected number sends SMS and call there and nothing to the old one', async () => {
    const { phone, row } = await queued()
    const other = numberOf(test, 9)
    await world.register([{ ...row, phone: other }], { force: true })
    await until('12:00')
    expect(got(phone)).toEqual([])
    expect(got(other)).toEqual(['sms delivered', 'call completed'])
  })

  it('by a number corrected after the SMS sends the call to the new one', async () => {
    const { phone, row } = await queued()
    await until('08:30')
    expect(got(phone)).toEqual(['sms delivered'])
    const other = numberOf(test, 9)
    await world.register([{ ...row, phone: other }], { force: true })
    await until('12:00')
    expect(got(phone)).toEqual(['sms delivered'])
    expect(got(other)).toEqual(['call completed'])
  })

  it('in a group of three on one phone cancels the renewed one, with its reason, and tells of two', async () => {
    const phone = numberOf(test, 1)
    const group = ['1', '2', '3'].map((one) => person(one, phone))
    await world.register(group, { force: true })
    world.at(today, '06:00')
    await world.app.scan()
    expect(await states(phone)).toEqual(['sms queued null', 'call queued null'])
    await world.register(
      [{ ...group[0]!, permit_no: `${group[0]!.permit_no}-new`, issued_on: today, expires_on: addDays(today, 200) }],
      { force: true },
    )
    await until('12:00')
    expect(got(phone)).toEqual(['sms delivered', 'call completed'])
    expect(bodies(phone)[0]).toMatch(/\b2\b/)
    expect(await states(phone)).toEqual([
      'sms delivered null',
      'call delivered null',
      'sms cancelled renewed',
      'call cancelled renewed',
    ])
    const told = await Promise.all((await rows(phone)).map((row) => noticesOf(row.id)))
    expect(told).toEqual([2, 2, 1, 1])
  })

  it('in a group corrects the number of one: two hear of it there, one on his own phone the next morning', async () => {
    const phone = numberOf(test, 1)
    const other = numberOf(test, 9)
    const group = ['1', '2', '3'].map((one) => person(one, phone))
    await world.register(group, { force: true })
    world.at(today, '06:00')
    await world.app.scan()
    await world.register([{ ...group[1]!, phone: other }], { force: true })
    await until('12:00')
    expect(got(phone)).toEqual(['sms delivered', 'call completed'])
    expect(got(other)).toEqual([])
    await world.day(addDays(today, 1))
    expect(got(phone)).toHaveLength(2)
    expect(got(other)).toEqual(['sms delivered', 'call completed'])
  })

  it('"understood" ends the retries of a call and no later stage', async () => {
    const phone = numberOf(test, 1)
    world.sandbox.setPerson(phone, { answers: 'no-answer' })
    await queued()
    await until('16:59')
    expect(await states(phone)).toEqual(['sms delivered null', 'call queued no-answer'])
    const [sms] = await rows(phone)
    await acknowledge(world.app.db, { deliveryId: sms!.id, answer: 'understood', via: 'page', now: world.clock.now() })
    expect(await states(phone)).toEqual(['sms delivered null', 'call cancelled understood'])
    await world.day(addDays(today, 1))
    expect(got(phone)).toHaveLength(2)
    await world.day(addDays(today, 7))
    expect(got(phone)).toEqual(['sms delivered', 'call no-answer', 'sms delivered'])
  })

  it('for a minor tells the sponsor and never the child', async () => {
    const [phone, sponsor] = [numberOf(test, 1), numberOf(test, 2)]
    await world.register(
      [person('1', phone, { birth_date: addDays(today, -365 * 12), sponsor_name: 'Ibu', sponsor_phone: sponsor })],
      { force: true },
    )
    for (const day of [0, 7, 11, 13]) await world.day(addDays(today, day))
    expect(got(phone)).toEqual([])
    expect(got(sponsor)).toEqual([
      'sms delivered',
      'call completed',
      'sms delivered',
      'sms delivered',
      'call completed',
      'sms delivered',
    ])
  })

  it('for forty workers on one phone sends one SMS and one call', async () => {
    const phone = numberOf(test, 1)
    await world.register(
      Array.from({ length: 40 }, (_, index) => person(String(index + 10), phone)),
      { force: true },
    )
    await world.day(today)
    expect(got(phone)).toEqual(['sms delivered', 'call completed'])
    expect(bodies(phone)[0]).toMatch(/\b40\b/)
    expect(await Promise.all((await rows(phone)).map((row) => noticesOf(row.id)))).toEqual([40, 40])
  })

  it('tells a sponsor with the same phone as the resident once', async () => {
    const phone = numberOf(test, 1)
    await world.register([person('1', phone, { sponsor_name: 'Suami', sponsor_phone: phone })], { force: true })
    for (const day of [0, 7, 11]) await world.day(addDays(today, day))
    expect(got(phone)).toEqual(['sms delivered', 'call completed', 'sms delivered', 'sms delivered', 'call completed'])
  })

  it('after a dead number goes to the sponsor at once and from then on', async () => {
    const [phone, sponsor] = [numberOf(test, 1), numberOf(test, 2)]
    world.sandbox.faults.set([{ kind: 'fail', code: 30005, to: phone }])
    await world.register([person('1', phone, { sponsor_name: 'Penjamin', sponsor_phone: sponsor })], { force: true })
    await world.day(today)
    expect(got(sponsor)).toEqual(['sms delivered'])
    const tried = (await rows(phone)).reduce((sum, row) => sum + row.attempts, 0)
    world.sandbox.faults.clear()
    await world.day(addDays(today, 7))
    await world.day(addDays(today, 11))
    expect((await rows(phone)).reduce((sum, row) => sum + row.attempts, 0)).toBe(tried)
    expect(got(sponsor)).toEqual(['sms delivered', 'sms delivered', 'sms delivered', 'call completed'])
  })

  /** One resident whose stage 14 is today, queued at 06:00; the clock then stands at 07:00. */
  async function queued(): Promise<{ phone: string; residentId: number; row: Row }> {
    const phone = numberOf(test, 1)
    const row = person('1', phone)
    await world.register([row], { force: true })
    world.at(today, '06:00')
    await world.app.scan()
    expect(await states(phone)).toEqual(['sms queued null', 'call queued null'])
    world.at(today, '07:00')
    const { residents } = world.app.db.t
    const [resident] = await world.app.db.read
      .select({ id: residents.id })
      .from(residents)
      .where(eq(residents.register_no, row.register_no!))
    return { phone, residentId: resident!.id, row }
  }

  function person(one: string, phone: string, more: Partial<Row> = {}): Row {
    const name = `${test}-${one}`
    return {
      register_no: `R${name}`,
      full_name: `Resident ${name}`,
      nationality: 'GB',
      passport_no: `C${String(test).padStart(4, '0')}${one.padStart(4, '0')}`,
      phone,
      permit_no: `P${name}`,
      permit_kind: 'ITK',
      issued_on: addDays(today, -46),
      expires_on: expires,
      ...more,
    }
  }

  /** Everything that is due today up to `time`, in its order. */
  async function until(time: string): Promise<void> {
    for (const at of ['08:00', '08:30', '09:10', '10:00', '11:00', '12:00', '13:00', '14:00', '16:59']) {
      if (at > time) break
      world.at(today, at)
      await world.deliver()
    }
    world.at(today, time)
  }

  function got(phone: string): string[] {
    return entries(phone).map(({ kind, status }) => `${kind} ${status}`)
  }

  function bodies(phone: string): string[] {
    return entries(phone).flatMap(({ body }) => body ?? [])
  }

  function entries(phone: string) {
    return world.sandbox.transcript().filter(({ to }) => to === phone)
  }

  async function rows(phone: string) {
    const { deliveries } = world.app.db.t
    return world.app.db.read
      .select()
      .from(deliveries)
      .where(eq(deliveries.phone_index, indexOf(phone)))
      .orderBy(asc(deliveries.id))
  }

  async function states(phone: string): Promise<string[]> {
    return (await rows(phone)).map(({ channel, state, reason }) => `${channel} ${state} ${reason}`)
  }

  async function noticesOf(deliveryId: number): Promise<number> {
    const { delivery_notices } = world.app.db.t
    return world.app.db.read.$count(delivery_notices, eq(delivery_notices.delivery_id, deliveryId))
  }

  async function leave(phone: string, channels: Channel[]): Promise<void> {
    for (const channel of channels) {
      await optOut(world.app.db, { phoneIndex: indexOf(phone), channel, via: 'counter', at: world.clock.now() })
    }
  }

  async function comeBack(phone: string, channel: Channel): Promise<void> {
    await optIn(world.app.db, { phoneIndex: indexOf(phone), channel, at: world.clock.now() })
  }

  function indexOf(phone: string): string {
    return world.app.db.vault.blind(phone, 'phone')
  }
})

function numberOf(test: number, one: number): string {
  return `+62812${String(test).padStart(4, '0')}${String(one).padStart(4, '0')}`
}
