import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { AppError } from '../../src/lib/errors.ts'
import { endChild, startChild } from '../child.ts'
import type { Answer, Order, ProgramGround } from './order.ts'

export type RunningProgram = AsyncDisposable & {
  /** Rejects when the program ends before it has answered. */
  ask(order: Order): Promise<Answer>
  kill(): Promise<void>
}

/** The program ready for orders. Its warnings go to `program.log` in the folder. */
export async function startProgram(ground: ProgramGround): Promise<RunningProgram> {
  const log = join(ground.folder, 'program.log')
  const program = ['--expose-gc', join(import.meta.dirname, 'program.ts'), JSON.stringify(ground)]
  const child = startChild(program, { log })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const answer = async (): Promise<Answer> => {
    const { value, done } = await lines.next()
    if (done) throw new AppError('unavailable', `the program ended by itself; see ${log}`)
    return JSON.parse(value) as Answer
  }
  const kill = () => endChild(child, 'SIGKILL')
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
