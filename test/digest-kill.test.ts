import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { mailDuties } from '../src/cli/mail-duties.ts'
import { testDatabase } from '../src/db/testing.ts'
import { civilDate, instantOf } from '../src/lib/civil-date.ts'
import { SteppedClock } from '../src/lib/clock.ts'
import { TIME_ZONE } from './ground.ts'
import { openMailOffice } from './mail-office.ts'
import { openMailServer, readMail } from './mail-server.ts'
import { csv } from './world.ts'

const DAY = civilDate('2026-11-10')
const SLOT = instantOf(DAY, '06:30', TIME_ZONE)
const MINUTE = 60_000

describe('a process that is killed while it sends the digest', () => {
  it.each<[string, 'data' | 'end']>([
    ['in the middle of the words', 'data'],
    ['between the last word and the answer', 'end'],
  ])('%s leaves a doubt, no second digest, and a word to the operator', async (_when, moment) => {
    await using stack = new AsyncDisposableStack()
    const folder = mkdtempSync(join(tmpdir(), 'tenggat-digest-'))
    stack.defer(() => rmSync(folder, { recursive: true, force: true }))
    const { url: databaseUrl } = stack.use(await testDatabase())
    const reached = Promise.withResolvers<void>()
    const { promise: never } = Promise.withResolvers<null>()
    let dead = false
    const server = stack.use(
      await openMailServer({
        onStart: () => {
          if (moment === 'data') reached.resolve()
        },
        onEnd: () => {
          reached.resolve()
          return dead ? null : never
        },
      }),
    )
    const clock = new SteppedClock(SLOT)
    const office = { folder, smtpUrl: server.url, databaseUrl, clock }
    await using app = await openMailOffice(office)
    writeFileSync(join(folder, 'r.csv'), csv([EXPIRED]))
    await app.importFile({ file: join(folder, 'r.csv') })
    await app.overstay()

    const child = spawn(
      process.execPath,
      [
        join(import.meta.dirname, 'mail-child.ts'),
        folder,
        server.url,
        String(SLOT),
        ...(databaseUrl ? [databaseUrl] : []),
      ],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    )
    const gone = once(child, 'exit')
    await reached.promise
    child.kill('SIGKILL')
    expect(await gone).toEqual([null, 'SIGKILL'])
    dead = true

    const duties = mailDuties(app)
    const { mails } = app.db.t
    const digest = async () => (await app.db.read.select().from(mails)).find(({ kind }) => kind === 'digest')
    expect(await digest()).toMatchObject({ state: 'sending', attempts: 1 })
    for (const minutes of [1, 10, 60]) {
      clock.set(SLOT + minutes * MINUTE)
      expect(await duties.digest(SLOT)).toMatchObject({ digest: 'settled' })
      await duties.mail(clock.now())
    }
    expect(await digest()).toMatchObject({ state: 'uncertain', attempts: 1 })
    expect(server.mails.map(({ to }) => to)).toEqual([['siaga@imigrasi.example']])
    const told = readMail(server.mails[0]!.raw)
    expect(told.headers.get('subject')).toContain('Alarm: Surel')
    expect(told.text).toContain('nobody knows whether digest:2026-11-10 arrived')
  })
})

const EXPIRED = {
  full_name: 'Anna Schmidt',
  nationality: 'DE',
  passport_no: 'C01X00T47',
  permit_kind: 'ITAS',
  permit_no: 'P-1',
  issued_on: '2025-11-01',
  expires_on: '2026-11-01',
}
