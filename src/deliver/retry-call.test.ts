import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { civilDate, dateAt, instantOf, timeAt } from '../lib/civil-date.ts'
import { loadOffice } from '../lib/office.ts'
import { retryCallAt } from './retry-call.ts'

const office = await loadOffice(join(import.meta.dirname, '../../templates/office.yaml'))

describe('ringing again', () => {
  it.each([
    ['09:12', '16:00'],
    ['16:30', '09:30'],
    ['12:00', '16:00'],
  ])('after a call at %s is another day at %s', (failed, hour) => {
    const startedAt = instantOf(civilDate('2026-06-01'), failed, office.timeZone)
    const at = retryCallAt({ office, startedAt, tries: 1, now: startedAt + 60_000 })!
    expect(dateAt(at, office.timeZone)).toBe('2026-06-02')
    expect(timeAt(at, office.timeZone)).toBe(hour)
  })

  it('ends after three calls', () => {
    expect(retryCallAt({ office, startedAt: 0, tries: 3, now: 0 })).toBeNull()
  })
})
