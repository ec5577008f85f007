import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { AppError } from '../../src/lib/errors.ts'
import type { Answer, Order } from './order.ts'

export type RunningProgram = AsyncDisposable & {
  /** Rejects when the program ends before it has answered. */
  ask(order: Order): Promise<Answer>
  kill(): Promise<void>
}

/** However this process ends, the program does not outlive it. */
type Child = ChildProcessByStdio<Writable, Readable, null>
let current: Child | undefined
process.on('exit', () => current?.kill('SIGKILL'))

/** The program with its clock at `now` (epoch ms), ready for orders. Its warnings go to `program.log` in the folder. */
export async function startProgram(options: {
  folder: string
  port: number
  sandboxUrl: string
  now: number
}): Promise<RunningProgram> {
  const { folder, port, sandboxUrl, now } = options
  const log = openSync(join(folder, 'program.log'), 'a')
  const child = spawn(
    process.execPath,
    [
      '--expose-gc',
      join(import.meta.dirname, 'program.ts'),
      ...['--folder', folder, '--port', String(port), '--sandbox', sandboxUrl, '--now', String(now)],
    ],
    { stdio: ['pipe', 'pipe', log], env: { PATH: process.env.PATH } },
  ) as Child
  closeSync(log)
  current = child
  child.stdin.on('error', () => child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const answer = async (): Promise<Answer> => {
    const { value, done } = await lines.next()
    if (done) throw new AppError('unavailable', `the program ended by itself; see ${join(folder, 'program.log')}`)
    return JSON.parse(value) as Answer
  }
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }
  await answer()
  return {
    ask(order) {
      child.stdin.write(`${JSON.stringify(order)}\n`)
      return answer()
    },
    kill,
    [Symbol.asyncDispose]: kill,
  }
}
