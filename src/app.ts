import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { languageOf, loadLanguages } from './compose/language.ts'
import type { Speech } from './compose/speech/port.ts'
import { loadTemplates, type Templates } from './compose/template.ts'
import type { Config, Secrets } from './config.ts'
import type { Probes } from './console/deps.ts'
import type { Console } from './console/listener.ts'
import { watchKeyFile } from './db/key-file.ts'
import { refuseMoved } from './db/moved.ts'
import { type Db, openSqlite } from './db/open.ts'
import { openVault, type Vault } from './db/seal.ts'
import type { Patience } from './deliver/settings.ts'
import type { Delivery } from './delivery.ts'
import { type CivilDate, dateAt } from './lib/civil-date.ts'
import { type Clock, systemClock } from './lib/clock.ts'
import { AppError, messageOf } from './lib/errors.ts'
import { type Log, openLog } from './lib/events.ts'
import { loadOffice, type Office } from './lib/office.ts'
import { type AttendCounts, attendPass } from './overstay/attend.ts'
import { type OverstayCounts, overstayPass } from './overstay/cases.ts'
import { type ImportResult, importRegister } from './register/import.ts'
import { type ScanResult, scanPass } from './scan/pass.ts'
import { lastFilingDay } from './scan/working-days.ts'

/** What demo, chaos and tests put in place of the world. */
export type Overrides = {
  clock?: Clock
  /** What the console's sessions and codes go by where `clock` is moved by hand. */
  wallClock?: Clock
  log?: Log
  office?: (office: Office) => Office
  patience?: Patience
  /** [0, 1), for references. */
  random?: () => number
  speech?: readonly Speech[]
  /** Default 1: a daemon has all night. */
  speechThreads?: number
}

export type { Delivery } from './delivery.ts'

/** The program without its connections to the outside: enough to import, scan and look. */
export type App = AsyncDisposable & {
  config: Config
  secrets: Secrets
  clock: Clock
  /** What people at the console go by: the real time also where `clock` is moved by hand. */
  wallClock: Clock
  log: Log
  db: Db
  office: Office
  templates: Templates
  today(): CivilDate
  importFile(options: {
    file: string
    dryRun?: boolean
    force?: boolean
    progress?: (done: number, total: number) => void
  }): Promise<ImportResult>
  scan(options?: { today?: CivilDate; dryRun?: boolean }): Promise<ScanResult>
  overstay(): Promise<OverstayCounts>
  attend(): Promise<AttendCounts>
  /** The officers' console, on CONSOLE_LISTEN. */
  openConsole(probes?: Probes): Promise<Console>
  /** Connects to carrier and speech, and opens the public listener. */
  openDelivery(): Promise<Delivery>
}

/**
 * Assembles the whole program, in order: log, keys, office, words, database. Connections come with `openDelivery`.
 * @throws AppError `config` for faulty files, `unavailable` for a database that cannot be opened, `conflict` for one that was moved.
 */
export async function openApp(config: Config, secrets: Secrets, overrides: Overrides = {}): Promise<App> {
  await using stack = new AsyncDisposableStack()
  const clock = overrides.clock ?? systemClock
  const wallClock = overrides.wallClock ?? clock
  const log = overrides.log ?? openLog({ level: config.logLevel })
  const reread = watchKeyFile(config.secretKeyFile, secrets.keys)
  const vault = openVault(secrets.keys, config.secretKeyFile, { reread })
  const office = (overrides.office ?? ((same) => same))(loadOffice(config.officeFile))
  const templates = loadTemplates(config.templatesDir)
  const languages = loadLanguages(config.templatesDir)
  const db = stack.use(await openDatabase(config, secrets, vault))
  await refuseMoved(db.read)
  const random = overrides.random ?? Math.random
  const today = () => dateAt(clock.now(), office.timeZone)
  const moment = () => ({ db, log, office, now: clock.now(), today: today() })
  const opened = stack.move()

  const importFile: App['importFile'] = ({ progress, ...options }) =>
    importRegister({ ...moment(), officeCode: office.code, ...(progress ? { progress } : {}) }, options)

  return {
    config,
    secrets,
    clock,
    wallClock,
    log,
    db,
    office,
    templates,
    today,
    importFile,
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
    async openConsole(probes) {
      const [{ openConsole }, { routes }] = await Promise.all([
        import('./console/listener.ts'),
        import('./console/routes.ts'),
      ])
      const { consoleTls, consoleBaseUrl: baseUrl } = config
      return openConsole(
        {
          db,
          log,
          clock,
          wallClock,
          office,
          templates,
          audioDir: join(config.dataDir, 'audio'),
          baseUrl,
          publicBaseUrl: config.publicBaseUrl,
          secureCookies: consoleTls !== undefined || baseUrl?.startsWith('https:') === true,
          listen: config.consoleListen,
          tls: consoleTls && readTls(consoleTls),
          trustedProxies: config.trustedProxies,
          timeZone: office.timeZone,
          languageOf: (person) => languageOf(person, languages),
          importFile,
          probes,
        },
        routes,
      )
    },
    async openDelivery() {
      // Carrier, speech and listener are half of what there is to load: only commands that send wait for them.
      const { openDelivery } = await import('./delivery.ts')
      return openDelivery({ config, secrets, overrides, clock, log, office, templates, db })
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

/** The engine is loaded only where it is used. */
async function openDatabase({ databaseFile: file }: Config, { databaseUrl: url }: Secrets, vault: Vault): Promise<Db> {
  if (file !== undefined) return openSqlite({ file, vault })
  if (url === undefined) throw new AppError('config', 'DATABASE_URL: missing')
  const { openPostgres } = await import('./db/open-postgres.ts')
  return openPostgres({ url, vault })
}

function readTls({ certFile, keyFile }: { certFile: string; keyFile: string }): { cert: string; key: string } {
  const read = (name: string, file: string) => {
    try {
      return readFileSync(file, 'utf8')
    } catch (cause) {
      throw new AppError('config', `${name}: ${file} cannot be read: ${messageOf(cause)}`, { cause })
    }
  }
  return { cert: read('CONSOLE_TLS_CERT_FILE', certFile), key: read('CONSOLE_TLS_KEY_FILE', keyFile) }
}
