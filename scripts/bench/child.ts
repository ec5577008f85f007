import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { PROJECT_DIR } from '../../src/config.ts'

/** A measured program in a process of its own. */
export type Child = AsyncDisposable & {
  pid: number
  /** Its next line on standard output, read as JSON. Throws when it ends instead. */
  next<Said>(): Promise<Said>
  tell(line: string): void
}

/**
 * Starts a script of this folder as the launcher starts the program. `task` is what it finds in `taskOf`; when the
 * environment names a folder in BENCH_PROF, each child leaves its processor profile there.
 */
export function openChild(script: string, task: unknown): Child {
  const profile = process.env.BENCH_PROF
  const flags = [...launcherFlags(), ...(profile ? ['--cpu-prof', `--cpu-prof-dir=${profile}`] : [])]
  const child = spawn(process.execPath, [...flags, join(import.meta.dirname, script), JSON.stringify(task)], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...launcherEnvironment() },
  })
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
  return {
    pid: child.pid!,
    async next<Said>() {
      const { value, done } = (await lines.next()) as { value: string; done?: boolean }
      if (done) throw new Error(`${script} ended before it had answered: ${await ending(child)}`)
      return JSON.parse(value) as Said
    },
    tell: (line) => {
      child.stdin!.write(`${line}\n`)
    },
    async [Symbol.asyncDispose]() {
      child.stdin!.end()
      // A profile is written at an end of its own.
      if (profile === undefined) child.kill('SIGKILL')
      else setTimeout(() => child.kill('SIGKILL'), 2_000).unref()
      await ending(child)
    },
  }
}

/** Runs such a script to its one answer; `rss_mb` is its peak. */
export async function runChild<Said>(script: string, task: object): Promise<Said & { rss_mb: number }> {
  await using child = openChild(script, task)
  return await child.next<Said & { rss_mb: number }>()
}

/** In the child: what it was started for. */
export function taskOf<Task>(): Task {
  return JSON.parse(process.argv[2]!) as Task
}

/** In the child: says one line, with the most memory that it has held. */
export function say(answer: object): void {
  process.stdout.write(`${JSON.stringify({ ...answer, rss_mb: peakRss('self') })}\n`)
}

/** The most memory that a process has held, in megabytes. */
export function peakRss(pid: number | 'self'): number {
  const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kilobytes) / 1024
}

/** What scripts/tenggat gives Node. */
export function launcherFlags(): string[] {
  const launcher = readFileSync(join(PROJECT_DIR, 'scripts/tenggat'), 'utf8')
  return /^memory='([^']*)'$/m.exec(launcher)![1]!.split(' ')
}

/** What it sets for memory and for a quick start. */
export function launcherEnvironment(): Record<string, string> {
  return {
    MALLOC_ARENA_MAX: '1',
    MALLOC_MMAP_THRESHOLD_: '131072',
    MALLOC_TRIM_THRESHOLD_: '131072',
    NODE_COMPILE_CACHE: join(PROJECT_DIR, 'node_modules/.cache/compiled'),
  }
}

async function ending(child: ChildProcess): Promise<string> {
  if (child.exitCode === null && child.signalCode === null) await new Promise((resolve) => child.once('exit', resolve))
  return String(child.exitCode ?? child.signalCode)
}
