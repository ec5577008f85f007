import { asc, eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openWorld, type World } from '../../test/world.ts'
import { retryByHand } from './retry.ts'

/** ITAS with 40 days to go: stage 60, one SMS. */
const PERMIT = { permit_kind: 'ITAS', issued_on: '2026-01-11', expires_on: '2026-07-11', nationality: 'DE' }
const NEW = '+628120000002'

let world: World
beforeAll(async () => {
  world = await openWorld({ today: '2026-06-01' })
})
afterAll(() => world[Symbol.asyncDispose]())

describe('a delivery that an officer sends once more', () => {
  it('waits for the window, is claimed like any other, and makes one attempt', async () => {
    const id = await failedSms({ permit_no: 'P1', phone: '+628120000001' }, 30036)
    const { attempts } = await rowOf(id)
    world.at('2026-06-01', '17:30')
    expect(await retry(id)).toMatchObject({ may: true })
    expect(await rowOf(id)).toMatchObject({ state: 'queued', reason: 'by-hand', attempts })
    await world.deliver()
    expect((await rowOf(id)).state).toBe('queued')
    world.at('2026-06-02', '08:00')
    await world.deliver()
    expect(await rowOf(id)).toMatchObject({ state: 'delivered', attempts: attempts + 1 })
    expect(await retry(id)).toEqual({ may: false, why: 'told' })
  })

  it('is queued by one of two officers', async () => {
    const id = await failedSms({ permit_no: 'P2', phone: '+628120000009' }, 30036)
    const both = await Promise.all([retry(id), retry(id)])
    expect(both.map((one) => one?.may).toSorted()).toEqual([false, true])
    expect(both.find((one) => one?.may === false)).toEqual({ may: false, why: 'waiting' })
    await world.deliver()
    expect((await rowOf(id)).attempts).toBe(5)
  })

  it('follows a number that was corrected since, and each attempt keeps the number it went to', async () => {
    const id = await failedSms({ permit_no: 'P3', phone: '+628120000003' }, 30005)
    expect(await retry(id)).toEqual({ may: false, why: 'dead_number' })
    await register({ permit_no: 'P3', phone: NEW })
    expect(await retry(id)).toEqual({ may: true, to: 'corrected' })
    await world.deliver()
    expect(await rowOf(id)).toMatchObject({ state: 'delivered', phone: NEW })
    const { attempts } = world.app.db.t
    const rows = await world.app.db.read
      .select({ words: attempts.words })
      .from(attempts)
      .where(eq(attempts.delivery_id, id))
      .orderBy(asc(attempts.id))
    expect(rows.map(({ words }) => JSON.parse(words!).to)).toEqual(['+628120000003', NEW])
  })

  it('is none where there is none', async () => {
    expect(await retry(999_999)).toBeNull()
  })
})

async function retry(id: number) {
  const { db, office, clock, today } = world.app
  return db.write((tx) => retryByHand(tx, { id, office, now: clock.now(), today: today() }))
}

/** Scanned and tried at 08:30 on 1 June until the carrier's error has exhausted it. */
async function failedSms(row: { permit_no: string; phone: string }, code: number): Promise<number> {
  await register(row)
  world.sandbox.faults.set([{ kind: 'fail', code, to: row.phone, resource: 'messages' }])
  world.at('2026-06-01', '08:30')
  await world.app.scan()
  for (const time of ['08:30', '09:00', '10:30', '15:00']) {
    world.at('2026-06-01', time)
    await world.deliver()
  }
  world.sandbox.faults.clear()
  const { deliveries } = world.app.db.t
  const [sms] = await world.app.db.read
    .select({ id: deliveries.id, state: deliveries.state })
    .from(deliveries)
    .where(eq(deliveries.phone_index, world.app.db.vault.blind(row.phone, 'phone')))
    .orderBy(asc(deliveries.id))
  expect(sms!.state).toBe('exhausted')
  return sms!.id
}

async function register({ permit_no, phone }: { permit_no: string; phone: string }): Promise<void> {
  const person = { register_no: `R-${permit_no}`, full_name: `Anna ${permit_no}`, passport_no: `C${permit_no}4567` }
  await world.register([{ ...PERMIT, ...person, permit_no, phone }], { force: true })
}

async function rowOf(id: number) {
  const { deliveries } = world.app.db.t
  const [row] = await world.app.db.read.select().from(deliveries).where(eq(deliveries.id, id))
  return row!
}
