import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import twilio from 'twilio/lib/webhooks/webhooks.js'
import { loadTemplates } from '../src/compose/template.ts'
import type { Db } from '../src/db/open.ts'
import { openTestDb } from '../src/db/testing.ts'
import { storeReceipt } from '../src/deliver/receipts.ts'
import { instantOf } from '../src/lib/civil-date.ts'
import { SteppedClock } from '../src/lib/clock.ts'
import { silentLog } from '../src/lib/events.ts'
import { loadOffices } from '../src/lib/offices.ts'
import type { Inbound, PublicDeps } from '../src/public/deps.ts'
import { openPublicListener, type PublicListener } from '../src/public/listener.ts'
import { Rows, TODAY } from './rows.ts'

const ROOT = join(import.meta.dirname, '..')
const AUTH_TOKEN = 'auth-token-of-the-test'
export const ACCOUNT_SID = 'AC00000000000000000000000000000001'
/** A name that resolves nowhere: webhooks are signed for it though the test calls loopback, as behind a proxy. */
export const PUBLIC_BASE_URL = 'https://pesan.imigrasi.example'

export type TestOffice = AsyncDisposable & {
  db: Db
  clock: SteppedClock
  deps: PublicDeps
  listener: PublicListener
  /** What `onInbound` was told. */
  inbound: Inbound[]
  /** A form post as the carrier makes it, signed for the public address. */
  post(
    path: string,
    form?: Record<string, string>,
    options?: { signature?: string | null; host?: string },
  ): Promise<Response>
  get(path: string, init?: RequestInit): Promise<Response>
  rows: Rows
}

/** The public listener on a free port of loopback, over a real database in a folder of its own. */
export async function openTestOffice(overrides: Partial<PublicDeps> = {}): Promise<TestOffice> {
  const folder = mkdtempSync(join(tmpdir(), 'tenggat-public-'))
  const audioDir = join(folder, 'audio')
  mkdirSync(audioDir)
  const db = await openTestDb()
  const clock = new SteppedClock(instantOf(TODAY, '08:30', 'Asia/Jakarta'))
  const inbound: Inbound[] = []
  const offices = await loadOffices(join(ROOT, 'templates/office.yaml'))
  const deps: PublicDeps = {
    db,
    log: silentLog,
    clock,
    office: offices.home,
    offices,
    at: () => deps,
    templates: await loadTemplates(join(ROOT, 'templates')),
    publicBaseUrl: PUBLIC_BASE_URL,
    twilioAuthToken: AUTH_TOKEN,
    accountSid: ACCOUNT_SID,
    audioDir,
    trustedProxies: [],
    receipts: { record: (receipt) => storeReceipt(db, receipt, clock.now()) },
    voiceNotes: { find: async () => null },
    onInbound: async (one) => {
      inbound.push(one)
    },
    ...overrides,
  }
  const listener = await openPublicListener({ ...deps, listen: { host: '127.0.0.1', port: 0 } })
  return {
    db,
    clock,
    deps,
    listener,
    inbound,
    get: (path, init) => fetch(listener.url + path, { redirect: 'manual', ...init }),
    post(path, form = {}, { signature, host } = {}) {
      const fields = { AccountSid: ACCOUNT_SID, ...form }
      const signed =
        signature === undefined
          ? twilio.getExpectedTwilioSignature(AUTH_TOKEN, PUBLIC_BASE_URL + path, fields)
          : signature
      return fetch(listener.url + path, {
        method: 'POST',
        redirect: 'manual',
        body: new URLSearchParams(fields),
        headers: {
          ...(signed === null ? {} : { 'x-twilio-signature': signed }),
          ...(host === undefined ? {} : { 'x-forwarded-host': host, 'x-forwarded-proto': 'http' }),
        },
      })
    },
    rows: new Rows(db, clock, audioDir),
    async [Symbol.asyncDispose]() {
      await listener[Symbol.asyncDispose]()
      await db[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true })
    },
  }
}
