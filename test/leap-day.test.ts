import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { timeAt } from '../src/lib/civil-date.ts'
import { TIME_ZONE } from './ground.ts'
import { openWorld, type Row, type World } from './world.ts'

const NAMES = { '1': 'A', '2': 'B', '3': 'C', '4': 'D' } as Record<string, string>
const DAYS = [
  '02-14',
  '02-15',
  '02-16',
  '02-22',
  '02-23',
  '02-25',
  '02-26',
  '02-27',
  '02-28',
  '02-29',
  '03-01',
  '03-02',
]

describe('around 29 February', () => {
  let world: World

  beforeAll(async () => {
    world = await openWorld({
      today: '2028-02-14',
      office: (office) => ({ ...office, holidays: [{ year: 2028, confirmed: true, days: [] }] }),
    })
    await world.register([
      person('A', '1', { language: 'en', expires_on: '2028-02-29' }),
      person('B', '2', { language: 'id', expires_on: '29 Februari 2028' }),
      person('C', '3', { language: 'en', expires_on: '2028-03-01' }),
      person('D', '4', { language: 'id', expires_on: '01/03/2028' }),
    ])
    for (const day of DAYS) await world.day(`2028-${day}`)
  }, 60_000)
  afterAll(() => world[Symbol.asyncDispose]())

  it('stages are counted over the day that other years do not have', () => {
    const sms = sent().filter(({ kind }) => kind === 'sms')
    const days = (name: string) => sms.filter((one) => one.name === name).map(({ day }) => day)
    for (const name of ['A', 'B']) expect(days(name)).toEqual(['02-15', '02-22', '02-26', '02-28', '03-01'])
    for (const name of ['C', 'D']) expect(days(name)).toEqual(['02-16', '02-23', '02-27', '02-29', '03-02'])
    expect(
      sent()
        .filter(({ kind }) => kind === 'call')
        .map(({ name, day }) => `${name} ${day}`)
        .toSorted(),
    ).toEqual(['A 02-15', 'A 02-26', 'B 02-15', 'B 02-26', 'C 02-16', 'C 02-27', 'D 02-16', 'D 02-27'])
  })

  it('the words name it, in English and Indonesian', () => {
    expect(first('A')).toContain('ends on 29 Feb 2028. Apply by 28 Feb 2028 to extend it')
    expect(first('B')).toContain('berakhir 29 Feb 2028. Ajukan perpanjangan paling lambat 28 Feb 2028')
    expect(first('C')).toContain('ends on 1 Mar 2028. Apply by 29 Feb 2028 to extend it')
    expect(first('D')).toContain('berakhir 1 Mar 2028. Ajukan perpanjangan paling lambat 29 Feb 2028')
  })

  it('the day after it is the first day of an overstay', async () => {
    const { overstay_cases } = world.app.db.t
    const rows = await world.app.db.read
      .select({ expires_on: overstay_cases.expires_on, opened_at: overstay_cases.opened_at })
      .from(overstay_cases)
    expect(rows.map(({ expires_on, opened_at }) => `${expires_on} ${dayOf(opened_at)}`).toSorted()).toEqual([
      '2028-02-29 03-01',
      '2028-02-29 03-01',
      '2028-03-01 03-02',
      '2028-03-01 03-02',
    ])
  })

  function sent() {
    return world.sandbox
      .transcript()
      .map(({ at, kind, to, body }) => ({ name: NAMES[to.slice(-1)]!, day: dayOf(at), kind, body: body ?? '' }))
  }

  function first(name: string): string {
    return sent().find((one) => one.name === name && one.kind === 'sms')!.body
  }
})

function dayOf(instant: number): string {
  expect(timeAt(instant, TIME_ZONE) >= '06:00').toBe(true)
  return Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(TIME_ZONE).toPlainDate().toString().slice(5)
}

function person(name: string, digit: string, row: Partial<Row> & { expires_on: string }): Row {
  return {
    register_no: `R-${name}`,
    full_name: `${name} Test`,
    nationality: 'US',
    passport_no: `C000000${digit}`,
    phone: `+62812000000${digit}`,
    permit_no: `P-${name}`,
    permit_kind: 'ITK',
    ...row,
  }
}
