import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { doctorCommand } from '../src/cli/doctor.ts'
import type { Doctoring } from '../src/cli/doctor-checks.ts'
import { grpcGoogle } from '../src/compose/speech/fake-google.ts'
import { PROJECT_DIR } from '../src/config.ts'
import { newKeyFile } from '../src/db/seal.ts'
import { systemClock } from '../src/lib/clock.ts'
import { freePort } from '../src/lib/free-port.ts'
import type { Finding } from '../src/ops/doctor/finding.ts'
import { certificateFor } from './certificate.ts'
import {
  backUp,
  copyKey,
  DAY,
  type GoodOffice,
  openGoodOffice,
  openProxy,
  voicesNamedIn,
  WORDS,
} from './doctor-office.ts'
import { openMailServer } from './mail-server.ts'

type Change = { env?: Record<string, string | undefined>; options?: Partial<Doctoring> }

describe('the doctor', () => {
  let good: GoodOffice
  const stack = new AsyncDisposableStack()

  beforeAll(async () => {
    good = stack.use(await openGoodOffice())
  })
  afterAll(() => stack.disposeAsync())

  it('says that all is well where nothing is wrong', async () => {
    const { code, findings, lines } = await examined({})
    expect(findings.filter(({ level }) => level !== 'ok')).toEqual([])
    expect(code).toBe(0)
    expect(lines.at(-1)).toBe('all is well')
    expect(findings.map(({ check }) => check)).toEqual([
      'configuration',
      'keys',
      'office file',
      'words',
      'database',
      'office entries',
      'holidays',
      'time zone data',
      'node',
      'disk',
      'key file',
      'backups',
      'daemon',
      'duties',
      'audit',
      'webhooks',
      'carrier',
      'clock',
      'senders',
      'voices',
      'public address',
      'mail',
      'heartbeat',
    ])
  })

  const setUps: [name: string, change: () => Promise<Change> | Change, found: (string | RegExp)[]][] = [
    [
      'a wrong auth token',
      () => ({ env: { TWILIO_AUTH_TOKEN: 'wrong' } }),
      [/^fault carrier: The carrier refuses a harmless request \(error 20003\)/],
    ],
    [
      'a carrier that cannot be reached',
      async () => ({ env: { TWILIO_API_BASE_URL: `http://127.0.0.1:${await freePort()}` } }),
      [/^fault carrier: The carrier does not answer/],
    ],
    [
      'a clock that is slow',
      async () => {
        const late = (headers: Headers) => headers.set('date', new Date(Date.now() + 95_000).toUTCString())
        const proxy = stack.use(await openProxy(good.sandboxUrl, { change: late }))
        return { env: { TWILIO_API_BASE_URL: proxy.url } }
      },
      [/^fault clock: The clock of this machine is 9[456] seconds behind/],
    ],
    [
      'senders that nobody was told of, one of them not even ours',
      () => ({ env: { TWILIO_CALL_FROM: '+623425559999' } }),
      [
        /^fault senders: TWILIO_CALL_FROM is \+623425559999, but the office tells residents to expect \+623425550101/,
        /^fault senders: The account at the carrier has no number \+623425559999/,
      ],
    ],
    [
      'a voice that Google does not have',
      async () => {
        const google = stack.use(
          await grpcGoogle(
            new Uint8Array(),
            (await voicesNamedIn(join(good.folder, 'etc'))).filter((name) => !name.startsWith('ja-')),
          ),
        )
        return { env: { GOOGLE_TTS_ENDPOINT: google.endpoint } }
      },
      [/^fault voices: Google lists no voice ja-JP-\S+, which templates\/ja\.yaml names/],
    ],
    [
      'speech credentials that are refused',
      async () => {
        const google = stack.use(await grpcGoogle({ code: 16, message: 'who are you' }))
        return { env: { GOOGLE_TTS_ENDPOINT: google.endpoint } }
      },
      [/^fault voices: Google Text-to-Speech does not answer \(credentials\)/],
    ],
    [
      'a public address that leads nowhere',
      async () => ({ env: { PUBLIC_BASE_URL: `https://localhost:${await freePort()}` } }),
      [/^fault public address: PUBLIC_BASE_URL cannot be reached: localhost:\d+ gives ECONNREFUSED/],
    ],
    [
      'a foreign page at the public address',
      async () => {
        const port = await listenWith(200, { 'x-tenggat-answer': 'AAAAAAAAAAAAAAAAAAAAAA' })
        return { env: { PUBLIC_BASE_URL: `http://127.0.0.1:${port}` } }
      },
      [/^fault public address: What answers at PUBLIC_BASE_URL \(127\.0\.0\.1:\d+\) is not this program/],
    ],
    [
      'a redirect at the public address',
      async () => {
        const port = await listenWith(301, { location: 'https://www.imigrasi.example/' })
        return { env: { PUBLIC_BASE_URL: `http://127.0.0.1:${port}` } }
      },
      [/^fault public address: PUBLIC_BASE_URL redirects to www\.imigrasi\.example/],
    ],
    [
      'a certificate that has ended',
      () => certified({ validFrom: Date.now() - 90 * DAY, validTo: Date.now() - DAY }),
      [/^fault public address: The certificate of localhost:\d+ ended on \d{4}-\d\d-\d\d/],
    ],
    [
      'a certificate that ends soon',
      () => certified({ validFrom: Date.now() - 80 * DAY, validTo: Date.now() + 10 * DAY }),
      [/^warn public address: The certificate of localhost:\d+ ends on \d{4}-\d\d-\d\d/],
    ],
    [
      'a certificate of nobody',
      async () => ({
        ...(await certified({ validFrom: Date.now() - DAY, validTo: Date.now() + 80 * DAY })),
        options: {},
      }),
      [/^fault public address: The certificate of localhost:\d+ is not believed \(DEPTH_ZERO_SELF_SIGNED_CERT\)/],
    ],
    [
      'a key file that everybody can read',
      () => ({ env: copyKey(good.env, join(good.folder, 'etc', 'open.key'), 0o644) }),
      [/^fault key file: .*open\.key can be read by others \(mode 0644\)/],
    ],
    [
      'a key file among the backups',
      () => {
        const env = good.dataWith('key-in-backups', (_db, folder) => mkdirSync(join(folder, 'backups')))
        return { env: { ...env, ...copyKey(good.env, join(env.DATA_DIR!, 'backups', 'secret.key')) } }
      },
      [/^fault key file: .*secret\.key lies among the backups/],
    ],
    [
      'a key file in the data folder',
      () => {
        const env = good.dataWith('key-in-data', () => undefined)
        return { env: { ...env, ...copyKey(good.env, join(env.DATA_DIR!, 'secret.key')) } }
      },
      [/^warn key file: .*secret\.key lies in the data folder/],
    ],
    [
      'a backup that holds the key',
      () => ({
        env: good.dataWith('leaking', (_db, folder) => {
          const [, key] = /^link:(.*)$/m.exec(readFileSync(good.env.SECRET_KEY_FILE!, 'utf8'))!
          mkdirSync(join(folder, 'backups'))
          const filling = Buffer.alloc((1 << 20) - 20, 'x')
          writeFileSync(
            join(folder, 'backups', 'everything.tar'),
            Buffer.concat([filling, Buffer.from(key!, 'base64'), filling]),
          )
        }),
      }),
      [/^fault backups: The file everything\.tar among the backups holds a key/],
    ],
    [
      'the key file of another office',
      () => {
        const file = join(good.folder, 'etc', 'other.key')
        writeFileSync(file, newKeyFile('k1'), { mode: 0o600 })
        return {
          env: {
            ...good.dataWith('residents', (db) => {
              db.prepare(
                `insert into residents (office_code, full_name, nationality, phone, register_digest, created_at, updated_at)
                 values ('BLT', 'A', 'DE', 'k1.${'A'.repeat(60)}', 'x', 1, 1)`,
              ).run()
            }),
            SECRET_KEY_FILE: file,
          },
        }
      },
      [/^fault keys: The keys in SECRET_KEY_FILE do not open what the database holds/],
    ],
    [
      'no holiday list for this year',
      () => ({
        env: {
          OFFICE_FILE: good.officeFile('no-holidays.yaml', (file) => {
            file.holidays.shift()
          }),
        },
      }),
      [/^fault holidays: The holiday list of \d{4} is missing or not confirmed/],
    ],
    [
      'entries that nobody has checked',
      () => ({
        env: {
          OFFICE_FILE: good.officeFile('unchecked.yaml', (file) => {
            file.unverified.push('phone', 'fee.basis')
          }),
        },
      }),
      [/^fault office entries: .*: phone, fee\.basis/],
    ],
    [
      'three faults in the configuration',
      () => ({ env: { LOG_LEVEL: 'loud', TWILIO_AUTH_TOKEN: undefined, ALARM_TO: 'nobody' } }),
      [
        /^fault configuration: ALARM_TO: /,
        /^fault configuration: LOG_LEVEL: loud /,
        /^fault configuration: TWILIO_AUTH_TOKEN: missing/,
      ],
    ],
    [
      'a disk that is nearly full',
      () => ({ options: { space: { warnBytes: 2 ** 60, faultBytes: 2 ** 59 } } }),
      [/^fault disk: The disk of .* has \d+ MB left of \d+ MB/],
    ],
    [
      'a damaged database',
      () => ({
        env: good.dataWith('damaged', (db, folder) => {
          db.close()
          const file = join(folder, 'tenggat.db')
          truncateSync(file, 40_960)
        }),
      }),
      [/^fault database: The database .* is damaged/],
    ],
    [
      'a file that is no database',
      () => ({
        env: good.dataWith('no-database', (db, folder) => {
          db.close()
          writeFileSync(join(folder, 'tenggat.db'), 'not a database at all, however often it is asked')
        }),
      }),
      [/^fault database: The database .* is damaged \(SQLITE_NOTADB\)/],
    ],
    [
      'a database of an older program',
      () => ({ env: good.dataWith('older', (db) => db.exec('delete from __drizzle_migrations')) }),
      [/^fault database: The database is older than this program \(\d+ to do: \d+_first/],
    ],
    [
      'a database of a newer program',
      () => ({
        env: good.dataWith('newer', (db) =>
          db.exec("insert into __drizzle_migrations (hash, created_at, name) values ('x', 1, '20990101000000_later')"),
        ),
      }),
      [/^fault database: The database was changed by a newer program than this one \(20990101000000_later\)/],
    ],
    [
      'a daemon that died',
      () => ({
        env: good.dataWith('dead', (db) =>
          db.prepare('update workers set seen_at = ?, stopped_at = null').run(Date.now() - 3_600_000),
        ),
      }),
      [/^fault daemon: The daemon has not run since \d{4}-\d\d-\d\d \d\d:\d\d, and nobody stopped it/],
    ],
    [
      'days without a scan and a duty that fails',
      () => ({
        env: good.dataWith('silent', (db) => {
          db.prepare("update slots set finished_at = ?, failed = 0, result = '{}' where duty = 'scan'").run(
            Date.now() - 2 * DAY,
          )
          db.prepare("update slots set failed = 2, result = 'the balance is unknown' where duty = 'spending'").run()
        }),
      }),
      [
        /^fault duties: Nothing ran since \d{4}-\d\d-\d\d \d\d:\d\d/,
        /^fault duties: The duty spending has failed 2 times: the balance is unknown/,
      ],
    ],
    [
      'messages of which no webhook told',
      () => ({
        env: good.dataWith('unheard', (db) => {
          db.pragma('foreign_keys = off')
          db.prepare(
            "insert into attempts (delivery_id, number, channel, worker, started_at, outcome) values (1, 1, 'sms', 'w', ?, 'accepted')",
          ).run(Date.now() - 2 * 3_600_000)
        }),
      }),
      [/^fault webhooks: No webhook with a good signature ever came, though a message was sent at/],
    ],
    [
      'an audit that was tampered with',
      () => ({
        env: good.dataWith('tampered', (db) => {
          db.prepare("insert into meta (key, value) values ('audit_head', 'f')").run()
          db.prepare("insert into audit (at, action, prev_hash, hash) values (1, 'x', ?, 'f')").run('0'.repeat(64))
        }),
      }),
      [/^fault audit: The chain of the audit is broken at entry 1/],
    ],
    [
      'an old backup',
      async () => {
        const env = good.dataWith('old-backup', () => undefined)
        await backUp(env.DATA_DIR!, good.env.SECRET_KEY_FILE!, Date.now() - 3 * DAY)
        return { env }
      },
      [/^warn backups: The newest backup was made at \d{4}-\d\d-\d\d/],
    ],
    [
      'a backup that nobody can restore',
      async () => {
        const env = good.dataWith('bad-backup', () => undefined)
        const file = await backUp(env.DATA_DIR!, good.env.SECRET_KEY_FILE!)
        const bytes = readFileSync(file)
        bytes[bytes.length - 100]! ^= 1
        writeFileSync(file, bytes)
        return { env }
      },
      [/^fault backups: The newest backup cannot be restored: .*tenggat-BLT-\w+\.backup/],
    ],
    [
      'a mail server that does not know us',
      async () => {
        const refusing = {
          onAuth: (_auth: unknown, _session: unknown, done: (error: Error) => void) => done(new Error('no')),
        }
        const mail = stack.use(await openMailServer(refusing as Parameters<typeof openMailServer>[0]))
        return { env: { SMTP_URL: mail.url.replace('://', '://office:wrong@') } }
      },
      [/^fault mail: The mail server does not take us \(535/],
    ],
    [
      'nobody to tell',
      () => ({ env: { SMTP_URL: undefined, ALARM_TO: undefined, HEARTBEAT_URL: undefined } }),
      [/^warn heartbeat: Nobody outside notices/, /^warn mail: No mail server is configured/],
    ],
    [
      'a language file without one of its words',
      () => {
        const folder = join(good.folder, 'words')
        mkdirSync(folder)
        for (const name of WORDS) {
          const text = readFileSync(join(PROJECT_DIR, 'templates', name), 'utf8')
          writeFileSync(join(folder, name), name === 'de.yaml' ? text.replace(/^ {2}greeting:.*$/m, '') : text)
        }
        writeFileSync(join(folder, 'office.yaml'), readFileSync(good.env.OFFICE_FILE!))
        return { env: { OFFICE_FILE: join(folder, 'office.yaml') } }
      },
      [/^fault words: .*de\.yaml.*greeting/],
    ],
  ]

  it.concurrent.each(setUps)('names %s and nothing else', async (_name, change, expected) => {
    const { code, findings } = await examined(await change())
    const found = findings
      .filter(({ level }) => level !== 'ok')
      .map(({ level, check, wrong }) => `${level} ${check}: ${wrong}`)
    expect(found.sort()).toEqual(expected.map((one) => expect.stringMatching(one)))
    expect(code).toBe(found.some((line) => line.startsWith('fault')) ? 1 : 0)
    for (const { level, wrong, mend } of findings) {
      if (level === 'ok') expect([wrong, mend]).toEqual([null, null])
      else for (const sentence of [wrong, mend]) expect(sentence).toMatch(/^\S.{15,}[^.]\.?$/)
    }
  })

  async function examined({ env = {}, options = {} }: Change) {
    const lines: string[] = []
    let result: Record<string, unknown> = {}
    const code = await doctorCommand(
      { ...good.env, ...env },
      systemClock,
      { json: true, line: (text) => lines.push(text), result: (value) => (result = value) },
      { ca: good.ca, ...options },
    )
    return { code, lines, findings: result.findings as Finding[] }
  }

  async function certified(valid: { validFrom: number; validTo: number }): Promise<Change> {
    const certificate = certificateFor(valid)
    const proxy = stack.use(await openProxy(`http://${good.env.PUBLIC_LISTEN}`, { certificate }))
    return { env: { PUBLIC_BASE_URL: proxy.url }, options: { ca: certificate.cert } }
  }

  async function listenWith(status: number, headers: Record<string, string>): Promise<number> {
    const server = createServer((_request, response) => response.writeHead(status, headers).end('<h1>Welcome</h1>'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    stack.defer(() => server[Symbol.asyncDispose]())
    return (server.address() as AddressInfo).port
  }
})
