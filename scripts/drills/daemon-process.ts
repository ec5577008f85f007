import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { until } from '../chaos/wait.ts'
import type { Orders } from './daemon.ts'

export type LogLine = { level: number; msg: string } & Record<string, unknown>

export type DrillDaemon = AsyncDisposable & {
  /** What it has logged so far. */
  log: readonly LogLine[]
  /** What it said on standard error: nothing, while it lives. */
  errors(): string
  /** Of the officers' console, once it listens. */
  consoleUrl(): Promise<string>
  /** Of the public listener. */
  publicUrl(): Promise<string>
  /** The host's clock goes on, or back, by so much at once. */
  leap(milliseconds: number): void
  /** A defect comes to light: a promise that nobody caught, or an error. Resolves to the exit code. */
  fail(how: 'reject' | 'throw', words: string): Promise<number | null>
  /** Milliseconds of a processor that it has used. */
  cpuMs(): number
  alive(): boolean
  /** SIGTERM; resolves to its exit code. */
  stop(): Promise<number | null>
  kill(): Promise<void>
}

const STARTS_WITHIN_MS = 30_000
/** Of /proc/<pid>/stat: sysconf(_SC_CLK_TCK) is 100 on Linux. */
const TICK_MS = 10

export function startDrillDaemon(orders: Orders, { env = {} }: { env?: Record<string, string> } = {}): DrillDaemon {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'daemon.ts'), JSON.stringify(orders)], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, ...env },
  })
  const atExit = () => child.kill('SIGKILL')
  process.once('exit', atExit)
  child.once('exit', () => process.removeListener('exit', atExit))
  const log: LogLine[] = []
  createInterface({ input: child.stdout }).on('line', (line) => log.push(JSON.parse(line) as LogLine))
  let errors = ''
  child.stderr.on('data', (piece: Buffer) => {
    errors += piece.toString()
  })
  // One that has ended takes no orders.
  child.stdin.on('error', () => undefined)

  const hasEnded = () => child.exitCode !== null || child.signalCode !== null
  const end = async (signal: NodeJS.Signals) => {
    if (hasEnded()) return
    const gone = once(child, 'exit')
    child.kill(signal)
    await gone
  }
  const started = async () => {
    const line = () => log.find(({ msg }) => msg === 'started')
    await until(async () => {
      if (hasEnded()) throw new Error(`the daemon ended before it started: ${errors}`)
      return line() !== undefined
    }, STARTS_WITHIN_MS)
    return line()!
  }
  return {
    log,
    errors: () => errors,
    consoleUrl: async () => String((await started()).console),
    publicUrl: async () => String((await started()).public),
    leap(milliseconds) {
      child.stdin.write(`${milliseconds}\n`)
    },
    async fail(how, words) {
      const gone = once(child, 'exit')
      child.stdin.write(`${how} ${words}\n`)
      await gone
      return child.exitCode
    },
    cpuMs() {
      const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
      return (Number(fields[11]) + Number(fields[12])) * TICK_MS
    },
    alive: () => !hasEnded(),
    async stop() {
      await end('SIGTERM')
      return child.exitCode
    },
    kill: () => end('SIGKILL'),
    [Symbol.asyncDispose]: () => end('SIGKILL'),
  }
}
