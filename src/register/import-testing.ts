import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asc, eq } from 'drizzle-orm'
import type { Db } from '../db/open.ts'
import { openTestDb, testVault } from '../db/testing.ts'
import { silentLog } from '../lib/events.ts'
import { type ImportDeps, type ImportResult, importRegister } from './import.ts'
import { testToday } from './testing.ts'

export { testVault }

type Cells = Record<string, string>

/** A row with every column; the number makes a person. */
export function row(number: number, cells: Cells = {}): Cells {
  const digits = String(number).padStart(4, '0')
  return {
    register_no: `R${digits}`,
    full_name: `Person ${digits}`,
    nationality: 'MY',
    passport_no: `A100${digits}`,
    sex: 'F',
    birth_date: '1990-01-01',
    phone: `+62 812-0000-${digits}`,
    whatsapp_opt_in_on: '',
    language: '',
    address: `Jl. Merdeka ${number}`,
    regency: 'Kota Blitar',
    district: 'Sananwetan',
    purpose: 'work',
    sponsor_name: 'PT Contoh',
    sponsor_phone: '+62 812-0000-9999',
    permit_no: `P${digits}`,
    permit_kind: 'ITAS',
    index_code: 'E23',
    issued_on: '2026-01-10',
    expires_on: '2027-01-09',
    ...cells,
  }
}

export function rows(count: number, from = 1): Cells[] {
  return Array.from({ length: count }, (_, index) => row(from + index))
}

export const none = { added: 0, changed: 0, renewed: 0, unchanged: 0, absent: 0, rejected: 0 }

export function counts(result: ImportResult): typeof none {
  const { added, changed, renewed, unchanged, absent, rejected } = result
  return { added, changed, renewed, unchanged, absent, rejected }
}

/** A database and a folder of files; each test takes an office, and so a register, of its own. */
export class TestRegister implements AsyncDisposable {
  readonly db: Db
  readonly #folder: string
  #offices = 0
  office = ''

  private constructor(db: Db, folder: string) {
    this.db = db
    this.#folder = folder
  }

  static async open(): Promise<TestRegister> {
    const folder = mkdtempSync(join(tmpdir(), 'tenggat-import-'))
    return new TestRegister(await openTestDb(), folder)
  }

  nextOffice(): void {
    this.#offices += 1
    this.office = `T${this.#offices}`
  }

  /** Imports a file with these records. */
  bring(
    records: Cells[],
    options: { dryRun?: boolean; force?: boolean } = {},
    deps: Partial<ImportDeps> = {},
  ): Promise<ImportResult> {
    const columns = Object.keys(records[0]!)
    const quote = (cell: string) => `"${cell.replaceAll('"', '""')}"`
    const lines = [columns, ...records.map((record) => columns.map((column) => record[column] ?? ''))]
    const file = join(this.#folder, `${this.office}.csv`)
    writeFileSync(file, lines.map((line) => line.map(quote).join(',')).join('\n'))
    return importRegister(
      { db: this.db, log: silentLog, now: 1, today: testToday, officeCode: this.office, ...deps },
      { file, ...options },
    )
  }

  residents() {
    const { residents } = this.db.t
    return this.db.read
      .select()
      .from(residents)
      .where(eq(residents.office_code, this.office))
      .orderBy(asc(residents.register_no), asc(residents.id))
  }

  permits() {
    const { permits } = this.db.t
    return this.db.read
      .select()
      .from(permits)
      .where(eq(permits.office_code, this.office))
      .orderBy(asc(permits.permit_no))
  }

  /** Everything the register knows of this office but which import last saw it. */
  async register() {
    const unseen = <Row extends { last_import_id: number | null }>(found: Row[]) =>
      found.map((one) => ({ ...one, last_import_id: null }))
    return { residents: unseen(await this.residents()), permits: unseen(await this.permits()) }
  }

  /** As `register`, without ids, instants and the office: what two ways of getting somewhere have in common. */
  async contents() {
    const people = await this.residents()
    const nameOf = new Map(people.map((one) => [one.id, one.full_name]))
    const plain = { id: 0, first_import_id: 0, last_import_id: 0, created_at: 0, updated_at: 0, office_code: '' }
    return {
      residents: people.map((one) => ({ ...one, ...plain })),
      permits: (await this.permits()).map((one) => ({ ...one, ...plain, resident_id: nameOf.get(one.resident_id) })),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.db[Symbol.asyncDispose]()
    rmSync(this.#folder, { recursive: true })
  }
}
