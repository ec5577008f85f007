import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

/** Data flows down this list: a file imports only from its own room and from rooms above it. */
const ROOMS = [
  'lib',
  'db',
  'register',
  'scan',
  'compose',
  'deliver',
  'overstay',
  'console',
  'public',
  'ops',
  'sandbox',
  'cli',
]
const SRC = import.meta.dirname
/** cli/ is the only room that may look at the assembled program. */
const ROOT_FILES = new Set(['main.ts', 'app.ts', 'delivery.ts', 'config.ts'])

describe('the rooms of src', () => {
  it('are the folders of the list, in this order of imports', () => {
    const wrong = sourceFiles().flatMap((file) => importsOf(file).flatMap((target) => fault(file, target) ?? []))
    expect(wrong).toEqual([])
  })

  it('leave nothing outside', () => {
    const folders = readdirSync(SRC, { withFileTypes: true }).filter((entry) => entry.isDirectory())
    expect(ROOMS).toEqual(expect.arrayContaining(folders.map((entry) => entry.name)))
  })
})

function fault(file: string, target: string): string | null {
  const from = roomOf(file)
  const to = roomOf(target)
  if (from === '' || from === to) return null
  if (to === '') return from === 'cli' || !ROOT_FILES.has(target) ? null : `${file} imports ${target}`
  return ROOMS.indexOf(to) < ROOMS.indexOf(from) ? null : `${file} imports ${target}`
}

function roomOf(file: string): string {
  return file.includes('/') ? file.split('/')[0]! : ''
}

function sourceFiles(): string[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !file.endsWith('.test.ts'),
  )
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(SRC, file), 'utf8')
  const found = text.matchAll(/(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+)'/g)
  return [...found].map((match) => relative(SRC, resolve(dirname(join(SRC, file)), match[1]!)))
}
