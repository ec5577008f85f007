import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { and, eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { openMailServer, readMail, refusal, type TestMailServer } from '../../test/mail-server.ts'
import { readWorkbook } from '../../test/workbook.ts'
import { auditHead, verifyAudit } from '../console/audit.ts'
import { openAlarms, raiseAlarm } from '../db/alarms.ts'
import { addDays, instantOf } from '../lib/civil-date.ts'
import { SteppedClock } from '../lib/clock.ts'
import { openLog } from '../lib/events.ts'
import { officesOf, onlyOffice } from '../lib/offices.ts'
import { overstayPass } from '../overstay/cases.ts'
import { office, on, openWorld, passAt, type World } from '../overstay/fixture.ts'
import { openFollowUps } from '../overstay/follow-ups.ts'
import { type DigestDeps, retryDigest, sendDigest } from './digest.ts'
import { CASE_HEADERS, FOLLOW_UP_HEADERS } from './digest-workbook.ts'
import { type Post, postBy } from './mail.ts'
import { settleAbandoned } from './mail-record.ts'
import { mailDeps } from './mail-testing.ts'

const day = on('2026-11-10')
const MINUTE = 60_000
const at = (time: string, date = day) => instantOf(date, time, office.timeZone)
const HOSTILE = ['=HYPERLINK("http://evil.example","x")', 'Abdul\u202Egnp.exe', '<script>alert(1)</script>']

describe('the digest', () => {
  it('says in counts and links what is to be done, and names people only in the attached list', async () => {
    await using world = await openWorld()
    await using server = await openMailServer()
    await fill(world)
    const clock = new SteppedClock(at('06:30'))
    const deps = mailDeps({ ...world, clock, post: postBy(server.server), baseUrl: 'https://konsol.example' })
    await world.db.write((tx) => raiseAlarm(tx, { kind: 'balance', detail: 'low', now: at('06:15') }))
    const sent = await sendDigest(deps, { day })
    expect(sent).toEqual({ day, digest: 'sent', follow_ups: 3, cases: 3 })

    const mail = readMail(server.mails[0]!.raw)
    expect(mail.headers.get('subject')).toBe(
      '[Imigrasi Blitar] Ringkasan 10 November 2026: 3 tindak lanjut, 3 kasus baru, 1 alarm',
    )
    expect(mail.headers.get('to')).toBe('kepala@imigrasi.example')
    const { text, html } = mail
    for (const words of [text, html]) {
      expect(words).toContain('Selasa, 10 November 2026')
      expect(words).toContain('Saldo operator')
      expect(words).toContain('Isi ulang saldo pada akun Twilio.')
      expect(words).toContain('https://konsol.example/follow-ups?kind=phone')
      expect(words).toContain('https://konsol.example/follow-ups?owner=budi')
      expect(words).toContain('https://konsol.example/cases/1')
      expect(words).toContain('https://konsol.example/overstays?opened=2026-11-10')
      expect(words).not.toMatch(/WNA 7|script>alert|HYPERLINK|\+62812|C01X00T47|P-\d/)
    }
    expect(text).toContain(`--head ${await auditHead(world.db.read)}`)
    expect(await verifyAudit(world.db.read)).toMatchObject({ ok: true, entries: 1 })
  })

  it('names the day of what was raised by the own office alone', async () => {
    await using world = await openWorld()
    await using server = await openMailServer()
    await fill(world)
    const other = await world.resident({ office_code: 'SUB' })
    await world.cycle(await world.permit(other.id, addDays(day, -9), { office_code: 'SUB' }))
    const yesterday = passAt(world.db, addDays(day, -1))
    await overstayPass({ ...yesterday, offices: onlyOffice(officesOf([office, { ...office, code: 'SUB' }]), 'SUB') })
    const { overstay_cases, case_events } = world.db.t
    const cases = await world.db.read.select().from(overstay_cases)
    await world.db.write((tx) =>
      tx.insert(case_events).values(
        cases.map(({ id, resident_id }) => {
          const on = resident_id === other.id ? addDays(day, -1) : day
          return {
            case_id: id,
            kind: 'escalated' as const,
            on,
            by: 'system',
            at: at(on === day ? '06:06' : '18:00', on),
          }
        }),
      ),
    )
    const deps = mailDeps({
      ...world,
      clock: new SteppedClock(at('06:30')),
      post: postBy(server.server),
      baseUrl: 'https://konsol.example',
    })
    await sendDigest(deps, { day })
    expect(readMail(server.mails[0]!.raw).text).toContain('https://konsol.example/overstays?escalated=2026-11-10')
  })

  it('attaches the list as a workbook in which no name does anything', async () => {
    await using world = await openWorld()
    await using server = await openMailServer()
    const { followUps } = await fill(world)
    const deps = mailDeps({ ...world, clock: new SteppedClock(at('06:30')), post: postBy(server.server) })
    await sendDigest(deps, { day })
    const { attachments } = readMail(server.mails[0]!.raw)
    expect(attachments.map(({ filename }) => filename)).toEqual(['daftar-2026-11-10.xlsx'])
    const { sheets, formulas } = await readWorkbook(attachments[0]!.content)
    const [tasks, cases] = sheets
    expect(formulas).toBe(false)
    expect(tasks![0]).toEqual(FOLLOW_UP_HEADERS)
    expect(tasks!.slice(1).map((row) => [Number(row[0]), row[3], row[10]])).toEqual(
      followUps.map(({ id, name, owner }) => [id, name.replace('\u202E', ' '), owner ?? '']),
    )
    expect(cases![0]).toEqual(CASE_HEADERS)
    expect(cases!.slice(1).map((row) => [row[0], row[1], row[2], row[3]])).toEqual([
      ['3', '1', 'Verifikasi', HOSTILE[2]],
      ['2', '1', 'Verifikasi', 'Abdul gnp.exe'],
      ['1', '1', 'Verifikasi', HOSTILE[0]],
    ])
    const everything = JSON.stringify(sheets)
    expect(everything).not.toMatch(/\+62812|C01X00T47|P-\d|Penjamin Satu|saya sudah/)
  })

  it('holds no link where the console has no address', async () => {
    await using world = await openWorld()
    await using server = await openMailServer()
    await fill(world)
    const deps = mailDeps({ ...world, clock: new SteppedClock(at('06:30')), post: postBy(server.server) })
    await sendDigest(deps, { day })
    const { text, html } = readMail(server.mails[0]!.raw)
    expect(text + html).not.toMatch(/https?:\/\/|href/)
  })

  it('is not written when there is nothing to say', async () => {
    await using world = await openWorld()
    const deps = mailDeps({ ...world, clock: new SteppedClock(at('06:30')), post: nobody })
    expect(await sendDigest(deps, { day })).toEqual({ day, digest: 'nothing' })
    expect(await world.db.read.$count(world.db.t.mails)).toBe(0)
    expect(await world.db.read.$count(world.db.t.audit)).toBe(0)
  })

  it('is of today alone: the slot of a morning that is over brings none', async () => {
    await using world = await openWorld()
    await fill(world)
    const deps = mailDeps({ ...world, clock: new SteppedClock(at('00:30', addDays(day, 1))), post: nobody })
    expect(await sendDigest(deps, { day })).toEqual({ day, digest: 'past' })
  })

  it('tells what is new since the one before, also what came after it', async () => {
    await using world = await openWorld()
    await using server = await openMailServer()
    await fill(world)
    const clock = new SteppedClock(at('06:30'))
    const deps = mailDeps({ ...world, clock, post: postBy(server.server) })
    await sendDigest(deps, { day })
    clock.set(at('13:00'))
    await lateCase(world, clock)
    const next = addDays(day, 1)
    clock.set(at('06:30', next))
    await sendDigest(deps, { day: next })
    expect(readMail(server.mails[1]!.raw).headers.get('subject')).toContain('1 kasus baru')
  })
})

describe('the digest of a morning', () => {
  it('is sent once, however often it is asked for', async () => {
    await using world = await openWorld()
    await using server = await openMailServer()
    await fill(world)
    const deps = mailDeps({ ...world, clock: new SteppedClock(at('06:30')), post: postBy(server.server) })
    const all = await Promise.all([1, 2, 3].map(() => sendDigest(deps, { day })))
    expect(all.map(({ digest }) => digest).sort()).toEqual(['sent', 'settled', 'settled'])
    expect(await sendDigest(deps, { day })).toEqual({ day, digest: 'settled' })
    expect(await retryDigest(deps)).toBeNull()
    expect(server.mails).toHaveLength(1)
  })

  it('is tried again after an answer of 451, at its time, under the same Message-ID', async () => {
    const refusals = [refusal(451, 'greylisted'), refusal(451, 'greylisted')]
    await using scene = await openScene({ onEnd: () => refusals.shift() ?? null })
    const { deps, clock, server } = scene
    expect((await sendDigest(deps, { day })).digest).toBe('refused')
    expect(await retryDigest(deps)).toBeNull()
    clock.advance(5 * MINUTE)
    expect((await retryDigest(deps))?.digest).toBe('refused')
    clock.advance(5 * MINUTE)
    expect((await retryDigest(deps))?.digest).toBe('sent')
    expect(server.mails).toHaveLength(1)
    const ids = server.offered.map((raw) => readMail(raw).headers.get('message-id'))
    expect(ids).toHaveLength(3)
    expect(new Set(ids).size).toBe(1)
    expect(ids[0]).toMatch(/^<[\w-]{22}@imigrasi\.example>$/)
    expect(await openAlarms(deps.db.read)).toEqual([])
    expect(await row(deps)).toMatchObject({ state: 'sent', attempts: 3 })
  })

  it('is given up after eight refusals, and the operator hears of it', async () => {
    await using scene = await openScene({ refuses: (address) => refusal(550, `5.7.1 <${address}> no relaying`) })
    const { deps, clock, server } = scene
    await sendDigest(deps, { day })
    expect(await openAlarms(deps.db.read)).toMatchObject([
      { kind: 'mail', detail: 'digest:2026-11-10 was refused once (550 5.7.1 at RCPT TO)' },
    ])
    for (let hour = 0; hour < 12; hour += 1) {
      clock.advance(60 * MINUTE)
      await retryDigest(deps)
    }
    expect(await row(deps)).toMatchObject({ state: 'refused', attempts: 8 })
    expect([server.connections(), server.mails.length]).toEqual([8, 0])
  })

  it('never goes again when nobody knows whether it went', async () => {
    await using scene = await openScene({
      onEnd({ hangUp }) {
        hangUp()
        return null
      },
    })
    const { deps, clock, server } = scene
    expect((await sendDigest(deps, { day })).digest).toBe('uncertain')
    for (const minutes of [5, 60, 300]) {
      clock.advance(minutes * MINUTE)
      expect(await retryDigest(deps)).toBeNull()
      expect((await sendDigest(deps, { day })).digest).toBe('settled')
    }
    expect(server.connections()).toBe(1)
    expect(await openAlarms(deps.db.read)).toMatchObject([
      { kind: 'mail', detail: expect.stringContaining('nobody knows') },
    ])
  })

  it.each<[string, boolean]>([
    ['before the connection', false],
    ['after the server had it', true],
  ])('goes once at most when the sender dies %s', async (_when, arrives) => {
    await using scene = await openScene({})
    const { deps, clock, server } = scene
    const dying: Post = async (letter) => {
      if (arrives) await postBy(server.server)(letter)
      throw new Error('killed')
    }
    await expect(sendDigest({ ...deps, post: dying }, { day })).rejects.toThrow('killed')
    expect(await row(deps)).toMatchObject({ state: 'sending', attempts: 1 })

    expect(await settleAbandoned(deps.db, clock.now())).toEqual([])
    expect((await sendDigest(deps, { day })).digest).toBe('settled')
    clock.advance(10 * MINUTE)
    expect(await settleAbandoned(deps.db, clock.now())).toEqual(['digest:2026-11-10'])
    expect((await sendDigest(deps, { day })).digest).toBe('settled')
    expect(server.mails).toHaveLength(arrives ? 1 : 0)
    expect(await row(deps)).toMatchObject({ state: 'uncertain', answer: 'interrupted' })
    expect(await openAlarms(deps.db.read)).toMatchObject([{ kind: 'mail' }])
  })

  it('waits until a template that an office broke is mended', async () => {
    await using scene = await openScene({})
    const { deps, clock, server } = scene
    const templatesDir = mkdtempSync(join(tmpdir(), 'tenggat-templates-'))
    cpSync(join(deps.templatesDir, 'mail'), join(templatesDir, 'mail'), { recursive: true })
    const file = join(templatesDir, 'mail', 'letter.text.eta')
    const good = readFileSync(file, 'utf8')
    writeFileSync(file, `${good}<% nothing.of(this %>`)
    const office = { ...deps, templatesDir }
    expect((await sendDigest(office, { day })).digest).toBe('refused')
    expect(await row(deps)).toMatchObject({ answer: 'not written: see templates/mail' })
    writeFileSync(file, `${good}Salam dari kantor`)
    clock.advance(60 * MINUTE)
    expect((await retryDigest(office))?.digest).toBe('sent')
    expect(readMail(server.mails[0]!.raw).text).toContain('Salam dari kantor')
    rmSync(templatesDir, { recursive: true })
  })

  it('logs neither addresses nor what the server said', async () => {
    const lines: string[] = []
    await using scene = await openScene({ refuses: (address) => refusal(550, `<${address}>: unknown`) })
    const log = openLog({ level: 'trace', destination: { write: (text) => void lines.push(text) } })
    await sendDigest({ ...scene.deps, log }, { day })
    expect(lines).toHaveLength(1)
    expect(JSON.parse(lines[0]!)).toMatchObject({ about: ['digest:2026-11-10'], answer: '550 at RCPT TO', attempts: 1 })
    expect(lines.join()).not.toMatch(/@|unknown|imigrasi\.example/)
  })
})

const nobody: Post = async () => {
  throw new Error('nothing was to be sent')
}

type Scene = { deps: DigestDeps; clock: SteppedClock; server: TestMailServer; world: World } & AsyncDisposable

async function openScene(manners: Parameters<typeof openMailServer>[0]): Promise<Scene> {
  await using stack = new AsyncDisposableStack()
  const world = stack.use(await openWorld())
  const server = stack.use(await openMailServer(manners))
  await fill(world)
  const clock = new SteppedClock(at('06:30'))
  const opened = stack.move()
  const deps = mailDeps({ ...world, clock, post: postBy(server.server) })
  return { deps, clock, server, world, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

/** Three people with hostile names who stayed on since yesterday, and three follow-ups of which one is of tomorrow. */
async function fill(world: World) {
  const now = at('06:05')
  const names: string[] = []
  const ids: number[] = []
  for (const full_name of HOSTILE) {
    const resident = await world.resident({ full_name, passport_no: 'C01X00T47', sponsor_name: 'Penjamin Satu' })
    await world.cycle(await world.permit(resident.id, addDays(day, -1)))
    names.push(full_name)
    ids.push(resident.id)
  }
  await overstayPass(passAt(world.db, day))
  const place = { kind: 'phone' as const, cycle_id: 0 }
  const wanted = ids.map((resident_id) => ({ ...place, resident_id, cause: 'unconfirmed' }))
  await openFollowUps(world.db, { wanted: wanted.slice(0, 1), dueOn: () => addDays(day, -1), now })
  await openFollowUps(world.db, { wanted: wanted.slice(1), dueOn: () => day, now })
  const later = await world.resident()
  await openFollowUps(world.db, {
    wanted: [{ ...place, resident_id: later.id, cause: 'unconfirmed' }],
    dueOn: () => addDays(day, 1),
    now,
  })
  const { follow_ups } = world.db.t
  await world.db.write((tx) => tx.update(follow_ups).set({ owner: 'budi' }).where(eq(follow_ups.id, 2)))
  const owners = [null, 'budi', null]
  return { followUps: names.map((name, index) => ({ id: index + 1, name, owner: owners[index] ?? null })) }
}

/** Came in with an import at noon. */
async function lateCase(world: World, clock: SteppedClock) {
  const resident = await world.resident()
  await world.cycle(await world.permit(resident.id, addDays(day, -1)))
  await overstayPass({ ...passAt(world.db, day), now: clock.now() })
}

async function row({ db }: Pick<DigestDeps, 'db'>) {
  const { mails } = db.t
  const [found] = await db.read
    .select()
    .from(mails)
    .where(and(eq(mails.kind, 'digest'), eq(mails.about, 'digest:2026-11-10')))
  return found
}
