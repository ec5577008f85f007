import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, openAsBlob, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { PROJECT_DIR } from '../../src/config.ts'
import { command, positive } from '../command.ts'
import { type HostileFile, hostileFiles } from './hostile-files.ts'
import type { Asked, Begun, Imported, Standing } from './hostile-program.ts'

export type Verdict = {
  name: string
  what: string
  bytes: number
  /** Sentences, as they were said. */
  console: string
  command: string
  /** The console would still apply it, if told to. */
  waits: boolean
  milliseconds: number
  /** Highest resident memory of the program since it was begun on this file. */
  memoryMiB: number
  faults: string[]
}

/** As much as an import of any size may take; without its guards, one of these files takes far more. */
export const MOST_MIB = 350
/** The console takes no larger file. */
const LARGEST_UPLOAD = 25 * 1024 * 1024

/** Hands every file to the console's import page, in both languages by turns, and to `import`. */
export async function tryHostileFiles(
  files: readonly HostileFile[],
  tell: (verdict: Verdict) => void = () => undefined,
): Promise<Verdict[]> {
  using stack = new DisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'tenggat-hostile-'))
  stack.defer(() => rmSync(folder, { recursive: true, force: true }))
  const child = fork(join(import.meta.dirname, 'hostile-program.ts'), [folder], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: launcherFlags(),
  })
  stack.defer(() => child.kill('SIGKILL'))
  const program = { child, begun: (await answerOf(child)) as Begun }
  let before = await standingOf(child)
  const verdicts: Verdict[] = []
  for (const [index, file] of files.entries()) {
    const path = join(folder, basename(file.name))
    await file.write(path)
    const verdict = await tryOne(program, { file, path, language: index % 2 === 0 ? 'id' : 'en' })
    rmSync(path)
    const after = await standingOf(child)
    if (after.register !== before.register) verdict.faults.push('the register changed')
    // What force could still apply waits for an hour.
    if (after.kept > before.kept + (verdict.waits ? 1 : 0)) verdict.faults.push('a copy of the file stayed')
    before = after
    verdicts.push(verdict)
    tell(verdict)
  }
  return verdicts
}

async function tryOne(
  { child, begun }: { child: ChildProcess; begun: Begun },
  { file, path, language }: { file: HostileFile; path: string; language: 'id' | 'en' },
): Promise<Verdict> {
  const faults: string[] = []
  const { size: bytes } = statSync(path)
  forgetPeak(child.pid!)
  const begins = performance.now()
  const page = await upload(begun, { path, name: file.name, language })
  const wanted = bytes > LARGEST_UPLOAD ? /Berkas terlalu besar|too large/i : file.says[language]
  if (page.status >= 500) faults.push(`the console answered ${page.status}`)
  if (!wanted.test(page.said)) faults.push(`the console said: ${page.said.slice(0, 300)}`)
  const command = (await ask(child, { ask: 'import', file: path })) as Imported
  if (command.code !== 1) faults.push(`the command ended with ${command.code}`)
  if (!file.says.en.test(command.said)) faults.push(`the command said: ${command.said.slice(0, 300)}`)
  const milliseconds = Math.round(performance.now() - begins)
  const memoryMiB = peakMiB(child.pid!)
  if (memoryMiB >= MOST_MIB) faults.push(`it took ${memoryMiB} MiB`)
  return {
    name: file.name,
    what: file.what,
    bytes,
    console: page.said,
    command: command.said,
    waits: page.status === 200,
    milliseconds,
    memoryMiB,
    faults,
  }
}

/** What the page says in its alert or text, and the status. A preview that only force could apply is thrown away, too. */
async function upload(
  begun: Begun,
  { path, name, language }: { path: string; name: string; language: 'id' | 'en' },
): Promise<{ status: number; said: string }> {
  const { cookie, csrf } = begun.officers[language]
  const body = new FormData()
  body.set('csrf', csrf)
  body.set('file', await openAsBlob(path), name)
  try {
    const response = await fetch(`${begun.url}/imports`, { method: 'POST', body, headers: { cookie } })
    const main = /<main[^>]*>(.*?)<\/main>/s.exec(await response.text())?.[1] ?? ''
    return {
      status: response.status,
      said: main
        .replaceAll(/<[^>]+>/g, ' ')
        .replaceAll(/\s+/g, ' ')
        .trim(),
    }
  } catch (error) {
    // The listener refuses by the length it is told, and does not wait for the rest.
    if (statSync(path).size > LARGEST_UPLOAD) return { status: 413, said: 'Berkas terlalu besar' }
    throw error
  }
}

async function standingOf(child: ChildProcess): Promise<Standing> {
  return (await ask(child, { ask: 'state' })) as Standing
}

async function ask(child: ChildProcess, asked: Asked): Promise<unknown> {
  const answer = answerOf(child)
  child.send(asked)
  return answer
}

async function answerOf(child: ChildProcess): Promise<unknown> {
  const waiting = new AbortController()
  const { signal } = waiting
  const ended = once(child, 'exit', { signal }).then(([code, by]) => {
    throw new Error(`the program ended with ${code ?? by}`)
  })
  try {
    const [answer] = await Promise.race([once(child, 'message', { signal }), ended])
    return answer
  } finally {
    ended.catch(() => undefined)
    waiting.abort()
  }
}

/** What scripts/tenggat hands to Node: the program is measured as it is run. */
function launcherFlags(): string[] {
  const launcher = readFileSync(join(PROJECT_DIR, 'scripts/tenggat'), 'utf8')
  return /^memory='(.+)'$/m.exec(launcher)![1]!.split(' ')
}

/** VmHWM begins anew (proc(5), clear_refs). */
function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
}

function peakMiB(pid: number): number {
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024)
}

const USAGE = `node scripts/drills/hostile-uploads.ts [--times N] [--only NAME] [--json]

Makes register files that are meant to hurt (--times 100: as large as an attacker would send), hands each to the console's
import page and to the import command of a program of its own, and exits 0 when each was refused in words, within
${MOST_MIB} MiB of memory, and the register is as it was.
`

if (import.meta.main) {
  await command({
    usage: USAGE,
    options: { times: { type: 'string', default: '100' }, only: { type: 'string', default: '' } },
    async run({ times, only }, output) {
      const files = hostileFiles(positive('--times', times)).filter((one) => one.name.includes(only))
      const verdicts = await tryHostileFiles(files, ({ name, bytes, milliseconds, memoryMiB, command: said, faults }) =>
        output.line(
          `${faults.length === 0 ? 'refused' : 'FAULT  '} ${name}: ${bytes} bytes, ${milliseconds} ms, ${memoryMiB} MiB: ` +
            `${faults.join('; ') || said.slice(0, 160)}`,
        ),
      )
      const faulty = verdicts.filter((one) => one.faults.length > 0)
      output.result({
        files: verdicts.length,
        refused: verdicts.length - faulty.length,
        most_mib: Math.max(...verdicts.map((one) => one.memoryMiB)),
        slowest_ms: Math.max(...verdicts.map((one) => one.milliseconds)),
        faults: faulty.map(({ name, faults }) => ({ name, faults })),
      })
      return faulty.length === 0 ? 0 : 1
    },
  })
}
