import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Config, PROJECT_DIR, type Secrets } from '../src/config.ts'
import { newKeyFile } from '../src/db/seal.ts'
import type { Office } from '../src/lib/office.ts'

export const TIME_ZONE = 'Asia/Jakarta'
/** What the sandbox takes when nothing else is said. */
export const ACCOUNT_SID = `AC${'0'.repeat(32)}`
export const AUTH_TOKEN = 'sandbox'

/** Every variable at what tests and benches run with. Nothing of the sandbox is loaded with it. */
export function configOf({
  folder,
  port,
  carrierUrl = 'http://127.0.0.1:1',
  databaseUrl,
}: {
  folder: string
  port: number
  /** Default: none that answers. */
  carrierUrl?: string | undefined
  databaseUrl?: string | undefined
}): Config {
  return {
    databaseFile: databaseUrl === undefined ? join(folder, 'tenggat.db') : undefined,
    dataDir: folder,
    officeFile: join(PROJECT_DIR, 'templates', 'office.yaml'),
    templatesDir: join(PROJECT_DIR, 'templates'),
    secretKeyFile: join(folder, 'secret.key'),
    consoleListen: { host: '127.0.0.1', port: 0 },
    consoleBaseUrl: undefined,
    consoleTls: undefined,
    publicListen: { host: '127.0.0.1', port },
    publicBaseUrl: `http://127.0.0.1:${port}`,
    trustedProxies: [],
    twilio: {
      accountSid: ACCOUNT_SID,
      apiBaseUrl: carrierUrl,
      smsFrom: 'IMIGRASI',
      callFrom: '+62342000001',
      whatsappFrom: '+62342000002',
      messagingServiceSid: undefined,
    },
    speech: 'espeak',
    googleCredentialsFile: undefined,
    googleEndpoint: undefined,
    digestTo: [],
    alarmTo: [],
    heartbeat: false,
    logLevel: 'silent',
    logFile: undefined,
  }
}

/** The carrier's, and the keys of that folder; neither mail nor heartbeat. */
export function secretsIn({ folder, databaseUrl }: { folder: string; databaseUrl?: string | undefined }): Secrets {
  return {
    keys: keysIn(folder),
    databaseUrl,
    twilioAuthToken: AUTH_TOKEN,
    smtpUrl: undefined,
    heartbeatUrl: undefined,
  }
}

/** The key file of that folder, made when it is not there. */
export function keysIn(folder: string): string {
  const file = join(folder, 'secret.key')
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    writeFileSync(file, newKeyFile('test'), { mode: 0o600 })
    return readFileSync(file, 'utf8')
  }
}

/** As fast as the carrier answers. */
export function withoutRates(office: Office, { concurrency = 20 } = {}): Office {
  const fast = { perSecond: 100_000, concurrency }
  return { ...office, rates: { sms: fast, call: fast, whatsapp: fast } }
}
