import { describe, expect, it } from 'vitest'
import type { TimeOfDay } from '../lib/civil-date.ts'
import { openingHours } from './opening-hours.ts'

const span = (weekday: number, from: string, to: string) => ({ weekday, from: from as TimeOfDay, to: to as TimeOfDay })

describe('opening hours', () => {
  it('join weekdays that follow each other with the same hours', () => {
    const hours = [
      span(1, '08:00', '16:00'),
      span(2, '08:00', '16:00'),
      span(4, '08:00', '16:00'),
      span(5, '08:00', '16:30'),
    ]
    expect(openingHours({ hours }, 'en')).toEqual([
      { days: 'Monday – Tuesday', times: '08:00–16:00' },
      { days: 'Thursday', times: '08:00–16:00' },
      { days: 'Friday', times: '08:00–16:30' },
    ])
  })

  it('name a day with a break once, whatever the order in the file', () => {
    const hours = [span(5, '13:30', '16:30'), span(5, '08:00', '11:30')]
    expect(openingHours({ hours }, 'id')).toEqual([{ days: 'Jumat', times: '08:00–11:30, 13:30–16:30' }])
  })

  it('read in every language with Latin digits', () => {
    expect(openingHours({ hours: [span(1, '08:00', '16:00')] }, 'ar')).toEqual([
      { days: 'الاثنين', times: '08:00–16:00' },
    ])
  })
})
