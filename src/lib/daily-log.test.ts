import { mkdtempDisposableSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
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

it('lives on when the disk has no room for a line, and says so to standard error once', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'tenggat-log-'))
  const said: string[] = []
  const telling = vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0)
  // Today's file, and tomorrow's should midnight come in between.
  for (const days of [0, 1]) {
    const date = Temporal.Now.plainDateISO().add({ days })
    symlinkSync('/dev/full', join(folder.path, `tenggat.${date}.1.log`))
  }
  const log = await openDailyLog({ level: 'info', file: join(folder.path, 'tenggat.log') })
  for (let delivery = 1; delivery <= 3; delivery++) log.info({ delivery }, 'sent')
  telling.mockRestore()
  expect(said).toEqual([
    `LOG_FILE ${folder.path}/tenggat.log cannot be written (ENOSPC); what is to be logged waits in memory\n`,
  ])
})
