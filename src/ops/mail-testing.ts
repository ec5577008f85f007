import { join } from 'node:path'
import { loadWords } from '../console/words.ts'
import type { Db } from '../db/open.ts'
import type { Clock } from '../lib/clock.ts'
import { type Log, silentLog } from '../lib/events.ts'
import { office } from '../overstay/fixture.ts'
import type { AlarmMailDeps } from './alarm-mail.ts'
import type { DigestDeps } from './digest.ts'
import type { Post } from './mail.ts'

const WORDS = await loadWords()

/** All that digest and alarms need, without a register. */
export function mailDeps(given: {
  db: Db
  clock: Clock
  post: Post
  log?: Log
  baseUrl?: string
}): DigestDeps & AlarmMailDeps {
  const { db, clock, post, log = silentLog, baseUrl } = given
  return {
    db,
    clock,
    log,
    office,
    home: true,
    words: WORDS,
    templatesDir: join(import.meta.dirname, '../../templates'),
    consoleBaseUrl: baseUrl,
    from: 'tenggat@imigrasi.example',
    post,
    digestTo: ['kepala@imigrasi.example'],
    alarmTo: ['siaga@imigrasi.example'],
    forecast: async () => null,
  }
}
