import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { keptReading } from './kept-reading.ts'

/** What Node keeps compiled is a matter of its start, so each reading is a program of its own. */
const PROGRAM = `
import { readFileSync } from 'node:fs'
const { keptReading } = await import(process.argv[1])
let read = 0
const [file, rules] = process.argv.slice(2)
const content = await keptReading({
  name: 'test',
  files: [file],
  rules: [rules],
  read: async () => {
    read += 1
    const text = readFileSync(file, 'utf8')
    if (text === 'faulty') throw new Error('faulty')
    return new Map([[text, { length: text.length }]])
  },
}).catch((error) => error.message)
console.log(JSON.stringify({ read, content: content instanceof Map ? [...content] : content }))
`

describe('what was read once', () => {
  let folder: string
  let file: string
  let rules: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tenggat-kept-'))
    file = join(folder, 'words.yaml')
    rules = join(folder, 'rules.ts')
    writeFileSync(file, 'words')
    writeFileSync(rules, 'rules')
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const program = join(import.meta.dirname, 'kept-reading.ts')
  function start(cache: string | undefined = join(folder, 'compiled')): { read: number; content: unknown } {
    const { NODE_COMPILE_CACHE: _, NODE_OPTIONS: __, ...rest } = process.env
    const env = cache === undefined ? rest : { ...rest, NODE_COMPILE_CACHE: cache }
    const args = ['--input-type=module', '--eval', PROGRAM, '--', program, file, rules]
    return JSON.parse(execFileSync(process.execPath, args, { env, encoding: 'utf8' })) as ReturnType<typeof start>
  }
  const WORDS = [['words', { length: 5 }]]

  it('is not read again while nothing has changed', () => {
    expect(start()).toEqual({ read: 1, content: WORDS })
    expect(start()).toEqual({ read: 0, content: WORDS })
  })

  it('is read again when the file or the rules have changed', () => {
    start()
    writeFileSync(file, 'other')
    expect(start()).toEqual({ read: 1, content: [['other', { length: 5 }]] })
    writeFileSync(rules, 'rulez')
    expect(start()).toMatchObject({ read: 1 })
    expect(start()).toMatchObject({ read: 0 })
  })

  it('is read again when what was kept is torn or was changed', () => {
    start()
    const kept = keptFile(folder)
    const bytes = readFileSync(kept)
    writeFileSync(kept, bytes.fill(0, bytes.length - 3))
    expect(start()).toEqual({ read: 1, content: WORDS })
    truncateSync(kept, 20)
    expect(start()).toEqual({ read: 1, content: WORDS })
    expect(start()).toMatchObject({ read: 0 })
  })

  it('is not kept where it is faulty: every start finds the fault', () => {
    start()
    writeFileSync(file, 'faulty')
    for (let time = 0; time < 2; time += 1) expect(start()).toEqual({ read: 1, content: 'faulty' })
  })

  it('is read each time where nothing can be kept', () => {
    writeFileSync(join(folder, 'no-folder'), '')
    for (let time = 0; time < 2; time += 1) {
      expect(start(join(folder, 'no-folder'))).toEqual({ read: 1, content: WORDS })
    }
  })

  it('is left to the reader where a file is not there', async () => {
    const read = () => Promise.reject(new Error('no such file'))
    await expect(keptReading({ name: 'test', files: [join(folder, 'none')], rules: [], read })).rejects.toThrow(
      'no such file',
    )
  })
})

function keptFile(folder: string): string {
  const names = readdirSync(join(folder, 'compiled', 'read'), { recursive: true, encoding: 'utf8' })
  return join(folder, 'compiled', 'read', names.find((name) => /test-\w+$/.test(name))!)
}
