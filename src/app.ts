import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { and, gt, isNull, lt, or } from 'drizzle-orm'
import { type Languages, languageOf, loadLanguages } from './compose/language.ts'
import type { Speech } from './compose/speech/port.ts'
import { loadTemplates, type Templates, withOwnWords } from './compose/template.ts'
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
import type { Office } from './lib/office.ts'
import { byTimeZone, loadOffices, type Offices, officeFolders, officesOf } from './lib/offices.ts'
import { type AttendCounts, attendPass } from './overstay/attend.ts'
import { type OverstayCounts, overstayPass } from './overstay/cases.ts'
import type { ImportResult } from './register/import.ts'
import { type ScanResult, scanPass } from './scan/pass.ts'

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
  /** The home office: that of OFFICE_FILE. */
  office: Office
  offices: Offices
  templates: Templates
  languages: Languages
  /** The words of each office. */
  templatesOf(officeCode: string): Templates
  /** In the home office. */
  today(): CivilDate
  importFile(options: {
    /** The home office unless told. */
    officeCode?: string
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
  const offices = officesOf((await loadOffices(config.officeFile)).all.map((one) => overrides.office?.(one) ?? one))
  const office = offices.home
  const templates = await loadTemplates(config.templatesDir)
  const ownWords = new Map<string, Templates>()
  for (const { code, folder } of officeFolders(config.officeFile)) {
    ownWords.set(code, await withOwnWords(templates, folder))
  }
  const templatesOf = (code: string) => ownWords.get(code) ?? templates
  const languages = await loadLanguages(config.templatesDir)
  const db = stack.use(await openDatabase(config, secrets, vault))
  await refuseMoved(db.read)
  await refuseStrangers(db.read, offices)
  const random = overrides.random ?? Math.random
  const today = () => dateAt(clock.now(), office.timeZone)
  /** The offices of each time zone with their day. */
  const moments = () => {
    const now = clock.now()
    return byTimeZone(offices).map((some) => ({
      db,
      log,
      offices: some,
      now,
      today: dateAt(now, some.all[0]!.timeZone),
    }))
  }
  const opened = stack.move()

  const importFile: App['importFile'] = async ({ progress, officeCode = office.code, ...options }) => {
    const { importRegister } = await import('./register/import.ts')
    const now = clock.now()
    const today = dateAt(now, offices.of(officeCode).timeZone)
    const elsewhere = offices.all.map(({ code }) => code).filter((code) => code !== officeCode)
    return importRegister({ db, log, now, today, officeCode, elsewhere, ...(progress ? { progress } : {}) }, options)
  }

  return {
    config,
    secrets,
    clock,
    wallClock,
    log,
    db,
    office,
    offices,
    templates,
    languages,
    templatesOf,
    today,
    importFile,
    scan: ({ today, dryRun = false } = {}) =>
      summed(moments(), (moment) =>
        scanPass(
          {
            ...moment,
            today: today ?? moment.today,
            random,
            languageOf: (person) => languageOf(person, languages),
          },
          { dryRun },
        ),
      ),
    overstay: () => summed(moments(), overstayPass),
    attend: () => summed(moments(), attendPass),
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
          offices,
          templatesOf,
          audioDir: join(config.dataDir, 'audio'),
          baseUrl,
          publicBaseUrl: config.publicBaseUrl,
          secureCookies: consoleTls !== undefined || baseUrl?.startsWith('https:') === true,
          listen: config.consoleListen,
          tls: consoleTls && readTls(consoleTls),
          trustedProxies: config.trustedProxies,
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
      return openDelivery({ config, secrets, overrides, clock, log, office, offices, templates, templatesOf, db })
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

/** One pass after another, and what they did together. */
async function summed<Moment, Result extends Counts>(
  moments: readonly Moment[],
  pass: (moment: Moment) => Promise<Result>,
): Promise<Result> {
  let total: Result | undefined
  for (const moment of moments) {
    const result = await pass(moment)
    total = total === undefined ? result : (plus(total, result) as Result)
  }
  return total!
}

type Counts = { [name: string]: number | Record<string, number> }

function plus(a: Counts, b: Counts): Counts {
  const sum = { ...a }
  for (const [name, value] of Object.entries(b)) {
    const known = sum[name] ?? (typeof value === 'number' ? 0 : {})
    sum[name] =
      typeof value === 'number' ? Number(known) + value : (plus(known as Counts, value) as Record<string, number>)
  }
  return sum
}

/**
 * Whoever belongs to an office that nobody knows here would be forgotten without a word.
 * @throws AppError `config`
 */
async function refuseStrangers(read: Db['read'], offices: Offices): Promise<void> {
  const known = offices.all.map(({ code }) => code).sort()
  const { residents } = read.t
  // Before, between and behind the known ones: a few looks into an index, however many residents there are.
  const elsewhere = [undefined, ...known].map((code, at) =>
    and(
      code === undefined ? undefined : gt(residents.office_code, code),
      known[at] === undefined ? undefined : lt(residents.office_code, known[at]),
    ),
  )
  const [stranger] = await read
    .select({ code: residents.office_code })
    .from(residents)
    .where(and(isNull(residents.erased_at), or(...elsewhere)))
    .limit(1)
  if (!stranger) return
  throw new AppError(
    'config',
    `the register has residents of office ${stranger.code}; known here: ${known.join(', ')}. Its file belongs into offices/${stranger.code}/office.yaml beside OFFICE_FILE`,
  )
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
