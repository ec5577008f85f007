import { describe, expect, it } from 'vitest'
import { openMailServer, type ReadMail, readMail, refusal, type TestMailServer } from '../../test/mail-server.ts'
import { clearAlarm, openAlarms, raiseAlarm } from '../db/alarms.ts'
import type { Db } from '../db/open.ts'
import { openTestDb } from '../db/testing.ts'
import { instantOf } from '../lib/civil-date.ts'
import { SteppedClock } from '../lib/clock.ts'
import { office, on } from '../overstay/fixture.ts'
import { type AlarmMailDeps, sendAlarms } from './alarm-mail.ts'
import { type Post, postBy } from './mail.ts'
import { settleAbandoned } from './mail-record.ts'
import { mailDeps } from './mail-testing.ts'

const MINUTE = 60_000

describe('a mail about alarms', () => {
  it('says what happened and what to do, in Indonesian and in English', async () => {
    await using scene = await openScene()
    await scene.raise('account', 'account:20003')
    expect(await sendAlarms(scene.deps)).toEqual({ alarms: 'sent' })
    const mail = scene.mail(0)
    expect(mail.headers.get('subject')).toBe('[Imigrasi Blitar] Alarm: Akun operator')
    expect(mail.headers.get('to')).toBe('siaga@imigrasi.example')
    for (const words of [mail.text, mail.html]) {
      expect(words).toContain('Operator menolak akun kantor.')
      expect(words).toContain('The carrier refuses the office')
      expect(words).toContain('TWILIO_AUTH_TOKEN')
      expect(words).toMatch(/20003: \S/)
      expect(words).toContain('10 November 2026 02.00')
    }
  })

  it('goes once per raising, however often the alarm is counted', async () => {
    await using scene = await openScene()
    await scene.raise('speech', 'google:quota')
    await sendAlarms(scene.deps)
    for (let i = 0; i < 4; i += 1) {
      scene.clock.advance(20 * MINUTE)
      await scene.raise('speech', 'google:quota')
      expect(await sendAlarms(scene.deps)).toEqual({ alarms: 'none' })
    }
    await scene.clear('speech')
    expect(await sendAlarms(scene.deps)).toEqual({ alarms: 'sent' })
    await scene.raise('speech', 'google:quota')
    scene.clock.advance(15 * MINUTE)
    expect(await sendAlarms(scene.deps)).toEqual({ alarms: 'sent' })
    expect(scene.subjects()).toEqual(['Alarm: Pembuat suara', 'Selesai: Pembuat suara', 'Alarm: Pembuat suara'])
  })

  it('gathers what happens within a quarter of an hour', async () => {
    await using scene = await openScene()
    await scene.raise('carrier', 'breaker')
    await sendAlarms(scene.deps)
    for (const kind of ['speech', 'duty:scan', 'balance']) {
      scene.clock.advance(4 * MINUTE)
      await scene.raise(kind, 'x')
      expect(await sendAlarms(scene.deps)).toEqual({ alarms: 'none' })
    }
    await scene.clear('carrier')
    scene.clock.advance(4 * MINUTE)
    expect(await sendAlarms(scene.deps)).toEqual({ alarms: 'sent' })
    expect(scene.subjects()[1]).toBe('Alarm: Pembuat suara dan 2 lainnya')
    const { text } = scene.mail(1)
    expect(text).toContain('Pekerjaan gagal: Pemindaian pagi')
    expect(text).toContain('SUDAH SELESAI\n- Operator pesan')
  })

  it('tells once of an alarm that came and went many times before anybody heard of it', async () => {
    await using scene = await openScene()
    await scene.raise('balance', 'low')
    await sendAlarms(scene.deps)
    for (let i = 0; i < 5; i += 1) {
      scene.clock.advance(MINUTE)
      await scene.raise('route', 'route:21408')
      await scene.clear('route')
    }
    scene.clock.advance(15 * MINUTE)
    await sendAlarms(scene.deps)
    expect(scene.subjects()[1]).toBe('Selesai: Rute pengiriman')
    expect(scene.mail(1).text.match(/Rute pengiriman/g)).toHaveLength(1)
    scene.clock.advance(15 * MINUTE)
    expect(await sendAlarms(scene.deps)).toEqual({ alarms: 'none' })
  })

  it('comes late rather than never: after a night without a mail server each is told', async () => {
    const refuses = (address: string) => (down ? refusal(421, `<${address}> closing`) : null)
    let down = true
    await using scene = await openScene({ refuses })
    await scene.raise('holidays', '2027')
    for (let hour = 0; hour < 8; hour += 1) {
      await sendAlarms(scene.deps)
      scene.clock.advance(60 * MINUTE)
    }
    expect(await openAlarms(scene.db.read)).toMatchObject([{ kind: 'holidays' }, { kind: 'mail' }])
    down = false
    expect(await sendAlarms(scene.deps)).toEqual({ alarms: 'sent' })
    expect(scene.mail(0).text).toMatch(/Daftar hari libur[\s\S]*Surel/)
    expect(await openAlarms(scene.db.read)).toMatchObject([{ kind: 'holidays' }])
    scene.clock.advance(60 * MINUTE)
    expect(await sendAlarms(scene.deps)).toEqual({ alarms: 'none' })
  })

  it('goes once more, under the same Message-ID, when its sender died: twice is better than never', async () => {
    await using scene = await openScene()
    const { deps, clock, server } = scene
    await scene.raise('carrier', 'breaker')
    const dying: Post = async (letter) => {
      await postBy(server.server)(letter)
      throw new Error('killed')
    }
    await expect(sendAlarms({ ...deps, post: dying })).rejects.toThrow('killed')
    expect(await sendAlarms(deps)).toEqual({ alarms: 'none' })
    clock.advance(10 * MINUTE)
    await settleAbandoned(deps.db, clock.now())
    expect(await sendAlarms(deps)).toEqual({ alarms: 'sent' })
    clock.advance(60 * MINUTE)
    expect(await sendAlarms(deps)).toEqual({ alarms: 'none' })
    expect(new Set([0, 1].map((index) => scene.mail(index).headers.get('message-id'))).size).toBe(1)
  })

  it('is not sent where nobody is named to read it', async () => {
    await using scene = await openScene()
    await scene.raise('carrier', 'breaker')
    expect(await sendAlarms({ ...scene.deps, alarmTo: [] })).toEqual({ alarms: 'off' })
    expect(scene.server.mails).toEqual([])
  })

  it('says nothing of what was over the day before yesterday', async () => {
    await using scene = await openScene()
    await scene.raise('carrier', 'breaker')
    await scene.clear('carrier')
    scene.clock.advance(25 * 60 * MINUTE)
    expect(await sendAlarms(scene.deps)).toEqual({ alarms: 'none' })
  })
})

type Scene = AsyncDisposable & {
  db: Db
  clock: SteppedClock
  deps: AlarmMailDeps
  server: TestMailServer
  raise(kind: string, detail: string): Promise<void>
  clear(kind: string): Promise<void>
  mail(index: number): ReadMail
  subjects(): string[]
}

async function openScene(manners: Parameters<typeof openMailServer>[0] = {}): Promise<Scene> {
  await using stack = new AsyncDisposableStack()
  const db = stack.use(await openTestDb())
  const server = stack.use(await openMailServer(manners))
  const clock = new SteppedClock(instantOf(on('2026-11-10'), '02:00', office.timeZone))
  const opened = stack.move()
  const mail = (index: number) => readMail(server.mails[index]!.raw)
  return {
    db,
    clock,
    server,
    deps: mailDeps({ db, clock, post: postBy(server.server), baseUrl: 'https://konsol.example' }),
    raise: (kind, detail) => db.write((tx) => raiseAlarm(tx, { kind, detail, now: clock.now() })),
    clear: (kind) => db.write((tx) => clearAlarm(tx, { kind, now: clock.now() })),
    mail,
    subjects: () =>
      server.mails.map((_, index) => mail(index).headers.get('subject')!.replace('[Imigrasi Blitar] ', '')),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}
