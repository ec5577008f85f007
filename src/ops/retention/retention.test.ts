import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asc, eq } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Carrier } from '../../deliver/carrier.ts'
import { addDays, type CivilDate, instantOf } from '../../lib/civil-date.ts'
import { silentLog } from '../../lib/events.ts'
import { officesOf } from '../../lib/offices.ts'
import { overstayPass } from '../../overstay/cases.ts'
import { office, on, openWorld, passAt, type World } from '../../overstay/fixture.ts'
import { reportOf } from '../../overstay/report.ts'
import { END, permitsTo, writeHistory } from '../../overstay/report-fixture.ts'
import { yearPeriod } from '../../overstay/report-period.ts'
import { redactAtCarrier } from './at-the-carrier.ts'
import { erasePerson } from './erase-person.ts'
import { type RetentionCounts, retentionPass } from './retention.ts'

const rules = { messages: 400, receipts: 500, cases: 600, residents: 1825, audio: 120 }
const years = 365

describe('the retention pass', () => {
  let world: World
  let folder: string
  const blotted: string[] = []

  beforeEach(async () => {
    world = await openWorld()
    folder = mkdtempSync(join(tmpdir(), 'tenggat-retention-'))
    blotted.length = 0
  })
  afterEach(async () => {
    await world[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  it('leaves every figure of past years as it was', async () => {
    const today = on('2026-11-22')
    await writeHistory(world, today)
    const later = on('2040-01-01')
    await world.db.write((tx) => tx.update(tx.t.holds).set({ lifted_at: at(today), lifted_by: 'sri' }))
    for (const { id } of await openCases()) await close(id, today)
    const figures = () => reportOf({ read: world.db.read, office, today: later, regencies: null }, yearPeriod(2026))
    const south = { read: world.db.read, office, today: later, regencies: ['Kabupaten Tulungagung'] }
    const [before, beforeSouth] = [await figures(), await reportOf(south, yearPeriod(2026))]
    expect(before.register.residents).toBeGreaterThan(15)

    const counts = await pass(later)
    expect(counts.residents).toBe(before.register.residents)
    const { register, erased, ...after } = await figures()
    const { register: _, erased: __, ...same } = before
    expect(after).toEqual(same)
    expect([register.residents, erased]).toEqual([0, counts.residents])
    const { register: ___, erased: ____, ...sameSouth } = beforeSouth
    expect(await reportOf(south, yearPeriod(2026))).toMatchObject(sameSouth)
    expect(await pass(later)).toMatchObject({ residents: 0, messages: 0, receipts: 0, notes: 0 })
  })

  it('leaves nothing of a person but what is counted', async () => {
    const { resident, cycle, delivery } = await permitsTo(world, END).noticed(
      { state: 'delivered' },
      {
        full_name: 'Maria Fernanda',
        register_no: 'R-1',
        passport_no: 'C01X00T47',
        passport_index: world.db.vault.blind('C01X00T47', 'passport'),
        phone: '+6281399887701',
        address: 'Jl. Melati 7',
        birth_date: on('2010-03-04'),
        sponsor_name: 'Pak Budi',
        sponsor_phone: '+6281399887702',
        purpose: 'study',
      },
    )
    await world.hold(resident.id, { note: 'left by plane', reason: 'left', lifted_at: 1, lifted_by: 'sri' })
    await world.dead('+6281399887701', ['sms'])
    await world.optOut('+6281399887701', ['sms'])
    const namesake = await world.resident({ identity_doubt: `same-person:${resident.id}` })
    await world.permit(namesake.id, on('2033-01-01'))
    await world.reply('whatsapp:+6281399887701', 'I left', { applied_at: 1 })
    await pass(addDays(END, 1900))

    const { t, read } = world.db
    const [row] = await read.select().from(t.residents).where(eq(t.residents.id, resident.id))
    const kept = Object.entries(row!).filter(([, value]) => value !== null && value !== '')
    expect(Object.fromEntries(kept)).toEqual({
      id: resident.id,
      office_code: 'BLT',
      full_name: '(dihapus)',
      nationality: 'DE',
      regency: 'Kota Blitar',
      // A child on 15 June 2026: a day that says so, and no more.
      birth_date: '2008-06-16',
      created_at: 0,
      updated_at: row!.erased_at,
      erased_at: row!.erased_at,
    })
    expect(
      await read
        .select({ no: t.permits.permit_no, current: t.permits.is_current })
        .from(t.permits)
        .where(eq(t.permits.resident_id, resident.id)),
    ).toEqual([{ no: expect.stringMatching(/^erased:\d+$/), current: 0 }])
    const [sent] = await read.select().from(t.deliveries).where(eq(t.deliveries.id, delivery!.id))
    expect(sent).toMatchObject({
      phone: '',
      phone_index: `erased:${sent!.id}`,
      token_hash: `erased:${sent!.id}`,
      state: 'delivered',
    })
    expect(await read.select({ note: t.holds.note }).from(t.holds)).toEqual([{ note: null }])
    expect(await read.select({ raw: t.receipts.raw, url: t.receipts.url }).from(t.receipts)).toEqual([
      { raw: '{}', url: 'erased' },
    ])
    expect(await read.$count(t.dead_numbers)).toBe(0)
    // Who said stop is not written to again, should they come back.
    expect(await read.$count(t.opt_outs)).toBe(1)
    const [other] = await read
      .select({ doubt: t.residents.identity_doubt })
      .from(t.residents)
      .where(eq(t.residents.id, namesake.id))
    expect(other!.doubt).toBeNull()
    expect(await read.select({ stage: t.told_marks.stage, on: t.told_marks.expires_on }).from(t.told_marks)).toEqual([
      { stage: 14, on: cycle.expires_on },
    ])
  })

  it('erases each kind of text at its own time, but none of an open case', async () => {
    const add = permitsTo(world, END)
    const over = await add.noticed({ state: 'delivered' })
    const open = await add.noticed({ state: 'delivered' })
    await overstayPass(passAt(world.db, addDays(END, 3)))
    const [closed, evidence] = [over, open]
    for (const one of [closed, evidence]) {
      await world.db.write(async (tx) => {
        await tx.insert(tx.t.attempts).values({
          delivery_id: one.delivery!.id,
          number: 1,
          channel: 'sms',
          worker: 'test',
          words: `words for ${one.resident.id}`,
          started_at: at(addDays(END, -14)),
          outcome: 'accepted',
          sid: `SM${one.resident.id}`,
        })
        await tx.insert(tx.t.receipts).values({
          kind: 'message',
          sid: `SM${one.resident.id}`,
          status: 'delivered',
          raw: JSON.stringify({ To: '+6281200990000' }),
          url: 'https://example.org/twilio/status?attempt=1',
          signature: 's',
          digest: `d${one.resident.id}`,
          received_at: at(addDays(END, -14)),
          applied_at: at(addDays(END, -14)),
        })
      })
    }
    const [first] = await world.db.read
      .select()
      .from(world.db.t.overstay_cases)
      .where(eq(world.db.t.overstay_cases.cycle_id, over.cycle.id))
    await close(first!.id, addDays(END, 10), 'paid at the counter')
    await world.hold(over.resident.id, {
      reason: 'left',
      note: 'seen at the airport',
      lifted_at: at(addDays(END, 10)),
      lifted_by: 'sri',
    })

    // 14 days before the end plus 400, 500; ten days after it plus 600.
    expect(await pass(addDays(END, 386))).toMatchObject({ messages: 0, receipts: 0, notes: 0 })
    expect(await pass(addDays(END, 387))).toMatchObject({ messages: 1, receipts: 0, notes: 0 })
    expect(await pass(addDays(END, 487))).toMatchObject({ messages: 0, receipts: 1, notes: 0 })
    expect(await pass(addDays(END, 610))).toMatchObject({ messages: 0, receipts: 0, notes: 0 })
    expect(await pass(addDays(END, 611))).toMatchObject({ messages: 0, receipts: 0, notes: 2 })
    const { attempts, receipts, case_events } = world.db.t
    const words = await world.db.read.select({ words: attempts.words }).from(attempts).orderBy(asc(attempts.id))
    expect(words.map((one) => one.words)).toEqual([null, `words for ${open.resident.id}`])
    const raws = await world.db.read
      .select({ raw: receipts.raw, url: receipts.url })
      .from(receipts)
      .orderBy(asc(receipts.id))
    expect(raws.map(({ raw }) => JSON.parse(raw))).toEqual([{}, { To: '+6281200990000' }])
    expect(raws[0]!.url).toBe('erased')
    const events = await world.db.read
      .select({ kind: case_events.kind, text: case_events.text })
      .from(case_events)
      .where(eq(case_events.case_id, first!.id))
    expect(events.find(({ kind }) => kind === 'closed')!.text).toBeNull()

    const { erasures } = world.db.t
    const record = await world.db.read
      .select({
        rule: erasures.rule,
        basis: erasures.basis,
        table: erasures.table,
        rows: erasures.rows,
        by: erasures.by,
      })
      .from(erasures)
      .orderBy(asc(erasures.id))
    expect(record.filter(({ rule }) => rule !== 'carrier')).toEqual([
      { rule: 'messages', basis: '400 days', table: 'attempts', rows: 1, by: 'tenggat' },
      { rule: 'receipts', basis: '500 days', table: 'receipts', rows: 1, by: 'tenggat' },
      { rule: 'cases', basis: '600 days', table: 'case_events', rows: 1, by: 'tenggat' },
      { rule: 'cases', basis: '600 days', table: 'holds', rows: 1, by: 'tenggat' },
    ])
  })

  it('clears what an import that was cut off has left, not one that runs', async () => {
    const today = on('2026-11-22')
    const [dead, alive] = await world.db.write((tx) =>
      tx
        .insert(tx.t.imports)
        .values([25, 1].map((hours) => ({ ...anImport, started_at: at(today) - hours * 3_600_000 })))
        .returning({ id: tx.t.imports.id }),
    )
    await world.db.write(async (tx) => {
      await tx.insert(tx.t.staging).values([dead!, alive!].map(({ id }) => ({ ...stagedRow, import_id: id })))
      await tx.insert(tx.t.rejects).values({ ...reject, import_id: dead!.id })
    })
    expect(await pass(today)).toMatchObject({ leftovers: 1 })
    const left = await world.db.read.select({ id: world.db.t.staging.import_id }).from(world.db.t.staging)
    expect(left).toEqual([{ id: alive!.id }])
    expect(await pass(addDays(today, 450))).toMatchObject({ leftovers: 2 })
    const [masked] = await world.db.read
      .select({ value: world.db.t.rejects.value, reason: world.db.t.rejects.reason })
      .from(world.db.t.rejects)
    expect(masked).toEqual({ value: '', reason: 'too long' })
  })

  it('keeps whoever the office still lists, and says how many', async () => {
    const { id } = await world.resident({ last_import_id: null })
    await world.permit(id, END)
    const [imported] = await world.db.write((tx) =>
      tx
        .insert(tx.t.imports)
        .values({ ...anImport, state: 'applied', rows: 1, started_at: 0 })
        .returning({ id: tx.t.imports.id }),
    )
    await world.db.write((tx) => tx.update(tx.t.residents).set({ last_import_id: imported!.id }))
    expect(await pass(addDays(END, 2_000))).toMatchObject({ residents: 0, still_listed: 1 })
  })

  it('erases nothing by itself where the office has no rules', async () => {
    await permitsTo(world, END).noticed({ state: 'delivered' })
    const { retention: _, ...without } = { ...office }
    expect(await retentionPass({ ...deps(addDays(END, 9_000)), offices: officesOf([without]) })).toEqual({ rules: 0 })
    expect(await world.db.read.$count(world.db.t.erasures)).toBe(0)
  })

  it('counts somebody who came in again after the erasure, and went again, only once', async () => {
    const { resident, permit } = await permitsTo(world, END).noticed({ state: 'delivered' })
    const today = addDays(END, 2_000)
    await pass(today)
    const again = await world.resident()
    await world.permit(again.id, END, { permit_no: permit.permit_no })
    await pass(addDays(today, 2_000))
    const left = await world.db.read.select({ id: world.db.t.residents.id }).from(world.db.t.residents)
    expect(left).toEqual([{ id: resident.id }])
  })

  it('keeps a delivery that told others, too, and their message with it', async () => {
    const one = await permitsTo(world, END).noticed({ state: 'delivered' })
    const other = await permitsTo(world, addDays(END, 3 * years)).noticed(null)
    await world.db.write((tx) =>
      tx
        .insert(tx.t.delivery_notices)
        .values({ delivery_id: one.delivery!.id, notice_id: other.notice.id, role: 'resident', channel: 'sms' }),
    )
    await pass(addDays(END, 1_900))
    const [sent] = await world.db.read.select().from(world.db.t.deliveries)
    expect(sent!.phone).toBe('+6281200990000')
    expect(await erase(other.resident.id)).toMatchObject({ rows: { deliveries: 1 } })
  })

  it('waits for what is on its way at this moment', async () => {
    const { resident } = await permitsTo(world, END).noticed({ state: 'uncertain' })
    expect(await pass(addDays(END, 2_000))).toMatchObject({ residents: 0 })
    expect(await erase(resident.id)).toEqual({ kept: 'in-flight' })
    expect(await erase(999)).toBeNull()
  })

  it('asks the carrier page by page, goes on where no answer came, and never past what is still looked for', async () => {
    const sids = ['SM1', 'SM2', 'SM3', 'SM4'] as const
    for (const [index, sid] of sids.entries()) await attempted(sid, index === 3 ? 'uncertain' : 'delivered')
    await attempted('CA1', 'delivered', 'call')
    const before = at(END)
    expect(await redact({ before, fails: ['SM2'] })).toEqual({ redacted: 1, refused: 0, unanswered: true })
    expect(blotted).toEqual(['SM1'])
    expect(await redact({ before })).toEqual({ redacted: 2, refused: 0, unanswered: false })
    expect(blotted).toEqual(['SM1', 'SM2', 'SM3'])
    await world.db.write((tx) => tx.update(tx.t.deliveries).set({ state: 'delivered' }))
    expect(await redact({ before: at(addDays(END, -14)) })).toMatchObject({ redacted: 0 })
    expect(await redact({ before, refuses: ['SM4'] })).toEqual({ redacted: 0, refused: 1, unanswered: false })
    expect(await redact({ before })).toMatchObject({ redacted: 0, refused: 0 })
    expect(blotted).toEqual(['SM1', 'SM2', 'SM3'])
  })

  function deps(today: CivilDate) {
    return {
      db: world.db,
      log: silentLog,
      offices: officesOf([{ ...office, retention: rules }]),
      now: at(today),
      today,
      databaseFile: undefined,
      dataDir: folder,
      carrier: carrier({}),
      everyMs: 0,
    }
  }

  async function pass(today: CivilDate): Promise<RetentionCounts> {
    const counts = await retentionPass(deps(today))
    if ('rules' in counts) expect.unreachable()
    return counts as RetentionCounts
  }

  function erase(residentId: number) {
    const today = addDays(END, 2_000)
    return erasePerson(
      { db: world.db, officeCode: 'BLT', now: at(today), today },
      {
        residentId,
        rule: 'request',
        basis: 'asked for',
        by: 'sri',
        keep: ({ inFlight }) => (inFlight > 0 ? 'in-flight' : null),
      },
    )
  }

  function carrier({ fails = [], refuses = [] }: { fails?: string[]; refuses?: string[] }): Pick<Carrier, 'redact'> {
    const fault = (httpStatus: number | null) =>
      ({ ok: false, fault: { verdict: 'transient', code: null, httpStatus } }) as const
    return {
      async redact(sid) {
        if (fails.includes(sid)) return fault(null)
        if (refuses.includes(sid)) return fault(400)
        blotted.push(sid)
        return { ok: true, value: sid === 'SM3' ? 'gone' : 'redacted' }
      },
    }
  }

  function redact({ before, ...answers }: { before: number; fails?: string[]; refuses?: string[] }) {
    const now = at(addDays(END, 500))
    return redactAtCarrier({ db: world.db, log: silentLog, now, carrier: carrier(answers) }, { before, everyMs: 0 })
  }

  async function attempted(sid: string, state: 'delivered' | 'uncertain', channel: 'sms' | 'call' = 'sms') {
    const { delivery } = await permitsTo(world, END).noticed({ state })
    await world.db.write((tx) =>
      tx.insert(tx.t.attempts).values({
        delivery_id: delivery!.id,
        number: 1,
        channel,
        worker: 'test',
        started_at: at(addDays(END, -14)),
        outcome: 'accepted',
        sid,
      }),
    )
  }

  function openCases() {
    const { overstay_cases } = world.db.t
    return world.db.read
      .select({ id: overstay_cases.id, closed: overstay_cases.closed_at })
      .from(overstay_cases)
      .then((rows) => rows.filter(({ closed }) => closed === null))
  }

  async function close(caseId: number, today: CivilDate, note?: string) {
    const { closeCase } = await import('../../overstay/case-actions.ts')
    await closeCase(
      { db: world.db, now: at(today), today },
      { caseId, by: 'sri', outcome: 'paid-and-left', ...(note ? { note } : {}) },
    )
  }
})

const anImport = {
  office_code: 'BLT',
  file_name: 'a.csv',
  file_digest: 'x',
  format: 'csv',
  state: 'staging',
  started_on: on('2026-11-22'),
} as const
const stagedRow = {
  line: 1,
  full_name: 'x',
  nationality: 'DE',
  permit_no: 'P',
  permit_kind: 'ITAS',
  expires_on: on('2027-01-01'),
  resident_digest: 'x',
  permit_digest: 'x',
}
const reject = {
  line: 1,
  column: 'passport_no',
  value: 'A1•••67',
  reason: 'too long',
  reason_id: 'terlalu panjang',
  fatal: 1,
}

function at(date: CivilDate): number {
  return instantOf(date, '12:00', office.timeZone)
}
