import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { until } from '../chaos/wait.ts'
import { endChild, hasEnded, startChild } from '../child.ts'
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
  /** A defect comes to light: a promise that nobody caught. Resolves to the exit code. */
  fail(words: string): Promise<number | null>
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

export function startDrillDaemon(orders: Orders): DrillDaemon {
  const child = startChild([join(import.meta.dirname, 'daemon.ts'), JSON.stringify(orders)])
  const log: LogLine[] = []
  createInterface({ input: child.stdout }).on('line', (line) => log.push(JSON.parse(line) as LogLine))
  let errors = ''
  child.stderr!.on('data', (piece: Buffer) => {
    errors += piece.toString()
  })
  const started = async () => {
    const line = () => log.find(({ msg }) => msg === 'started')
    await until(async () => {
      if (hasEnded(child)) throw new Error(`the daemon ended before it started: ${errors}`)
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
    async fail(words) {
      const gone = once(child, 'exit')
      child.stdin.write(`fail ${words}\n`)
      await gone
      return child.exitCode
    },
    cpuMs() {
      const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
      return (Number(fields[11]) + Number(fields[12])) * TICK_MS
    },
    alive: () => !hasEnded(child),
    async stop() {
      await endChild(child, 'SIGTERM')
      return child.exitCode
    },
    kill: () => endChild(child, 'SIGKILL'),
    [Symbol.asyncDispose]: () => endChild(child, 'SIGKILL'),
  }
}
