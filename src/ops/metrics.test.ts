import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Rows } from '../../test/rows.ts'
import type { Db } from '../db/open.ts'
import { openTestDb } from '../db/testing.ts'
import { civilDate, instantOf } from '../lib/civil-date.ts'
import { SteppedClock } from '../lib/clock.ts'
import { silentLog } from '../lib/events.ts'
import { loadOffice } from '../lib/office.ts'
import { type Metrics, openMetrics } from './metrics.ts'

const OFFICE = await loadOffice(join(import.meta.dirname, '../../templates/office.yaml'))
const DATE = civilDate('2026-11-23')

describe('the figures', () => {
  let db: Db
  let metrics: Metrics
  const clock = new SteppedClock(0)
  const counts = {
    attempts: {
      sms: { accepted: 7, refused: 2, uncertain: 1 },
      whatsapp: { accepted: 3, refused: 0, uncertain: 0 },
      call: { accepted: 4, refused: 0, uncertain: 0 },
    },
    speech: { syntheses: 5, characters: 1_234, faults: 1 },
    web: { requests: 90, forged: 6, receipts: 40, repeated: 2, errors: 0 },
  }

  beforeAll(async () => {
    db = await openTestDb()
    metrics = openMetrics({
      reader: db.read,
      clock,
      log: silentLog,
      office: OFFICE,
      version: '1.2.3',
      duties: ['scan', 'clean'],
      dataDir: tmpdir(),
      databaseFile: null,
      counts,
    })
  })
  afterAll(() => metrics[Symbol.dispose]())

  it('of the process are told as they are counted, and again without being added up', async () => {
    await metrics.render()
    const text = await metrics.render()
    expect(text).toContain('tenggat_info{version="1.2.3"} 1\n')
    expect(text).toContain('# TYPE tenggat_attempts_total counter\n')
    expect(text).toContain('tenggat_attempts_total{channel="sms",outcome="refused"} 2\n')
    expect(text).toContain('tenggat_speech_reminders_total 7\n')
    expect(text).toContain('tenggat_speech_characters_total 1234\n')
    expect(text).toContain('tenggat_webhooks_forged_total 6\n')
    expect(text).toContain('tenggat_receipts_total{result="repeated"} 2\n')
    expect(text).toContain('process_cpu_seconds_total')
  })

  it('count how long the oldest due delivery has waited, from the opening of the window on', async () => {
    at('07:10')
    await new Rows(db, clock).tell({ state: 'queued' })
    at('07:59')
    expect(await oldestDue()).toBe(0)
    at('08:20')
    expect(await oldestDue()).toBe(20 * 60)
    await db.write((tx) => tx.update(tx.t.deliveries).set({ not_before: clock.now() - 5 * 60_000 }))
    expect(await oldestDue()).toBe(5 * 60)
    at('16:50')
    expect(await oldestDue()).toBe(0)
  })

  it('tell of a duty when it last ended well, and how often its newest run has failed', async () => {
    at('06:01')
    const now = clock.now()
    const slot = { duty: 'scan', worker: 'w', started_at: now, lease_until: now }
    await db.write((tx) =>
      tx.insert(tx.t.slots).values([
        { ...slot, planned_at: now - 86_400_000, finished_at: now - 86_000_000, result: '{}' },
        { ...slot, planned_at: now, failed: 2, result: 'the disk is full' },
      ]),
    )
    const text = await metrics.render()
    expect(text).toContain(`tenggat_duty_last_finished_timestamp_seconds{duty="scan"} ${(now - 86_000_000) / 1_000}\n`)
    expect(text).toContain(`tenggat_duty_last_failure_timestamp_seconds{duty="scan"} ${now / 1_000}\n`)
    expect(text).toContain('tenggat_duty_failed_tries{duty="scan"} 2\n')
    expect(text).toContain('tenggat_duty_last_finished_timestamp_seconds{duty="clean"} 0\n')
    expect(text).not.toContain('disk is full')
  })

  it('of the carrier’s webhooks leave out what we asked for ourselves', async () => {
    const told = { status: 'delivered', raw: '{}', url: '', signature: '' }
    await db.write((tx) =>
      tx.insert(tx.t.receipts).values([
        { ...told, kind: 'message', sid: 'SM1', digest: '1', received_at: 1_000_000 },
        { ...told, kind: 'key', sid: 'CA1', digest: '2', received_at: 2_000_000 },
        { ...told, kind: 'poll', sid: 'SM1', digest: '3', received_at: 3_000_000 },
      ]),
    )
    const text = await metrics.render()
    expect(text).toContain('tenggat_webhook_last_signed_timestamp_seconds 2000\n')
    expect(text).toContain('tenggat_receipt_last_timestamp_seconds 3000\n')
    expect(text).toContain('tenggat_receipts_waiting 3\n')
  })

  it('of the process go on when the database is gone, and say so', async () => {
    await db[Symbol.asyncDispose]()
    const text = await metrics.render()
    expect(text).toContain('tenggat_database_up 0\n')
    expect(text).toContain('tenggat_attempts_total{channel="sms",outcome="accepted"} 7\n')
    expect(text).not.toContain('tenggat_workers_alive')
  })

  function at(time: string): void {
    clock.set(instantOf(DATE, time, OFFICE.timeZone))
  }

  async function oldestDue(): Promise<number> {
    const text = await metrics.render()
    return Number(/^tenggat_queue_oldest_due_age_seconds\{channel="sms"\} (\S+)$/m.exec(text)![1])
  }
})
