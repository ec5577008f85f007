import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { officerCommand } from '../src/cli/officer.ts'
import type { Output } from '../src/cli/output.ts'
import type { Console } from '../src/console/listener.ts'
import { openWorld, type World } from './world.ts'

let world: World
let officers: Console

beforeAll(async () => {
  world = await openWorld()
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
