import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import type { Readable, Writable } from 'node:stream'

/** A program of Node that takes orders by standard input and answers by standard output. */
export type Child = ChildProcess & { stdin: Writable; stdout: Readable }

/** However this process ends, none of its children outlives it. */
const children = new Set<Child>()
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})

/**
 * Nothing of our environment decides what a child does, but for `env`. What it says on standard error is added to the file `log`; without
 * one it must be read.
 */
export function startChild(
  program: readonly string[],
  { log, env = {} }: { log?: string; env?: Record<string, string> } = {},
): Child {
  const file = log === undefined ? undefined : openSync(log, 'a')
  const child = spawn(process.execPath, program, {
    stdio: ['pipe', 'pipe', file ?? 'pipe'],
    env: { PATH: process.env.PATH, ...env },
  }) as Child
  if (file !== undefined) closeSync(file)
  children.add(child)
  child.once('exit', () => children.delete(child))
  // A killed child leaves a pipe that cannot be written to.
  child.stdin.on('error', () => child.kill('SIGKILL'))
  return child
}

/** Resolves when it is gone; at once, when it was before. */
export async function endChild(child: Child, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (hasEnded(child)) return
  const gone = once(child, 'exit')
  child.kill(signal)
  await gone
}

export function hasEnded(child: Child): boolean {
  return child.exitCode !== null || child.signalCode !== null
}
