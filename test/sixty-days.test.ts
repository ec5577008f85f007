import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { asc, eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addDays, civilDate } from '../src/lib/civil-date.ts'
import { liftHold, setHold } from '../src/register/holds.ts'
import type { TranscriptEntry } from '../src/sandbox/transcript.ts'
import { TIME_ZONE } from './ground.ts'
import { openWorld, type Row, type World } from './world.ts'

const EXPECTED = join(import.meta.dirname, 'sixty-days.expected.txt')
const FIRST = '2026-06-01'
const DAYS = 60

const person = (
  name: string,
  nationality: string,
  phone: string,
  permit: Partial<Row> & { expires_on: string },
): Row => ({
  register_no: `R-${name}`,
  full_name: `${name} Test`,
  nationality,
  passport_no: `C0000${[...name].map((letter) => letter.codePointAt(0)! % 10).join('')}`,
  phone,
  regency: 'Kota Blitar',
  permit_no: `P-${name}`,
  permit_kind: 'ITK',
  issued_on: '2026-04-20',
  ...permit,
})

/** The register as the office knows it on a day: each change is one that offices really make. */
function registerOn(date: string): Row[] {
  const rows = [
    person('Anna', 'DE', '0812 0000 0001', { expires_on: '2026-06-15' }),
    person('Chen', 'TW', '0812 0000 0002', { permit_kind: 'ITAS', expires_on: '2026-07-20' }),
    person('Dai', 'JP', '0812 0000 0003', { expires_on: '2026-06-19' }),
    person('Emi', 'JP', '0812 0000 0003', { expires_on: '2026-06-19' }),
    person('Farid', 'PK', '-', { expires_on: '2026-06-17', sponsor_name: 'PT Maju', sponsor_phone: '0812 0000 0004' }),
    person('Greta', 'NL', '0812 0000 0005', {
      expires_on: '2026-06-18',
      birth_date: '2015-02-03',
      sponsor_name: 'Ibu Sari',
      sponsor_phone: '0812 0000 0006',
    }),
    person('Hugo', 'MY', '0812 0000 0007', {
      expires_on: date < '2026-06-10' ? '2026-06-20' : '2026-08-19',
      issued_on: date < '2026-06-10' ? '2026-04-20' : '2026-06-10',
    }),
    person('Ivan', 'KR', '0812 0000 0008', { expires_on: '2026-06-16' }),
    person('Jun', 'KR', '0812 0000 0009', { expires_on: '2026-06-10' }),
    person('Kim', 'CN', '0812 0000 0010', { expires_on: '2026-05-20' }),
    // A slip of the pen on 3 June, mended on the 4th.
    person('Leila', 'SA', '0812 0000 0011', { expires_on: date === '2026-06-03' ? '2027-06-12' : '2026-06-12' }),
    person('Mira', 'IN', date < '2026-07-05' ? '0812 0000 0012' : '0812 0000 0013', { expires_on: '2026-07-15' }),
  ]
  if (date >= '2026-07-22') rows.push(person('Nina', 'PK', '0812 0000 0014', { expires_on: '2026-07-25' }))
  return rows
}

describe('sixty days at the office', () => {
  let world: World

  beforeAll(async () => {
    world = await openWorld({
      today: FIRST,
      people: (number) => {
        if (number.endsWith('0009')) return { answers: 'no-answer', sms: 'delivered' }
        if (number.endsWith('0012')) return { answers: 'failed', sms: 'unknown' }
        return { answers: 'human', presses: ['1'] }
      },
    })
    const down = new Set(['2026-06-16', '2026-06-17', '2026-06-18'])
    for (let day = 0; day < DAYS; day++) {
      const date = addDays(civilDate(FIRST), day)
      if (down.has(date)) continue
      world.at(date, '05:30')
      await world.register(registerOn(date))
      if (date === '2026-06-01') await hold('Ivan')
      if (date === '2026-06-08') await release('Ivan')
      await world.day(date)
    }
  }, 120_000)
  afterAll(() => world[Symbol.asyncDispose]())

  it('reaches every phone with exactly what it should, when it should', () => {
    const text = `${world.sandbox.transcript().map(line).join('\n')}\n`
    if (process.env.UPDATE_EXPECTED) writeFileSync(EXPECTED, text)
    expect(text).toBe(readFileSync(EXPECTED, 'utf8'))
  })

  it('has a case for each who stayed on, and for nobody else', async () => {
    const { overstay_cases, residents } = world.app.db.t
    const rows = await world.app.db.read
      .select({
        name: residents.full_name,
        expires_on: overstay_cases.expires_on,
        level: overstay_cases.level,
        late: overstay_cases.known_late,
      })
      .from(overstay_cases)
      .innerJoin(residents, eq(residents.id, overstay_cases.resident_id))
      .orderBy(asc(residents.full_name))
    expect(
      rows.map((row) => `${row.name.split(' ')[0]} ${row.expires_on} ${row.level}${row.late ? ' late' : ''}`),
    ).toEqual([
      'Anna 2026-06-15 field-check',
      'Chen 2026-07-20 summon',
      'Dai 2026-06-19 field-check',
      'Emi 2026-06-19 field-check',
      'Farid 2026-06-17 field-check',
      'Greta 2026-06-18 field-check',
      'Ivan 2026-06-16 field-check',
      'Jun 2026-06-10 field-check',
      'Kim 2026-05-20 verify late',
      'Leila 2026-06-12 field-check',
      'Mira 2026-07-15 summon',
      'Nina 2026-07-25 verify',
    ])
  })

  async function hold(name: string): Promise<void> {
    await world.app.db.write((tx) =>
      residentId(tx, name).then((residentId) =>
        setHold(tx, { residentId, reason: 'applied', setBy: 'Sari', now: world.clock.now() }),
      ),
    )
  }

  async function release(name: string): Promise<void> {
    await world.app.db.write(async (tx) => {
      const id = await residentId(tx, name)
      const [row] = await tx.select({ id: tx.t.holds.id }).from(tx.t.holds).where(eq(tx.t.holds.resident_id, id))
      await liftHold(tx, { id: row!.id, liftedBy: 'Sari', now: world.clock.now() })
    })
  }

  async function residentId(
    tx: Parameters<Parameters<World['app']['db']['write']>[0]>[0],
    name: string,
  ): Promise<number> {
    const { residents } = tx.t
    const [row] = await tx
      .select({ id: residents.id })
      .from(residents)
      .where(eq(residents.full_name, `${name} Test`))
    return row!.id
  }
})

/** One line per thing that reached a phone: when, how, whom, and the words or the seconds. */
function line(entry: TranscriptEntry): string {
  const at = Temporal.Instant.fromEpochMilliseconds(entry.at).toZonedDateTimeISO(TIME_ZONE).toPlainDateTime()
  const when = at.toString({ smallestUnit: 'minute' }).replace('T', ' ')
  const words =
    entry.kind === 'call'
      ? `${entry.status}, ${entry.heard.filter((one) => one.what === 'play').length} played, keys ${entry.presses.join('') || 'none'}`
      : (entry.body ?? '').replace(/https?:\S+/g, '<link>').replaceAll('\n', ' ')
  return `${when} ${entry.kind.padEnd(4)} ${entry.to} ${words}`
}
