import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AppError } from '../lib/errors.ts'
import { type Holder, lockHolder, takeInstanceLock } from './lock.ts'

const us: Holder = { pid: process.pid, command: 'scan', startedAt: Date.parse('2026-11-22T01:00:00Z') }

describe('the instance lock', () => {
  let dataDir: string
  let other: ChildProcess | undefined

  beforeEach(() => {
    dataDir = join(mkdtempSync(join(tmpdir(), 'tenggat-lock-')), 'data')
  })

  afterEach(() => {
    other?.kill('SIGKILL')
    rmSync(join(dataDir, '..'), { recursive: true })
  })

  it('names the other process that holds it, and is free again the moment that process is killed', async () => {
    other = await holdElsewhere(dataDir, { command: 'start', startedAt: Date.parse('2026-11-22T00:30:00Z') })
    const error = thrownBy(() => takeInstanceLock({ dataDir, holder: us }))
    expect(error.code).toBe('conflict')
    expect(error.message).toBe(
      `${dataDir} is in use by process ${other.pid} ("start", since 2026-11-22T00:30:00Z); ` +
        'only one process may scan and send from it',
    )

    const ended = once(other, 'exit')
    other.kill('SIGKILL')
    await ended
    using _lock = takeInstanceLock({ dataDir, holder: us })
    expect(noteIn(dataDir)).toEqual(us)
  })

  it('says who holds it to whoever only asks, and takes nothing', async () => {
    expect(lockHolder(dataDir)).toBeNull()
    other = await holdElsewhere(dataDir, { command: 'start', startedAt: 7 })
    expect(lockHolder(dataDir)).toEqual({ pid: other.pid, command: 'start', startedAt: 7 })
    const ended = once(other, 'exit')
    other.kill('SIGKILL')
    await ended
    expect(lockHolder(dataDir)).toBeNull()
    using _lock = takeInstanceLock({ dataDir, holder: us })
  })

  it('leaves the note of the holder alone when it is refused', () => {
    using _lock = takeInstanceLock({ dataDir, holder: us })
    thrownBy(() => takeInstanceLock({ dataDir, holder: { pid: 1, command: 'run', startedAt: 0 } }))
    expect(noteIn(dataDir)).toEqual(us)
  })

  it('goes to the next one when it is given back, also when given back twice', () => {
    const lock = takeInstanceLock({ dataDir, holder: us })
    lock[Symbol.dispose]()
    using _next = takeInstanceLock({ dataDir, holder: us })
    lock[Symbol.dispose]()
    expect(noteIn(dataDir)).toEqual(us)
    expect(thrownBy(() => takeInstanceLock({ dataDir, holder: us })).code).toBe('conflict')
  })

  it.each(['', 'not JSON', '{"pid":"x"}', 'null'])('refuses also when the note says nothing: %j', (text) => {
    using _lock = takeInstanceLock({ dataDir, holder: us })
    writeFileSync(join(dataDir, 'lock.json'), text)
    expect(thrownBy(() => takeInstanceLock({ dataDir, holder: us })).message).toContain('by another process')
  })

  it('says which file it could not lock', () => {
    const blocked = join(dataDir, '..', 'file')
    writeFileSync(blocked, '')
    const error = thrownBy(() => takeInstanceLock({ dataDir: blocked, holder: us }))
    expect(error.code).toBe('unavailable')
    expect(error.message).toContain(join(blocked, 'lock.db'))
  })
})

async function holdElsewhere(dataDir: string, holder: Omit<Holder, 'pid'>): Promise<ChildProcess> {
  const program = `
    import { takeInstanceLock } from ${JSON.stringify(import.meta.resolve('./lock.ts'))}
    const holder = { pid: process.pid, ...${JSON.stringify(holder)} }
    globalThis.lock = takeInstanceLock({ dataDir: ${JSON.stringify(dataDir)}, holder })
    process.stdout.write('held')
    process.stdin.resume()`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit').then(() =>
    Promise.reject(new Error('the other process ended before it held the lock')),
  )
  await Promise.race([once(child.stdout, 'data'), ended])
  return child
}

function noteIn(dataDir: string): unknown {
  return JSON.parse(readFileSync(join(dataDir, 'lock.json'), 'utf8'))
}

function thrownBy(work: () => unknown): AppError {
  try {
    work()
  } catch (error) {
    if (error instanceof AppError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}
