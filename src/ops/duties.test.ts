import { describe, expect, it } from 'vitest'
import { type DutyName, dutiesOf } from './duties.ts'
import { slotsBetween } from './slot-times.ts'
import { SEEN_EVERY_MS } from './workers.ts'

const names: DutyName[] = [
  'scan',
  'overstay',
  'holidays',
  'spending',
  'digest',
  'clean',
  'retention',
  'backup',
  'attend',
  'watch',
  'mail',
]

function duties(ran: string[] = []) {
  const run = (name: DutyName) => async () => ({ ran: ran.push(name) })
  return dutiesOf(
    { timeZone: 'Asia/Jakarta' },
    {
      scan: run('scan'),
      overstay: run('overstay'),
      holidays: run('holidays'),
      spending: run('spending'),
      digest: run('digest'),
      clean: run('clean'),
      retention: run('retention'),
      backup: run('backup'),
      attend: run('attend'),
      watch: run('watch'),
      mail: run('mail'),
    },
  )
}

describe('the table of duties', () => {
  it('says when each runs in the office’s time, and in which order on the same morning', () => {
    const from = Date.parse('2026-11-21T17:00:00Z')
    const day = duties().map(({ name, cron, timeZone }) => {
      const slots = slotsBetween(cron, timeZone, from - 1, from + 86_400_000 - 1)
      const [first] = slots
      return [name, slots.length, new Date(first! + 7 * 3_600_000).toISOString().slice(11, 16)]
    })
    expect(day).toEqual([
      ['scan', 1, '06:00'],
      ['overstay', 1, '06:05'],
      ['holidays', 1, '06:10'],
      ['spending', 1, '06:15'],
      ['digest', 1, '06:30'],
      ['clean', 1, '03:00'],
      ['retention', 1, '03:30'],
      ['backup', 1, '02:30'],
      ['attend', 288, '00:00'],
      ['watch', 288, '00:00'],
      ['mail', 288, '00:00'],
    ])
  })

  it('calls for each row the work of that name', async () => {
    const ran: string[] = []
    for (const duty of duties(ran)) await duty.run(0)
    expect(ran).toEqual(names)
  })

  it('leases each slot for longer than three signs of life', () => {
    for (const duty of duties()) expect(duty.leaseMs).toBeGreaterThan(3 * SEEN_EVERY_MS)
  })
})
