import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Output } from '../src/cli/output.ts'
import { reportCommand } from '../src/cli/report.ts'
import { civilDate } from '../src/lib/civil-date.ts'
import { closeCase } from '../src/overstay/case-actions.ts'
import type { Report } from '../src/overstay/report.ts'
import { sharedStrings, sheetRows } from '../src/register/xlsx-sheet.ts'
import { readZipDirectory, readZipEntry } from '../src/register/zip.ts'
import { openWorld, type Row, type World } from './world.ts'

const HOSTILE = '=HYPERLINK("http://evil.example","klik")'
const PEOPLE = {
  renews: '+6281200000001',
  stays: '+6281200000002',
  silent: '+6281200000003',
} as const

describe('a month of the whole program', () => {
  let world: World
  let folder: string

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tenggat-report-'))
    world = await openWorld({
      today: '2026-06-01',
      people: (number) =>
        number === PEOPLE.silent
          ? { answers: 'no-answer', sms: 'lost' }
          : { answers: 'human', presses: ['1'], sms: 'delivered' },
    })
    await world.register([
      person('R1', PEOPLE.renews),
      person('R2', PEOPLE.stays),
      person('R3', PEOPLE.silent),
      person('R4', ''),
    ])
    await world.day('2026-06-01')
    world.at('2026-06-09', '10:00')
    const renewed = {
      ...person('R1', PEOPLE.renews),
      permit_no: 'P1-B',
      issued_on: '2026-06-08',
      expires_on: '2027-06-15',
    }
    await world.register([renewed], { force: true })
    for (const day of ['2026-06-12', '2026-06-16']) await world.day(day)
    const { db } = world.app
    const { overstay_cases: cases } = db.t
    const [first] = await db.read.select({ id: cases.id }).from(cases).orderBy(cases.id)
    await closeCase(
      { db, now: world.clock.now(), today: civilDate('2026-06-16') },
      { caseId: first!.id, by: 'sri', outcome: 'paid-and-left' },
    )
    world.at('2026-06-20', '09:00')
  }, 60_000)
  afterAll(async () => {
    await world[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true })
  })

  it('comes out as the office lived it', async () => {
    const { result } = await run({ from: '2026-06-01', to: '2026-06-30' })
    expect(result.total).toMatchObject({
      ended: 4,
      contacts: { told: 2, attempted: 1, unreached: 1 },
      outcomes: { renewed: 1, overstayed: 1, open: 2 },
      in_time_told: { count: 1, of: 2, share: 0.5 },
      told: { count: 2, of: 4, share: 0.5 },
    })
    expect(result.by_language.map(({ language, ended }) => [language, ended])).toEqual([
      ['de', 3],
      ['', 1],
    ])
    expect(result.activity.answers.cycles).toBe(2)
    expect(result.activity.closed).toEqual([{ outcome: 'paid-and-left', cases: 1 }])
    expect(result.register).toMatchObject({
      residents: 4,
      valid: 1,
      regencies: [{ key: HOSTILE, residents: 4, valid: 1 }],
    })
    expect(result.costs?.total).toBeGreaterThan(1)
  })

  it('goes into a spreadsheet that says the same, and runs nothing', async () => {
    const xlsx = join(folder, 'report.xlsx')
    const { lines } = await run({ from: '2026-06-01', to: '2026-06-30', xlsx })
    const summary = await cellsOf(xlsx, 1)
    expect(summary[0]).toEqual(['Diperpanjang atau meninggalkan Indonesia tepat waktu setelah diberi tahu'])
    expect(summary.find(([name]) => name === 'Persentase')).toEqual(['Persentase', '0.5'])
    expect(summary.find(([name]) => name === 'Pembilang')).toEqual(['Pembilang', '1'])
    const months = await cellsOf(xlsx, 2)
    expect(months.at(-2)?.slice(0, 3)).toEqual(['Bulan', 'Berakhir', 'Diberi tahu'])
    expect(months.at(-1)).toEqual(['Juni 2026', '4', '2', '0', '1', '1', '0', '1', '2', '0.5'])
    const regencies = await cellsOf(xlsx, 11)
    expect(regencies.at(-1)).toEqual([HOSTILE, '4', '1'])
    const parts = await readZipDirectory(xlsx)
    for (const name of parts.keys()) {
      if (!name.startsWith('xl/worksheets/')) continue
      expect(Buffer.concat(await Array.fromAsync(entry(xlsx, parts, name))).toString()).not.toMatch(/<f[ >]/)
    }
    expect(lines.join('\n')).toContain('1 dari 2 izin tinggal')
  })

  it('is of this year where no days are given, and names what it cannot read', async () => {
    expect((await run({})).result.period).toEqual({ from: '2026-01-01', to: '2026-12-31' })
    await expect(run({ from: '2026-06-31', to: '2026-07-01' })).rejects.toThrow(/"2026-06-31" is no date/)
    await expect(run({ from: '2026-06-01' })).rejects.toThrow(/--from and --to belong together/)
    await expect(run({ from: '2026-06-02', to: '2026-06-01' })).rejects.toMatchObject({ code: 'usage' })
  })

  async function run(options: {
    from?: string
    to?: string
    xlsx?: string
  }): Promise<{ lines: string[]; result: Report }> {
    const lines: string[] = []
    const results: unknown[] = []
    const output: Output = { json: true, line: (text) => lines.push(text), result: (value) => results.push(value) }
    expect(await reportCommand(world.app, output, options)).toBe(0)
    return { lines, result: results[0] as Report }
  }
})

function person(register_no: string, phone: string): Row {
  return {
    register_no,
    full_name: `Anna ${register_no}`,
    nationality: 'DE',
    passport_no: `C01X0${register_no}`,
    phone,
    regency: HOSTILE,
    permit_no: `P${register_no.slice(1)}`,
    permit_kind: 'ITK',
    issued_on: '2026-04-16',
    expires_on: '2026-06-15',
  }
}

async function cellsOf(file: string, sheet: number): Promise<string[][]> {
  const parts = await readZipDirectory(file)
  const strings = parts.has('xl/sharedStrings.xml')
    ? await sharedStrings(entry(file, parts, 'xl/sharedStrings.xml'))
    : []
  const xml = entry(file, parts, `xl/worksheets/sheet${sheet}.xml`)
  const rows = await Array.fromAsync(sheetRows(xml, { strings, dateStyles: [], from1904: false }))
  return rows.map((row) => row.cells)
}

function entry(file: string, parts: Awaited<ReturnType<typeof readZipDirectory>>, name: string) {
  return readZipEntry(file, parts.get(name)!, { limit: 10_000_000 })
}
