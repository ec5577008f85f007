import { afterEach, describe, expect, it } from 'vitest'
import { deliveriesByState } from '../src/cli/counts.ts'
import { type Behaviour, grpcGoogle } from '../src/compose/speech/fake-google.ts'
import { googleSpeech } from '../src/compose/speech/google.ts'
import type { Speech } from '../src/compose/speech/port.ts'
import { openAlarms } from '../src/db/alarms.ts'
import { wav } from './audio.ts'
import { shortHum } from './silent-speech.ts'
import { openWorld, type Row, type World } from './world.ts'

const SOUND = wav({ hertz: 440, seconds: 1 })

describe('when Google cannot speak', () => {
  let stack: AsyncDisposableStack
  let world: World
  let google: { behaves(behaviour: Behaviour): Promise<void> }

  const open = async (behaviour: Behaviour, others: Speech[]) => {
    stack = new AsyncDisposableStack()
    const engine = await replaceable(behaviour, stack)
    google = engine
    world = stack.use(await openWorld({ today: '2026-06-01', overrides: { speech: [engine.speech, ...others] } }))
    await world.register([PERSON])
    await world.day('2026-06-01')
  }
  afterEach(() => stack.disposeAsync())

  it.each<[string, Behaviour]>([
    ['quota', { code: 8, message: 'Quota exceeded' }],
    ['unavailable', { code: 14, message: 'unavailable' }],
    ['deadline', 'silence'],
  ])('(%s) the embedded voice calls, and the operator is told', async (reason, behaviour) => {
    await open(behaviour, [shortHum()])
    expect(await deliveriesByState(world.app.db.read)).toEqual({ call: { delivered: 1 }, sms: { delivered: 1 } })
    expect(await engines()).toEqual(['espeak'])
    expect(await openAlarms(world.app.db.read)).toMatchObject([{ kind: 'speech', detail: `google:${reason}` }])
  })

  it('and nothing else can, the text goes alone; the next stage that speaks tries again, and the alarm ends', async () => {
    await open({ code: 8, message: 'Quota exceeded' }, [])
    expect(await deliveriesByState(world.app.db.read)).toEqual({ call: { exhausted: 1 }, sms: { delivered: 1 } })
    expect(await reasons()).toEqual(['speech:quota'])
    expect(await openAlarms(world.app.db.read)).toMatchObject([{ kind: 'speech', detail: 'google:quota' }])

    await google.behaves(SOUND)
    await world.day('2026-06-08')
    await world.day('2026-06-12')
    expect(await deliveriesByState(world.app.db.read)).toEqual({
      call: { exhausted: 1, delivered: 1 },
      sms: { delivered: 3 },
    })
    expect(await engines()).toEqual(['google'])
    expect(await openAlarms(world.app.db.read)).toEqual([])
  })

  async function engines(): Promise<string[]> {
    const { voice_notes } = world.app.db.t
    const rows = await world.app.db.read.selectDistinct({ engine: voice_notes.engine }).from(voice_notes)
    return rows.map((row) => row.engine)
  }

  async function reasons(): Promise<string[]> {
    const { deliveries } = world.app.db.t
    const rows = await world.app.db.read
      .select({ reason: deliveries.reason, channel: deliveries.channel })
      .from(deliveries)
    return rows.flatMap(({ channel, reason }) => (channel === 'call' && reason ? [reason] : []))
  }
})

const PERSON: Row = {
  register_no: 'R1',
  full_name: 'Anna Berg',
  nationality: 'DE',
  passport_no: 'C01X00T47',
  phone: '+6281200000001',
  regency: 'Kota Blitar',
  permit_no: 'P1',
  permit_kind: 'ITK',
  issued_on: '2026-04-16',
  expires_on: '2026-06-15',
}

/** Google's client at the port, in front of a service whose behaviour can be changed. */
async function replaceable(behaviour: Behaviour, stack: AsyncDisposableStack) {
  const start = async (next: Behaviour) => {
    const fake = stack.use(await grpcGoogle(next))
    return stack.use(googleSpeech({ endpoint: fake.endpoint, timeoutMs: 500 }))
  }
  let now = await start(behaviour)
  const speech: Speech = {
    engine: 'google',
    speak: (utterance) => now.speak(utterance),
    [Symbol.asyncDispose]: async () => undefined,
  }
  return {
    speech,
    async behaves(next: Behaviour) {
      now = await start(next)
    },
  }
}
