import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { openProbes } from '../src/cli/probes.ts'
import { PROJECT_DIR } from '../src/config.ts'
import { raiseAlarm } from '../src/db/alarms.ts'
import { pause } from '../src/deliver/pauses.ts'
import { registerWorker } from '../src/ops/workers.ts'
import { openWorld, type World } from './world.ts'

type Rule = { alert: string; expr: string; annotations: { summary: string; ringkasan: string } }

const read = (file: string) => readFileSync(join(PROJECT_DIR, 'docs', file), 'utf8')
const NAME = 'Siti Rahmawati'
const PHONES = ['+6281234567001', '+6281234567002', '+6281234567003']

describe('watching', () => {
  let world: World
  let url: string
  const stack = new AsyncDisposableStack()
  let idleMs: number | null = 0
  let text: string

  beforeAll(async () => {
    world = stack.use(
      await openWorld({
        today: '2026-06-01',
        people: (number) =>
          number === PHONES[1] ? { answers: 'busy', sms: 'unknown' } : { answers: 'human', presses: ['1'] },
      }),
    )
    const { app, delivery } = world
    await world.register([
      ...PHONES.map((phone, index) => ({
        full_name: NAME,
        nationality: 'DE',
        passport_no: `C0000000${index}`,
        phone,
        permit_no: `P-${index}`,
        permit_kind: 'ITAS',
        expires_on: '2026-06-15',
      })),
      {
        full_name: NAME,
        nationality: 'DE',
        passport_no: 'C00000009',
        phone: '+6281234567009',
        permit_no: 'P-9',
        permit_kind: 'ITAS',
        issued_on: '2025-05-01',
        expires_on: '2026-05-01',
      },
    ])
    await world.day('2026-06-01')
    const at = world.clock.now()
    stack.use(await registerWorker({ db: app.db, clock: world.clock, name: 'worker-1' }))
    await app.db.write(async (tx) => {
      await raiseAlarm(tx, { kind: 'holidays', detail: 'enter them', now: at })
      await pause(tx, { scope: 'route:sms:+62', reason: 'route', code: 30034, until: at + 3_600_000, now: at })
    })
    const probes = stack.use(await openProbes(app, delivery, () => idleMs))
    url = stack.use(await app.openConsole(probes)).url
    text = await (await fetch(`${url}/metrics`)).text()
  })
  afterAll(() => stack.disposeAsync())

  it('shows the day in figures', () => {
    expect(figure('tenggat_database_up')).toBe(1)
    expect(figure('tenggat_workers_alive')).toBe(1)
    expect(figure('tenggat_deliveries{channel="sms",state="delivered"}')).toBe(2)
    expect(figure('tenggat_attempts_total{channel="sms",outcome="accepted"}')).toBe(3)
    expect(figure('tenggat_attempt_faults_total{channel="sms",error_class="recipient"}')).toBe(1)
    expect(figure('tenggat_receipts_total{result="stored"}')).toBeGreaterThan(5)
    expect(figure('tenggat_receipts_waiting')).toBe(0)
    expect(figure('tenggat_webhook_last_signed_timestamp_seconds')).toBeGreaterThan(1.78e9)
    expect(figure('tenggat_speech_characters_total')).toBeGreaterThan(50)
    expect(figure('tenggat_alarms_open{alarm="holidays"}')).toBe(1)
    expect(figure('tenggat_pauses{scope="route:sms:+62"}')).toBe(1)
    expect(figure('tenggat_overstay_cases_open{level="verify"}')).toBe(1)
    expect(figure('tenggat_duty_last_finished_timestamp_seconds{duty="scan"}')).toBe(0)
    expect(figure('process_resident_memory_bytes')).toBeGreaterThan(1e7)
  })

  it('names nobody', () => {
    for (const word of [
      NAME,
      'Siti',
      'C0000000',
      'P-0',
      ...PHONES,
      ...PHONES.map((phone) => phone.slice(3)),
      'worker-1',
    ])
      expect(text).not.toContain(word)
  })

  it('has every figure that a rule goes by, and says what each rule means', () => {
    const shown = metricNames(text)
    const { groups } = parse(read('alerts.yml')) as { groups: { rules: Rule[] }[] }
    const rules = groups.flatMap((group) => group.rules)
    const page = read('watching.md')
    expect(rules.length).toBeGreaterThan(15)
    for (const { alert, expr, annotations } of rules) {
      const used = expr.match(/\b(tenggat|process|nodejs)_[a-z0-9_]+/g) ?? []
      if (alert !== 'TenggatDown') expect(used, alert).not.toEqual([])
      expect(
        used.filter((name) => !shown.has(name)),
        alert,
      ).toEqual([])
      expect(page).toContain(`| \`${alert}\` |`)
      expect(Object.keys(annotations), alert).toEqual(['summary', 'ringkasan'])
    }
  })

  it('documents every figure of its own, and none that is not there', () => {
    const shown = [...metricNames(text)].filter((name) => name.startsWith('tenggat_')).sort()
    const documented = [...read('watching.md').matchAll(/^\| `(tenggat_\w+)` \|/gm)].map(([, name]) => name).sort()
    const absent = world.app.db.engine === 'postgres' ? ['tenggat_database_bytes'] : []
    expect(documented).toEqual([...shown, ...absent].sort())
  })

  it('is ready while its parts are, and says which one is not', async () => {
    expect(await ready()).toEqual([200, 'ready\n'])
    idleMs = 60_000
    expect(await ready()).toEqual([503, 'not ready: tick\n'])
    idleMs = 0
    await world.delivery.listener[Symbol.asyncDispose]()
    expect(await ready()).toEqual([503, 'not ready: listener\n'])
  })

  function figure(series: string): number | undefined {
    const line = text.split('\n').find((one) => one.startsWith(`${series} `))
    return line === undefined ? undefined : Number(line.slice(series.length + 1))
  }

  async function ready(): Promise<[number, string]> {
    const answer = await fetch(`${url}/readyz`)
    return [answer.status, await answer.text()]
  }
})

function metricNames(text: string): Set<string> {
  return new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!))
}
