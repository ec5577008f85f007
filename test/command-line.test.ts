import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PROJECT_DIR } from '../src/config.ts'
import { newKeyFile } from '../src/db/seal.ts'

type Ran = { code: number; stdout: string; stderr: string }

describe('the command line', () => {
  let folder: string
  let env: Record<string, string>

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tenggat-cli-'))
    writeFileSync(join(folder, 'secret.key'), newKeyFile('test'))
    env = {
      PATH: process.env.PATH ?? '',
      DATABASE_URL: `file:${join(folder, 'tenggat.db')}`,
      DATA_DIR: folder,
      SECRET_KEY_FILE: join(folder, 'secret.key'),
      LOG_LEVEL: 'error',
    }
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  function tenggat(args: string[], change: Record<string, string> = {}): Promise<Ran> {
    return new Promise((resolve) => {
      execFile(
        join(PROJECT_DIR, 'scripts', 'tenggat'),
        args,
        { env: { ...env, ...change } },
        (error, stdout, stderr) => {
          resolve({ code: error ? Number(error.code) : 0, stdout, stderr })
        },
      )
    })
  }

  const lastLine = (ran: Ran) => JSON.parse(ran.stdout.trimEnd().split('\n').at(-1)!)

  it('reports three faults in the environment at once and ends with 2', async () => {
    const ran = await tenggat(['config'], { LOG_LEVEL: 'loud', PUBLIC_LISTEN: 'nowhere', SPEECH: 'parrot' })
    expect(ran.code).toBe(2)
    for (const name of ['LOG_LEVEL', 'PUBLIC_LISTEN', 'SPEECH'])
      expect(ran.stderr).toMatch(new RegExp(`^${name}: .*`, 'm'))
  })

  it('keeps every good row of a hostile file and names every bad one', async () => {
    const file = join(folder, 'hostile.csv')
    writeFileSync(file, hostileFile())
    const ran = await tenggat(['import', file, '--json'])
    expect(ran.code).toBe(3)
    const { state, added, rejected, rejects } = lastLine(ran) as {
      state: string
      added: number
      rejected: number
      rejects: { line: number; column: string; reason: string }[]
    }
    expect({ state, added, rejected }).toEqual({ state: 'applied', added: 7, rejected: 4 })
    expect(rejects.map(({ line, column }) => `${line} ${column}`)).toEqual([
      '9 expires_on',
      '10 ',
      '11 permit_no',
      '12 full_name',
    ])
    const again = lastLine(await tenggat(['import', file, '--json']))
    expect(again).toMatchObject({ added: 0, changed: 0, unchanged: 7 })
  })

  it.each([
    ['a month-first file', () => header() + row({ expires_on: '12/25/2026' }) + row({ permit_no: 'P2' }), /month/],
    ['a file without a required column', () => 'full_name,nationality\nAnna,DE\n', /passport_no|permit_no/],
    ['a file in another encoding', () => Buffer.from(header() + row({}), 'utf16le'), /UTF-16/],
    ['an empty file', () => '', /empty/],
  ])('refuses %s as a whole, in one sentence', async (_case, content, message) => {
    const file = join(folder, 'refused.csv')
    writeFileSync(file, content())
    const ran = await tenggat(['import', file])
    expect(ran.code).toBe(1)
    expect(ran.stderr + ran.stdout).toMatch(message)
  })

  it('ends with 2 for a word it does not know', async () => {
    expect((await tenggat(['frobnicate'])).code).toBe(2)
    expect((await tenggat(['scan', '--today', '2026-01-01'])).stderr).toMatch(/--dry-run/)
  })

  it('shows what a resident would read', async () => {
    const ran = await tenggat(['preview', '--language', 'id', '--expires', '2026-12-06', '--json'])
    expect(lastLine(ran)).toMatchObject({ language: 'id', encoding: 'GSM-7', spoken: ['id'] })
    expect(lastLine(ran).sms).toContain('6 Des 2026')
  })

  it('lists overstays and says how things stand', async () => {
    const listed = await tenggat([
      'overstays',
      '--json',
      '--csv',
      join(folder, 'list.csv'),
      '--xlsx',
      join(folder, 'list.xlsx'),
    ])
    expect(listed.code).toBe(0)
    expect(lastLine(listed).overstays).toEqual([])
    expect(lastLine(await tenggat(['status', '--json']))).toMatchObject({ residents: 7, attempts: 0 })
  })
})

const COLUMNS = ['full_name', 'nationality', 'passport_no', 'phone', 'permit_no', 'permit_kind', 'expires_on'] as const

function header(): string {
  return `${COLUMNS.join(',')}\r\n`
}

let made = 0

function row(cells: Partial<Record<(typeof COLUMNS)[number], string>>): string {
  made += 1
  const whole = {
    full_name: `Resident ${made}`,
    nationality: 'DE',
    passport_no: `C${String(made).padStart(8, '0')}`,
    phone: '',
    permit_no: `P${made}`,
    permit_kind: 'ITK',
    expires_on: '2026-12-06',
    ...cells,
  }
  return `${COLUMNS.map((column) => `"${whole[column].replaceAll('"', '""')}"`).join(',')}\r\n`
}

/** Names in many scripts, formulas, line breaks, wrong bytes, a 10 MB cell, an impossible date, a duplicate permit. */
function hostileFile(): Buffer {
  made = 0
  const text = (line: string) => Buffer.from(line)
  return Buffer.concat([
    text(`\uFEFF${header()}`),
    text(row({ full_name: 'محمد عبد الله' })),
    text(row({ full_name: 'สมชาย ใจดี' })),
    text(row({ full_name: '=HYPERLINK("http://evil.example")', phone: '-' })),
    text(row({ full_name: 'Ana "Nana" 🙂\r\nda Silva' })),
    text(row({ full_name: "O'Brien, <script>alert(1)</script>" })),
    text(row({ full_name: '\u202Egnp.exe', expires_on: '6 Desember 2026' })),
    text(row({ expires_on: '31/02/2026' })),
    Buffer.concat([
      text(row({}).slice(0, 10)),
      Buffer.from([0xff, 0xfe, 0xc3, 0x28]),
      text('","DE","C9","","P9","ITK","2026-12-06"\r\n'),
    ]),
    text(row({ permit_no: 'P1' })),
    text(row({ full_name: 'x'.repeat(10_000_000) })),
    text(row({ phone: '0812 3456 7890' })),
  ])
}
