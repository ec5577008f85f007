import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Ground, openGround, STARTS_AT } from '../scripts/chaos/ground.ts'
import { residentRows } from '../scripts/chaos/people.ts'
import { loadDaemon, type SandboxProcess, startSandbox, transcriptIn } from '../scripts/chaos/processes.ts'
import { importRows } from '../scripts/chaos/storm.ts'
import { copyToFile } from '../scripts/chaos/storm-workers.ts'
import { verdictOn } from '../scripts/chaos/verdict.ts'
import { until } from '../scripts/chaos/wait.ts'
import { testDatabase } from '../src/db/testing.ts'
import { silentLog } from '../src/lib/events.ts'
import { freePort } from '../src/lib/free-port.ts'
import { readTranscript } from '../src/sandbox/journal.ts'

const RESIDENTS = 30

describe('the daemon, stopped and killed in the middle of its work', () => {
  let folder: string
  let ground: Ground
  let sandbox: SandboxProcess
  let database: Awaited<ReturnType<typeof testDatabase>>
  const begun = performance.now()
  const now = () => Math.floor(STARTS_AT + performance.now() - begun)

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tenggat-kill-'))
    sandbox = await startSandbox({ folder, seed: 1, clockStart: STARTS_AT })
    database = await testDatabase()
    const port = await freePort()
    const worker = database.url && { databaseUrl: database.url, dataDir: folder, listenPort: port }
    ground = { folder, port, sandboxUrl: sandbox.url, perSecond: 6, ...(worker ? { worker } : {}) }
    const rows = residentRows(RESIDENTS)
    await sandbox.people(Object.fromEntries(rows.map((row) => [row.phone ?? row.sponsor_phone, { answers: 'human' }])))
    await using app = await openGround(ground, { clock: { now }, log: silentLog })
    await importRows(app, ground, rows)
  })
  afterAll(async () => {
    await sandbox[Symbol.asyncDispose]()
    await database[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  it('has told each phone once in the end', async () => {
    const phones = new Set(residentRows(RESIDENTS).map((row) => row.phone ?? row.sponsor_phone)).size
    await using first = loadDaemon(ground)
    await using second = loadDaemon(ground)
    await using third = loadDaemon(ground)

    await first.begin(now())
    await until(async () => (await messages()).length >= 3, 60_000)
    await first.stop()
    const afterStop = (await messages()).length
    expect(afterStop).toBeLessThan(phones)

    await second.begin(now())
    await until(async () => (await messages()).length >= afterStop + 4, 60_000)
    await second.kill()
    expect((await messages()).length).toBeLessThan(phones)

    await third.begin(now())
    await until(async () => new Set((await messages()).map(({ to }) => to)).size === phones, 60_000)
    await until(async () => (await messages()).every(({ status }) => status === 'delivered'), 60_000)
    await third.stop()
    const links = (await messages()).map(({ link }) => link)
    expect(new Set(links).size).toBe(links.length)
    expect(links).toHaveLength(phones)
    if (database.url) await copyToFile(folder, database.url)
    expect(await verdictOn(folder)).toMatchObject({ kills: 1, told_twice: 0, never_told: 0, wrongly_marked: 0 })
  }, 240_000)

  async function messages() {
    return (await readTranscript(transcriptIn(folder))).filter(({ kind }) => kind === 'sms')
  }
})
