import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { describeConfig, type Environment, loadConfig, PROJECT_DIR, VARIABLES } from './config.ts'
import { newKeyFile } from './db/seal.ts'
import { AppError } from './lib/errors.ts'

describe('the configuration', () => {
  let folder: string
  let good: Environment

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tenggat-config-'))
    writeFileSync(join(folder, 'secret.key'), newKeyFile('2026'))
    writeFileSync(join(folder, 'token'), 'abc\n')
    good = {
      SECRET_KEY_FILE: join(folder, 'secret.key'),
      TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
      TWILIO_AUTH_TOKEN_FILE: join(folder, 'token'),
      TWILIO_SMS_FROM: 'IMIGRASI',
      TWILIO_CALL_FROM: '+62342000001',
      PUBLIC_BASE_URL: 'https://tenggat.example.go.id/',
    }
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  const faultsOf = (env: Environment): string[] => {
    try {
      loadConfig(env, { carrier: true, keys: true })
      return []
    } catch (error) {
      if (error instanceof AppError && error.code === 'config') return error.message.split('\n')
      throw error
    }
  }

  it('is complete with what sending needs, reads secrets from files, and trims the base url', () => {
    const { config, secrets } = loadConfig(good, { carrier: true, keys: true })
    expect(secrets.twilioAuthToken).toBe('abc')
    expect(config.publicBaseUrl).toBe('https://tenggat.example.go.id')
    expect(config.consoleListen).toEqual({ host: '127.0.0.1', port: 8080 })
  })

  it('reports every fault at once', () => {
    const faults = faultsOf({ ...good, LOG_LEVEL: 'loud', PUBLIC_LISTEN: 'nowhere', TWILIO_SMS_FROM: '12345678901234' })
    expect(faults.map((fault) => fault.split(':')[0])).toEqual(['PUBLIC_LISTEN', 'TWILIO_SMS_FROM', 'LOG_LEVEL'])
  })

  it.each<[string, Environment, RegExp]>([
    ['a public address without TLS', { PUBLIC_BASE_URL: 'http://tenggat.example.go.id' }, /is not https/],
    ['a link shortener', { PUBLIC_BASE_URL: 'https://bit.ly/x' }, /link shortener/],
    ['an underscore, which the carrier refuses', { PUBLIC_BASE_URL: 'https://my_host.example' }, /underscore/],
    ['a console open to the world', { CONSOLE_LISTEN: '0.0.0.0:8080' }, /reachable from outside/],
    ['half of a certificate', { CONSOLE_TLS_CERT_FILE: '/x' }, /go together/],
    ['another engine', { DATABASE_URL: 'mysql://me:secret@db/x' }, /allowed: file:PATH or postgres/],
    ['PostgreSQL without a database', { DATABASE_URL: 'postgres://me:secret@db' }, /user and database are needed/],
    ['half-hearted encryption', { DATABASE_URL: 'postgres://me:secret@db/x?sslmode=prefer' }, /verify-full/],
    ['a parameter that nobody reads', { DATABASE_URL: 'postgres://me:secret@db/x?pool=9' }, /pool is not known/],
    ['no key file', { SECRET_KEY_FILE: '/nowhere/key' }, /key create/],
    ['google without credentials', { SPEECH: 'google' }, /needed for SPEECH=google/],
    ['a sid that is none', { TWILIO_ACCOUNT_SID: 'AC123' }, /32 hexadecimal/],
    ['readers of mail without a mail server', { ALARM_TO: 'siaga@x.example' }, /SMTP_URL: missing/],
    ['a mail server without readers', { SMTP_URL: 'smtp://127.0.0.1' }, /DIGEST_TO: missing/],
    [
      'a mail server of another kind, without showing its password',
      { SMTP_URL: 'http://a:very-secret@x.example', ALARM_TO: 'a@x.example' },
      /^SMTP_URL: is not usable; allowed: smtps(?!.*very-secret)/,
    ],
    [
      'an address that is two',
      { SMTP_URL: 'smtp://127.0.0.1', DIGEST_TO: 'a@x.example b@x.example' },
      /DIGEST_TO: holds/,
    ],
    [
      'a watcher that is no address',
      { HEARTBEAT_URL: 'hc.example/secret' },
      /^HEARTBEAT_URL: is no address(?!.*secret)/,
    ],
    ['nobody to call from', { TWILIO_CALL_FROM: '' }, /missing; needed to send/],
  ])('refuses %s', (_case, change, message) => {
    expect(faultsOf({ ...good, ...change }).join('\n')).toMatch(message)
  })

  it('accepts a plain address on this machine, and an open console behind https', () => {
    expect(faultsOf({ ...good, PUBLIC_BASE_URL: 'http://127.0.0.1:8081' })).toEqual([])
    expect(faultsOf({ ...good, CONSOLE_LISTEN: '0.0.0.0:8080', CONSOLE_BASE_URL: 'https://console.example' })).toEqual(
      [],
    )
  })

  it('never shows a secret', () => {
    const shown = JSON.stringify(
      describeConfig({ ...good, TWILIO_AUTH_TOKEN: 'very-secret', SMTP_URL: 'smtp://a:very-secret@b' }),
    )
    expect(shown).not.toContain('very-secret')
    for (const address of [
      'me:very-secret@db/x?pool=9',
      'me:very-secret@db',
      'me:very-secret@/x',
      'me:very-secret/x',
    ]) {
      const env = { ...good, DATABASE_URL: `postgres://${address}` }
      expect(faultsOf(env).join()).toMatch(/^DATABASE_URL: /)
      expect(faultsOf(env).join() + JSON.stringify(describeConfig(env))).not.toContain('very-secret')
    }
    const plain = { ...good, DATABASE_URL: 'mysql://me:very-secret@db/x' }
    expect(faultsOf(plain).join() + JSON.stringify(describeConfig(plain))).not.toContain('very-secret')
  })

  it('takes a file or a PostgreSQL database, whose address may lie in a file as it holds the password', () => {
    const of = (env: Environment) => {
      const { config, secrets } = loadConfig({ ...good, ...env }, { carrier: false, keys: false })
      return [config.databaseFile, secrets.databaseUrl]
    }
    expect(of({})).toEqual([join(PROJECT_DIR, 'data/tenggat.db'), undefined])
    const url = 'postgresql://me:very-secret@db.example/tenggat?sslmode=require'
    expect(of({ DATABASE_URL: url })).toEqual([undefined, url])
    writeFileSync(join(folder, 'url'), `${url}\n`)
    expect(of({ DATABASE_URL_FILE: join(folder, 'url') })).toEqual([undefined, url])
    expect(describeConfig({ ...good, DATABASE_URL: url }).DATABASE_URL).toBe('postgresql://me:…@db.example/tenggat')
  })

  it('is listed in .env.example, variable by variable, with its defaults', () => {
    const text = readFileSync(join(PROJECT_DIR, '.env.example'), 'utf8')
    const listed = [...text.matchAll(/^#?\s?([A-Z_]+)=(.*)$/gm)].map((match) => [match[1], match[2]])
    expect(listed).toEqual(VARIABLES.map(({ name, default: value = '' }) => [name, value]))
  })
})
