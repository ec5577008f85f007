import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { asc, eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Db, openSqlite } from '../db/open.ts'
import { openPglite } from '../db/open-postgres.ts'
import { newKeyFile, openVault } from '../db/seal.ts'
import { civilDate } from '../lib/civil-date.ts'
import { silentLog } from '../lib/events.ts'
import { liftHold } from './holds.ts'
import { type ImportDeps, type ImportResult, importRegister } from './import.ts'
import { chooseLanguage } from './residents.ts'

const vault = openVault(newKeyFile('k1'), 'test')
const today = civilDate('2026-11-22')

type Cells = Record<string, string>

/** A row with every column; the number makes a person. */
function row(number: number, cells: Cells = {}): Cells {
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

function rows(count: number, from = 1): Cells[] {
  return Array.from({ length: count }, (_, index) => row(from + index))
}

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`importing a register on ${engine}`, () => {
    let folder: string
    let db: Db
    let office = ''
    let offices = 0
    let pglite: PGlite

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'tenggat-import-'))
      if (engine === 'postgres') pglite = new PGlite()
      db =
        engine === 'sqlite'
          ? await openSqlite({ file: join(folder, 'a.db'), vault })
          : await openPglite({ client: pglite, vault })
    }, 60_000)

    afterAll(async () => {
      await db[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true })
    })

    /** Each test has an office, and so a register, of its own. */
    beforeEach(() => {
      offices += 1
      office = `T${offices}`
    })

    function fileOf(records: Cells[]): string {
      const columns = Object.keys(records[0]!)
      const quote = (cell: string) => `"${cell.replaceAll('"', '""')}"`
      const lines = [columns, ...records.map((record) => columns.map((column) => record[column] ?? ''))]
      const file = join(folder, `${office}.csv`)
      writeFileSync(file, lines.map((line) => line.map(quote).join(',')).join('\n'))
      return file
    }

    function bring(
      records: Cells[],
      options: { dryRun?: boolean; force?: boolean } = {},
      deps: Partial<ImportDeps> = {},
    ): Promise<ImportResult> {
      return importRegister(
        { db, log: silentLog, now: 1, today, officeCode: office, ...deps },
        { file: fileOf(records), ...options },
      )
    }

    const counts = ({ added, changed, renewed, unchanged, absent, rejected }: ImportResult) => ({
      added,
      changed,
      renewed,
      unchanged,
      absent,
      rejected,
    })
    const none = { added: 0, changed: 0, renewed: 0, unchanged: 0, absent: 0, rejected: 0 }

    function residents() {
      const t = db.t.residents
      return db.read.select().from(t).where(eq(t.office_code, office)).orderBy(asc(t.register_no), asc(t.id))
    }

    function permits() {
      const t = db.t.permits
      return db.read.select().from(t).where(eq(t.office_code, office)).orderBy(asc(t.permit_no))
    }

    /** Everything the register knows of this office but which import last saw it. */
    async function register() {
      const seen = <Row extends { last_import_id: number | null }>(found: Row[]) =>
        found.map((one) => ({ ...one, last_import_id: null }))
      return { residents: seen(await residents()), permits: seen(await permits()) }
    }

    /** As `register`, without ids and instants: what two ways of getting somewhere have in common. */
    async function contents() {
      const people = await residents()
      const nameOf = new Map(people.map((one) => [one.id, one.full_name]))
      const plain = { id: 0, first_import_id: 0, last_import_id: 0, created_at: 0, updated_at: 0 }
      return {
        residents: people.map((one) => ({ ...one, ...plain, office_code: '' })),
        permits: (await permits()).map((one) => ({
          ...{ ...one, ...plain, office_code: '' },
          resident_id: nameOf.get(one.resident_id),
        })),
      }
    }

    it('adds everybody at first, sealed, indexed and with one current permit', async () => {
      const result = await bring(rows(3))
      expect(result).toMatchObject({ state: 'applied', rows: 3, ...none, added: 3, remarks: 0, absentList: [] })
      const [first] = await residents()
      expect(first).toMatchObject({
        register_no: 'R0001',
        passport_no: 'A1000001',
        passport_index: vault.blind('A1000001', 'passport'),
        phone: '+6281200000001',
        phone_index: vault.blind('+6281200000001', 'phone'),
        phone_country: 'ID',
        phone_line: 'mobile',
        sponsor_phone_index: vault.blind('+6281200009999', 'phone'),
        address: 'Jl. Merdeka 1',
        identity_doubt: null,
        first_import_id: result.import_id,
        last_import_id: result.import_id,
      })
      expect((await permits()).map((one) => [one.permit_no, one.kind, one.is_current, one.known_since])).toEqual([
        ['P0001', 'ITAS', 1, today],
        ['P0002', 'ITAS', 1, today],
        ['P0003', 'ITAS', 1, today],
      ])
      const { imports, staging } = db.t
      const [record] = await db.read.select().from(imports).where(eq(imports.id, result.import_id))
      expect(record).toMatchObject({ state: 'applied', rows: 3, added: 3, forced: 0, format: 'csv' })
      expect(record!.file_digest).toMatch(/^[0-9a-f]{64}$/)
      expect(await db.read.$count(staging)).toBe(0)
    })

    it('changes nothing when the same file comes again, but knows that it saw everybody', async () => {
      await bring(rows(12))
      const before = await register()
      const result = await bring(rows(12), {}, { now: 2, today: civilDate('2026-11-23') })
      expect(counts(result)).toEqual({ ...none, unchanged: 12 })
      expect(await register()).toEqual(before)
      expect(new Set((await residents()).map((one) => one.last_import_id))).toEqual(new Set([result.import_id]))
      expect(new Set((await permits()).map((one) => one.last_import_id))).toEqual(new Set([result.import_id]))
    })

    it('tells added, changed, renewed, unchanged, absent and rejected apart', async () => {
      await bring(rows(10))
      const later = civilDate('2026-12-01')
      const gone = (await residents()).find((one) => one.register_no === 'R0010')!
      const result = await bring(
        [
          row(1, { phone: '+62 812-0000-7777' }),
          row(2, { passport_no: 'B7654321' }),
          row(3, { expires_on: '2028-01-09' }),
          row(4),
          row(4, { permit_no: 'P0004B', issued_on: '2026-11-30', expires_on: '2028-06-30' }),
          ...rows(5, 5),
          row(11),
          row(12, { expires_on: 'soon' }),
        ],
        {},
        { today: later, now: 2 },
      )
      expect(counts(result)).toEqual({ added: 1, changed: 2, renewed: 2, unchanged: 6, absent: 1, rejected: 1 })
      expect(result.absentList).toEqual([gone.id])
      expect(result.rejects).toMatchObject([{ line: 13, column: 'expires_on', value: 'soon' }])
      const people = await residents()
      expect(people.length).toBe(11)
      expect(people[0]!.phone).toBe('+6281200007777')
      expect(people[1]).toMatchObject({ register_no: 'R0002', passport_no: 'B7654321', identity_doubt: null })
      expect(people[9]!.last_import_id).toBe(gone.last_import_id)
      expect((await permits()).map((one) => [one.permit_no, one.is_current, one.known_since]).slice(2, 6)).toEqual([
        ['P0003', 1, later],
        ['P0004', 0, today],
        ['P0004B', 1, later],
        ['P0005', 1, today],
      ])
    })

    it('keeps what a resident chose and empties what the register has emptied', async () => {
      await bring(rows(1))
      const [before] = await residents()
      await db.write((tx) => chooseLanguage(tx, { residentId: before!.id, language: 'ta', now: 1 }))
      await bring([row(1, { address: '', sponsor_phone: '', sex: '', register_no: 'R0001', passport_no: '' })])
      const [after] = await residents()
      expect(after).toMatchObject({
        id: before!.id,
        chosen_language: 'ta',
        address: null,
        sponsor_phone: null,
        sponsor_phone_index: null,
        sponsor_phone_line: null,
        sex: null,
        passport_no: 'A1000001',
      })
    })

    it('takes a file without a column as saying nothing about it', async () => {
      await bring(rows(12))
      const before = await register()
      const leftOut = ['address', 'phone', 'sponsor_phone', 'issued_on', 'index_code', 'passport_no', 'birth_date']
      const narrow = [...rows(12), row(13)].map((record) =>
        Object.fromEntries(Object.entries(record).filter(([column]) => !leftOut.includes(column))),
      )
      const result = await bring(narrow)
      expect(counts(result)).toEqual({ ...none, added: 1, unchanged: 12 })
      const after = await register()
      expect(after.residents.slice(0, 12)).toEqual(before.residents)
      expect(after.permits.slice(0, 12)).toEqual(before.permits)
      expect(after.residents[12]).toMatchObject({ register_no: 'R0013', address: null, phone: null, passport_no: null })

      const changed = await bring([{ ...narrow[0]!, regency: 'Kabupaten Blitar' }, ...narrow.slice(1)])
      expect(counts(changed)).toEqual({ ...none, changed: 1, unchanged: 12 })
      expect((await residents())[0]).toMatchObject({ regency: 'Kabupaten Blitar', address: 'Jl. Merdeka 1' })
      expect((await bring(rows(13))).changed).toBe(2)
    })

    it('finds a resident by passport and nationality where the register number is new or missing', async () => {
      await bring([row(1, { register_no: '' }), row(2), row(3)])
      const before = await residents()
      const result = await bring([
        row(1, { register_no: 'R0001' }),
        row(2, { register_no: '', permit_no: 'P0002B' }),
        row(3, { register_no: 'R0333' }),
      ])
      expect(counts(result)).toEqual({ ...none, changed: 2, added: 1 })
      const after = await residents()
      expect(new Set(after.map((one) => one.id))).toEqual(new Set(before.map((one) => one.id)))
      expect(after.map((one) => one.register_no)).toEqual(['R0001', 'R0002', 'R0333'])
    })

    it('takes one passport under two register numbers and two names for two people', async () => {
      await bring([row(1)])
      const file = [row(1), row(2, { passport_no: 'A1000001', birth_date: '2015-05-05' })]
      expect(counts(await bring(file))).toEqual({ ...none, unchanged: 1, added: 1 })
      expect((await residents()).map((one) => one.full_name)).toEqual(['Person 0001', 'Person 0002'])
      expect(counts(await bring(file))).toEqual({ ...none, unchanged: 2 })
    })

    it('puts rows of one person together, with and without a register number', async () => {
      const file = [
        row(1, { permit_no: 'P1A', expires_on: '2026-12-31', address: 'old' }),
        row(1, { permit_no: 'P1B', expires_on: '2027-12-31', address: 'new', register_no: '', issued_on: '2026-02-01' }),
        row(2, { permit_no: 'P2A', register_no: '' }),
        row(2, { permit_no: 'P2B', register_no: '' }),
      ]
      expect(await bring(file)).toMatchObject({ added: 4, remarks: 1, remarkList: [{ line: 2 }] })
      const people = await residents()
      expect(people.map((one) => [one.register_no, one.address]).sort()).toEqual([
        [null, 'Jl. Merdeka 2'],
        ['R0001', 'new'],
      ])
      expect((await permits()).map((one) => [one.permit_no, one.is_current])).toEqual([
        ['P1A', 0],
        ['P1B', 1],
        ['P2A', 0],
        ['P2B', 1],
      ])
      const before = await register()
      expect(counts(await bring(file))).toEqual({ ...none, unchanged: 4 })
      expect(await register()).toEqual(before)
    })

    it('keeps somebody with the name, birth date and nationality of another as a second person, in doubt', async () => {
      await bring([row(1)])
      const [first] = await residents()
      await bring([row(1), row(2, { full_name: 'Person 0001' }), row(3, { full_name: 'Person 0001', birth_date: '' })])
      expect((await residents()).map((one) => one.identity_doubt)).toEqual([null, `same-person:${first!.id}`, null])
    })

    it('opens a doubt where the dates do not settle which permit is current, and ends it with them', async () => {
      const file = (issued_on: string) => [row(1, { issued_on }), row(1, { permit_no: 'P1B', expires_on: '2027-03-09' })]
      await bring(file('2026-01-10'))
      expect((await residents())[0]!.identity_doubt).toBe('permits')
      expect((await permits()).map((one) => one.is_current)).toEqual([0, 1])
      await bring(file('2026-01-11'))
      expect((await residents())[0]!.identity_doubt).toBeNull()
      expect((await permits()).map((one) => one.is_current)).toEqual([1, 0])
    })

    it('gives a permit that now belongs to somebody else to that person', async () => {
      await bring([row(1), row(2)])
      const result = await bring([row(1, { permit_no: 'P0002' }), row(2, { permit_no: 'P0009' })], { force: true })
      expect(counts(result)).toEqual({ ...none, changed: 1, added: 1 })
      const [one, two] = await residents()
      expect((await permits()).map(({ permit_no, resident_id, is_current }) => [permit_no, resident_id, is_current])).toEqual([
        ['P0001', one!.id, 0],
        ['P0002', one!.id, 1],
        ['P0009', two!.id, 1],
      ])
    })

    it('settles one permit number on several rows of a file', async () => {
      const result = await bring([row(1), row(1, { phone: '+62 812-0000-5555' }), row(2, { permit_no: 'P0001' }), row(3), row(3)])
      expect(result).toMatchObject({ rows: 5, added: 2, rejected: 1, remarks: 1 })
      expect(result.rejects).toMatchObject([{ line: 4, column: 'permit_no', reason: 'stands in line 2 already, for another person' }])
      expect(result.remarkList).toMatchObject([{ line: 2, column: 'permit_no' }])
      expect((await residents()).map((one) => one.phone)).toEqual(['+6281200005555', '+6281200000003'])
    })

    it('notices a date that is corrected and corrected back', async () => {
      const day = (date: string) => ({ today: civilDate(date) })
      await bring([row(1)], {}, day('2026-11-01'))
      expect(await bring([row(1, { expires_on: '2026-12-09' })], {}, day('2026-11-02'))).toMatchObject({ changed: 1 })
      expect(await bring([row(1)], {}, day('2026-11-03'))).toMatchObject({ renewed: 1 })
      expect(await bring([row(1, { index_code: 'E28' })], {}, day('2026-11-04'))).toMatchObject({ changed: 1 })
      expect(await permits()).toMatchObject([{ expires_on: '2027-01-09', index_code: 'E28', known_since: '2026-11-03' }])
    })

    it('holds diplomats once, and lets go of its own hold when the kind was wrong', async () => {
      const live = async () => {
        const { holds } = db.t
        const found = await db.read.select().from(holds).orderBy(asc(holds.id))
        const ids = new Set((await residents()).map((one) => one.id))
        return found.filter((hold) => ids.has(hold.resident_id) && hold.lifted_at === null)
      }
      const file = (kind: string, phone = '') => [row(1, { permit_kind: kind, phone }), row(2, { permit_kind: 'dinas' })]
      await bring(file('Diplomatik'))
      expect((await live()).map((hold) => [hold.reason, hold.set_by])).toEqual([
        ['diplomatic', 'import'],
        ['diplomatic', 'import'],
      ])
      await bring(file('ITAS'))
      expect((await live()).length).toBe(1)
      await bring(file('Diplomatik'))
      const [dinas, again] = await live()
      expect(again!.resident_id).not.toBe(dinas!.resident_id)
      await db.write((tx) => liftHold(tx, { id: again!.id, liftedBy: 'sari', now: 5 }))
      await bring(file('Diplomatik', '+62 812-0000-4444'))
      expect(await live()).toEqual([dinas])
    })

    it('leaves nothing behind after a dry run and says what would stop the import', async () => {
      await bring(rows(10))
      const before = await register()
      const tables = [db.t.imports, db.t.staging, db.t.rejects, db.t.holds]
      const sizes = () => Promise.all(tables.map((table) => db.read.$count(table)))
      const sizesBefore = await sizes()
      const result = await bring([...rows(3), row(4, { expires_on: '' }), row(20, { permit_kind: 'DINAS' })], { dryRun: true })
      expect(result).toMatchObject({ state: 'dry-run', added: 1, unchanged: 3, absent: 7, rejected: 1 })
      expect(result.reason).toContain('--force')
      expect(result.rejects).toMatchObject([{ line: 5, column: 'expires_on' }])
      expect(await register()).toEqual(before)
      expect(await sizes()).toEqual(sizesBefore)
    })

    it('stops a file that would change more than half of the register, unless forced', async () => {
      await bring(rows(10))
      const before = await register()
      const other = [...rows(4), ...rows(6, 5).map((record) => ({ ...record, full_name: 'Somebody else' }))]
      const stopped = await bring(other)
      expect(stopped).toMatchObject({ state: 'refused', changed: 6, unchanged: 4 })
      expect(await register()).toEqual(before)
      const { imports } = db.t
      const [record] = await db.read.select().from(imports).where(eq(imports.id, stopped.import_id))
      expect(record).toMatchObject({ state: 'refused', changed: 6, reason: stopped.reason_id })
      expect((await bring(rows(10).map((one) => ({ ...one, expires_on: '2028-01-09' })))).state).toBe('applied')
      expect(await bring(other, { force: true })).toMatchObject({ state: 'applied', changed: 10 })
    })

    it('does not count people whose permit ended long ago as missing', async () => {
      await bring([...rows(10), ...rows(30, 100).map((one) => ({ ...one, expires_on: '2026-03-01' }))])
      expect(await bring(rows(10))).toMatchObject({ state: 'applied', unchanged: 10, absent: 30 })
    })

    it('refuses a month-first file as a whole, half read', async () => {
      await bring(rows(2))
      const before = await register()
      const result = await bring([...rows(600, 3), row(2100, { issued_on: '12/31/2025' })])
      expect(result).toMatchObject({ state: 'refused', added: 0 })
      expect(result.reason).toContain('month first')
      expect(await register()).toEqual(before)
      expect(await db.read.$count(db.t.staging)).toBe(0)
    })

    it('keeps hostile names byte for byte', async () => {
      const names = [
        '<script>alert("x")</script>',
        "Robert'); DROP TABLE residents;--",
        'عبد الرحمن بن محمد',
        'नमस्ते 👩‍👩‍👧 José Ñandú',
        '𠮷野家 {{=it.name}} %s \\x00',
        `${'N'.repeat(199)}Ø`,
      ]
      const address = `${'A'.repeat(299)}👩‍🚀`
      await bring(names.map((full_name, index) => row(index + 1, { full_name, address })))
      expect((await residents()).map((one) => one.full_name)).toEqual(names)
      expect(new Set((await residents()).map((one) => one.address))).toEqual(new Set([address]))
    })

    it('finishes in the same state when it is run again after a stop half way', async () => {
      const before = rows(700)
      const after = [
        ...rows(300).map((one) => ({ ...one, phone: '' })),
        ...rows(100, 301),
        ...rows(300, 401).map((one) => ({ ...one, expires_on: '2029-01-09' })),
        ...rows(700, 2000),
        row(9000, { permit_kind: 'DIPLOMATIK' }),
      ]
      await bring(before)
      const whole = await bring(after)
      expect(whole.state).toBe('applied')
      const undisturbed = await contents()

      office = `${office}-stopped`
      await bring(before)
      const seen: number[] = []
      const stopped = bring(
        after,
        {},
        {
          progress(done) {
            seen.push(done)
            if (done > 500) throw new Error('killed')
          },
        },
      )
      await expect(stopped).rejects.toThrow('killed')
      expect(seen.some((done) => done > 500 && done < 950)).toBe(true)
      const half = await contents()
      expect(half.permits.length).toBeGreaterThan(700)
      expect(half.permits.length).toBeLessThan(undisturbed.permits.length)
      expect(half.permits.filter((one) => one.is_current === 1).length).toBe(half.residents.length)

      const again = await bring(after)
      expect(again.state).toBe('applied')
      expect(again.added + again.renewed + again.changed).toBeLessThan(whole.added + whole.renewed + whole.changed)
      expect(await contents()).toEqual(undisturbed)
      const { imports } = db.t
      const states = await db.read.select({ state: imports.state }).from(imports).where(eq(imports.office_code, office))
      expect(states.map(({ state }) => state)).toEqual(['applied', 'failed', 'applied'])
      expect(await db.read.$count(db.t.staging)).toBe(0)
    }, 60_000)

    it('cleans up after an import that was killed without a word', async () => {
      await bring(rows(2))
      const { imports, staging } = db.t
      const killed = await db.write(async (tx) => {
        const [made] = await tx
          .insert(imports)
          .values({ office_code: office, file_name: 'x', file_digest: 'x', format: 'csv', state: 'staged', started_at: 1, started_on: today })
          .returning({ id: imports.id })
        await tx.insert(staging).values({
          import_id: made!.id,
          line: 2,
          full_name: 'A',
          nationality: 'MY',
          permit_no: 'X',
          permit_kind: 'ITK',
          expires_on: today,
          resident_digest: 'x',
          permit_digest: 'x',
        })
        return made!.id
      })
      await bring(rows(2))
      const [record] = await db.read.select().from(imports).where(eq(imports.id, killed))
      expect(record).toMatchObject({ state: 'failed', reason: 'interrupted' })
      expect(await db.read.$count(staging)).toBe(0)
    })

    it('changes nothing more once a newer import of the same office has ended it', async () => {
      const { imports } = db.t
      let ended: Promise<void> | undefined
      const older = bring(rows(20), {}, {
        progress(done) {
          if (done !== 500) return
          ended = db.write(async (tx) => {
            await tx.update(imports).set({ state: 'failed', reason: 'interrupted' }).where(eq(imports.office_code, office))
          })
        },
      })
      await expect(older).rejects.toThrow(/was ended by a newer import/)
      await ended
      expect(await residents()).toEqual([])
      expect((await bring(rows(20))).added).toBe(20)
    })
  })
}
