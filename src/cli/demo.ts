import { randomInt } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { type App, type Delivery, openApp } from '../app.ts'
import { type Config, PROJECT_DIR, type Secrets } from '../config.ts'
import { accountByName, addOfficer, resetOfficer } from '../console/accounts.ts'
import { newKeyFile } from '../db/seal.ts'
import { prepareVoiceNotes } from '../deliver/prepare-voice.ts'
import { addDays, type CivilDate, civilDate, dateAt, instantOf } from '../lib/civil-date.ts'
import { SteppedClock, systemClock } from '../lib/clock.ts'
import { AppError } from '../lib/errors.ts'
import { openLog } from '../lib/events.ts'
import { freePort } from '../lib/free-port.ts'
import type { Office } from '../lib/office.ts'
import { takeInstanceLock } from '../ops/lock.ts'
import { writeSampleCsv } from '../register/sample.ts'
import { openSandbox, type Sandbox } from '../sandbox/sandbox.ts'
import {
  attemptCount,
  deliveriesByState,
  languagesDelivered,
  openCasesByLevel,
  openFollowUpsByKind,
  residentCount,
} from './counts.ts'
import { drainUntilQuiet } from './deliver.ts'
import type { ExitCode, Output } from './output.ts'
import { table } from './output.ts'
import { nextInstant } from './simulated-day.ts'
import { counts } from './status.ts'

const DATA_DIR = join(PROJECT_DIR, 'data', 'demo')
const TIME_ZONE = 'Asia/Jakarta'
const STARTS_AT = '08:30'
const ENDS_AT = '17:00'
const RESIDENTS = 138
const DEMO_OFFICERS = [
  { name: 'petugas', role: 'officer' },
  { name: 'kepala', role: 'supervisor' },
] as const
const KNOWN_FOR_DAYS = 65
const ACCOUNT_SID = `AC${'0'.repeat(32)}`
const AUTH_TOKEN = 'sandbox'
const SENDERS = { sms: 'IMIGRASI', call: '+62342000001', whatsapp: '+62342000002' }

/** `demo`: 138 made-up residents, one office day, the embedded voice and carrier. No real phone can be reached from here. */
export async function demoCommand(
  output: Output,
  options: { once: boolean; fresh: boolean; signal: AbortSignal },
): Promise<ExitCode> {
  mkdirSync(DATA_DIR, { recursive: true })
  using _lock = takeInstanceLock({
    dataDir: DATA_DIR,
    holder: { pid: process.pid, command: 'demo', startedAt: systemClock.now() },
  })
  if (options.fresh) emptyDataDir()
  const day = dayOfDemo()
  const clock = new SteppedClock(instantOf(day, STARTS_AT, TIME_ZONE))
  await using sandbox = await openSandbox({
    accountSid: ACCOUNT_SID,
    authToken: AUTH_TOKEN,
    clock,
    seed: 7,
    transcriptFile: join(DATA_DIR, 'phones.jsonl'),
    timeZone: TIME_ZONE,
  })
  const { config, secrets } = await demoConfig(sandbox.url)
  await using app = await openApp(config, secrets, {
    clock,
    // The day stands still, the officers' phones with their codes do not.
    wallClock: systemClock,
    log: openLog({ level: config.logLevel, destination: 2 }),
    office: withDemoRates,
    patience: { leaseMs: 60_000, lookup: { listingMs: 2_000, everyMs: 1_000 } },
    random: () => randomInt(1_000_000) / 1_000_000,
    speechThreads: Math.min(2, availableParallelism()),
  })
  await using delivery = await app.openDelivery()
  sandbox.configure({
    messageUrl: `${config.publicBaseUrl}/twilio/message`,
    voiceUrl: `${config.publicBaseUrl}/twilio/call/inbound`,
  })

  output.line(`${app.office.name}`)
  output.line(`A day at the office, ${day}. Everything stays on this machine.\n`)
  const before = await attemptCount(app.db.read)
  const file = join(DATA_DIR, 'register.csv')
  if (!existsSync(file)) {
    writeSampleCsv(file, { today: day, residents: RESIDENTS, seed: 7 })
    await bringInEarlier(app, clock, file, day)
  }

  const imported = await app.importFile({ file })
  output.line(
    `08:30  register     ${imported.rows} rows: ${await residentCount(app.db.read, app.office.code)} residents, ${imported.rejected} rejected`,
  )
  for (const reject of imported.rejects.slice(0, 6))
    output.line(`                      line ${reject.line}, ${reject.column}: ${reject.reason}`)
  const scanned = await app.scan()
  output.line(`       scan         ${scanned.notices_new} notices due ${JSON.stringify(scanned.by_stage)}`)
  const overstay = await app.overstay()
  output.line(`       overstay     ${overstay.opened} cases opened`)
  await speakWithProgress(delivery, output)
  await liveTheDay({ app, delivery, sandbox, clock, day, output })
  await app.attend()

  const deliveries = await deliveriesByState(app.db.read)
  const overstay_cases = await openCasesByLevel(app.db.read)
  const follow_ups = await openFollowUpsByKind(app.db.read)
  const languages = await languagesDelivered(app.db.read, instantOf(day, '00:00', TIME_ZONE))
  const voice_notes = await app.db.read.$count(app.db.t.voice_notes)
  const attempts_new = (await attemptCount(app.db.read)) - before

  output.line('')
  output.line(
    `told         ${table(Object.entries(deliveries).map(([channel, states]) => [channel, counts(states)])).join('\n             ')}`,
  )
  output.line(`languages    ${languages.length}: ${languages.join(' ')}`)
  output.line(`voice notes  ${voice_notes}`)
  output.line(`cases        ${counts(overstay_cases)}`)
  output.line(`follow-ups   ${counts(follow_ups)}`)
  output.result({
    day,
    residents: await residentCount(app.db.read, app.office.code),
    rejected: imported.rejected,
    notices_new: scanned.notices_new,
    deliveries,
    attempts_new,
    voice_notes,
    languages,
    overstay_cases,
    follow_ups,
    phones: sandbox.url,
  })
  if (!options.once) await stayOpen({ app, delivery, sandbox, output, signal: options.signal })
  return 0
}

/**
 * The register has been at the office for some weeks, else every overstay would have begun before anybody knew of it, and
 * open as one to be verified.
 */
async function bringInEarlier(app: App, clock: SteppedClock, file: string, day: CivilDate): Promise<void> {
  const now = clock.now()
  clock.set(instantOf(addDays(day, -KNOWN_FOR_DAYS), STARTS_AT, TIME_ZONE))
  await app.importFile({ file })
  clock.set(now)
}

async function speakWithProgress(delivery: Delivery, output: Output): Promise<void> {
  const { voiceNotes } = delivery
  const terminal = !output.json && process.stderr.isTTY
  const show = () => process.stderr.write(`\r       speak        ${voiceNotes.counts.syntheses} voice notes`)
  const timer = terminal ? setInterval(show, 200) : undefined
  await prepareVoiceNotes(delivery.deps)
  clearInterval(timer)
  if (terminal) process.stderr.write('\r\x1b[K')
  output.line(`       speak        ${voiceNotes.counts.syntheses} voice notes made`)
}

/** From 08:30 to the end of the sending window, by leaps to whatever is due next. */
async function liveTheDay(parts: {
  app: App
  delivery: Delivery
  sandbox: Sandbox
  clock: SteppedClock
  day: CivilDate
  output: Output
}): Promise<void> {
  const { app, delivery, sandbox, clock, day, output } = parts
  const end = instantOf(day, ENDS_AT, TIME_ZONE)
  for (;;) {
    const before = await deliveriesByState(app.db.read)
    await drainUntilQuiet(delivery, { quietMs: 0 })
    await sandbox.idle()
    const drained = await drainUntilQuiet(delivery, { quietMs: 50 })
    const after = await deliveriesByState(app.db.read)
    if (JSON.stringify(before) !== JSON.stringify(after)) {
      const time = Temporal.Instant.fromEpochMilliseconds(clock.now()).toZonedDateTimeISO(TIME_ZONE).toPlainTime()
      const parts = Object.entries(after).map(([channel, states]) => `${channel}: ${counts(states)}`)
      output.line(`${time.toString({ smallestUnit: 'minute' })}  deliver      ${parts.join('\n                    ')}`)
    }
    if (drained.taken > 0) continue
    const next = await nextInstant(app, clock.now())
    if (next === null || next >= end) return
    clock.set(next)
  }
}

async function stayOpen(parts: {
  app: App
  delivery: Delivery
  sandbox: Sandbox
  output: Output
  signal: AbortSignal
}): Promise<void> {
  const { app, delivery, sandbox, output, signal } = parts
  await using officers = await app.openConsole()
  output.line('')
  output.line(`The officers' console:                ${officers.url}`)
  for (const { name, role, password } of await demoOfficers(app)) {
    output.line(`  ${name}, ${role}:`.padEnd(38) + password)
  }
  output.line('  These passwords are good once: set your own. A supervisor also needs an authenticator app.')
  output.line(`The phones, with what each received:  ${sandbox.url}`)
  output.line('Open one, play a note, follow its link, tap a button. Ctrl-C ends.')
  while (!signal.aborted) {
    await delivery.awaitNews(1_000, signal)
    await drainUntilQuiet(delivery, { quietMs: 0, signal })
    await app.attend()
  }
}

/** New one-time passwords at each start; the accounts stay. */
export async function demoOfficers(
  app: Pick<App, 'db' | 'office' | 'wallClock'>,
): Promise<{ name: string; role: string; password: string }[]> {
  const doing = { db: app.db, now: app.wallClock.now() }
  const known = app.office.areas.regencies
  const accounts = []
  for (const given of DEMO_OFFICERS) {
    const { password } = (await accountByName(app.db.read, given.name))
      ? await resetOfficer(doing, { ...given, known })
      : await addOfficer(doing, { ...given, known, officeCode: app.office.code, regencies: null })
    accounts.push({ ...given, password })
  }
  return accounts
}

function emptyDataDir(): void {
  for (const name of [
    'tenggat.db',
    'tenggat.db-wal',
    'tenggat.db-shm',
    'secret.key',
    'day',
    'register.csv',
    'phones.jsonl',
    'audio',
  ]) {
    rmSync(join(DATA_DIR, name), { recursive: true, force: true })
  }
}

/** The first run's date, so that the same command again meets the same day. */
function dayOfDemo(): CivilDate {
  const file = join(DATA_DIR, 'day')
  if (!existsSync(file)) writeFileSync(file, dateAt(systemClock.now(), TIME_ZONE))
  const text = readFileSync(file, 'utf8').trim()
  try {
    return civilDate(text)
  } catch (error) {
    throw new AppError('config', `${file} holds no date; run the demo with --fresh`, { cause: error })
  }
}

async function demoConfig(sandboxUrl: string): Promise<{ config: Config; secrets: Secrets }> {
  const keyFile = join(DATA_DIR, 'secret.key')
  if (!existsSync(keyFile)) writeFileSync(keyFile, newKeyFile('demo'), { mode: 0o600 })
  const port = await freePort()
  const config: Config = {
    databaseFile: join(DATA_DIR, 'tenggat.db'),
    dataDir: DATA_DIR,
    officeFile: join(PROJECT_DIR, 'templates', 'office.yaml'),
    templatesDir: join(PROJECT_DIR, 'templates'),
    secretKeyFile: keyFile,
    consoleListen: { host: '127.0.0.1', port: 0 },
    consoleBaseUrl: undefined,
    consoleTls: undefined,
    publicListen: { host: '127.0.0.1', port },
    publicBaseUrl: `http://127.0.0.1:${port}`,
    trustedProxies: [],
    twilio: {
      accountSid: ACCOUNT_SID,
      apiBaseUrl: sandboxUrl,
      smsFrom: SENDERS.sms,
      callFrom: SENDERS.call,
      whatsappFrom: SENDERS.whatsapp,
      messagingServiceSid: undefined,
    },
    speech: 'espeak',
    googleCredentialsFile: undefined,
    googleEndpoint: undefined,
    digestTo: [],
    alarmTo: [],
    heartbeat: false,
    logLevel: 'error',
    logFile: undefined,
  }
  const secrets = {
    keys: readFileSync(keyFile, 'utf8'),
    twilioAuthToken: AUTH_TOKEN,
    smtpUrl: undefined,
    heartbeatUrl: undefined,
  }
  return { config, secrets }
}

/** Nobody waits for a carrier's rates here, and WhatsApp has approved templates in every language of the demo. */
function withDemoRates(office: Office): Office {
  const fast = { perSecond: 1_000, concurrency: 20 }
  const contents = Object.fromEntries(
    ['id', 'en', 'ms', 'zh-Hans', 'zh-Hant', 'ja', 'ko', 'ar', 'hi', 'ur', 'de', 'nl'].map((tag, index) => [
      tag,
      `HX${String(index).padStart(32, '0')}`,
    ]),
  )
  return { ...office, rates: { sms: fast, call: fast, whatsapp: fast }, whatsappTemplates: contents }
}
