import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { languageOf, loadLanguages } from './compose/language.ts'
import { espeakSpeech } from './compose/speech/espeak.ts'
import { googleSpeech } from './compose/speech/google.ts'
import type { Speech } from './compose/speech/port.ts'
import { Studio } from './compose/speech/studio.ts'
import { loadTemplates, type Templates } from './compose/template.ts'
import { VoiceNotes } from './compose/voice-notes.ts'
import type { Config, Secrets } from './config.ts'
import { type Db, openSqlite } from './db/open.ts'
import { openVault } from './db/seal.ts'
import type { Carrier } from './deliver/carrier.ts'
import { Dispatcher } from './deliver/dispatcher.ts'
import { receiptSink } from './deliver/receipts.ts'
import { type DeliverDeps, PATIENCE, type Patience } from './deliver/settings.ts'
import { twilioCarrier } from './deliver/twilio/adapter.ts'
import { type CivilDate, dateAt } from './lib/civil-date.ts'
import { type Clock, systemClock } from './lib/clock.ts'
import { AppError } from './lib/errors.ts'
import { type Log, openLog } from './lib/events.ts'
import { loadOffice, type Office } from './lib/office.ts'
import { type AttendCounts, attendPass } from './overstay/attend.ts'
import { type OverstayCounts, overstayPass } from './overstay/cases.ts'
import { openPublicListener, type PublicListener } from './public/listener.ts'
import { type ImportResult, importRegister } from './register/import.ts'
import { type ScanResult, scanPass } from './scan/pass.ts'
import { lastFilingDay } from './scan/working-days.ts'

/** What demo, chaos and tests put in place of the world. */
export type Overrides = {
  clock?: Clock
  log?: Log
  office?: (office: Office) => Office
  patience?: Patience
  /** [0, 1), for references. */
  random?: () => number
  speech?: readonly Speech[]
}

/** The program without its connections to the outside: enough to import, scan and look. */
export type App = AsyncDisposable & {
  config: Config
  secrets: Secrets
  clock: Clock
  log: Log
  db: Db
  office: Office
  templates: Templates
  today(): CivilDate
  importFile(options: { file: string; dryRun?: boolean; force?: boolean; progress?: (done: number, total: number) => void }): Promise<ImportResult>
  scan(options?: { today?: CivilDate; dryRun?: boolean }): Promise<ScanResult>
  overstay(): Promise<OverstayCounts>
  attend(): Promise<AttendCounts>
  /** Connects to carrier and speech, and opens the public listener. */
  openDelivery(): Promise<Delivery>
}

/** Connected to the outside: can send, and be called back. */
export type Delivery = AsyncDisposable & {
  deps: DeliverDeps
  dispatcher: Dispatcher
  voiceNotes: VoiceNotes
  carrier: Carrier
  listener: PublicListener
  /** True at the next receipt, or at once if one came since it was last asked; false after `milliseconds`. */
  awaitNews(milliseconds: number, signal?: AbortSignal): Promise<boolean>
}

/**
 * Assembles the whole program, in order: log, keys, office, words, database. Connections come with `openDelivery`.
 * @throws AppError `config` for faulty files, `unavailable` for a database that cannot be opened.
 */
export async function openApp(config: Config, secrets: Secrets, overrides: Overrides = {}): Promise<App> {
  await using stack = new AsyncDisposableStack()
  const clock = overrides.clock ?? systemClock
  const log = overrides.log ?? openLog({ level: config.logLevel })
  const vault = openVault(secrets.keys, config.secretKeyFile)
  const office = (overrides.office ?? ((same) => same))(loadOffice(config.officeFile))
  const templates = loadTemplates(config.templatesDir)
  const languages = loadLanguages(config.templatesDir)
  const db = stack.use(await openSqlite({ file: config.databaseFile, vault }))
  const random = overrides.random ?? Math.random
  const today = () => dateAt(clock.now(), office.timeZone)
  const moment = () => ({ db, log, office, now: clock.now(), today: today() })
  const opened = stack.move()

  return {
    config,
    secrets,
    clock,
    log,
    db,
    office,
    templates,
    today,
    importFile: ({ progress, ...options }) =>
      importRegister({ ...moment(), officeCode: office.code, ...(progress ? { progress } : {}) }, options),
    scan: (options = {}) =>
      scanPass(
        {
          ...moment(),
          today: options.today ?? today(),
          random,
          languageOf: (person) => languageOf(person, languages),
        },
        { dryRun: options.dryRun ?? false },
      ),
    overstay: () => overstayPass(moment()),
    attend: () => attendPass({ ...moment(), nextWorkingDay: (date) => lastFilingDay(office, date, date).comeOn }),
    openDelivery: () =>
      openDelivery({ config, secrets, overrides, clock, log, office, templates, db }),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

type Parts = Pick<App, 'config' | 'secrets' | 'clock' | 'log' | 'office' | 'templates' | 'db'> & { overrides: Overrides }

async function openDelivery({ config, secrets, overrides, clock, log, office, templates, db }: Parts): Promise<Delivery> {
  await using stack = new AsyncDisposableStack()
  const { accountSid } = config.twilio
  const { twilioAuthToken } = secrets
  const { publicBaseUrl } = config
  if (!accountSid || !twilioAuthToken || !publicBaseUrl) {
    throw new AppError('config', 'TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and PUBLIC_BASE_URL are needed to send')
  }
  const carrier = stack.use(twilioCarrier({ ...config.twilio, accountSid, authToken: twilioAuthToken }, log))
  const studio = stack.use(new Studio())
  const engines = overrides.speech ?? enginesFor(config, studio)
  for (const engine of engines) stack.use(engine)
  const voiceNotes = new VoiceNotes({ db, templates, engines, studio, dir: join(config.dataDir, 'audio'), log })
  const deps: DeliverDeps = {
    db,
    log,
    clock,
    office,
    templates,
    voiceNotes,
    carrier,
    publicBaseUrl,
    worker: `${hostname()}-${process.pid}-${randomBytes(3).toString('hex')}`,
    patience: overrides.patience ?? PATIENCE,
  }
  const bell = new Bell()
  const listener = stack.use(
    await openPublicListener({
      db,
      log,
      clock,
      office,
      templates,
      publicBaseUrl,
      twilioAuthToken,
      accountSid,
      audioDir: voiceNotes.dir,
      trustedProxies: config.trustedProxies,
      receipts: receiptSink(deps, () => bell.ring()),
      voiceNotes,
      listen: config.publicListen,
    }),
  )
  const dispatcher = new Dispatcher(deps)
  const opened = stack.move()
  return {
    deps,
    dispatcher,
    voiceNotes,
    carrier,
    listener,
    awaitNews: (milliseconds, signal) => bell.wait(milliseconds, signal),
    async [Symbol.asyncDispose]() {
      await dispatcher.stop()
      await opened.disposeAsync()
    },
  }
}

function enginesFor(config: Config, studio: Studio): Speech[] {
  const espeak = espeakSpeech({ studio })
  if (config.speech === 'espeak') return [espeak]
  const google = googleSpeech({
    ...(config.googleEndpoint ? { endpoint: config.googleEndpoint } : {}),
    ...(config.googleCredentialsFile ? { credentialsFile: config.googleCredentialsFile } : {}),
  })
  return [google, espeak]
}

/** Wakes the delivery loop when a receipt came, so that nothing waits for the next tick. */
class Bell {
  #rung = false
  #wake: (() => void) | undefined

  ring(): void {
    this.#rung = true
    this.#wake?.()
  }

  async wait(milliseconds: number, signal?: AbortSignal): Promise<boolean> {
    if (!this.#rung && !signal?.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, milliseconds)
      const onAbort = () => resolve()
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#wake = onAbort
      await promise
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    }
    const rung = this.#rung
    this.#rung = false
    this.#wake = undefined
    return rung
  }
}
