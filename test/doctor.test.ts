import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { App } from '../src/app.ts'
import { doctorCommand, type Finding } from '../src/cli/doctor.ts'
import { grpcGoogle } from '../src/compose/speech/fake-google.ts'
import { openWorld, type World } from './world.ts'

describe('the doctor', () => {
  let world: World

  beforeAll(async () => {
    world = await openWorld({
      today: '2026-06-01',
      office: (office) => ({
        ...office,
        unverified: [],
        holidays: office.holidays.map((list) => ({ ...list, confirmed: true })),
      }),
    })
  })
  afterAll(() => world[Symbol.asyncDispose]())

  async function findingsOf(app: App): Promise<{ code: number; mend: string[] }> {
    let findings: Finding[] = []
    const code = await doctorCommand(app, {
      json: true,
      line: () => undefined,
      result: (value) => {
        findings = value.findings as Finding[]
      },
    })
    return { code, mend: findings.filter((one) => !one.ok).map((one) => one.check) }
  }

  it('finds nothing to mend on a good set-up', async () => {
    expect(await findingsOf(world.app)).toEqual({ code: 0, mend: [] })
  })

  it('names what is wrong and nothing else', async () => {
    const { app } = world
    const office = { ...app.office, unverified: ['phone'] }
    expect(await findingsOf({ ...app, office })).toEqual({ code: 1, mend: ['office file'] })
    expect(await findingsOf({ ...app, office: { ...app.office, holidays: [] } })).toEqual({
      code: 1,
      mend: ['holidays'],
    })
    const secrets = { ...app.secrets, twilioAuthToken: 'wrong' }
    expect(await findingsOf({ ...app, secrets })).toEqual({ code: 1, mend: ['carrier'] })
  })

  it('names a pinned voice that Google does not list', async () => {
    await using google = await grpcGoogle(new Uint8Array())
    const { app } = world
    const config = { ...app.config, speech: 'google' as const, googleEndpoint: google.endpoint }
    const asked = await findingsOf({ ...app, config })
    expect(asked).toEqual({ code: 1, mend: ['voices'] })
  })
})
