import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deliveriesByState } from '../src/cli/counts.ts'
import { openWorld, type World } from './world.ts'

describe('one resident, fourteen days before the permit ends', () => {
  let world: World

  beforeAll(async () => {
    world = await openWorld({ today: '2026-06-01' })
    await world.register([
      {
        register_no: 'R1',
        full_name: 'Anna Berg',
        nationality: 'DE',
        passport_no: 'C01X00T47',
        phone: '0812-3456-7890',
        permit_no: 'P1',
        permit_kind: 'ITK',
        issued_on: '2026-04-16',
        expires_on: '2026-06-15',
      },
    ])
  })
  afterAll(() => world[Symbol.asyncDispose]())

  it('gets one SMS in the window and one call that is heard, and nothing more on the same day', async () => {
    await world.day('2026-06-01')
    const got = world.sandbox.transcript().map(({ kind, to, status }) => ({ kind, to, status }))
    expect(got).toEqual([
      { kind: 'sms', to: '+6281234567890', status: 'delivered' },
      { kind: 'call', to: '+6281234567890', status: 'completed' },
    ])
    expect(await deliveriesByState(world.app.db.read)).toEqual({ call: { delivered: 1 }, sms: { delivered: 1 } })
    await world.day('2026-06-01')
    expect(world.sandbox.transcript()).toHaveLength(2)
  })
})
