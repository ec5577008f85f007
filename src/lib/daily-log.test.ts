import { mkdtempDisposableSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openDailyLog } from './events.ts'

it("writes the day's lines to a file that only its owner reads", async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'tenggat-log-'))
  const log = await openDailyLog({ level: 'info', file: join(folder.path, 'logs/tenggat.log') })
  log.info({ delivery: 7, phone: 'a number' }, 'sent')
  log.debug('not asked for')
  await new Promise<void>((resolve) => log.flush(() => resolve()))
  const [file] = readdirSync(join(folder.path, 'logs'))
  expect(file).toMatch(/^tenggat\.\d{4}-\d\d-\d\d\.1\.log$/)
  const path = join(folder.path, 'logs', file!)
  const lines = readFileSync(path, 'utf8').trim().split('\n')
  expect(lines).toHaveLength(1)
  expect(JSON.parse(lines[0]!)).toMatchObject({ delivery: 7, phone: '[Redacted]', msg: 'sent' })
  expect(statSync(path).mode & 0o777).toBe(0o600)
})
