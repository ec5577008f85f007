import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Log } from '../lib/events.ts'
import { faultText } from '../lib/fault-text.ts'

const run = promisify(execFile)
const PATIENCE_MS = 10_000

/**
 * Tells systemd that the program is ready, and then, three times in each watchdog period, that it is well: a program whose
 * loop hangs says nothing and is started again. `env` as systemd gives it to a service of `Type=notify`; without its
 * NOTIFY_SOCKET nothing happens. Source: sd_notify(3). Node has no sockets of that kind, so `systemd-notify` says it.
 */
export function tellService({ env, log }: { env: NodeJS.ProcessEnv; log: Log }): AsyncDisposable {
  if (!env.NOTIFY_SOCKET) return { [Symbol.asyncDispose]: () => Promise.resolve() }

  const tell = async (what: string) => {
    try {
      await run('systemd-notify', [what], { env, timeout: PATIENCE_MS })
    } catch (error) {
      // The service manager acts on its own when it hears nothing; that is no reason to stop telling residents.
      log.error({ fault: faultText(error) }, 'the service manager could not be told')
    }
  }
  let last = tell('READY=1')
  const timer = setInterval(() => {
    last = last.then(() => tell('WATCHDOG=1'))
  }, everyMs(env.WATCHDOG_USEC))
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      await last
      await tell('STOPPING=1')
    },
  }
}

const LONGEST_MS = 600_000

function everyMs(watchdogMicroseconds: string | undefined): number {
  const period = Number(watchdogMicroseconds) / 1_000
  return period > 0 ? Math.min(period / 3, LONGEST_MS) : LONGEST_MS
}
