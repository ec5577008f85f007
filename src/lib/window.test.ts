import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { civilDate, instantOf } from './civil-date.ts'
import { type Channel, loadOffice } from './office.ts'
import { windowAt } from './window.ts'

const office = await loadOffice(join(import.meta.dirname, '../../templates/office.yaml'))
const sunday = civilDate('2026-11-22')

function at(time: string, day = sunday): number {
  return instantOf(day, time, office.timeZone)
}

describe('the sending window', () => {
  it.each<[Channel, string, boolean, boolean]>([
    ['sms', '00:00', false, false],
    ['sms', '07:59', false, false],
    ['sms', '07:59:59.999', false, false],
    ['sms', '08:00', true, true],
    ['sms', '16:44', true, true],
    ['sms', '16:44:59.999', true, true],
    ['sms', '16:45', true, false],
    ['sms', '16:59', true, false],
    ['sms', '17:00', false, false],
    ['whatsapp', '07:59', false, false],
    ['whatsapp', '08:00', true, true],
    ['whatsapp', '17:00', false, false],
    ['call', '08:59', false, false],
    ['call', '09:00', true, true],
    ['call', '16:45', true, true],
    ['call', '16:54', true, true],
    ['call', '16:55', true, false],
    ['call', '17:00', false, false],
    ['call', '23:59', false, false],
  ])('%s at %s: open %s, may start %s', (channel, time, open, mayStart) => {
    expect(windowAt(office, channel, at(time))).toMatchObject({ open, mayStart })
  })

  it('opens later today before the morning', () => {
    expect(windowAt(office, 'call', at('03:00'))).toMatchObject({ opensAt: at('09:00'), closesAt: at('17:00') })
  })

  it('opens tomorrow once it is closed, also over the end of a year', () => {
    const eve = civilDate('2026-12-31')
    const newYear = civilDate('2027-01-01')
    expect(windowAt(office, 'sms', at('17:00', eve))).toMatchObject({
      opensAt: at('08:00', newYear),
      closesAt: at('17:00', newYear),
    })
  })

  it('names tomorrow as the next opening while it is open', () => {
    expect(windowAt(office, 'sms', at('16:50'))).toMatchObject({
      opensAt: at('08:00', civilDate('2026-11-23')),
      closesAt: at('17:00'),
    })
  })

  it.each([
    ['sms', '08:00', 32_400],
    ['sms', '16:44:30.500', 929],
    ['sms', '07:00', 0],
    ['sms', '17:00', 0],
  ] as const)('lets the carrier try %s from %s for %i seconds', (channel, time, validitySeconds) => {
    expect(windowAt(office, channel, at(time)).validitySeconds).toBe(validitySeconds)
  })

  it('never asks for more than the carrier allows', () => {
    const long = {
      ...office,
      window: { ...office.window, sms: { ...office.window.sms, from: office.window.sms.from } },
    }
    long.window.sms.from = '00:00' as typeof long.window.sms.from
    expect(windowAt(long, 'sms', at('01:00')).validitySeconds).toBe(36_000)
  })

  it('keeps to the wall clock where clocks change', () => {
    const berlin = { ...office, timeZone: 'Europe/Berlin' }
    const change = instantOf('2026-03-28' as typeof sunday, '17:00', 'Europe/Berlin')
    expect(windowAt(berlin, 'sms', change).opensAt - change).toBe(14 * 3_600_000)
  })
})
