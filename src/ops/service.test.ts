import { mkdtempDisposableSync, readFileSync, watch, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { silentLog } from '../lib/events.ts'
import { tellService } from './service.ts'

it('says that it is ready, again and again that it is well, and at last that it stops', async () => {
  using notified = notifyProgram()
  {
    await using _service = tellService({
      env: { ...notified.env, NOTIFY_SOCKET: '/run/x', WATCHDOG_USEC: '30000' },
      log: silentLog,
    })
    await notified.lines(3)
  }
  const said = notified.read()
  expect(said[0]).toBe('READY=1')
  expect(said.at(-1)).toBe('STOPPING=1')
  expect(new Set(said.slice(1, -1))).toEqual(new Set(['WATCHDOG=1']))
})

it('says nothing where no service manager asks', async () => {
  using notified = notifyProgram()
  {
    await using _service = tellService({ env: notified.env, log: silentLog })
  }
  expect(notified.read()).toEqual([])
})

it('goes on where the service manager cannot be told', async () => {
  await using _service = tellService({ env: { PATH: '/nowhere', NOTIFY_SOCKET: '/run/x' }, log: silentLog })
})

/** A program of that name that writes down what it is told. */
function notifyProgram() {
  const folder = mkdtempDisposableSync(join(tmpdir(), 'tenggat-notify-'))
  const file = join(folder.path, 'said')
  writeFileSync(file, '')
  writeFileSync(join(folder.path, 'systemd-notify'), `#!/bin/sh\necho "$1" >> ${file}\n`, { mode: 0o755 })
  const read = () => readFileSync(file, 'utf8').split('\n').slice(0, -1)
  return {
    env: { PATH: `${folder.path}:/usr/bin:/bin` },
    read,
    lines: (count: number) =>
      new Promise<void>((resolve) => {
        const watcher = watch(file, () => {
          if (read().length < count) return
          watcher.close()
          resolve()
        })
      }),
    [Symbol.dispose]: () => folder.remove(),
  }
}
