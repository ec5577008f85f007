import { describe, expect, it } from 'vitest'
import { judgeLife, type Life } from './daemon.ts'
import { type FileState, judgeDatabaseFile } from './database-file.ts'
import { judgeSpace } from './disk.ts'
import type { Trouble } from './finding.ts'
import { isInside, judgeKeyFile } from './key-file.ts'
import { judgeNode, judgeTimeData } from './platform.ts'
import { judgePublicPage, type Page } from './public-page.ts'
import { judgeWebhooks } from './webhooks.ts'

const HOUR = 3_600_000
const NOW = Date.parse('2026-12-06T03:00:00Z')
const at = (instant: number) => new Date(instant).toISOString().slice(0, 16)
const levels = (troubles: readonly Trouble[]) => troubles.map(({ level }) => level)

describe('the doctor judges', () => {
  const start = { pid: 7, command: 'start', startedAt: 1 }
  const seen = { alive: false, seenAt: NOW - HOUR, stoppedAt: null }
  const lives: [string, Life, string[]][] = [
    ['alive', { holder: start, anyAlive: true, newest: { ...seen, alive: true } }, []],
    ['alive on another machine', { holder: null, anyAlive: true, newest: { ...seen, alive: true } }, []],
    ['busy with a single run', { holder: { ...start, command: 'run' }, anyAlive: false, newest: undefined }, []],
    ['never started', { holder: null, anyAlive: false, newest: undefined }, ['warn']],
    ['stopped by hand', { holder: null, anyAlive: false, newest: { ...seen, stoppedAt: NOW - HOUR } }, ['warn']],
    ['dead', { holder: null, anyAlive: false, newest: seen }, ['fault']],
    ['there, but silent', { holder: start, anyAlive: false, newest: seen }, ['fault']],
    ['there, without a name', { holder: 'unknown', anyAlive: false, newest: undefined }, ['fault']],
  ]
  it.each(lives)('a daemon that is %s', (_what, life, expected) => {
    expect(levels(judgeLife(life, at))).toEqual(expected)
  })

  it.each([
    ['nothing was ever sent', null, null, []],
    ['something was sent just now', NOW - HOUR / 2, null, []],
    ['the last word came after the last message', NOW - 5 * HOUR, NOW - 4 * HOUR, []],
    ['the last word came while the last messages went out', NOW - 5 * HOUR, NOW - 5.5 * HOUR, []],
    ['nothing came since', NOW - 5 * HOUR, NOW - 29 * HOUR, ['fault']],
    ['nothing ever came', NOW - 5 * HOUR, null, ['fault']],
  ])('webhooks when %s', (_what, sentAt, heardAt, expected) => {
    expect(levels(judgeWebhooks({ sentAt, heardAt }, { now: NOW, at }))).toEqual(expected)
  })

  const page = { reached: true, status: 200, location: null, ours: true, certificate: null } as const
  const pages: [string, Page, boolean, string[]][] = [
    ['our own page', page, true, []],
    ['a page that only looks like it', { ...page, ours: false }, true, ['fault']],
    ['a proxy without a program, while the program is down', { ...page, status: 502, ours: false }, false, []],
    ['a proxy without a program, while the program runs', { ...page, status: 502, ours: false }, true, ['fault']],
    ['a name that nobody knows', { reached: false, code: 'ENOTFOUND' }, false, ['fault']],
    ['a closed port while the program is down', { reached: false, code: 'ECONNREFUSED' }, false, []],
    [
      'a good page behind a certificate of another name',
      { ...page, certificate: { validTo: NOW + 900 * HOUR, trouble: 'ERR_TLS_CERT_ALTNAME_INVALID' } },
      true,
      ['fault'],
    ],
  ]
  it.each(pages)('at the public address %s', (_what, found, daemonRuns, expected) => {
    const about = { publicBaseUrl: 'https://pesan.imigrasi.example', now: NOW, daemonRuns }
    expect(levels(judgePublicPage(found, about))).toEqual(expected)
  })

  it.each([
    ['plenty', 5_000_000_000, null, []],
    ['little space', 900_000_000, null, ['warn']],
    ['hardly any space', 100_000_000, null, ['fault']],
    ['room for few files', 5_000_000_000, 12, ['fault']],
  ])('a disk with %s', (_what, freeBytes, freeFiles, expected) => {
    const space = { folder: '/d', freeBytes, totalBytes: 9_000_000_000, freeFiles }
    const limits = { warnBytes: 1_000_000_000, faultBytes: 200_000_000 }
    expect(levels(judgeSpace([space, { ...space, folder: '/d/audio' }], limits))).toEqual(expected)
  })

  const whole = {
    found: true,
    late: false,
    sound: true,
    code: null,
    pages: 10,
    freePages: 0,
    pageBytes: 4_096,
  } as const
  const files: [string, FileState, string[]][] = [
    ['not checked in time', { found: true, late: true }, ['warn']],
    ['not there', { found: false }, ['warn']],
    ['not ours to open', { ...whole, sound: false, code: 'SQLITE_CANTOPEN' }, ['fault']],
    ['held by another', { ...whole, sound: false, code: 'SQLITE_BUSY' }, ['fault']],
    ['torn', { ...whole, sound: false }, ['fault']],
    ['half empty', { ...whole, pages: 200_000, freePages: 150_000 }, ['warn']],
    ['as it should be', { ...whole, pages: 200_000, freePages: 10 }, []],
  ]
  it.each(files)('a database file that is %s', (_what, state, expected) => {
    expect(levels(judgeDatabaseFile('/d/a.db', state))).toEqual(expected)
  })

  it('a key file by its mode, its owner and its place', () => {
    const folders = { dataDir: '/var/lib/tenggat', backupDir: '/var/lib/tenggat/backups' }
    const key = { file: '/etc/tenggat/secret.key', mode: 0o600, owner: 7, dataOwner: 7 }
    expect(judgeKeyFile(key, folders)).toEqual([])
    expect(judgeKeyFile({ ...key, mode: 0o400 }, folders)).toEqual([])
    expect(levels(judgeKeyFile({ ...key, mode: 0o640 }, folders))).toEqual(['fault'])
    expect(levels(judgeKeyFile({ ...key, owner: 0 }, folders))).toEqual(['fault'])
    expect(isInside('/var/lib/tenggat-keys/secret.key', '/var/lib/tenggat')).toBe(false)
    expect(isInside('/var/lib/tenggat/a/secret.key', '/var/lib/tenggat')).toBe(true)
  })

  it('the Node that it runs on', () => {
    expect(levels(judgeNode({ node: '24.3.0', wantedMajor: 26 }))).toEqual(['fault'])
    expect(judgeNode({ node: '27.0.0', wantedMajor: 26 })).toEqual([])
    expect(judgeTimeData({ timeZone: 'Asia/Jakarta', locales: ['id', 'zh-Hans'] }, NOW)).toEqual([])
    expect(levels(judgeTimeData({ timeZone: 'Asia/Blitar', locales: ['id'] }, NOW))).toEqual(['fault'])
  })
})
