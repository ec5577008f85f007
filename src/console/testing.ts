import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import { generateSync } from 'otplib'
import { loadTemplates } from '../compose/template.ts'
import type { Db } from '../db/open.ts'
import { openTestDb } from '../db/testing.ts'
import { civilDate, instantOf } from '../lib/civil-date.ts'
import { SteppedClock } from '../lib/clock.ts'
import { silentLog } from '../lib/events.ts'
import { loadOffices, officesOf } from '../lib/offices.ts'
import { accountByName, addOfficer } from './accounts.ts'
import type { ConsoleDeps } from './deps.ts'
import { type Console, openConsole } from './listener.ts'
import type { Role } from './officer.ts'
import type { PasswordCost } from './password.ts'
import type { Route } from './route.ts'
import { beginSession } from './sessions.ts'

const ROOT = join(import.meta.dirname, '../..')
const TODAY = civilDate('2026-11-22')
/** Of the accounts that `signedIn` makes. */
export const PASSWORD = 'kapal merah di laut'
const LIGHT: PasswordCost = { memoryKiB: 64, passes: 1 }

export type TestConsole = AsyncDisposable & {
  db: Db
  clock: SteppedClock
  deps: ConsoleDeps
  console: Console
  /** A new account as the command line makes it; its one-time password. */
  add(name: string, role?: Role, regencies?: string[]): Promise<string>
  /** A browser that keeps cookies and follows nothing. */
  visitor(): Visitor
  /** A visitor with a finished session of this role. */
  /** `officeCode` null: headquarters. */
  signedIn(
    role: Role,
    regencies?: string[],
    officeCode?: string | null,
  ): Promise<Visitor & { officerId: number; name: string }>
}

export type Visitor = {
  cookies: Map<string, string>
  get(path: string): Promise<Page>
  /** Posts with the token of `from` (by default the page at `path`); `csrf: false` leaves it out. */
  post(
    path: string,
    form?: Record<string, string>,
    options?: { from?: string; csrf?: boolean; headers?: Record<string, string> },
  ): Promise<Page>
}

export type Page = { status: number; text: string; location: string | null; headers: Headers }

/** The console on a free port of loopback, over a real database in a folder of its own. */
export async function openTestConsole(
  options: { routes?: readonly Route[]; deps?: Partial<ConsoleDeps> } = {},
): Promise<TestConsole> {
  const folder = mkdtempSync(join(tmpdir(), 'tenggat-console-'))
  const audioDir = join(folder, 'audio')
  mkdirSync(audioDir)
  const db = await openTestDb()
  const clock = new SteppedClock(instantOf(TODAY, '08:30', 'Asia/Jakarta'))
  const loaded = await loadOffices(join(ROOT, 'templates/office.yaml'))
  const offices = options.deps?.offices ?? (options.deps?.office ? officesOf([options.deps.office]) : loaded)
  const office = offices.home
  const templates = await loadTemplates(join(ROOT, 'templates'))
  const deps: ConsoleDeps = {
    db,
    log: silentLog,
    clock,
    office,
    offices,
    templates,
    templatesOf: () => templates,
    audioDir,
    secureCookies: false,
    listen: { host: '127.0.0.1', port: 0 },
    trustedProxies: [],
    requestsPerMinute: 100_000,
    passwordCost: LIGHT,
    ...options.deps,
  }
  const console = await openConsole(deps, options.routes ?? [])
  let serial = 0
  const add = async (name: string, role: Role, regencies: string[] | null, officeCode?: string | null) =>
    (
      await addOfficer(
        { db, now: clock.now(), passwordCost: LIGHT },
        {
          name,
          role,
          officeCode: officeCode === undefined ? office.code : officeCode,
          regencies,
          known: office.areas.regencies,
        },
      )
    ).password
  return {
    db,
    clock,
    deps,
    console,
    add: (name, role = 'officer', regencies) => add(name, role, regencies ?? null),
    visitor: () => visitorOf(console.url),
    async signedIn(role, regencies, officeCode) {
      const name = `${role}${++serial}`
      await add(name, role, regencies ?? null, officeCode)
      const { officers } = db.t
      const token = await db.write(async (tx) => {
        const ready = { one_time_until: null, totp_confirmed_at: clock.now() }
        await tx.update(officers).set(ready).where(eq(officers.name, name))
        const account = (await accountByName(tx, name))!
        return beginSession(tx, { account, codeAt: clock.now(), now: clock.now(), policy: deps.office.console })
      })
      const visitor = visitorOf(console.url)
      visitor.cookies.set(`${deps.secureCookies ? '__Host-' : ''}tenggat-session`, token)
      return { ...visitor, officerId: (await accountByName(db.read, name))!.id, name }
    },
    async [Symbol.asyncDispose]() {
      await console[Symbol.asyncDispose]()
      await db[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true })
    },
  }
}

/** What the app on the phone shows at this instant for the key on the page. */
export function codeAt(secret: string, now: number): string {
  return generateSync({ secret: secret.replaceAll(' ', ''), epoch: Math.floor(now / 1000) })
}

/** The key as the enrolment page writes it. */
export function secretOn(page: Page): string {
  return /<code>([A-Z2-7 ]{20,})<\/code>/.exec(page.text)![1]!
}

/** A browser that keeps cookies and follows nothing. */
export function visitorOf(url: string): Visitor {
  const cookies = new Map<string, string>()
  const ask = async (path: string, init: RequestInit & { headers?: Record<string, string> }): Promise<Page> => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(url + path, { redirect: 'manual', ...init, headers: { ...init.headers, cookie } })
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!
      if (value === '') cookies.delete(name!)
      else cookies.set(name!, value!)
    }
    const { status, headers } = response
    return { status, headers, location: headers.get('location'), text: await response.text() }
  }
  return {
    cookies,
    get: (path) => ask(path, {}),
    async post(path, form = {}, { from = path, csrf = true, headers = {} } = {}) {
      const token = csrf ? /name="csrf" value="([^"]+)"/.exec((await ask(from, {})).text)?.[1] : undefined
      const body = new URLSearchParams({ ...form, ...(token ? { csrf: token } : {}) })
      return ask(path, { method: 'POST', body, headers })
    },
  }
}
