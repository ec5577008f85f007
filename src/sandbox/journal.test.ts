import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Journal, type JournalLine } from './journal.ts'

describe('Journal', () => {
  let folder: string
  let path: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'journal-'))
    path = join(folder, 'transcript.jsonl')
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('has every line on disk once flush has resolved, in the order of writing', async () => {
    const { journal } = await Journal.open(path)
    const lines = Array.from({ length: 500 }, (_, at) => session(at))
    for (const line of lines) journal.write(line)
    await journal.flush()
    expect((await Journal.open(path)).lines).toEqual(lines)
    journal.write(session(500))
    await journal[Symbol.asyncDispose]()
    expect((await Journal.open(path)).lines).toHaveLength(501)
  })

  it('cuts off a last line torn by a crash, and goes on after the whole ones', async () => {
    await appendFile(path, `${JSON.stringify(session(1))}\n{"t":"sess`)
    const { journal, lines } = await Journal.open(path)
    expect(lines).toEqual([session(1)])
    journal.write(session(2))
    await journal[Symbol.asyncDispose]()
    expect(await readFile(path, 'utf8')).toBe(`${JSON.stringify(session(1))}\n${JSON.stringify(session(2))}\n`)
  })

  it('names the line that is damaged in the middle', async () => {
    await appendFile(path, `${JSON.stringify(session(1))}\nrubbish\n${JSON.stringify(session(2))}\n`)
    await expect(Journal.open(path)).rejects.toThrow(/transcript.jsonl: line 2 is not JSON/)
  })

  it('keeps nothing without a file', async () => {
    const { journal, lines } = await Journal.open(undefined)
    journal.write(session(1))
    await journal.flush()
    expect(lines).toEqual([])
  })
})

function session(at: number): JournalLine {
  return { t: 'session', phone: '+6281234567890', sender: 'whatsapp:+62342801999', at }
}
