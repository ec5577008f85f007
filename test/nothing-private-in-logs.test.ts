import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { format } from 'node:util'
import { sql } from 'drizzle-orm'
import twilio from 'twilio/lib/webhooks/webhooks.js'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { openApp } from '../src/app.ts'
import { caseCommand } from '../src/cli/case.ts'
import { configCommand } from '../src/cli/config.ts'
import { dutyWork, runDaemon } from '../src/cli/daemon.ts'
import { doctorCommand } from '../src/cli/doctor.ts'
import { holdSetCommand } from '../src/cli/hold.ts'
import { importCommand } from '../src/cli/import.ts'
import { failed, type Output } from '../src/cli/output.ts'
import { openProbes } from '../src/cli/probes.ts'
import { scanCommand } from '../src/cli/scan.ts'
import { statusCommand } from '../src/cli/status.ts'
import { grpcGoogle } from '../src/compose/speech/fake-google.ts'
import { googleSpeech } from '../src/compose/speech/google.ts'
import { PROJECT_DIR } from '../src/config.ts'
import { accountByName, addOfficer } from '../src/console/accounts.ts'
import { beginSession } from '../src/console/sessions.ts'
import { twilioCarrier } from '../src/deliver/twilio/adapter.ts'
import { systemClock } from '../src/lib/clock.ts'
import { openLog } from '../src/lib/events.ts'
import type { PhoneNumber } from '../src/lib/phone.ts'
import { dutiesOf } from '../src/ops/duties.ts'
import { startTicker } from '../src/ops/ticker.ts'
import { registerWorker } from '../src/ops/workers.ts'
import { ACCOUNT_SID } from './ground.ts'
import { openMailServer, refusal, type TestMailServer } from './mail-server.ts'
import { formsOf, leaksIn, type Planted } from './planted.ts'
import { shortHum } from './silent-speech.ts'
import { csv, openWorld, type Row, type World } from './world.ts'

const TODAY = '2026-06-01'
const AUTH_TOKEN = 'tkn7f3a9QzLmNauthXYZ'
const SMTP_PASSWORD = 'smtp Pa55/Wörd!x'
const HEARTBEAT = 'hb-3f9c2-secret-path'
const PASSPHRASE = 'Kata-sandi-cadangan-91x'
const OFFICER_PASSWORD = 'kapal merah di laut 77'
const WRONG_PASSWORD = 'Salah-Sandi-Petugas-55'
const NOTE = 'Catatan rahasia tentang keluarganya'
const WRITTEN = 'Saya sedang sakit keras, tolong jangan telepon'
const GOOGLE_KEY = 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7PlantedKey'
const SPOKEN = 'Izin tinggal Ibu Zauberfluss berakhir besok'
const DIGEST_TO = 'kepala.kantor.rahasia@imigrasi.example'
const ALARM_TO = 'operator.malam.rahasia@imigrasi.example'

const RESIDENTS: Row[] = [
  { full_name: 'Wilhelmina Zauberfluss', nationality: 'GB', phone: '0813-9988-7701', whatsapp_opt_in_on: '2026-01-05' },
  { full_name: 'Krishnamurthi Vellapan', nationality: 'IN', phone: '+62 813 9988 7702' },
  { full_name: 'Dolores Etxeberria', nationality: 'ES', phone: '(0813) 99887703' },
  {
    full_name: 'Oleksandr Hrymalovych',
    nationality: 'UA',
    sponsor_name: 'Bambang Penjaminto',
    sponsor_phone: '081277665501',
  },
  { full_name: 'Ngozi Okonkwochukwu', nationality: 'NG', phone: '6281399887705', birth_date: '2015-03-04' },
  {
    full_name: 'Thanakorn Wattanapongsiri',
    nationality: 'TH',
    phone: '081399887706',
    expires_on: '2026-05-20',
    issued_on: '2025-05-20',
  },
  { full_name: 'Siobhan Featherstonehaugh', nationality: 'IE', phone: '081399887707' },
].map((row, index) => ({
  register_no: `NIORA77881${index}`,
  passport_no: `X7Q445912${index}`,
  address: `Jalan Rahasia Dalam Nomor 17${index}`,
  permit_no: `2C21ZZ00${index}AW`,
  permit_kind: 'ITAS',
  expires_on: '2026-06-15',
  ...row,
}))

/** Each is rejected, in whole or in part, with the value in hand. */
const BAD: Row[] = [
  { ...RESIDENTS[6]!, permit_no: '2C21ZZ0091AW', register_no: 'NIORA778891', expires_on: 'lusa pagi' },
  { ...RESIDENTS[6]!, permit_no: '2C21ZZ0092AW', register_no: 'NIORA778892', phone: '0813 9988 77099 11223' },
  { ...RESIDENTS[6]!, permit_no: '2C21ZZ0093AW', register_no: 'NIORA778893', nationality: 'Kerajaan Dongeng Timur' },
  { ...RESIDENTS[6]!, permit_no: '2C21ZZ0094AW', register_no: 'NIORA778894', passport_no: 'X7Q4459999 OR 1=1' },
  { ...RESIDENTS[6]!, permit_no: '2C21ZZ000AW' },
]

describe('what is logged', () => {
  const stack = new AsyncDisposableStack()
  const seen: string[] = []
  const log = openLog({ level: 'trace', destination: { write: (line) => void seen.push(line) } })
  const output: Output = {
    json: false,
    line: (text) => void seen.push(text),
    result: (value) => void seen.push(JSON.stringify(value)),
  }
  const planted: Planted[] = [
    { name: 'auth token', value: AUTH_TOKEN },
    { name: 'SMTP password', value: SMTP_PASSWORD },
    { name: 'heartbeat path', value: HEARTBEAT },
    { name: 'passphrase', value: PASSPHRASE },
    { name: 'password', value: OFFICER_PASSWORD },
    { name: 'wrong password', value: WRONG_PASSWORD },
    { name: 'note', value: NOTE },
    { name: 'reply', value: WRITTEN },
    { name: 'Google key', value: GOOGLE_KEY },
    { name: 'spoken words', value: SPOKEN },
    { name: 'digest reader', value: DIGEST_TO },
    { name: 'alarm reader', value: ALARM_TO },
    ...RESIDENTS.flatMap(personal),
    ...BAD.flatMap(personal),
  ]
  let world: World
  let mail: TestMailServer

  beforeAll(async () => {
    mail = stack.use(
      await openMailServer({
        onAuth: (_auth, _session, done) => done(null, { user: 'office' }),
        refuses: (address) => refusal(450, `4.2.1 <${address}> mailbox busy, ${SMTP_PASSWORD}`),
      }),
    )
    const watcher = stack.use(await listen((_request, response) => response.writeHead(500).end(HEARTBEAT)))
    const google = stack.use(await grpcGoogle({ code: 3, message: `INVALID_ARGUMENT: ssml "${SPOKEN}"` }))
    world = stack.use(
      await openWorld({
        today: TODAY,
        people: personAt,
        config: { speech: 'google', digestTo: [DIGEST_TO], alarmTo: [ALARM_TO], heartbeat: true },
        secrets: {
          twilioAuthToken: AUTH_TOKEN,
          smtpUrl: mail.url.replace('://', `://office:${encodeURIComponent(SMTP_PASSWORD)}@`),
          heartbeatUrl: `${watcher.url}/${HEARTBEAT}`,
          backupPassphrase: PASSPHRASE,
        },
        overrides: { log, speech: [googleSpeech({ endpoint: google.endpoint }), shortHum()] },
      }),
    )
    planted.push(...secretsOf(world.app.secrets.keys))
  })
  afterAll(() => stack.disposeAsync())

  it('comes from every path that logs', async () => {
    for (const name of ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const)
      vi.spyOn(console, name).mockImplementation((...said: unknown[]) => void seen.push(format(...said)))
    for (const stream of [process.stdout, process.stderr]) {
      vi.spyOn(stream, 'write').mockImplementation((piece) => {
        seen.push(String(piece))
        return true
      })
    }
    await theDay()
    await theWeb()
    await theCarrier()
    await theTerminal()
    await theConsole()
    await theBrokenDatabase()
    await theCrash()
    await plantLinks()
    const said = seen.join('')
    // PostgreSQL has tools of its own for that.
    const signs = world.app.db.engine === 'sqlite' ? [...SIGNS, 'backed up'] : SIGNS
    for (const sign of signs) expect(said.includes(sign), sign).toBe(true)
  }, 180_000)

  it('holds nothing of a person and no secret', () => {
    for (const piece of seen) {
      const leaks = leaksIn(piece, planted)
      if (leaks.length > 0) expect({ leaks, piece }).toEqual({ leaks: [], piece: '' })
    }
    expect(leaksIn(seen.join('\n'), planted)).toEqual([])
    expect(planted.length).toBeGreaterThan(70)
  })

  it('leaves nothing of them in what the database keeps in the clear about its own work', async () => {
    const { db } = world.app
    const { alarms, slots, pauses, mails, rejects, imports, audit, attempts, receipts } = db.t
    const kept = [
      await db.read.select().from(alarms),
      await db.read.select().from(slots),
      await db.read.select().from(pauses),
      await db.read.select().from(mails),
      await db.read.select().from(rejects),
      await db.read.select().from(imports),
      await db.read.select().from(audit),
      await db.read.select({ verdict: attempts.verdict, ended: attempts.ended }).from(attempts),
      await db.read.select({ sid: receipts.sid, status: receipts.status }).from(receipts),
    ]
    expect(kept.every((rows) => rows.length > 0)).toBe(true)
    expect(leaksIn(JSON.stringify(kept), planted)).toEqual([])
  })

  it('would be caught in any of its forms', () => {
    const namesOf = (line: string) => leaksIn(line, planted).map(({ name }) => name)
    const lines: string[] = []
    const other = openLog({ level: 'trace', destination: { write: (line) => void lines.push(line) } })
    for (const { name, value } of planted) {
      for (const { form, text } of formsOf(value)) {
        lines.length = 0
        other.warn({ what: `before ${text} after` }, 'a line of the log')
        const line = form === 'JSON' ? `{"what":"${text}"}` : lines.join('')
        expect(namesOf(line), `${name} as ${form}`).toContain(name)
      }
    }
    for (const spelled of ['0813-9988-7701', '+62 813 9988 7701', '81399887701', '(0813) 9988.7701']) {
      expect(namesOf(`{"n":"${spelled}"}`)).toContain('phone of Wilhelmina Zauberfluss')
    }
  })

  it('names an error that was handed over by kind and place alone', () => {
    const lines: string[] = []
    const other = openLog({ level: 'trace', destination: { write: (line) => void lines.push(line) } })
    const error = new TypeError('Wilhelmina Zauberfluss +6281399887701')
    other.error(error)
    other.error(error, 'it failed')
    other.error({ err: error }, 'it failed')
    other.error({ error }, 'it failed')
    expect(lines).toHaveLength(4)
    expect(leaksIn(lines.join(''), planted)).toEqual([])
    for (const line of lines) expect(line).toContain('"TypeError"')
  })

  async function theDay(): Promise<void> {
    const { app, sandbox } = world
    const file = join(world.folder, 'register.csv')
    writeFileSync(file, csv([...RESIDENTS, ...BAD]))
    await importCommand(app, output, { file, dryRun: true, force: false })
    await importCommand(app, output, { file, dryRun: false, force: false })
    sandbox.faults.set([
      { kind: 'refuse', code: 99_999, times: 1, to: '+6281399887702' },
      { kind: 'refuse', code: 21_211, times: 1, to: '+6281399887703' },
      { kind: 'cut', when: 'before', times: 1, resource: 'calls' },
      { kind: 'server-error', when: 'after', times: 1, to: '+6281399887706' },
      { kind: 'too-many-requests', times: 1, to: '+6281399887707' },
      { kind: 'fail', code: 77_777, times: 1, to: '+6281399887707' },
    ])
    await world.day(TODAY)
    sandbox.faults.clear()
    world.at(TODAY, '16:00')
    await sandbox.reply('+6281399887702', '+62342000002', { body: WRITTEN })
    await sandbox.reply('+6281399887799', '+62342000002', { body: WRITTEN })
    await sandbox.ring('+6281399887702', '+62342000001')
    await world.deliver()
    await app.attend()
    await runDuties()
    await holdSetCommand(app, output, { resident: 3, reason: 'other', by: 'sari', note: NOTE })
    await caseCommand(app, output, 'note', { id: 1, by: 'sari', note: NOTE })
    await statusCommand(app, output)
    await scanCommand(app, output, { dryRun: false })
  }

  async function runDuties(): Promise<void> {
    const { app, delivery, clock } = world
    await using worker = await registerWorker({ db: app.db, clock, name: `worker-${clock.now()}` })
    const duties = dutiesOf(app.office, dutyWork(app, delivery))
    await using ticker = startTicker({ db: app.db, clock, log, worker, duties })
    await ticker.runDueNow()
  }

  async function theWeb(): Promise<void> {
    const { url } = world.delivery.listener
    const token = await linkToken()
    const form = {
      From: 'whatsapp:+6281399887701',
      Body: WRITTEN,
      ProfileName: 'Wilhelmina Zauberfluss',
      MessageSid: 'SM1',
    }
    await post(`${url}/twilio/message`, form, null)
    await post(`${url}/twilio/status?attempt=1`, { ...form, MessageStatus: 'sent' }, 'AAAA')
    await post(`${url}/twilio/status`, { To: '+6281399887701', Body: WRITTEN })
    await post(`${url}/twilio/message`, { ...form, From: '+6281399887799', MessageSid: 'SM2' })
    await post(`${url}/twilio/message`, { ...form, Body: 'x'.repeat(70_000) })
    for (const path of [
      `/n/${token}`,
      `/n/${token}x`,
      `/n/${token}/language?to=Zauberfluss`,
      `/n/%E0%A4%A/${token}`,
      `/audio/${token}.mp3`,
      `/Wilhelmina%20Zauberfluss?phone=%2B6281399887701`,
    ])
      await fetch(url + path, { redirect: 'manual' })
    await fetch(`${url}/n/${token}/ack`, { method: 'POST', body: new URLSearchParams({ answer: 'help', note: NOTE }) })
  }

  async function theCarrier(): Promise<void> {
    const answers = [
      (body: string) => ({
        status: 400,
        body: JSON.stringify({ code: 21_211, message: body, more_info: body, status: 400 }),
      }),
      (body: string) => ({ status: 400, body: JSON.stringify({ code: 98_765, message: body, details: { body } }) }),
      (body: string) => ({ status: 500, body: `<html>${body}</html>` }),
      (body: string) => ({ status: 200, body: `{"sid": "${body}` }),
    ]
    for (const answer of answers) {
      await using echo = await listen(async (request, response) => {
        const asked = `${request.url} ${request.headers.authorization} ${(await request.toArray()).join('')}`
        const { status, body } = answer(asked)
        response.writeHead(status, { 'content-type': 'application/json' }).end(body)
      })
      const settings = {
        accountSid: ACCOUNT_SID,
        authToken: AUTH_TOKEN,
        apiBaseUrl: echo.url,
        smsFrom: 'IMIGRASI',
        callFrom: '+62342000001',
      }
      await using carrier = twilioCarrier(settings, log)
      const to = '+6281399887701' as PhoneNumber
      const statusCallback = 'https://example.org/s'
      const said = [
        await carrier.send({ kind: 'sms', to, body: WRITTEN, validitySeconds: 600, statusCallback }),
        await carrier.send({ kind: 'call', to, url: 'https://example.org/c', statusCallback }),
        await carrier.list('message', to, 0),
        await carrier.fetch('call', 'CA1'),
        await carrier.owns(to),
        await carrier.probe(),
      ]
      seen.push(JSON.stringify(said.filter((one) => !one.ok)))
    }
  }

  async function theTerminal(): Promise<void> {
    const { app, folder } = world
    const keyFile = join(folder, 'google.json')
    // Not whole, so that nobody tries to use it at Google.
    writeFileSync(keyFile, JSON.stringify({ type: 'service_account', private_key: GOOGLE_KEY, client_email: 7 }))
    await using google = googleSpeech({ credentialsFile: keyFile })
    const voice = { engine: 'google', name: 'id-ID-Wavenet-B', languageCode: 'id-ID' } as const
    const spoken = await google.speak({ text: SPOKEN, ssml: '', voice })
    expect(spoken).toMatchObject({ ok: false, reason: 'credentials' })
    seen.push(JSON.stringify(spoken))

    const secret = {
      DATABASE_URL: `file:${join(folder, 'another.db')}`,
      DATA_DIR: folder,
      SECRET_KEY_FILE: app.config.secretKeyFile,
      TWILIO_ACCOUNT_SID: ACCOUNT_SID,
      TWILIO_AUTH_TOKEN: `${AUTH_TOKEN}`,
      TWILIO_API_BASE_URL: 'http://127.0.0.1:1',
      TWILIO_SMS_FROM: 'IMIGRASI',
      TWILIO_CALL_FROM: '+62342000001',
      PUBLIC_BASE_URL: 'http://127.0.0.1:1',
      SMTP_URL: app.secrets.smtpUrl!,
      ALARM_TO,
      HEARTBEAT_URL: `https://hc.example/${HEARTBEAT}`,
      SPEECH: 'google',
      GOOGLE_APPLICATION_CREDENTIALS: keyFile,
    }
    await doctorCommand(secret, systemClock, output)
    const shownAddress = { ...secret, ALARM_TO: undefined, SMTP_URL: undefined }
    configCommand(shownAddress, output)
    for (const DATABASE_URL of [
      `postgres://u:${AUTH_TOKEN}@127.0.0.1:1/x`,
      `postgres://u:${AUTH_TOKEN}/@:x:`,
      `mysql://u:${AUTH_TOKEN}@h/x`,
    ]) {
      try {
        configCommand({ ...shownAddress, DATABASE_URL }, output)
      } catch (error) {
        failed(error)
      }
    }
    const file = join(folder, 'bad.csv')
    writeFileSync(file, csv([...RESIDENTS, ...BAD]))
    const own = join(folder, 'cli')
    const ran = await run(join(PROJECT_DIR, 'scripts/tenggat'), ['import', file], {
      ...secret,
      DATABASE_URL: `file:${join(own, 'tenggat.db')}`,
      DATA_DIR: own,
      LOG_LEVEL: 'trace',
    })
    expect(ran).toContain('register import ended')
    seen.push(ran)
  }

  async function theConsole(): Promise<void> {
    const { app, delivery } = world
    const probes = stack.use(await openProbes(app, delivery, () => 0))
    const { url } = stack.use(await app.openConsole(probes))
    const cookie = await signedIn()
    const get = (path: string) => fetch(url + path, { headers: { cookie }, redirect: 'manual' })
    const { csrf, visitor } = await signInForm(url)
    for (const [name, password] of [
      ['Wilhelmina Zauberfluss', WRONG_PASSWORD],
      ['sari', WRONG_PASSWORD],
      ['sari', OFFICER_PASSWORD],
    ] as const) {
      const body = new URLSearchParams({ name, password, csrf })
      await fetch(`${url}/sign-in`, { method: 'POST', body, headers: { cookie: visitor }, redirect: 'manual' })
    }
    for (const path of [
      '/',
      '/residents',
      '/residents?q=Zauberfluss',
      '/search?q=%2B6281399887701',
      '/residents/1',
      '/residents/1%27',
      '/overstays.csv',
      '/cases/1',
      '/deliveries',
      '/imports/2',
      '/readyz',
      '/Wilhelmina%20Zauberfluss',
      '/%E0%A4%A',
    ])
      await get(path)
    seen.push(await (await fetch(`${url}/metrics`)).text())
    broken.push(async () => {
      for (const path of ['/residents?q=Zauberfluss', '/residents/1', '/readyz', '/metrics']) await get(path)
      const body = new URLSearchParams({ name: 'Wilhelmina Zauberfluss', password: WRONG_PASSWORD, csrf })
      await fetch(`${url}/sign-in`, { method: 'POST', body, headers: { cookie: visitor }, redirect: 'manual' })
    })
  }

  /** What is to be asked again once the tables are gone. */
  const broken: (() => Promise<void>)[] = []

  async function theBrokenDatabase(): Promise<void> {
    const { app, delivery, folder, clock } = world
    const token = await linkToken()
    const daemon = await startDaemon()
    const gone = ['residents', 'receipts', 'attempts', 'permits', 'notices', 'staging']
    for (const table of gone)
      await app.db.write((tx) => tx.run(sql.raw(`alter table ${table} rename to ${table}_gone`)))
    for (const ask of broken) await ask()
    clock.advance(24 * 3_600_000)
    const { url } = delivery.listener
    await fetch(`${url}/n/${token}`)
    await post(`${url}/twilio/message`, { From: '+6281399887701', Body: WRITTEN, MessageSid: 'SM9' })
    await runDuties()
    for (const work of [
      () => importCommand(app, output, { file: join(folder, 'register.csv'), dryRun: false, force: false }),
      () => scanCommand(app, output, { dryRun: false }),
      () => delivery.dispatcher.drain(),
      () => holdSetCommand(app, output, { resident: 1, reason: 'other', by: 'sari', note: NOTE }),
    ])
      await work().then(() => expect.unreachable(), failed)
    await daemon.stop()
    for (const table of gone)
      await app.db.write((tx) => tx.run(sql.raw(`alter table ${table}_gone rename to ${table}`)))
  }

  /** A second one beside the parts that were opened one by one. */
  async function startDaemon(): Promise<{ stop: () => Promise<void> }> {
    const { config, secrets } = world.app
    const other = { ...config, publicListen: { host: '127.0.0.1', port: 0 } }
    const app = await openApp(other, secrets, { log, clock: world.clock, speech: [shortHum()] })
    const stopping = new AbortController()
    const running = runDaemon(app, stopping.signal)
    const said = (what: string) =>
      expect.poll(() => seen.some((line) => line.includes(what)), { timeout: 60_000 }).toBe(true)
    await said('"msg":"started"')
    return {
      async stop() {
        await said('delivery round failed')
        stopping.abort()
        await running
        await app[Symbol.asyncDispose]()
      },
    }
  }

  async function theCrash(): Promise<void> {
    const message = `insert into residents: Wilhelmina Zauberfluss, +6281399887701, ${AUTH_TOKEN}`
    for (const how of [
      'throw fault()',
      'Promise.reject(fault())',
      'Promise.reject(process.env.MESSAGE)',
      'setImmediate(() => { throw fault() })',
    ]) {
      const program = `
        import { endOnCrash } from ${JSON.stringify(join(PROJECT_DIR, 'src/cli/crash.ts'))}
        const fault = () => Object.assign(new Error(process.env.MESSAGE), { params: [process.env.MESSAGE] })
        endOnCrash()
        ${how}
        setTimeout(() => process.stdout.write('went on'), 5_000)`
      const ran = await run(process.execPath, ['--input-type=module', '--eval', program], { MESSAGE: message })
      expect(ran).toMatch(/^exit 1\ninternal error, the program ends: /)
      seen.push(ran)
    }
  }

  /** What was sent is known only afterwards. */
  async function plantLinks(): Promise<void> {
    const { db } = world.app
    const bodies = world.sandbox.transcript().flatMap(({ body }) => body ?? [])
    for (const body of bodies) {
      const lines = body.split('\n').filter((line) => line.length > 15 && line !== world.app.office.name)
      planted.push(...lines.map((value) => ({ name: 'message', value })))
      const token = /\/n\/([\w-]{22})/.exec(body)?.[1]
      if (token) planted.push({ name: 'link', value: token })
    }
    const notes = await db.read.select({ token: db.t.voice_notes.token }).from(db.t.voice_notes)
    planted.push(...notes.map(({ token }) => ({ name: 'audio link', value: token })))
    expect(bodies.length).toBeGreaterThan(2)
    expect(notes.length).toBeGreaterThan(0)
  }

  async function linkToken(): Promise<string> {
    const body = world.sandbox.transcript().find((entry) => entry.body?.includes('/n/'))!.body!
    return /\/n\/([\w-]{22})/.exec(body)![1]!
  }

  async function signedIn(): Promise<string> {
    const { db, clock, office } = world.app
    const now = clock.now()
    const { password } = await addOfficer(
      { db, now },
      { name: 'sari', role: 'admin', officeCode: 'BLT', regencies: null, known: office.areas.regencies },
    )
    const token = await db.write(async (tx) => {
      await tx
        .update(tx.t.officers)
        .set({ one_time_until: null, totp_confirmed_at: now, totp_secret: 'JBSWY3DPEHPK3PXPJBSWY3DP' })
      return beginSession(tx, { account: (await accountByName(tx, 'sari'))!, codeAt: now, now, policy: office.console })
    })
    planted.push({ name: 'one-time password', value: password }, { name: 'session', value: token })
    planted.push({ name: 'second factor', value: 'JBSWY3DPEHPK3PXPJBSWY3DP' })
    return `tenggat-session=${token}`
  }

  async function signInForm(url: string): Promise<{ csrf: string; visitor: string }> {
    const page = await fetch(`${url}/sign-in`)
    const csrf = /name="csrf" value="([^"]+)"/.exec(await page.text())![1]!
    planted.push({ name: 'form token', value: csrf })
    return {
      csrf,
      visitor: page.headers
        .getSetCookie()
        .map((line) => line.split(';')[0])
        .join('; '),
    }
  }

  /** Signed as the carrier signs, unless `signature` says otherwise. */
  function post(url: string, form: Record<string, string>, signature?: string | null): Promise<Response> {
    const fields = { AccountSid: ACCOUNT_SID, ...form }
    const { pathname, search } = new URL(url)
    const signed = twilio.getExpectedTwilioSignature(
      AUTH_TOKEN,
      world.app.config.publicBaseUrl + pathname + search,
      fields,
    )
    const header = signature === undefined ? signed : signature
    const headers = header === null ? {} : { 'x-twilio-signature': header }
    return fetch(url, { method: 'POST', body: new URLSearchParams(fields), headers })
  }
})

/** One line of each path: without them the search would prove nothing. */
const SIGNS = [
  'register import ended',
  'scanned',
  'overstay pass',
  'attend pass',
  'attempted',
  'unknown carrier error code',
  'carrier request without an answer',
  'uncertain attempt looked up',
  'replies from numbers that nobody has',
  'speech failed',
  'heartbeat refused',
  'mail refused',
  'duty done',
  'duty failed',
  'refused a webhook without a good signature',
  'a signed status callback without an id or a status',
  'a public request failed',
  'a page failed',
  'metrics without the database',
  'delivery round failed',
  'internal error: DrizzleQueryError',
  'The carrier does not answer a harmless request',
  'tenggat_deliveries',
  'line 9, expires_on',
]

function personal(row: Row): Planted[] {
  const of = row.full_name!
  const one = (what: string, value: string | undefined, kind?: 'phone'): Planted[] =>
    value === undefined ? [] : [{ name: `${what} of ${of}`, value, ...(kind ? { kind } : {}) }]
  return [
    ...one('name', of),
    ...one('surname', of.split(' ')[1]),
    ...one('passport', row.passport_no?.slice(0, 10)),
    ...one('register number', row.register_no),
    ...one('permit', row.permit_no),
    ...one('address', row.address),
    ...one('phone', row.phone, 'phone'),
    ...one('number', international(row.phone)),
    ...one('sponsor', row.sponsor_name),
    ...one('sponsor phone', row.sponsor_phone, 'phone'),
    ...one('sponsor number', international(row.sponsor_phone)),
  ]
}

function international(phone: string | undefined): string | undefined {
  return phone?.replace(/\D/g, '').replace(/^(62|0)/, '+62')
}

/** The keys themselves, of the lines `id:base64`. */
function secretsOf(keys: string): Planted[] {
  return [...keys.matchAll(/^([a-z0-9-]+):(\S+)$/gm)].map(([, id, key]) => ({ name: `key ${id}`, value: key! }))
}

function personAt(number: string) {
  if (number === '+6281399887702') return { answers: 'busy' as const, sms: 'unknown' as const }
  if (number === '+6281399887701')
    return { answers: 'human' as const, presses: ['1'], whatsapp: 'read' as const, taps: true }
  return { answers: 'human' as const, presses: ['2', '1'] }
}

/** Its exit code, standard output and standard error. */
function run(program: string, args: string[], env: Record<string, string>): Promise<string> {
  return new Promise((resolve) => {
    execFile(program, args, { env: { PATH: process.env.PATH, ...env } }, (error, stdout, stderr) =>
      resolve(`exit ${error ? error.code : 0}\n${stdout}${stderr}`),
    )
  })
}

async function listen(handler: (request: IncomingMessage, response: ServerResponse) => unknown) {
  const server = createServer((request, response) => void handler(request, response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await server[Symbol.asyncDispose]()
    },
  }
}
