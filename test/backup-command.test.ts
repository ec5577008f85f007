import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seeded } from '../scripts/chaos/weather.ts'
import { PROJECT_DIR } from '../src/config.ts'
import { newKeyFile } from '../src/db/seal.ts'

const KILLS = 6

describe('backup and restore on the command line', () => {
  let folder: string
  let database: string
  let env: Record<string, string>

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tenggat-command-'))
    database = join(folder, 'tenggat.db')
    writeFileSync(join(folder, 'secret.key'), newKeyFile('test'))
    writeFileSync(join(folder, 'phrase'), 'a passphrase of the office\n')
    env = {
      PATH: process.env.PATH ?? '',
      NODE_COMPILE_CACHE: join(folder, 'cache'),
      DATABASE_URL: `file:${database}`,
      DATA_DIR: folder,
      SECRET_KEY_FILE: join(folder, 'secret.key'),
      LOG_LEVEL: 'error',
    }
    expect((await tenggat('status')).code).toBe(0)
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  function start(...args: string[]): ChildProcess {
    return spawn(process.execPath, [join(PROJECT_DIR, 'src', 'main.ts'), ...args], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  }

  async function tenggat(...args: string[]): Promise<{ code: number; last: Record<string, unknown>; stderr: string }> {
    const child = start(...args, '--json')
    const [stdout, stderr] = await Promise.all([text(child.stdout!), text(child.stderr!), once(child, 'exit')])
    const line = stdout.trimEnd().split('\n').at(-1)
    return { code: child.exitCode ?? -1, last: line ? JSON.parse(line) : {}, stderr }
  }

  it('make a copy and bring it back, and end with 0, 1 or 2', async () => {
    const made = await tenggat('backup', '--passphrase-file', join(folder, 'phrase'))
    expect(made).toMatchObject({ code: 0, last: { encrypted: true, removed: [], tables: { residents: 0 } } })
    const file = String(made.last.file)
    expect(existsSync(file)).toBe(true)

    const restored = await tenggat('restore', file, '--passphrase-file', join(folder, 'phrase'))
    expect(restored).toMatchObject({ code: 0, last: { made_at: made.last.made_at, migrated: [] } })
    expect(existsSync(String(restored.last.kept))).toBe(true)

    writeFileSync(join(folder, 'other'), 'another passphrase altogether')
    expect((await tenggat('restore', file, '--passphrase-file', join(folder, 'other'))).code).toBe(2)
    expect((await tenggat('restore', join(folder, 'missing'))).code).toBe(2)
    expect((await tenggat('restore', join(folder, 'phrase'))).code).toBe(1)
    expect((await tenggat('restore')).code).toBe(2)
  }, 60_000)

  it('leave the old database or the new one, wherever a restore is killed', async () => {
    const say = (what: string) => {
      const client = new Database(database)
      client.prepare("insert or replace into meta (key, value) values ('which', ?)").run(what)
      client.close()
    }
    say('backed up')
    const file = String((await tenggat('backup', join(folder, 'a.backup'))).last.file)
    const begun = performance.now()
    await tenggat('restore', file)
    const lasts = performance.now() - begun
    const random = seeded(5)
    for (let kill = 0; kill < KILLS; kill++) {
      say('old')
      const child = start('restore', file)
      const gone = once(child, 'exit')
      const timer = setTimeout(() => child.kill('SIGKILL'), lasts * (0.5 + random() / 2))
      await gone
      clearTimeout(timer)
      const client = new Database(database)
      expect(client.pragma('integrity_check', { simple: true })).toBe('ok')
      const which = client.prepare("select value from meta where key = 'which'").pluck().get()
      client.close()
      expect(which).toEqual(child.exitCode === 0 ? 'backed up' : expect.stringMatching(/^(old|backed up)$/))
    }
    expect((await tenggat('restore', file)).code).toBe(0)
    expect(readdirSync(folder).filter((name) => name.includes('restoring'))).toEqual([])
  }, 120_000)
})
