import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { canMakeDisks, NAMESPACE } from '../scripts/drills/small-disk.ts'
import { PROJECT_DIR } from '../src/config.ts'
import { newKeyFile } from '../src/db/seal.ts'

const possible = canMakeDisks()
if (!possible) process.stderr.write('not tried: this system lets nobody mount a small disk (unshare, tmpfs)\n')

const READ_ONLY = 'mount -o remount,ro "$1"'
const FULL = 'head -c 9000000 /dev/zero > "$1/ballast" 2>"$2"'

describe.skipIf(!possible)('started on a disk that cannot be written', () => {
  let folder: string

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tenggat-disk-'))
    writeFileSync(join(folder, 'secret.key'), newKeyFile('test'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  it.each([
    ['start', READ_ONLY, 'the instance lock DIR/lock.db cannot be taken: DIR is on a read-only disk'],
    ['status', READ_ONLY, 'the database DIR/tenggat.db cannot be opened: DIR is on a read-only disk'],
    ['start', FULL, 'the instance lock DIR/lock.db cannot be taken: the disk of DIR/lock.db is full'],
    ['status', FULL, 'the database DIR/tenggat.db cannot be opened: the disk of DIR/tenggat.db is full'],
  ])('"%s" says so in one sentence and ends with 1 (%s)', (command, spoil, sentence) => {
    const data = mkdtempSync(join(folder, 'data-'))
    const script = `mount -t tmpfs -o size=8m tmpfs "$1"; ${spoil}; cd ${PROJECT_DIR}; exec "${process.execPath}" src/main.ts ${command}`
    const { status, stderr } = spawnSync(
      'unshare',
      [...NAMESPACE, 'sh', '-c', script, 'sh', data, join(folder, 'errors')],
      {
        encoding: 'utf8',
        env: {
          PATH: process.env.PATH,
          DATA_DIR: data,
          DATABASE_URL: `file:${data}/tenggat.db`,
          SECRET_KEY_FILE: join(folder, 'secret.key'),
          TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
          TWILIO_AUTH_TOKEN: 'test',
          TWILIO_API_BASE_URL: 'http://127.0.0.1:9',
          TWILIO_SMS_FROM: 'TEST',
          TWILIO_CALL_FROM: '+62342000001',
          PUBLIC_BASE_URL: 'http://127.0.0.1:9',
        },
      },
    )
    expect(stderr).toBe(`${sentence.replaceAll('DIR', data)}\n`)
    expect(status).toBe(1)
  })
})
