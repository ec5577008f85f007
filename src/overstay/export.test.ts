import { parse } from 'csv-parse/sync'
import { describe, expect, it } from 'vitest'
import type { OverstayRow } from './case-list.ts'
import { OVERSTAY_HEADERS, overstayCsv } from './export.ts'
import { on } from './fixture.ts'

describe('the overstay list as a file', () => {
  it('gives a cell that begins like a formula an apostrophe', async () => {
    const [, cells] = await csvOf('=HYPERLINK("http://evil.example","klik")')
    expect(cells![OVERSTAY_HEADERS.indexOf('Nama')]).toBe('\'=HYPERLINK("http://evil.example","klik")')
  })

  it('leaves no character that turns the direction of a line or breaks one', async () => {
    const [, cells] = await csvOf('Anna\u202Egnp.exe\nSchmidt\u0000')
    expect(cells![OVERSTAY_HEADERS.indexOf('Nama')]).toBe('Anna gnp.exe Schmidt ')
  })

  it('has as many cells in a row as headers', async () => {
    const [headers, cells] = await csvOf('a;b,"c"')
    expect(headers).toEqual(OVERSTAY_HEADERS)
    expect(cells).toHaveLength(OVERSTAY_HEADERS.length)
  })
})

async function csvOf(name: string): Promise<string[][]> {
  let text = ''
  for await (const part of overstayCsv(one({ ...row, name }), 'Asia/Jakarta')) text += part
  return parse(text, { bom: true })
}

async function* one(given: OverstayRow): AsyncGenerator<OverstayRow> {
  yield given
}

const row: OverstayRow = {
  case_id: 7,
  version: 1,
  resident_id: 1,
  permit_id: 1,
  cycle_id: 1,
  expires_on: on('2026-11-20'),
  days: 3,
  level: 'verify',
  day_60: false,
  known_late: false,
  name: 'Anna',
  nationality: 'DE',
  permit_kind: 'ITAS',
  permit_no: 'P-1',
  index_code: null,
  regency: null,
  district: null,
  phone: '+6281200000001',
  sponsor_name: null,
  sponsor_phone: null,
  last_contact: null,
  confirmed: false,
  assigned_to: null,
  fee: { amount: 3_000_000, currency: 'IDR', basis: 'x', wording: 'perkiraan' },
  proposed: null,
  proposed_at: null,
  suggested_outcome: null,
  opened_on: on('2026-11-21'),
  opened_at: 0,
  closed_at: null,
  closed_by: null,
  outcome: null,
}
