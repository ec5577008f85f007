import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { demoOfficers } from '../src/cli/demo.ts'
import { officerCommand } from '../src/cli/officer.ts'
import type { Output } from '../src/cli/output.ts'
import type { Console } from '../src/console/listener.ts'
import { codeAt, PASSWORD, secretOn, visitorOf } from '../src/console/testing.ts'
import { systemClock } from '../src/lib/clock.ts'
import { openWorld, type World } from './world.ts'

let world: World
let officers: Console

beforeAll(async () => {
  // As in the demo: a day that stands still, and officers who do not.
  world = await openWorld({ overrides: { wallClock: systemClock } })
  officers = await world.app.openConsole()
})
afterAll(async () => {
  await officers?.[Symbol.asyncDispose]()
  await world?.[Symbol.asyncDispose]()
})

describe("the officers' console of the whole program", () => {
  it('lets in whom the command line made an account for', async () => {
    const { code, lines, result } = await officer({ action: 'add', name: 'dewi', role: 'officer' })
    expect(code).toBe(0)
    expect(lines.join('\n')).toContain(result.one_time_password)
    const form = await fetch(`${officers.url}/sign-in`)
    const csrf = /name="csrf" value="([^"]+)"/.exec(await form.text())![1]!
    const answer = await fetch(`${officers.url}/sign-in`, {
      method: 'POST',
      redirect: 'manual',
      headers: { cookie: form.headers.getSetCookie()[0]!.split(';')[0]! },
      body: new URLSearchParams({ csrf, name: 'dewi', password: String(result.one_time_password) }),
    })
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/sign-in/password'])
  })

  it("lets the demo's supervisor in with a code of this very moment, and out when the account is reset", async () => {
    const accounts = await demoOfficers(world.app)
    expect(accounts.map(({ name, role }) => [name, role])).toEqual([
      ['petugas', 'officer'],
      ['kepala', 'supervisor'],
    ])
    const visitor = visitorOf(officers.url)
    await visitor.post('/sign-in', { name: 'kepala', password: accounts[1]!.password })
    await visitor.post('/sign-in/password', { password: PASSWORD, again: PASSWORD })
    const secret = secretOn(await visitor.get('/sign-in/enrol'))
    const enrolled = await visitor.post('/sign-in/enrol', { code: codeAt(secret, systemClock.now()) })
    expect(enrolled.status).toBe(200)
    const today = await visitor.get('/')
    expect([today.status, today.text.includes('1 Juni 2026')]).toEqual([200, true])
    const [, again] = await demoOfficers(world.app)
    expect((await visitor.get('/')).location).toBe('/sign-in')
    const back = await visitor.post('/sign-in', { name: 'kepala', password: again!.password })
    expect(back.location).toBe('/sign-in/password')
  })

  it('is not made for a name, role or regency that cannot be', async () => {
    await expect(officer({ action: 'add', name: 'dewi', role: 'officer' })).rejects.toThrow(
      'there is an account dewi already',
    )
    await expect(officer({ action: 'add', name: 'De Wi', role: 'officer' })).rejects.toThrow('De Wi is no name')
    await expect(officer({ action: 'add', name: 'budi' })).rejects.toThrow('--role is missing')
    await expect(officer({ action: 'add', name: 'budi', role: 'chief' })).rejects.toThrow('--role chief is unknown')
    await expect(officer({ action: 'add', name: 'budi', role: 'officer', regency: ['Kota Kediri'] })).rejects.toThrow(
      '--regency Kota Kediri is not of this office',
    )
    await expect(officer({ action: 'reset', name: 'budi' })).rejects.toThrow('there is no account budi')
  })
})

async function officer(given: Parameters<typeof officerCommand>[2]) {
  const lines: string[] = []
  const results: Record<string, unknown>[] = []
  const output: Output = { json: false, line: (text) => lines.push(text), result: (value) => results.push(value) }
  return { code: await officerCommand(world.app, output, given), lines, result: results[0]! }
}
