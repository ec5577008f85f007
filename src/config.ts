import { existsSync, readFileSync } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import { isPostgresUrl, readPostgresUrl } from './db/postgres-address.ts'
import { AppError, messageOf } from './lib/errors.ts'
import { isMailAddress, parseSmtpUrl, SMTP_URL_SHAPE } from './lib/smtp-url.ts'
import { isLoopbackHost, isShortener } from './lib/web-address.ts'

export type Address = { host: string; port: number }

/** What the program runs on, checked. Secrets stand apart, so that this can be shown. */
export type Config = {
  /** Undefined when the database is PostgreSQL: `Secrets.databaseUrl`. */
  databaseFile: string | undefined
  dataDir: string
  officeFile: string
  /** The words of each language: beside the office file where there are any, else the program's own. */
  templatesDir: string
  secretKeyFile: string
  consoleListen: Address
  consoleBaseUrl: string | undefined
  consoleTls: { certFile: string; keyFile: string } | undefined
  publicListen: Address
  publicBaseUrl: string | undefined
  trustedProxies: string[]
  twilio: {
    accountSid: string | undefined
    apiBaseUrl: string | undefined
    smsFrom: string | undefined
    callFrom: string | undefined
    whatsappFrom: string | undefined
    messagingServiceSid: string | undefined
  }
  speech: 'espeak' | 'google'
  googleCredentialsFile: string | undefined
  googleEndpoint: string | undefined
  mailFrom?: string | undefined
  digestTo: string[]
  alarmTo: string[]
  heartbeat: boolean
  logLevel: string
  logFile: string | undefined
}

export type Secrets = {
  /** The lines of SECRET_KEY_FILE. */
  keys: string
  /** `postgres://…`, or undefined when the database is a file. */
  databaseUrl?: string | undefined
  twilioAuthToken: string | undefined
  smtpUrl: string | undefined
  heartbeatUrl: string | undefined
  backupPassphrase?: string | undefined
}

export const PROJECT_DIR = join(import.meta.dirname, '..')

type Variable = { name: string; default?: string; secret?: boolean; shown?: (value: string) => string; help: string }

/** Every variable that is read. `.env.example` lists the same ones; a test says so. */
export const VARIABLES: readonly Variable[] = [
  {
    name: 'DATABASE_URL',
    default: 'file:data/tenggat.db',
    secret: true,
    shown: withoutPassword,
    help: 'file:PATH, or postgres://user:password@host:port/database for several offices or workers',
  },
  { name: 'DATA_DIR', default: 'data', help: 'folder for audio, locks and the database' },
  { name: 'OFFICE_FILE', default: 'templates/office.yaml', help: 'name, hours, policy and holidays of the office' },
  {
    name: 'SECRET_KEY_FILE',
    default: 'data/secret.key',
    help: 'lines "id:base64", the first is current; made by: scripts/tenggat key create',
  },
  { name: 'CONSOLE_LISTEN', default: '127.0.0.1:8080', help: "host:port of the officers' console" },
  { name: 'CONSOLE_BASE_URL', help: 'https address of the console behind a proxy' },
  { name: 'CONSOLE_TLS_CERT_FILE', help: 'certificate, when the console itself speaks TLS' },
  { name: 'CONSOLE_TLS_KEY_FILE', help: 'its key' },
  { name: 'PUBLIC_LISTEN', default: '127.0.0.1:8081', help: 'host:port of what the internet may reach' },
  { name: 'PUBLIC_BASE_URL', help: 'https address of it: links, webhooks, audio' },
  { name: 'TRUSTED_PROXIES', help: 'addresses or networks whose X-Forwarded-For is believed, separated by commas' },
  { name: 'TWILIO_ACCOUNT_SID', help: 'AC and 32 hexadecimal digits' },
  { name: 'TWILIO_AUTH_TOKEN', secret: true, help: 'the auth token of the account; it also signs webhooks' },
  { name: 'TWILIO_API_BASE_URL', help: 'another base than https://api.twilio.com, e.g. the sandbox' },
  { name: 'TWILIO_SMS_FROM', help: 'number or registered sender name' },
  { name: 'TWILIO_CALL_FROM', help: 'caller number, +62…' },
  { name: 'TWILIO_WHATSAPP_FROM', help: 'WhatsApp sender, +62…' },
  { name: 'TWILIO_MESSAGING_SERVICE_SID', help: 'MG…; instead of TWILIO_SMS_FROM' },
  { name: 'SPEECH', default: 'espeak', help: 'espeak (embedded) or google' },
  { name: 'GOOGLE_APPLICATION_CREDENTIALS', help: 'file with the service account key' },
  { name: 'GOOGLE_TTS_ENDPOINT', help: "another endpoint than Google's own" },
  { name: 'SMTP_URL', secret: true, help: 'smtp(s)://user:password@host:port for digest and alarms' },
  { name: 'MAIL_FROM', help: "sender of both; else the user of SMTP_URL, or tenggat@ the first reader's domain" },
  { name: 'DIGEST_TO', help: 'addresses of the morning digest, separated by commas' },
  { name: 'ALARM_TO', help: 'addresses for alarms, separated by commas' },
  { name: 'HEARTBEAT_URL', secret: true, help: 'called after each good scan' },
  {
    name: 'BACKUP_PASSPHRASE',
    secret: true,
    help: 'at least 12 characters: backups are encrypted with it. Keep it where the backups are not',
  },
  { name: 'LOG_LEVEL', default: 'info', help: 'trace, debug, info, warn, error or fatal' },
  {
    name: 'LOG_FILE',
    help: 'the daemon logs to this file, a new one each day, the last 14 kept; else to standard error',
  },
]

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads and checks the environment. `NAME_FILE` is read wherever `NAME` is a secret. With `carrier` what sending needs must
 * be there too.
 * @throws AppError `config` naming every fault at once: the variable, its value unless secret, and what is allowed.
 */
export function loadConfig(
  env: Environment,
  needs: { carrier: boolean; keys: boolean },
): { config: Config; secrets: Secrets } {
  const { faults, ...loaded } = examineConfig(env, needs)
  if (faults.length > 0) throw new AppError('config', faults.join('\n'))
  return loaded
}

/** As `loadConfig`, but with every fault beside what could be read. */
export function examineConfig(
  env: Environment,
  needs: { carrier: boolean; keys: boolean },
): { config: Config; secrets: Secrets; faults: string[] } {
  const faults: string[] = []
  const fault = (name: string, what: string) => faults.push(`${name}: ${what}`)
  const read = (name: string) => readVariable(env, name, fault)
  const file = (name: string) => absolute(read(name))

  const database = databaseOf(read('DATABASE_URL') ?? '', fault)
  const config: Config = {
    databaseFile: database.file,
    dataDir: absolute(read('DATA_DIR'))!,
    officeFile: absolute(read('OFFICE_FILE'))!,
    templatesDir: templatesDir(file('OFFICE_FILE')!),
    secretKeyFile: absolute(read('SECRET_KEY_FILE'))!,
    consoleListen: address('CONSOLE_LISTEN', read('CONSOLE_LISTEN')!, fault),
    consoleBaseUrl: baseUrl('CONSOLE_BASE_URL', read('CONSOLE_BASE_URL'), fault),
    consoleTls: undefined,
    publicListen: address('PUBLIC_LISTEN', read('PUBLIC_LISTEN')!, fault),
    publicBaseUrl: baseUrl('PUBLIC_BASE_URL', read('PUBLIC_BASE_URL'), fault),
    trustedProxies: list(read('TRUSTED_PROXIES')),
    twilio: {
      accountSid: matching(
        'TWILIO_ACCOUNT_SID',
        read('TWILIO_ACCOUNT_SID'),
        /^AC[0-9a-f]{32}$/,
        'AC and 32 hexadecimal digits',
        fault,
      ),
      apiBaseUrl: url('TWILIO_API_BASE_URL', read('TWILIO_API_BASE_URL'), fault),
      smsFrom: matching(
        'TWILIO_SMS_FROM',
        read('TWILIO_SMS_FROM'),
        /^(\+\d{8,15}|(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11})$/,
        '+ and 8 to 15 digits, or at most 11 letters and digits',
        fault,
      ),
      callFrom: matching('TWILIO_CALL_FROM', read('TWILIO_CALL_FROM'), /^\+\d{8,15}$/, '+ and 8 to 15 digits', fault),
      whatsappFrom: matching(
        'TWILIO_WHATSAPP_FROM',
        read('TWILIO_WHATSAPP_FROM'),
        /^\+\d{8,15}$/,
        '+ and 8 to 15 digits',
        fault,
      ),
      messagingServiceSid: matching(
        'TWILIO_MESSAGING_SERVICE_SID',
        read('TWILIO_MESSAGING_SERVICE_SID'),
        /^MG[0-9a-f]{32}$/,
        'MG and 32 hexadecimal digits',
        fault,
      ),
    },
    speech: oneOf('SPEECH', read('SPEECH')!, ['espeak', 'google'], fault),
    googleCredentialsFile: file('GOOGLE_APPLICATION_CREDENTIALS'),
    googleEndpoint: read('GOOGLE_TTS_ENDPOINT'),
    mailFrom: addresses('MAIL_FROM', read('MAIL_FROM'), fault)[0],
    digestTo: addresses('DIGEST_TO', read('DIGEST_TO'), fault),
    alarmTo: addresses('ALARM_TO', read('ALARM_TO'), fault),
    heartbeat: read('HEARTBEAT_URL') !== undefined,
    logLevel: oneOf('LOG_LEVEL', read('LOG_LEVEL')!, LEVELS, fault),
    logFile: file('LOG_FILE'),
  }
  const certFile = file('CONSOLE_TLS_CERT_FILE')
  const keyFile = file('CONSOLE_TLS_KEY_FILE')
  if (certFile && keyFile) config.consoleTls = { certFile, keyFile }
  else if (certFile || keyFile)
    fault(certFile ? 'CONSOLE_TLS_KEY_FILE' : 'CONSOLE_TLS_CERT_FILE', 'missing; certificate and key go together')
  if (
    !isLoopbackHost(config.consoleListen.host) &&
    !config.consoleTls &&
    !config.consoleBaseUrl?.startsWith('https:')
  ) {
    fault(
      'CONSOLE_LISTEN',
      `${read('CONSOLE_LISTEN')} is reachable from outside; allowed only with CONSOLE_TLS_CERT_FILE and CONSOLE_TLS_KEY_FILE or an https CONSOLE_BASE_URL`,
    )
  }

  const secrets: Secrets = {
    keys: needs.keys ? readKeys(config.secretKeyFile, fault) : '',
    databaseUrl: database.url,
    twilioAuthToken: read('TWILIO_AUTH_TOKEN'),
    smtpUrl: read('SMTP_URL'),
    heartbeatUrl: read('HEARTBEAT_URL'),
    backupPassphrase: read('BACKUP_PASSPHRASE'),
  }
  checkMail(config, secrets, fault)
  if (needs.carrier) {
    const needed = ['TWILIO_ACCOUNT_SID', 'TWILIO_AUTH_TOKEN', 'TWILIO_CALL_FROM', 'PUBLIC_BASE_URL']
    if (read('TWILIO_MESSAGING_SERVICE_SID') === undefined) needed.push('TWILIO_SMS_FROM')
    for (const name of needed) if (read(name) === undefined) fault(name, 'missing; needed to send')
  }
  if (config.speech === 'google' && !config.googleCredentialsFile && !config.googleEndpoint) {
    fault('GOOGLE_APPLICATION_CREDENTIALS', 'missing; needed for SPEECH=google')
  }
  return { config, secrets, faults }
}

/** The effective configuration, for people: secrets show only whether they are set. */
export function describeConfig(env: Environment): Record<string, string> {
  return Object.fromEntries(
    VARIABLES.map(({ name, default: fallback = '', secret, shown }) => {
      if (shown && !env[`${name}_FILE`]) return [name, shown(env[name] || fallback)]
      if (secret) return [name, env[name] || env[`${name}_FILE`] ? '(set)' : '']
      return [name, env[name] || fallback]
    }),
  )
}

type Fault = (name: string, what: string) => void

function readVariable(env: Environment, name: string, fault: Fault): string | undefined {
  const variable = VARIABLES.find((one) => one.name === name)!
  const direct = env[name]?.trim()
  if (direct) return direct
  const path = variable.secret ? env[`${name}_FILE`]?.trim() : undefined
  if (!path) return variable.default
  try {
    return readFileSync(path, 'utf8').trim() || undefined
  } catch (error) {
    fault(`${name}_FILE`, `cannot be read: ${messageOf(error)}`)
    return undefined
  }
}

function readKeys(path: string, fault: Fault): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const what = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'does not exist' : 'cannot be read'
    fault('SECRET_KEY_FILE', `${path} ${what}; make one with: scripts/tenggat key create`)
    return ''
  }
}

function absolute(path: string | undefined): string | undefined {
  return path === undefined || isAbsolute(path) ? path : join(PROJECT_DIR, path)
}

function templatesDir(officeFile: string): string {
  const beside = dirname(officeFile)
  return existsSync(join(beside, 'languages.yaml')) ? beside : join(PROJECT_DIR, 'templates')
}

function databaseOf(value: string, fault: Fault): { file?: string; url?: string } {
  if (value.startsWith('file:') && value.length > 5) return { file: absolute(value.slice(5))! }
  try {
    if (isPostgresUrl(value)) readPostgresUrl(value)
    else fault('DATABASE_URL', `${withoutPassword(value)} is not usable; allowed: file:PATH or postgres://…`)
  } catch (error) {
    fault('DATABASE_URL', messageOf(error))
  }
  return { url: value }
}

/** The address as it may be shown; nothing of it when it cannot be read, for then the password may be anywhere. */
function withoutPassword(value: string): string {
  if (value.startsWith('file:')) return value
  const url = URL.parse(value)
  if (!url?.host) return '(set)'
  return `${url.protocol}//${url.username ? `${url.username}${url.password ? ':…' : ''}@` : ''}${url.host}${url.pathname}`
}

function address(name: string, value: string, fault: Fault): Address {
  const match = /^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):(\d{1,5})$/.exec(value)
  const port = Number(match?.[2])
  if (!match || port > 65_535) {
    fault(name, `${value} is no address; allowed: host:port with a port of 0 to 65535`)
    return { host: '127.0.0.1', port: 0 }
  }
  return { host: match[1]!.replace(/^\[|\]$/g, ''), port }
}

function url(name: string, value: string | undefined, fault: Fault): string | undefined {
  if (value === undefined) return undefined
  if (!URL.canParse(value) || !/^https?:$/.test(new URL(value).protocol)) {
    fault(name, `${value} is no address; allowed: https://host or, on this machine, http://127.0.0.1:port`)
    return undefined
  }
  return value.replace(/\/+$/, '')
}

/** People and the carrier come here: https, our own name, no shortener. */
function baseUrl(name: string, value: string | undefined, fault: Fault): string | undefined {
  const checked = url(name, value, fault)
  if (checked === undefined) return undefined
  const { protocol, hostname } = new URL(checked)
  if (protocol !== 'https:' && !isLoopbackHost(hostname)) fault(name, `${checked} is not https; allowed: https://host`)
  if (isShortener(hostname))
    fault(name, `${hostname} is a link shortener, which networks filter; allowed: the office's own domain`)
  if (hostname.includes('_')) fault(name, `${hostname} has an underscore, which the carrier refuses`)
  return checked
}

function matching(
  name: string,
  value: string | undefined,
  pattern: RegExp,
  allowed: string,
  fault: Fault,
): string | undefined {
  if (value !== undefined && !pattern.test(value)) fault(name, `${value} is not usable; allowed: ${allowed}`)
  return value
}

function oneOf<Value extends string>(name: string, value: string, allowed: readonly Value[], fault: Fault): Value {
  const found = allowed.find((one) => one === value)
  if (found === undefined) fault(name, `${value} is not one of: ${allowed.join(', ')}`)
  return found ?? allowed[0]!
}

function list(value: string | undefined): string[] {
  return (value ?? '').split(',').flatMap((one) => one.trim() || [])
}

/** Neither may show the value: it holds a password, or is the password of a watcher. */
function checkMail({ digestTo, alarmTo }: Config, { smtpUrl, heartbeatUrl }: Secrets, fault: Fault): void {
  if (smtpUrl !== undefined && !parseSmtpUrl(smtpUrl)) fault('SMTP_URL', `is not usable; allowed: ${SMTP_URL_SHAPE}`)
  const readers = digestTo.length + alarmTo.length
  if (smtpUrl !== undefined && readers === 0) fault('DIGEST_TO', 'missing, as ALARM_TO; SMTP_URL needs one of them')
  if (smtpUrl === undefined && readers > 0) fault('SMTP_URL', 'missing; needed for DIGEST_TO and ALARM_TO')
  if (heartbeatUrl !== undefined && !/^https?:$/.test(URL.parse(heartbeatUrl)?.protocol ?? ''))
    fault('HEARTBEAT_URL', 'is no address; allowed: https://…')
}

function addresses(name: string, value: string | undefined, fault: Fault): string[] {
  const all = list(value)
  for (const one of all)
    if (!isMailAddress(one))
      fault(name, `holds something that is no mail address; allowed: name@host, separated by commas`)
  return all
}
