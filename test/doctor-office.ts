import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { parse, stringify } from 'yaml'
import { grpcGoogle } from '../src/compose/speech/fake-google.ts'
import { loadTemplates } from '../src/compose/template.ts'
import { PROJECT_DIR } from '../src/config.ts'
import { newKeyFile, openVault } from '../src/db/seal.ts'
import { silentLog } from '../src/lib/events.ts'
import { freePort } from '../src/lib/free-port.ts'
import { makeBackup } from '../src/ops/backup/backup.ts'
import { openSandbox } from '../src/sandbox/sandbox.ts'
import { type Certified, certificateFor } from './certificate.ts'
import { openMailServer } from './mail-server.ts'

export const DAY = 24 * 3_600_000
export const WORDS = ['languages.yaml', 'id.yaml', 'en.yaml', 'de.yaml', 'ja.yaml']
const SENDERS = { sms: 'IMIBLITAR', call: '+623425550101', whatsapp: '+623425550102' }

/** A whole installation in which nothing is wrong: the real daemon, a proxy with a certificate, carrier, speech and mail on loopback. */
export type GoodOffice = AsyncDisposable & {
  folder: string
  env: Record<string, string>
  /** Believed at PUBLIC_BASE_URL. */
  ca: string
  sandboxUrl: string
  /** Another office file: what `change` makes of the good one. */
  officeFile(name: string, change: (file: OfficeYaml) => void): string
  /** A copy of the data folder, changed while nobody looks; the environment that points to it. */
  dataWith(name: string, change: (db: Database.Database, folder: string) => void): Record<string, string>
}

export type OfficeYaml = { unverified: string[]; holidays: { year: number; confirmed: boolean; days: unknown[] }[] }

export async function openGoodOffice(): Promise<GoodOffice> {
  await using stack = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'tenggat-doctor-'))
  stack.defer(() => rmSync(folder, { recursive: true, force: true }))
  const keyFile = join(folder, 'etc', 'secret.key')
  const data = join(folder, 'data')
  for (const one of ['etc', 'data', 'data/backups']) mkdirSync(join(folder, one))
  writeFileSync(keyFile, newKeyFile('k1'), { mode: 0o600 })
  // Beside the office file stand the words of an office that speaks few languages: there is less to read each time.
  for (const name of WORDS) copyFileSync(join(PROJECT_DIR, 'templates', name), join(folder, 'etc', name))

  const officeFile = (name: string, change: (file: OfficeYaml) => void) => {
    const file = parse(readFileSync(join(PROJECT_DIR, 'templates/office.yaml'), 'utf8')) as OfficeYaml
    const year = new Date().getUTCFullYear()
    file.unverified = []
    file.holidays = [year, year + 1].map((one) => ({ year: one, confirmed: true, days: [] }))
    change(file)
    writeFileSync(join(folder, 'etc', name), stringify(file))
    return join(folder, 'etc', name)
  }
  const sandbox = stack.use(
    await openSandbox({
      accountSid: `AC${'0'.repeat(32)}`,
      authToken: 'token-of-the-account',
      clock: { now: () => Date.now() },
      behaviour: { senders: { sms: [SENDERS.sms], calls: [SENDERS.call], whatsapp: [`whatsapp:${SENDERS.whatsapp}`] } },
    }),
  )
  const google = stack.use(await grpcGoogle(new Uint8Array(), await voicesNamedIn(join(folder, 'etc'))))
  const mail = stack.use(await openMailServer({ onAuth: (_auth, _session, done) => done(null, { user: 'office' }) }))
  const port = await freePort()
  const certificate = certificateFor({ validFrom: Date.now() - DAY, validTo: Date.now() + 60 * DAY })
  const proxy = stack.use(await openProxy(`http://127.0.0.1:${port}`, { certificate }))
  const env = {
    PATH: process.env.PATH ?? '',
    DATABASE_URL: `file:${join(data, 'tenggat.db')}`,
    DATA_DIR: data,
    OFFICE_FILE: officeFile('office.yaml', () => undefined),
    SECRET_KEY_FILE: keyFile,
    CONSOLE_LISTEN: '127.0.0.1:0',
    PUBLIC_LISTEN: `127.0.0.1:${port}`,
    PUBLIC_BASE_URL: proxy.url,
    TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
    TWILIO_AUTH_TOKEN: 'token-of-the-account',
    TWILIO_API_BASE_URL: sandbox.url,
    TWILIO_SMS_FROM: SENDERS.sms,
    TWILIO_CALL_FROM: SENDERS.call,
    TWILIO_WHATSAPP_FROM: SENDERS.whatsapp,
    SPEECH: 'google',
    GOOGLE_TTS_ENDPOINT: google.endpoint,
    SMTP_URL: mail.url.replace('://', '://office:right@'),
    ALARM_TO: 'operator@imigrasi.example',
    HEARTBEAT_URL: 'http://127.0.0.1:1/never-called',
  }
  stack.defer(stopping(await startDaemon(env)))
  await backUp(data, keyFile)
  const opened = stack.move()
  return {
    folder,
    env,
    ca: certificate.cert,
    sandboxUrl: sandbox.url,
    officeFile,
    dataWith(name, change) {
      const copy = join(folder, name)
      mkdirSync(copy)
      const file = join(copy, 'tenggat.db')
      const original = new Database(join(data, 'tenggat.db'), { timeout: 5_000 })
      original.exec(`vacuum into '${file}'`)
      original.close()
      const db = new Database(file)
      change(db, copy)
      db.close()
      return { DATABASE_URL: `file:${file}`, DATA_DIR: copy }
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

/** The names of Google's voices that the language files pin. */
export async function voicesNamedIn(folder: string): Promise<string[]> {
  return [...(await loadTemplates(folder)).values()].flatMap(({ voices }) => voices.google?.name ?? [])
}

export type Proxy = AsyncDisposable & { url: string }

/** A reverse proxy on `localhost`; `change` sees each answer's headers before they go out. */
export async function openProxy(
  target: string,
  { certificate, change = () => undefined }: { certificate?: Certified; change?: (headers: Headers) => void } = {},
): Promise<Proxy> {
  const hand = (from: IncomingMessage, to: ServerResponse) => {
    const onward = request(target + from.url, { method: from.method, headers: from.headers }, (answer) => {
      const headers = new Headers(
        Object.entries(answer.headers).map(([name, value]): [string, string] => [name, String(value)]),
      )
      change(headers)
      to.writeHead(answer.statusCode ?? 502, Object.fromEntries(headers))
      answer.pipe(to)
    })
    onward.on('error', () => to.writeHead(502).end())
    from.pipe(onward)
  }
  const server = certificate ? createSecureServer(certificate, hand) : createServer(hand)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `${certificate ? 'https://localhost' : 'http://127.0.0.1'}:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await server[Symbol.asyncDispose]()
    },
  }
}

/** A copy of the key file elsewhere, with its own mode. */
export function copyKey(env: Record<string, string>, file: string, mode = 0o600): Record<string, string> {
  writeFileSync(file, readFileSync(env.SECRET_KEY_FILE!), { mode })
  chmodSync(file, mode)
  return { SECRET_KEY_FILE: file }
}

/** A real backup, as of `madeAt`. */
export async function backUp(dataDir: string, keyFile: string, madeAt = Date.now()): Promise<string> {
  const made = await makeBackup({
    databaseFile: join(dataDir, 'tenggat.db'),
    dataDir,
    vault: openVault(readFileSync(keyFile, 'utf8'), keyFile),
    office: { code: 'BLT', timeZone: 'Asia/Jakarta', backup: { daily: 14, weekly: 8 } },
    passphrase: undefined,
    clock: { now: () => madeAt },
    log: silentLog,
  })
  return made.file
}

async function startDaemon(env: Record<string, string>): Promise<ChildProcess> {
  const daemon = spawn(join(PROJECT_DIR, 'scripts/tenggat'), ['start'], { env, stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  for await (const piece of daemon.stderr!) {
    said += piece
    if (said.includes('"msg":"started"')) return daemon
  }
  throw new Error(`the daemon did not start: ${said}`)
}

function stopping(daemon: ChildProcess): () => Promise<void> {
  return async () => {
    const ended = once(daemon, 'exit')
    daemon.kill('SIGTERM')
    await ended
  }
}
