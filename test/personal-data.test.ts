import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { affectedCommand } from '../src/cli/affected.ts'
import { backupDuty } from '../src/cli/backup-apart.ts'
import type { Output } from '../src/cli/output.ts'
import { personEraseCommand, personExportCommand } from '../src/cli/person.ts'
import { recordAudit } from '../src/console/audit.ts'
import { readPdf } from '../src/console/pdf/testing.ts'
import { openSqlite } from '../src/db/open.ts'
import { newKeyFile, openVault } from '../src/db/seal.ts'
import { testEngine } from '../src/db/testing.ts'
import { civilDate } from '../src/lib/civil-date.ts'
import { officesOf } from '../src/lib/offices.ts'
import { retentionPass } from '../src/ops/retention/retention.ts'
import { assignCase, closeCase, noteOnCase, recordContact } from '../src/overstay/case-actions.ts'
import { correctResident } from '../src/register/corrections.ts'
import { setHold } from '../src/register/holds.ts'
import { formsOf } from './planted.ts'
import { openWorld, type Row, type World } from './world.ts'

const PHONE = '+6281399887701'
const NEW_PHONE = '+6281399887703'
const SPONSOR_PHONE = '+6281399887702'
const PASSPORT = 'ZX9081726'
const ADDRESS = 'Jalan Kenanga Sekali 41'
const NOTE = 'mengaku sakit, menunggu kerabat'
const HOLD_NOTE = 'surat dari perwakilan menyusul'
const CONTACT = 'dijawab oleh bapak kos'
const REASON = 'nomor lama milik bibinya'
const REPLY = 'saya sudah di bandara'
const TOTP = 'JBSWY3DPEHPK3PXPJBSWY3DP'
const REQUEST = 'diminta lewat surat tanggal satu'

const MARIA: Row = {
  full_name: 'Maria Zauberfluss',
  nationality: 'TL',
  passport_no: PASSPORT,
  register_no: 'R-7',
  phone: '0813 9988 7701',
  birth_date: '1990-02-03',
  whatsapp_opt_in_on: '2026-01-01',
  address: ADDRESS,
  regency: 'Kota Blitar',
  sponsor_name: 'Pak Budi',
  sponsor_phone: '0813-9988-7702',
  permit_no: 'P-MARIA',
  permit_kind: 'ITAS',
  issued_on: '2025-06-15',
  expires_on: '2026-06-15',
}
const OTHER: Row = {
  ...MARIA,
  full_name: 'John Smith',
  nationality: 'AU',
  passport_no: 'AA1112223',
  register_no: 'R-8',
  phone: '081300001111',
  sponsor_phone: '081300002222',
  permit_no: 'P-JOHN',
  expires_on: '2027-06-15',
}

describe("one person's data", () => {
  let world: World
  let printed: string[]
  let results: Record<string, unknown>[]
  const output: Output = {
    json: false,
    line: (text) => void printed.push(text),
    result: (value) => void results.push(value),
  }

  beforeEach(async () => {
    printed = []
    results = []
    world = await openWorld({ people: () => ({ answers: 'human', presses: ['1'], whatsapp: 'read', taps: true }) })
    await history()
  })
  afterEach(() => world[Symbol.asyncDispose]())

  it.skipIf(testEngine() === 'postgres')(
    'stands nowhere in the open: neither in the database nor its log nor a backup',
    async () => {
      await backupDuty(world.app)
      // Before anything is folded away: a thief takes the files as they are.
      const files = filesIn(world.folder).filter(({ name }) => !['secret.key', 'register.csv'].includes(name))
      expect(files.map(({ name }) => name)).toEqual(
        expect.arrayContaining(['tenggat.db', 'tenggat.db-wal', 'tenggat.db-shm', 'reach.json']),
      )
      expect(files.some(({ name }) => name.endsWith('.backup'))).toBe(true)
      const unpacked = await unpackedBackup()
      const all = Buffer.concat([
        ...files.flatMap(({ path, name }) => [Buffer.from(path), Buffer.from(name)]),
        ...files.map(({ bytes }) => bytes),
        unpacked,
      ])

      // What is readable by decision is found: the search would find the rest, too.
      for (const readable of ['Maria Zauberfluss', 'P-MARIA', 'R-7']) expect(all.includes(readable)).toBe(true)
      expect(unpacked.includes('Maria Zauberfluss')).toBe(true)
      const bodies = world.sandbox
        .transcript()
        .flatMap(({ body }) => (body ?? '').split('\n').filter((line) => line.length > 15))
      expect(bodies.length).toBeGreaterThan(3)
      const secret = [
        PASSPORT,
        ADDRESS,
        NOTE,
        HOLD_NOTE,
        CONTACT,
        REASON,
        REPLY,
        TOTP,
        ...spellings(PHONE),
        ...spellings(NEW_PHONE),
        ...spellings(SPONSOR_PHONE),
        ...bodies,
      ]
      expect(secret.filter((value) => formsOf(value).some(({ text }) => all.includes(text)))).toEqual([])

      // With the key it is all there.
      const { t, read } = world.app.db
      const [maria] = await read.select().from(t.residents).where(eq(t.residents.register_no, 'R-7'))
      expect([maria!.passport_no, maria!.phone, maria!.address]).toEqual([PASSPORT, NEW_PHONE, ADDRESS])
      const [event] = await read
        .select({ text: t.case_events.text })
        .from(t.case_events)
        .where(eq(t.case_events.kind, 'note'))
      expect(event!.text).toBe(NOTE)
    },
  )

  it('is handed out whole, and with it who looked', async () => {
    const [json, pdf] = [join(world.folder, 'data.json'), join(world.folder, 'data.pdf')]
    writeFileSync(json, 'readable by all', { mode: 0o644 })
    await personExportCommand(world.app, output, { resident: await idOf('R-7'), jsonFile: json, pdf })
    for (const file of [json, pdf]) expect(statSync(file).mode & 0o777).toBe(0o600)
    const text = readFileSync(json, 'utf8')
    for (const value of [
      PASSPORT,
      PHONE,
      NEW_PHONE,
      SPONSOR_PHONE,
      ADDRESS,
      NOTE,
      HOLD_NOTE,
      CONTACT,
      REASON,
      REPLY,
      'Pak Budi',
      'P-MARIA',
    ])
      expect(text, value).toContain(value)
    const record = JSON.parse(text)
    expect(record.cycles[0].notices.length).toBeGreaterThan(3)
    const attempts = record.cycles[0].notices.flatMap(
      (notice: { deliveries: { attempts: { words: { body?: string }; receipts: unknown[] }[] }[] }) =>
        notice.deliveries.flatMap((one) => one.attempts),
    )
    expect(
      attempts.some(
        ({ words }: { words: { body?: string } }) =>
          words?.body?.includes('15 June 2026') ||
          words?.body?.includes('15 Juni 2026') ||
          words?.body?.includes('/n/'),
      ),
    ).toBe(true)
    expect(attempts.some(({ receipts }: { receipts: unknown[] }) => receipts.length > 0)).toBe(true)
    expect(record.looked_at).toEqual([
      expect.objectContaining({ officer: 'sari', action: 'resident.view', subject: `resident ${await idOf('R-7')}` }),
    ])
    expect(text).not.toContain('John Smith')
    expect(text).not.toContain('AA1112223')

    const { pages, attachments } = await readPdf(readFileSync(pdf))
    const paper = pages.join('\n').replace(/\s+/g, ' ')
    expect(JSON.parse(Buffer.from(attachments.get('data.json')!).toString()).resident.passport_no).toBe(PASSPORT)
    for (const value of ['Maria Zauberfluss', PASSPORT, ADDRESS, NOTE, HOLD_NOTE, REPLY, 'sari', 'resident.view'])
      expect(paper, value).toContain(value)
    const entries = await world.app.db.read.select({ action: world.app.db.t.audit.action }).from(world.app.db.t.audit)
    expect(entries.map(({ action }) => action)).toEqual(['resident.view', 'resident.export'])
    expect(printed.join('\n')).not.toContain('Maria')
  }, 60_000)

  it('goes on request, tells nobody again and opens no second case, though the file comes once more', async () => {
    const id = await idOf('R-7')
    const erase = (force: boolean) =>
      personEraseCommand(world.app, output, { resident: id, by: 'sari', reason: REQUEST, force })
    await reopen()
    await expect(erase(false)).rejects.toThrow(/has an open overstay case: close it first/)
    await close()
    await erase(false)
    await expect(erase(true)).rejects.toThrow('was erased before')

    const { db } = world.app
    const counts = async () => ({
      cases: await db.read.$count(db.t.overstay_cases),
      notices: await db.read.$count(db.t.notices),
      attempts: await db.read.$count(db.t.attempts),
      messages: world.sandbox.transcript().length,
    })
    const before = await counts()
    world.clock.advance(60_000)
    await world.register([MARIA, OTHER], { force: true })
    expect(await db.read.$count(db.t.residents)).toBe(3)
    for (const day of ['2026-06-29', '2026-07-01']) await world.day(day)
    expect(await counts()).toEqual(before)
    // As if it had come in on the day before it ended.
    await db.write((tx) => tx.update(tx.t.permits).set({ known_since: civilDate('2026-06-01') }))
    for (const day of ['2026-06-01', '2026-06-08', '2026-06-12', '2026-06-14', '2026-06-16']) await world.day(day)
    expect(await counts()).toEqual(before)
    // Somebody who is new and has the same dates is told and gets a case.
    await world.register(
      [MARIA, OTHER, { ...MARIA, register_no: 'R-9', passport_no: 'B1', permit_no: 'P-NEW', phone: '081300003333' }],
      { force: true },
    )
    await world.day('2026-06-16')
    expect((await counts()).cases).toBe(before.cases + 1)
  }, 60_000)

  it.skipIf(testEngine() === 'postgres')(
    'leaves no byte behind once it is erased',
    async () => {
      const { db } = world.app
      const id = await idOf('R-7')
      // Copies that page splits leave behind.
      await world.register([MARIA, OTHER, ...crowd(400)], { force: true })
      const [row] = await db.read
        .select({ digest: db.t.residents.register_digest, index: db.t.residents.passport_index })
        .from(db.t.residents)
        .where(eq(db.t.residents.id, id))
      const [token] = await db.read.select({ hash: db.t.deliveries.token_hash }).from(db.t.deliveries)
      const traces = ['Maria Zauberfluss', 'P-MARIA', row!.digest, row!.index!, token!.hash]
      for (const trace of traces) expect(liveFiles().includes(trace), trace).toBe(true)
      await personEraseCommand(world.app, output, { resident: id, by: 'sari', reason: REQUEST, force: false })
      const left = liveFiles()
      expect(traces.filter((trace) => left.includes(trace))).toEqual([])
      expect(left.includes('John Smith')).toBe(true)
      expect(left.includes(REQUEST)).toBe(false)
      const [erasure] = await db.read
        .select({ basis: db.t.erasures.basis, by: db.t.erasures.by, who: db.t.erasures.resident_id })
        .from(db.t.erasures)
      expect(erasure).toEqual({ basis: REQUEST, by: 'sari', who: id })
    },
    60_000,
  )

  it('goes by the rules of the office, at the carrier only when no backup could want it', async () => {
    const { app, sandbox } = world
    const office = { ...app.office, retention: { messages: 30, receipts: 30, cases: 30, residents: 60, audio: 120 } }
    const pass = async (date: string) => {
      world.at(date, '03:30')
      const { databaseFile, dataDir } = app.config
      const carrier = world.delivery.carrier
      return retentionPass({
        db: app.db,
        log: app.log,
        offices: officesOf([office]),
        now: app.clock.now(),
        today: app.today(),
        databaseFile,
        dataDir,
        carrier,
        everyMs: 0,
      })
    }
    await world.register([OTHER], { force: true })
    const bodies = () => sandbox.transcript().filter(({ body }) => body?.includes('/n/')).length
    const written = bodies()
    expect(written).toBeGreaterThan(2)
    expect(await pass('2026-07-10')).toMatchObject({ residents: 0, at_carrier: 0 })
    expect(bodies()).toBe(written)
    const last = await pass('2026-09-15')
    expect(last).toMatchObject({ residents: 1 })
    expect('at_carrier' in last && last.at_carrier).toBeGreaterThan(2)
    expect(await stored()).toEqual([])
  }, 60_000)

  it('is counted for the letter: what was sure, what may have been, and by whom', async () => {
    const { db } = world.app
    const csv = join(world.folder, 'letter.csv')
    const id = await idOf('R-7')
    const run = async (options: { from: string; to: string; officer?: string; everybody?: boolean; csv?: string }) => {
      await affectedCommand(world.app, output, options)
      return results.at(-1)! as {
        people: number
        certain: number
        by_deed: Record<string, number>
        affected: { resident: number; touches: { deed: string; by: string[] }[] }[]
      }
    }
    const june = { from: '2026-06-01', to: '2026-06-30' }
    const all = await run({ ...june, csv })
    expect(all.by_deed).toEqual({ viewed: 1, changed: 1, imported: 2, sent: 1 })
    expect(all).toMatchObject({ people: 2, certain: 2 })
    const text = readFileSync(csv, 'utf8')
    expect(statSync(csv).mode & 0o777).toBe(0o600)
    expect(text).toContain(`Maria Zauberfluss,TL,'${NEW_PHONE},${ADDRESS}`)
    expect(text).toMatch(/pasti,.*berkas dibuka.*sari/)
    expect(printed.join('\n')).not.toMatch(/Maria|813/)

    const stolen = await run({ ...june, officer: 'sari' })
    expect(stolen).toMatchObject({ people: 1, by_deed: { viewed: 1, changed: 1 } })
    await listed()
    const after = await run({ ...june, officer: 'sari' })
    expect(after).toMatchObject({ people: 2, certain: 1, by_deed: { viewed: 1, changed: 1, listed: 2 } })
    expect(
      after.affected.find(({ resident }) => resident === id)!.touches.find(({ deed }) => deed === 'viewed')!.by,
    ).toEqual(['sari'])

    expect(await run({ from: '2026-05-01', to: '2026-05-02' })).toMatchObject({ people: 0, by_deed: {} })
    expect(await run({ from: '2026-05-01', to: '2026-05-02', everybody: true })).toMatchObject({
      people: 2,
      certain: 2,
    })
    await expect(run({ ...june, officer: 'nobody' })).rejects.toThrow('there is no officer "nobody"')
    await expect(run({ from: '2026-06-31', to: '2026-07-01' })).rejects.toThrow('--from 2026-06-31 is no date')
    const audits = await db.read.select({ action: db.t.audit.action }).from(db.t.audit)
    expect(audits.map(({ action }) => action)).toContain('affected')
  })

  /** From the first notice to a closed case, with everything that officers and the person can add. */
  async function history(): Promise<void> {
    await world.register([MARIA, OTHER])
    for (const day of ['2026-06-01', '2026-06-02', '2026-06-08', '2026-06-12', '2026-06-14']) await world.day(day)
    const { app } = world
    const { db } = app
    const id = await idOf('R-7')
    await reply()
    await db.write((tx) =>
      correctResident(tx, {
        vault: db.vault,
        residentId: id,
        field: 'phone',
        value: NEW_PHONE,
        reason: REASON,
        seen: null,
        by: 'sari',
        now: app.clock.now(),
      }),
    )
    await db.write(async (tx) => {
      const { id: hold } = await setHold(tx, {
        residentId: id,
        reason: 'other',
        note: HOLD_NOTE,
        setBy: 'sari',
        now: app.clock.now(),
      })
      await tx.update(tx.t.holds).set({ lifted_at: app.clock.now(), lifted_by: 'sari' }).where(eq(tx.t.holds.id, hold))
      const [officer] = await tx
        .insert(tx.t.officers)
        .values({ name: 'sari', role: 'supervisor', password_hash: 'x', totp_secret: TOTP, created_at: 0 })
        .returning({ id: tx.t.officers.id })
      await recordAudit(tx, {
        officerId: officer!.id,
        now: app.clock.now(),
        action: 'resident.view',
        subject: { kind: 'resident', id },
      })
    })
    await world.day('2026-06-16')
    const deps = { db, now: app.clock.now(), today: app.today() }
    const caseId = await onlyCase()
    await noteOnCase(deps, { caseId, by: 'sari', text: NOTE })
    await recordContact(deps, { caseId, by: 'sari', channel: 'visit', text: CONTACT })
    await assignCase(deps, { caseId, by: 'sari', to: 'sari' })
    await close()
    await db.write((tx) =>
      tx.update(tx.t.follow_ups).set({ closed_at: app.clock.now(), closed_by: 'sari', outcome: 'done' }),
    )
  }

  async function close(): Promise<void> {
    const { db, clock, today } = world.app
    await closeCase(
      { db, now: clock.now(), today: today() },
      { caseId: await onlyCase(), by: 'sari', outcome: 'paid-and-left' },
    )
  }

  async function reopen(): Promise<void> {
    const { reopenCase } = await import('../src/overstay/case-actions.ts')
    const { db, clock, today } = world.app
    await reopenCase({ db, now: clock.now(), today: today() }, { caseId: await onlyCase(), by: 'sari' })
  }

  async function onlyCase(): Promise<number> {
    const { overstay_cases } = world.app.db.t
    const [row] = await world.app.db.read.select({ id: overstay_cases.id }).from(overstay_cases)
    return row!.id
  }

  async function reply(): Promise<void> {
    await world.app.db.write((tx) =>
      tx.insert(tx.t.receipts).values({
        kind: 'reply',
        sid: 'SMreply',
        status: 'text',
        raw: JSON.stringify({ From: `whatsapp:${PHONE}`, To: 'whatsapp:+62342000002', Body: REPLY }),
        signature: 's',
        digest: 'reply',
        received_at: world.clock.now(),
        applied_at: world.clock.now(),
      }),
    )
  }

  async function listed(): Promise<void> {
    const { db, clock } = world.app
    const [sari] = await db.read.select({ id: db.t.officers.id }).from(db.t.officers)
    await db.write((tx) => recordAudit(tx, { officerId: sari!.id, now: clock.now(), action: 'residents.list' }))
  }

  async function idOf(registerNo: string): Promise<number> {
    const { residents } = world.app.db.t
    const [row] = await world.app.db.read
      .select({ id: residents.id })
      .from(residents)
      .where(eq(residents.register_no, registerNo))
    return row!.id
  }

  /** What the carrier still has of our messages. */
  async function stored(): Promise<string[]> {
    const { attempts } = world.app.db.t
    const sent = await world.app.db.read.select({ sid: attempts.sid, channel: attempts.channel }).from(attempts)
    const listed = await world.delivery.carrier.list('message', PHONE as never, 0)
    const ours = new Set(sent.map(({ sid }) => sid))
    return listed.ok
      ? listed.value.filter(({ sid, body }) => ours.has(sid) && body !== '').map(({ body }) => body)
      : ['no answer']
  }

  /** The database inside the backup, which is compressed. */
  async function unpackedBackup(): Promise<Buffer> {
    const { unpack } = await import('../src/ops/backup/backup-file.ts')
    const [name] = readdirSync(join(world.folder, 'backups'))
    const target = join(world.folder, 'unpacked.db')
    await unpack({ source: join(world.folder, 'backups', name!), target, passphrase: undefined })
    const other = openVault(newKeyFile('x'), 'thief')
    await using stolen = await openSqlite({ file: target, vault: other, migrate: false })
    await expect(stolen.read.select().from(stolen.t.residents)).rejects.toThrow(/lacks the key "test"/)
    return readFileSync(target)
  }

  function liveFiles(): Buffer {
    return Buffer.concat(
      filesIn(world.folder)
        .filter(({ name }) => /^tenggat\.db/.test(name))
        .map(({ bytes }) => bytes),
    )
  }
})

function filesIn(folder: string): { name: string; path: string; bytes: Buffer }[] {
  mkdirSync(folder, { recursive: true })
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name, parentPath }) => ({
      name,
      path: join(parentPath, name),
      bytes: readFileSync(join(parentPath, name)),
    }))
}

/** +6281399887701 as people and files write it. */
function spellings(phone: string): string[] {
  const national = phone.slice(3)
  const grouped = (gap: string) => [national.slice(0, 3), national.slice(3, 7), national.slice(7)].join(gap)
  return [
    phone,
    `62${national}`,
    `0${national}`,
    `0${grouped(' ')}`,
    `0${grouped('-')}`,
    `+62 ${grouped('-')}`,
    `+62 ${grouped(' ')}`,
    `(0${national.slice(0, 3)}) ${national.slice(3)}`,
    grouped('.'),
  ]
}

function crowd(length: number): Row[] {
  return Array.from({ length }, (_, at) => ({
    ...OTHER,
    full_name: `Crowd ${at}`,
    register_no: `C-${at}`,
    passport_no: `CR${10_000 + at}`,
    phone: `08130001${1_000 + at}`,
    permit_no: `PC-${at}`,
  }))
}
