import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { PROJECT_DIR } from '../../src/config.ts'
import { freePort } from '../../src/lib/free-port.ts'
import { ACCOUNT_SID, AUTH_TOKEN } from '../../test/ground.ts'

/** A process that listens, started by its command. */
export type Running = {
  pid: number
  /** Seconds from the command to both listeners ready. */
  seconds: number
  /** SIGTERM, and its end. */
  stop(): Promise<void>
}

/** Of /proc/<pid>/stat: sysconf(_SC_CLK_TCK) is 100 on Linux. */
const TICKS_PER_SECOND = 100

/** `scripts/tenggat start` on the database of that folder, as an operator would. */
export async function startDaemon(folder: string, carrierUrl: string): Promise<Running> {
  const port = await freePort()
  return start(join(PROJECT_DIR, 'scripts/tenggat'), ['start'], {
    says: /"msg":"started"/,
    env: {
      DATABASE_URL: `file:${join(folder, 'tenggat.db')}`,
      DATA_DIR: folder,
      SECRET_KEY_FILE: join(folder, 'secret.key'),
      CONSOLE_LISTEN: '127.0.0.1:0',
      PUBLIC_LISTEN: `127.0.0.1:${port}`,
      PUBLIC_BASE_URL: `http://127.0.0.1:${port}`,
      TWILIO_ACCOUNT_SID: ACCOUNT_SID,
      TWILIO_AUTH_TOKEN: AUTH_TOKEN,
      TWILIO_API_BASE_URL: carrierUrl,
      TWILIO_SMS_FROM: 'IMIGRASI',
      TWILIO_CALL_FROM: '+62342000001',
    },
  })
}

/** The same Node with two fastify listeners and nothing behind them. */
export function startBare(): Promise<Running> {
  return start(process.execPath, [join(import.meta.dirname, 'bare-listeners.mjs')], { says: /^ready$/, env: {} })
}

async function start(
  command: string,
  args: string[],
  { says, env }: { says: RegExp; env: Record<string, string> },
): Promise<Running> {
  const begun = performance.now()
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, ...env },
  })
  const atExit = () => child.kill('SIGKILL')
  process.once('exit', atExit)
  child.once('exit', () => process.removeListener('exit', atExit))
  await ready(child, says)
  const seconds = (performance.now() - begun) / 1_000
  return {
    pid: child.pid!,
    seconds,
    async stop() {
      const gone = once(child, 'exit')
      child.kill('SIGTERM')
      await gone
    },
  }
}

/** Its log is read to the end, or it would stop where the pipe is full. */
async function ready(child: ChildProcess, says: RegExp): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const said: string[] = []
  for (const stream of [child.stdout!, child.stderr!]) {
    createInterface({ input: stream }).on('line', (line) => {
      if (said.length < 20) said.push(line)
      if (says.test(line)) resolve()
    })
  }
  child.once('exit', (code) => reject(new Error(`it ended with ${code}: ${said.join('\n')}`)))
  child.once('error', reject)
  await promise
}

/** The memory that a process holds now, in megabytes. */
export function residentMb(pid: number): number {
  const [, kilobytes] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kilobytes) / 1024
}

/** Seconds of a processor that it has used. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}
