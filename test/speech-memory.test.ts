import { afterEach, describe, expect, it } from 'vitest'
import { deliveriesByState } from '../src/cli/counts.ts'
import type { Speech } from '../src/compose/speech/port.ts'
import { Studio } from '../src/compose/speech/studio.ts'
import { openAlarms } from '../src/db/alarms.ts'
import { openWorld, type Row, type World } from './world.ts'

/** Enough for a thread to start, and too little to load espeak into. */
const STARVED_MB = 8

describe('when the thread that speaks runs out of memory', () => {
  let stack: AsyncDisposableStack
  let world: World
  let threads = 0

  /** The n-th request, from 0, goes to a thread of so many megabytes. */
  const open = async (megabytes: (request: number) => number) => {
    stack = new AsyncDisposableStack()
    const studios = new Map<number, Studio>()
    const studioOf = (memoryMb: number) => {
      const studio = studios.get(memoryMb) ?? stack.use(new Studio({ memoryMb }))
      studios.set(memoryMb, studio)
      return studio
    }
    let requests = 0
    const speech: Speech = {
      engine: 'espeak',
      speak: (utterance) => studioOf(megabytes(requests++)).speak(utterance),
      [Symbol.asyncDispose]: async () => undefined,
    }
    const count = () => {
      threads += 1
    }
    threads = 0
    process.on('worker', count)
    stack.defer(() => void process.off('worker', count))
    world = stack.use(await openWorld({ today: '2026-06-01', overrides: { speech: [speech] } }))
    await world.register([PERSON])
    await world.day('2026-06-01')
  }
  afterEach(() => stack.disposeAsync())

  it('another thread takes its place, and the call is made the same day', async () => {
    await open((request) => (request === 0 ? STARVED_MB : 256))
    expect(await deliveriesByState(world.app.db.read)).toEqual({ call: { delivered: 1 }, sms: { delivered: 1 } })
    expect(await openAlarms(world.app.db.read)).toEqual([])
  })

  it('each time, the text goes alone, the operator is told, and the next stage that speaks tries again', async () => {
    let mended = false
    await open(() => (mended ? 256 : STARVED_MB))
    expect(threads).toBeGreaterThan(1)
    expect(await deliveriesByState(world.app.db.read)).toEqual({ call: { exhausted: 1 }, sms: { delivered: 1 } })
    const { deliveries } = world.app.db.t
    const rows = await world.app.db.read.select({ reason: deliveries.reason }).from(deliveries)
    expect(rows.map(({ reason }) => reason)).toContain('speech:crashed')
    expect(await openAlarms(world.app.db.read)).toMatchObject([{ kind: 'speech', detail: 'espeak:crashed' }])

    mended = true
    await world.day('2026-06-08')
    await world.day('2026-06-12')
    expect(await deliveriesByState(world.app.db.read)).toEqual({
      call: { exhausted: 1, delivered: 1 },
      sms: { delivered: 3 },
    })
    expect(await openAlarms(world.app.db.read)).toEqual([])
  })
})

const PERSON: Row = {
  register_no: 'R1',
  full_name: 'Anna Berg',
  nationality: 'US',
  passport_no: 'C01X00T47',
  phone: '+6281200000001',
  permit_no: 'P1',
  permit_kind: 'ITK',
  expires_on: '2026-06-15',
}
