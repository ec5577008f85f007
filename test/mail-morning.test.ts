import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { dutyWork } from '../src/cli/daemon.ts'
import { raiseAlarm } from '../src/db/alarms.ts'
import { silentLog } from '../src/lib/events.ts'
import { dutiesOf } from '../src/ops/duties.ts'
import { startTicker } from '../src/ops/ticker.ts'
import { registerWorker } from '../src/ops/workers.ts'
import { openMailServer, readMail } from './mail-server.ts'
import { readWorkbook } from './workbook.ts'
import { openWorld, type Row } from './world.ts'

const DAY = '2026-06-02'

describe('a morning with readers of mail', () => {
  it('scans, tells the watcher, and writes the digest when all of it is known; once, whoever asks', async () => {
    await using server = await openMailServer()
    await using watcher = await openWatcher()
    await using world = await openWorld({ today: '2026-05-20' })
    await world.register(ROWS)
    await world.app.overstay()
    const app = {
      ...world.app,
      config: {
        ...world.app.config,
        digestTo: ['kepala@imigrasi.example'],
        alarmTo: ['siaga@imigrasi.example'],
        consoleBaseUrl: 'https://konsol.example/t',
      },
      secrets: { ...world.app.secrets, smtpUrl: server.url, heartbeatUrl: watcher.url },
    }
    world.at(DAY, '06:31')
    await app.db.write((tx) => raiseAlarm(tx, { kind: 'route', detail: 'route:21408', now: app.clock.now() }))
    const start = async (name: string) => {
      const worker = await registerWorker({ db: app.db, clock: app.clock, name })
      const duties = dutiesOf(app.office, dutyWork(app, world.delivery))
      return { worker, ticker: startTicker({ db: app.db, clock: app.clock, log: silentLog, worker, duties }) }
    }
    for (const time of ['06:31', '06:40', '12:00']) {
      world.at(DAY, time)
      const { worker, ticker } = await start(time)
      await ticker.runDueNow()
      await ticker[Symbol.asyncDispose]()
      await worker[Symbol.asyncDispose]()
    }

    expect(watcher.asked()).toBe(1)
    const mails = server.mails.map(({ to, raw }) => ({ to: to[0]!.split('@')[0], ...readMail(raw) }))
    const digests = mails.filter(({ to }) => to === 'kepala')
    expect(digests).toHaveLength(1)
    const { text, attachments, headers } = digests[0]!
    expect(headers.get('subject')).toContain('Ringkasan 2 Juni 2026')
    expect(text).toContain('- 1 WNA diberi tahu mulai hari ini')
    expect(text).toContain('- 1 Telepon langsung\n  https://konsol.example/t/follow-ups?kind=phone')
    expect(text).toContain('- 1 WNA diberi tahu mulai besok bila tidak ada yang memperpanjang\n  H-14: 1\n')
    expect(text).toContain('https://konsol.example/t/plan?on=2026-06-03')
    expect(text).toContain('Rute pengiriman')
    const { sheets } = await readWorkbook(attachments[0]!.content)
    expect(sheets[0]!.slice(1).map((row) => row[3])).toEqual(['Tanpa Telepon'])
    expect(sheets[1]!.slice(1).map((row) => row[3])).toEqual(['Sudah Lewat'])

    const alarms = mails.filter(({ to }) => to === 'siaga')
    expect(alarms.map((mail) => mail.headers.get('subject'))).toContain('[Imigrasi Blitar] Alarm: Rute pengiriman')
    expect(new Set(alarms.map((mail) => mail.headers.get('message-id'))).size).toBe(alarms.length)
  })
})

const person = { nationality: 'DE', permit_kind: 'ITAS', issued_on: '2025-06-01', language: 'de' }
const ROWS: Row[] = [
  { ...person, full_name: 'Tanpa Telepon', passport_no: 'C01X00T47', permit_no: 'P-1', expires_on: '2026-06-16' },
  {
    ...person,
    full_name: 'Besok Diberi Tahu',
    passport_no: 'C01X00T49',
    permit_no: 'P-3',
    permit_kind: 'ITK',
    phone: '081234567890',
    expires_on: '2026-06-17',
  },
  { ...person, full_name: 'Sudah Lewat', passport_no: 'C01X00T48', permit_no: 'P-2', expires_on: '2026-05-10' },
]

async function openWatcher() {
  let asked = 0
  const server = createServer((_request, response) => {
    asked += 1
    response.end('ok')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/ping`,
    asked: () => asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
