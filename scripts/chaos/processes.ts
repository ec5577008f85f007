import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { PROJECT_DIR } from '../../src/config.ts'
import type { Fault } from '../../src/sandbox/faults.ts'
import type { Person } from '../../src/sandbox/people.ts'
import { ACCOUNT_SID, AUTH_TOKEN } from '../../test/ground.ts'
import { type Child, endChild, hasEnded, startChild } from '../child.ts'
import type { Ground } from './ground.ts'

export type DaemonProcess = AsyncDisposable & {
  loaded(): Promise<void>
  /** Opens database and listener and begins to work; its clock reads `now` (epoch ms). */
  begin(now: number): Promise<void>
  /** Resolves when it listens and works, after `begin`. */
  started(): Promise<void>
  /** Resolves when its first message or call is out. */
  sending(): Promise<void>
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>
  /** SIGTERM; resolves when it has ended by itself. Throws when it ended with a fault. */
  stop(): Promise<void>
  /** False once it has ended, for whatever reason. */
  alive(): boolean
}

export type SandboxProcess = AsyncDisposable & {
  url: string
  faults(faults: readonly Fault[]): Promise<void>
  people(people: Record<string, Person>): Promise<void>
  /** Resolves when no callback, call or media fetch is pending. */
  idle(): Promise<void>
  stop(): Promise<void>
}

/** A daemon with its modules loaded, waiting to begin. Its log goes to `daemon.log` in the folder. */
export function loadDaemon(ground: Ground): DaemonProcess {
  const child = start([join(import.meta.dirname, 'daemon.ts'), JSON.stringify(ground)], ground.folder)
  const lines = linesOf(child)
  const loaded = next(lines, 'loaded')
  const started = loaded.then(() => next(lines, 'started'))
  const sending = started.then(() => next(lines, 'attempted'))
  // Whoever waits for them hears of a failure; one that is killed before may end unheard.
  sending.catch(() => undefined)
  return {
    async loaded() {
      await loaded
    },
    async begin(now) {
      await loaded
      child.stdin.write(`${now}\n`)
    },
    async started() {
      await started
    },
    async sending() {
      await sending
    },
    kill: () => endChild(child, 'SIGKILL'),
    async stop() {
      await endChild(child, 'SIGTERM')
      if (child.exitCode !== 0) throw new Error(`the daemon ended with ${child.exitCode ?? child.signalCode}`)
    },
    alive: () => !hasEnded(child),
    [Symbol.asyncDispose]: () => endChild(child, 'SIGKILL'),
  }
}

/** The sandbox on `transcript.jsonl` in the folder, which it goes on with when it is there. */
export async function startSandbox(options: {
  folder: string
  seed: number
  clockStart: number
  port?: number
}): Promise<SandboxProcess> {
  const { folder, seed, clockStart, port = 0 } = options
  const child = start(
    [
      join(PROJECT_DIR, 'src', 'sandbox', 'main.ts'),
      ...['--transcript', transcriptIn(folder), '--seed', String(seed), '--port', String(port)],
      ...['--clock-start', new Date(clockStart).toISOString()],
      ...['--account-sid', ACCOUNT_SID, '--auth-token', AUTH_TOKEN],
    ],
    folder,
  )
  const { url } = JSON.parse(await next(linesOf(child), 'its address')) as { url: string }
  const tell = async (path: string, body: unknown) => {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${url}/sandbox/${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
    if (!answer.ok) throw new Error(`the sandbox answered ${path} with ${answer.status}: ${await answer.text()}`)
  }
  return {
    url,
    faults: (faults) => tell('faults', faults),
    people: (people) => tell('people', people),
    idle: () => tell('idle', {}),
    stop: () => endChild(child, 'SIGTERM'),
    [Symbol.asyncDispose]: () => endChild(child, 'SIGKILL'),
  }
}

export function transcriptIn(folder: string): string {
  return join(folder, 'transcript.jsonl')
}

/** The cache of compiled modules makes it load faster. */
function start(program: readonly string[], folder: string): Child {
  return startChild(program, { log: join(folder, 'daemon.log'), env: { NODE_COMPILE_CACHE: join(folder, 'cache') } })
}

type Lines = AsyncIterator<string>

function linesOf(child: Child): Lines {
  return createInterface({ input: child.stdout })[Symbol.asyncIterator]()
}

async function next(lines: Lines, what: string): Promise<string> {
  const { value, done } = await lines.next()
  if (done) throw new Error(`a process ended before it said "${what}"; see daemon.log`)
  return value
}
